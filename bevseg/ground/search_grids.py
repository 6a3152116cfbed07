"""The two grids on which the ground is looked for; the coarse cells are made of whole fine ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.core.grid import Grid
from bevseg.runtime.kernels import compiled

Heights = NDArray[np.float32]

FINE, COARSE = 0.25, 1.0
"""Cells of the search by flat zones and by openings, m; a coarse cell holds whole fine cells."""


def finer_grid(coarse: Grid, cell: float) -> Grid:
    """Return the grid of smaller cells that covers the same area."""
    times = round(coarse.cell / cell)
    north = (coarse.north + 1) * times - 1
    return Grid(cell, coarse.west * times, north, coarse.rows * times, coarse.cols * times)


def coarsen(low: Heights, times: int = round(COARSE / FINE)) -> Heights:
    """Return the lowest known height of each larger cell of `times` x `times`, NaN where all are unknown."""
    least = np.full((low.shape[0] // times, low.shape[1] // times), np.nan, np.float32)
    _lower(np.ascontiguousarray(low), times, least)
    return least


def within_larger_cells(grid: Grid, low: Heights, cell: float) -> tuple[Grid, Heights]:
    """Return the cells of the world of a larger side that hold a grid, and its fine heights up to their borders.

    What the grid does not hold of them is NaN.
    """
    times, finer = round(cell / grid.cell), round(grid.cell / FINE)
    south = grid.north - grid.rows + 1
    larger = Grid(
        cell,
        grid.west // times,
        grid.north // times,
        grid.north // times - south // times + 1,
        (grid.west + grid.cols - 1) // times - grid.west // times + 1,
    )
    top = finer * ((larger.north + 1) * times - 1 - grid.north)
    left = finer * (grid.west - larger.west * times)
    whole = np.full((larger.rows * times * finer, larger.cols * times * finer), np.nan, np.float32)
    whole[top : top + low.shape[0], left : left + low.shape[1]] = low
    return larger, whole


@compiled
def _lower(low, times, least):  # type: ignore[no-untyped-def]
    row_least = np.empty(low.shape[1], np.float32)
    for i in range(least.shape[0]):
        row_least[:] = np.inf
        for row in range(times * i, times * i + times):
            here = low[row]
            for j in range(len(here)):
                row_least[j] = here[j] if here[j] < row_least[j] else row_least[j]
        for j in range(least.shape[1]):
            lowest = np.float32(np.inf)
            for k in range(times * j, times * j + times):
                lowest = min(lowest, row_least[k])
            least[i, j] = lowest if lowest < np.inf else np.float32(np.nan)
