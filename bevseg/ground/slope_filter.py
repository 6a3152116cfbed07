"""Heights -> the highest that ground of a given slope can be: the slope-based filter of Vosselman (2000)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.runtime.kernels import compiled

Heights = NDArray[np.float32]


def highest_ground(heights: Heights, rise: float) -> Heights:
    """Return the highest that ground can be at each cell: min over all cells of height + rise x distance.

    A cell above it is no ground, however wide the object is. This is the filter of Vosselman (2000) with the whole
    scene as window. Distances are those of a chamfer (1, sqrt(2)), at most 8 % too long: two sweeps are enough.

    Parameters
    ----------
    heights
        (rows, cols), m; NaN where nothing is known.
    rise
        Slope of the ground, m per cell.

    Returns
    -------
    NDArray
        (rows, cols) float32, m; infinite everywhere if nothing is known.
    """
    highest = np.where(np.isnan(heights), np.float32(np.inf), heights)
    _sweep(highest, np.float32(rise), np.float32(rise * np.sqrt(2)))
    _sweep(highest[::-1, ::-1], np.float32(rise), np.float32(rise * np.sqrt(2)))
    return highest


@compiled
def _sweep(highest, straight, slanted):  # type: ignore[no-untyped-def]
    """Lower each cell to what the row before allows, and the cells before it in its own row."""
    rows, cols = highest.shape
    for row in range(rows):
        if row > 0:
            before, here = highest[row - 1], highest[row]
            for col in range(cols):
                here[col] = min(here[col], before[col] + straight)
            for col in range(1, cols):
                here[col] = min(here[col], before[col - 1] + slanted)
            for col in range(cols - 1):
                here[col] = min(here[col], before[col + 1] + slanted)
        for col in range(1, cols):
            highest[row, col] = min(highest[row, col], highest[row, col - 1] + straight)
