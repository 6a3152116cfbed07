"""The rasters of the blocks of a survey, loaded one at a time, checked and cut to the file that they go into."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from bevseg.core.blocks import Block, Blocks
from bevseg.core.grid import Grid
from bevseg.core.raster import Raster
from bevseg.io import qgis
from bevseg.io.cog import Header, encoded
from bevseg.io.raster_codes import RasterCodes


def common(one: Grid, other: Grid) -> Grid:
    """Return the cells that two grids of the same cells share; a side of the result can be 0."""
    west, north = max(one.west, other.west), min(one.north, other.north)
    east = min(one.west + one.cols, other.west + other.cols)
    south = max(one.north - one.rows, other.north - other.rows)
    return Grid(one.cell, west, north, max(north - south, 0), max(east - west, 0))


def around(grids: Sequence[Grid]) -> Grid:
    """Return the smallest grid that holds all of one or more grids of the same cells."""
    west, north = min(grid.west for grid in grids), max(grid.north for grid in grids)
    east = max(grid.west + grid.cols for grid in grids)
    south = min(grid.north - grid.rows for grid in grids)
    return Grid(grids[0].cell, west, north, north - south, east - west)


class _Kind(NamedTuple):
    """What all rasters of a survey have in common; the type is that of the file."""

    names: tuple[str, ...]
    dtype: str
    crs: str | None
    unit: float


@dataclass
class Pieces:
    """The rasters of a survey.

    Attributes
    ----------
    loaders
        Block -> function that gives its raster.
    layout
        How the plane is cut into blocks.
    codes
        Of rasters of classes; None for all others.
    units, tags
        As in `geotiff.write`.
    """

    loaders: Mapping[Block, Callable[[], Raster]]
    layout: Blocks
    codes: RasterCodes | None
    units: Mapping[str, str]
    tags: Mapping[str, str]
    _kind: _Kind | None = field(default=None, init=False)
    _low: float = field(default=np.inf, init=False)
    _high: float = field(default=-np.inf, init=False)

    def encoded(self, blocks: Iterable[Block], grid: Grid) -> AbstractContextManager[memoryview]:
        """Yield the bytes of a file with the cells of a grid from one or more blocks, as `cog.encoded`."""
        rasters = (self._load(block, grid) for block in blocks)
        first = next(rasters)
        # An exhausted iterator lets go of its list: no raster outlives the loading of the next one.
        return encoded(self.header(grid), itertools.chain(iter([first]), rasters))

    def header(self, grid: Grid) -> Header:
        """Return the header of a file with the cells of a grid; after the first raster is loaded."""
        if self._kind is None:
            raise ValueError("no raster is loaded yet")
        return Header(grid, *self._kind, self.codes, self.units, self.tags)

    def style(self) -> str:
        """Return the style for QGIS of all that was loaded: classes, or the first band in shades of grey."""
        if self.codes:
            return qgis.class_raster(self.codes.scheme)
        return qgis.single_band(np.array([[self._low, self._high]]))

    def _load(self, block: Block, grid: Grid) -> Raster:
        """Load the raster of a block; return those of its cells that lie on a grid, classes as codes."""
        raster = self.loaders[block]()
        if common(self.layout.grid(block), raster.grid) != raster.grid:
            raise ValueError(f"the raster of {block} has cells outside of its block")
        part = common(raster.grid, grid)
        top, left = raster.grid.north - part.north, part.west - raster.grid.west
        values = raster.values[:, top : top + part.rows, left : left + part.cols]
        values = self.codes.encode(values) if self.codes else values
        kind = _Kind(raster.names, values.dtype.name, raster.crs, raster.unit)
        self._kind = self._kind or kind
        if kind != self._kind:
            raise ValueError(f"the raster of {block} is {kind}; another one is {self._kind}")
        known = values[0][np.isfinite(values[0])]
        if known.size:
            self._low, self._high = min(self._low, float(known.min())), max(self._high, float(known.max()))
        return replace(raster, grid=part, values=values)
