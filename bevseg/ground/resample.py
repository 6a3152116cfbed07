"""Heights on a grid -> heights between its cell centres, bilinear."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.runtime.kernels import compiled

Heights = NDArray[np.float32]


def resample(
    heights: Heights,
    row: NDArray[np.float64],
    col: NDArray[np.float64],
    cells: NDArray[np.bool_] | None = None,
) -> Heights:
    """Return the heights at all pairs of a row and a column, bilinear.

    Parameters
    ----------
    heights
        (rows, cols), m.
    row, col
        (new rows,), (new cols,): where, in cells from the centre of the first one; within the centres of the
        outermost cells.
    cells
        (new rows, new cols): which of them; None: all.

    Returns
    -------
    NDArray
        (new rows, new cols) float32, m; NaN where none was asked for.
    """
    found = np.full((len(row), len(col)), np.nan, np.float32)
    _interpolate(
        np.ascontiguousarray(heights), row, col, np.empty((0, 0), np.bool_) if cells is None else cells, found
    )
    return found


@compiled
def _interpolate(heights, row, col, cells, found):  # type: ignore[no-untyped-def]
    """Write the bilinear heights.

    The surface (right, down) of the centre of a cell, in cells, is p[0] + p[1] right + (p[2] + p[3] right) down: its
    height, the way to its right and to its lower neighbour, and the twist.
    """
    last_row, last_col = heights.shape[0] - 1, heights.shape[1] - 1
    for i in range(len(row)):
        top = int(row[i])
        down, above, below = row[i] - top, heights[top], heights[min(top + 1, last_row)]
        for j in range(len(col)):
            if len(cells) and not cells[i, j]:
                continue
            left = int(col[j])
            right, beside = col[j] - left, min(left + 1, last_col)
            along, across = above[beside] - above[left], below[left] - above[left]
            twist = (below[beside] - below[left]) - along
            found[i, j] = above[left] + along * right + (across + twist * right) * down
