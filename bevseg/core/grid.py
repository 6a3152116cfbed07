"""World <-> cell: the only place that rounds a coordinate, picks a row or flips an axis.

The grid is anchored in the world: cell edges lie on multiples of the cell size, so that two clouds, and two
runs, agree on every cell. Cells are half-open, [k cell, (k + 1) cell) in x and in y. Row 0 is the northernmost.

A coordinate counts in whole steps of 10 µm. The same place has the same cell, whatever scale and offset its file has:
their products are off by some nanometres, and on an edge that would decide. So steps begin where no file has a
coordinate, and cells where there is no step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STEPS = 1e5
"""Steps per metre in which coordinates and heights count."""

UP = 5e-4
"""Added to a number of steps before it is rounded. Files in steps of 5 µm or 1 µm have coordinates of half a step,
where the error of the product would decide: 4 nm, 10,000 km from the origin. None has half a step less 5 nm."""


def in_steps(value):  # type: ignore[no-untyped-def]
    """Return a coordinate or height in m as a whole number of steps, a float."""
    return np.rint(value * STEPS + UP)


def floor_cell(value, cell):  # type: ignore[no-untyped-def]
    """Return the world index of the cell that holds a coordinate, as a float.

    One expression for scalars in compiled kernels and for arrays, so that every caller rounds alike. The half step
    keeps a step away from the edge of its cell: `cell * STEPS` may be off by a bit, as for cells of 0.07 m.
    """
    return np.floor((np.rint(value * STEPS + UP) + 0.5) / (cell * STEPS))


@dataclass(frozen=True)
class Grid:
    """A window of the world-anchored grid.

    Attributes
    ----------
    cell
        Side of a cell, m.
    west, north
        World indices of the first column and of the first (northernmost) row: column `c` covers
        x in [(west + c) cell, (west + c + 1) cell), row `r` covers y in [(north - r) cell, (north - r + 1) cell).
    rows, cols
        Size of the window.
    """

    cell: float
    west: int
    north: int
    rows: int
    cols: int

    @classmethod
    def covering(cls, cell: float, x: tuple[float, float], y: tuple[float, float]) -> Grid:
        """Return the smallest grid that holds the closed ranges (min, max) of x and y, m."""
        west, east = int(floor_cell(x[0], cell)), int(floor_cell(x[1], cell))
        south, north = int(floor_cell(y[0], cell)), int(floor_cell(y[1], cell))
        return cls(cell, west, north, north - south + 1, east - west + 1)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols)."""
        return self.rows, self.cols

    @property
    def left(self) -> float:
        """X of the west edge, m."""
        return self.west * self.cell

    @property
    def top(self) -> float:
        """Y of the north edge, m."""
        return (self.north + 1) * self.cell

    def cell_of(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the flat index row * cols + col of each coordinate, -1 where it lies outside."""
        col = floor_cell(x, self.cell).astype(np.int64) - self.west
        row = self.north - floor_cell(y, self.cell).astype(np.int64)
        inside = (col >= 0) & (col < self.cols) & (row >= 0) & (row < self.rows)
        return np.where(inside, row * self.cols + col, -1)

    def mask_of(self, other: Grid) -> NDArray[np.bool_]:
        """Return which cells (rows, cols) lie on another grid of the same cells."""
        rows = self.north - np.arange(self.rows)
        cols = self.west + np.arange(self.cols)
        within_rows = (rows <= other.north) & (rows > other.north - other.rows)
        return within_rows[:, None] & ((cols >= other.west) & (cols < other.west + other.cols))

    def meet(self, other: Grid) -> Grid:
        """Return the cells that lie on another grid of the same cells, too; without rows or columns if none do."""
        west, north = max(self.west, other.west), min(self.north, other.north)
        east = min(self.west + self.cols, other.west + other.cols)
        south = max(self.north - self.rows, other.north - other.rows)
        return Grid(self.cell, west, north, max(north - south, 0), max(east - west, 0))

    def slices_of(self, other: Grid) -> tuple[slice, slice]:
        """Return the rows and columns of another grid of the same cells that lies within this one."""
        top, left = self.north - other.north, other.west - self.west
        return slice(top, top + other.rows), slice(left, left + other.cols)

    def centres(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return x of the column centres (cols,) and y of the row centres (rows,), m."""
        x = (self.west + np.arange(self.cols, dtype=np.float64) + 0.5) * self.cell
        y = (self.north - np.arange(self.rows, dtype=np.float64) + 0.5) * self.cell
        return x, y
