"""Heights on a grid -> heights between its cell centres, bilinear."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.runtime.kernels import compiled

Heights = NDArray[np.float32]


def resample(heights: Heights, row: NDArray[np.float64], col: NDArray[np.float64]) -> Heights:
    """Return the heights at all pairs of a row and a column, bilinear.

    Parameters
    ----------
    heights
        (rows, cols), m.
    row, col
        (new rows,), (new cols,): where, in cells from the centre of the first one; within the centres of the
        outermost cells.

    Returns
    -------
    NDArray
        (new rows, new cols) float32, m.
    """
    found = np.empty((len(row), len(col)), np.float32)
    _interpolate(_patches(heights), heights.shape[1], row, col, found)
    return found


def _patches(heights: Heights) -> Heights:
    """Return the bilinear patch between each cell, its right, its lower, and the fourth neighbour, (cells, 4).

    The surface (right, down) of the centre, in cells, is p[0] + p[1] right + (p[2] + p[3] right) down.
    Four numbers side by side are one access to the memory instead of four.
    """
    patches = np.zeros((*heights.shape, 4), np.float32)
    patches[..., 0] = heights
    patches[:, :-1, 1] = np.diff(heights, axis=1)
    patches[:-1, :, 2] = np.diff(heights, axis=0)
    patches[:-1, :-1, 3] = np.diff(patches[..., 1], axis=0)[:, :-1]
    return patches.reshape(-1, 4)


@compiled
def _interpolate(patches, cols, row, col, found):  # type: ignore[no-untyped-def]
    for i in range(len(row)):
        for j in range(len(col)):
            top, left = int(row[i]), int(col[j])
            right, down = col[j] - left, row[i] - top
            patch = patches[top * cols + left]
            found[i, j] = patch[0] + patch[1] * right + (patch[2] + patch[3] * right) * down
