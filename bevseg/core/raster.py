"""Raster: named bands on a Grid, NaN where nothing is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.core.grid import Grid
from bevseg.core.tiles import Tile

MEASURED, INTERPOLATED, EXTRAPOLATED = 0, 1, 2
"""Values of the band `source` of a DEM; the last is a guess."""


@dataclass(frozen=True)
class Raster:
    """Bands of one type on one grid.

    Attributes
    ----------
    grid
        Where the cells lie.
    names
        One name per band; bands are addressed by name, never by number.
    values
        (bands, rows, cols). Float bands hold NaN where nothing is known; class bands hold ids.
    crs
        Coordinate reference system as WKT, or None.
    unit
        Metres per unit of the CRS: the grid is in metres, the georeference of a file is in the CRS's own units.
    """

    grid: Grid
    names: tuple[str, ...]
    values: NDArray[Any]
    crs: str | None = None
    unit: float = 1.0

    def __post_init__(self) -> None:
        expected = (len(self.names), *self.grid.shape)
        if self.values.shape != expected:
            raise ValueError(f"values of shape {self.values.shape} for bands, rows, cols {expected}")

    def cut_to(self, grid: Grid) -> Raster:
        """Return the part of the raster on a grid of the same cells, NaN where it has none."""
        top, left = self.grid.north - grid.north, grid.west - self.grid.west
        values = np.full((len(self.names), *grid.shape), np.nan, self.values.dtype)
        rows, cols = (
            slice(max(start, 0), min(start + count, size))
            for start, count, size in ((top, grid.rows, self.grid.rows), (left, grid.cols, self.grid.cols))
        )
        if rows.start < rows.stop and cols.start < cols.stop:
            inside = slice(rows.start - top, rows.stop - top), slice(cols.start - left, cols.stop - left)
            values[(slice(None), *inside)] = self.values[:, rows, cols]
        return Raster(grid, self.names, values, self.crs, self.unit)

    def paste(self, other: Raster, where: Grid) -> None:
        """Write the cells of another raster of the same bands that lie on a grid into this one."""
        rows, cols = (
            slice(max(first, 0), min(first + count, size))
            for first, count, size in (
                (self.grid.north - where.north, where.rows, self.grid.rows),
                (where.west - self.grid.west, where.cols, self.grid.cols),
            )
        )
        if rows.start < rows.stop and cols.start < cols.stop:
            inside = Grid(
                self.grid.cell,
                self.grid.west + cols.start,
                self.grid.north - rows.start,
                rows.stop - rows.start,
                cols.stop - cols.start,
            )
            self.values[:, rows, cols] = other.cut_to(inside).values

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return the band of that name, (rows, cols)."""
        try:
            return self.values[self.names.index(name)]
        except ValueError:
            raise KeyError(f"no band {name!r}; there are {', '.join(self.names)}") from None


def tile_of(raster: Raster, tile: Tile) -> Raster:
    """Return the window of a tile of a raster, NaN where the raster has no cells."""
    grid, rows, cols = raster.grid, tile.rows.window, tile.cols.window
    return raster.cut_to(
        Grid(
            grid.cell,
            grid.west + cols.start,
            grid.north - rows.start,
            rows.stop - rows.start,
            cols.stop - cols.start,
        )
    )


@dataclass(frozen=True)
class Band:
    """What a band holds and how a network reads it.

    Attributes
    ----------
    name
        As in the raster.
    scale
        A network reads value / scale; where the value is not known (NaN) it reads 0.
    unit
        For people.
    """

    name: str
    scale: float
    unit: str
