"""The two grids on which the ground is looked for; the coarse cells are made of whole fine ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.core.grid import Grid

Heights = NDArray[np.float32]

FINE, COARSE = 0.25, 1.0
"""Cells of the search by flat zones and by openings, m; a coarse cell holds whole fine cells."""


def finer_grid(coarse: Grid, cell: float) -> Grid:
    """Return the grid of smaller cells that covers the same area."""
    times = round(coarse.cell / cell)
    north = (coarse.north + 1) * times - 1
    return Grid(cell, coarse.west * times, north, coarse.rows * times, coarse.cols * times)


def blocks(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the fine cells of each coarse one side by side, (rows, times, cols, times)."""
    times = round(COARSE / FINE)
    return values.reshape(values.shape[0] // times, times, -1, times)


def coarsen(low: Heights) -> Heights:
    """Return the lowest known height of each coarse cell, NaN where all are unknown."""
    least = blocks(np.where(np.isnan(low), np.float32(np.inf), low)).min(axis=(1, 3))
    return np.where(np.isinf(least), np.float32(np.nan), least)
