"""Heights -> the highest surface of a given slope that lies below them all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.runtime.kernels import compiled

Heights = NDArray[np.float32]


def below_cones(heights: Heights, rise: float) -> Heights:
    """Return for each cell the lowest cone that stands on any cell: min over all cells of height + rise x distance.

    What stands higher than that above ground of this slope is no ground, however wide it is: the filter of Vosselman
    (2000), with all the scene for a window. Distances are those of a chamfer (1, sqrt(2)), at most 8 % too long: so
    two sweeps are enough.

    Parameters
    ----------
    heights
        (rows, cols), m; NaN where nothing is known.
    rise
        m per cell.

    Returns
    -------
    NDArray
        (rows, cols); infinite everywhere if nothing is known.
    """
    cones = np.where(np.isnan(heights), np.float32(np.inf), heights)
    _sweep(cones, np.float32(rise), np.float32(rise * np.sqrt(2)))
    _sweep(cones[::-1, ::-1], np.float32(rise), np.float32(rise * np.sqrt(2)))
    return cones


@compiled
def _sweep(cones, straight, slanted):  # type: ignore[no-untyped-def]
    """Lower each cell to the cones that come from the row before, and from before it in its own row."""
    rows, cols = cones.shape
    for row in range(rows):
        if row > 0:
            before, here = cones[row - 1], cones[row]
            for col in range(cols):
                here[col] = min(here[col], before[col] + straight)
            for col in range(1, cols):
                here[col] = min(here[col], before[col - 1] + slanted)
            for col in range(cols - 1):
                here[col] = min(here[col], before[col + 1] + slanted)
        for col in range(1, cols):
            cones[row, col] = min(cones[row, col], cones[row, col - 1] + straight)
