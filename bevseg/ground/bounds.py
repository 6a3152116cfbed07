"""Rectangles of the world in whole steps, half-open: no rounding decides what lies within."""

from __future__ import annotations

from typing import NamedTuple

from bevseg.core.cells import Extent
from bevseg.core.grid import STEPS, Grid
from bevseg.ground.search_grids import COARSE


class Bounds(NamedTuple):
    """Half-open ranges of x and y, in whole steps."""

    west: int
    south: int
    east: int
    north: int

    def hold(self, other: Bounds) -> bool:
        """Whether another range lies within this one."""
        return (
            self.west <= other.west
            and self.south <= other.south
            and other.east <= self.east
            and other.north <= self.north
        )

    def meet(self, other: Bounds) -> Bounds | None:
        """Return what two ranges have in common; None: nothing."""
        west, south = max(self.west, other.west), max(self.south, other.south)
        east, north = min(self.east, other.east), min(self.north, other.north)
        return Bounds(west, south, east, north) if west < east and south < north else None

    def moved(self, east: int, north: int) -> Bounds:
        """Return the ranges, moved."""
        return Bounds(self.west + east, self.south + north, self.east + east, self.north + north)

    def whole_cells(self) -> Bounds:
        """Return the coarse cells that lie within the ranges; west of their east where there are none."""
        side = round(COARSE * STEPS)
        return Bounds(
            -(-self.west // side) * side,
            -(-self.south // side) * side,
            self.east // side * side,
            self.north // side * side,
        )

    def extent(self) -> Extent:
        """Return the closed ranges, m."""
        return Extent(
            (self.west / STEPS, (self.east - 1) / STEPS), (self.south / STEPS, (self.north - 1) / STEPS)
        )

    @classmethod
    def of_cells(cls, grid: Grid) -> Bounds:
        """Return where a grid begins and ends, in its cells."""
        return cls(grid.west, grid.north - grid.rows + 1, grid.west + grid.cols, grid.north + 1)
