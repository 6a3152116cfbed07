"""Blocks: squares of the plane, fixed in the world, in which the points of a survey are worked on.

A block is computed from its own points and those around it, whatever files they are in. So nothing depends on how a
survey was cut into files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from bevseg.core.grid import STEPS, Grid, in_steps
from bevseg.core.pointcloud import INT32, Crs, PointCloud
from bevseg.core.raster import Raster
from bevseg.core.sort_by_block import sort_by_block
from bevseg.core.tiles import SIDE
from bevseg.errors import InputError

ABOUT = 102.4
"""Side of a block, m: of the whole tiles of a prediction, as many as come nearest to this."""

HIGHEST = INT32.max // STEPS
"""Largest height, m: it fits in 32 bits as steps."""


class Block(NamedTuple):
    """Column and row of a block in the world; rows count to the north."""

    col: int
    row: int


class Blocks(NamedTuple):
    """How the plane is cut for rasters of one cell size.

    Attributes
    ----------
    cell
        Side of a cell, m.
    cells
        Side of a block, cells.
    """

    cell: float
    cells: int

    @classmethod
    def of(cls, cell: float) -> Blocks:
        """Return the blocks for a cell size, m."""
        return cls(cell, max(round(ABOUT / (cell * SIDE)), 1) * SIDE)

    @property
    def side(self) -> float:
        """Side of a block, m."""
        return self.cell * self.cells

    def grid(self, block: Block, margin: int = 0) -> Grid:
        """Return the cells of a block and a margin of cells around it."""
        size = self.cells + 2 * margin
        west, north = block.col * self.cells - margin, (block.row + 1) * self.cells - 1 + margin
        return Grid(self.cell, west, north, size, size)

    def within(self, block: Block, reach: float, count: int = 1) -> list[Block]:
        """Return the blocks within `reach` (m) of a square of `count` x `count` blocks, the south-west one first."""
        rings = int(np.ceil(reach / self.side))
        steps = sorted(range(-rings, rings + count), key=abs)
        return [Block(block.col + right, block.row + up) for up in steps for right in steps]

    def join(self, rasters: Mapping[Block, Raster], grid: Grid) -> Raster:
        """Return a raster on a grid; each cell has the value that was found for its block, NaN if there is none."""
        first = next(iter(rasters.values()))
        values = np.full((len(first.names), *grid.shape), np.nan, first.values.dtype)
        whole = Raster(grid, first.names, values, first.crs, first.unit)
        for block in self._meeting(grid):
            if block in rasters:
                whole.paste(rasters[block], self.grid(block))
        return whole

    def _meeting(self, grid: Grid) -> Iterator[Block]:
        """Yield the blocks that share cells with a grid."""
        south = grid.north - grid.rows + 1
        for row in range(south // self.cells, grid.north // self.cells + 1):
            for col in range(grid.west // self.cells, (grid.west + grid.cols - 1) // self.cells + 1):
                yield Block(col, row)

    def corner(self, block: Block) -> tuple[int, int]:
        """Return the south-west corner of a block in steps."""
        return int(in_steps(block.col * self.side)), int(in_steps(block.row * self.side))


class Segment(NamedTuple):
    """The points of one cloud that lie in one block.

    Attributes
    ----------
    cloud
        Number of the cloud.
    indices
        (N,): which of its points.
    x, y, z
        (N,) int32: whole steps of 10 µm from the south-west corner of the block; heights from 0 m.
    labels
        (N,) train ids; None for a cloud without labels.
    """

    cloud: int
    indices: NDArray[np.integer]
    x: NDArray[np.int32]
    y: NDArray[np.int32]
    z: NDArray[np.int32]
    labels: NDArray[np.uint8] | None


class PointsByBlock:
    """The points of one or more clouds that take part, block by block.

    Parameters
    ----------
    layout
        How the plane is cut.
    crs
        Reference system of all of them.
    """

    def __init__(self, layout: Blocks, crs: Crs | None = None) -> None:
        self.layout, self.crs = layout, crs
        self._segments: dict[Block, list[Segment]] = {}

    @classmethod
    def of_cloud(cls, cloud: PointCloud, layout: Blocks) -> Self:
        """Return the points of a single cloud."""
        points = cls(layout, cloud.crs)
        points.add(cloud)
        return points

    def add(self, cloud: PointCloud, number: int = 0) -> None:
        """Add the points of a cloud of this number.

        Raises
        ------
        InputError
            If a height is larger than `HIGHEST`.
        """
        _check_heights(cloud)
        for col, row, own, (x, y, z) in sort_by_block(cloud, *self.layout):
            labels = None if cloud.labels is None else cloud.labels[own]
            segment = Segment(number, own, x, y, z, labels)
            self._segments.setdefault(Block(col, row), []).append(segment)

    def __iter__(self) -> Iterator[Block]:
        """Yield the blocks that hold points, from south to north and from west to east."""
        return iter(sorted(self._segments, key=lambda block: (block.row, block.col)))

    def __len__(self) -> int:
        return len(self._segments)

    def segments(self, block: Block) -> list[Segment]:
        """Return the points of a block by cloud."""
        return self._segments.get(block, [])

    def count(self, block: Block) -> int:
        """Return the number of points of a block."""
        return sum(len(segment.indices) for segment in self.segments(block))

    def of(self, block: Block) -> PointCloud:
        """Return the points of a block."""
        return self.around(block, 0)

    def around(self, block: Block, reach: float, count: int = 1) -> PointCloud:
        """Return the points of a block, and behind them those within `reach` (m) of it.

        With a `count`, the block is the south-west one of a square of `count` x `count` blocks.
        """
        found = list(self.segments(block))
        for beside in self.layout.within(block, reach, count)[1:]:
            found += (self._moved(each, beside, block, reach, count) for each in self.segments(beside))
        none = np.empty(0, np.int32)
        x, y, z = (np.concatenate([none, *(getattr(each, axis) for each in found)]) for axis in "xyz")
        labels = None
        if found and all(each.labels is not None for each in found):
            labels = np.concatenate([each.labels for each in found if each.labels is not None])
        side = self.layout.side
        return PointCloud(
            x,
            y,
            z,
            scale=(1 / STEPS,) * 3,
            offset=(block.col * side, block.row * side, 0.0),
            labels=labels,
            crs=self.crs,
        )

    def _moved(self, segment: Segment, own: Block, block: Block, reach: float, count: int) -> Segment:
        """Return the points of a block that lie within `reach` of a square of blocks, counted from its corner."""
        corner = self.layout.corner(block)
        opposite = self.layout.corner(Block(block.col + count, block.row + count))
        far, near = int(in_steps(reach)), np.ones(len(segment.x), bool)
        moved = []
        for values, start, here, end in zip(
            (segment.x, segment.y), self.layout.corner(own), corner, opposite, strict=True
        ):
            moved.append(values + np.int32(start - here))
            near &= (moved[-1] >= -far) & (moved[-1] < end - here + far)
        x, y = moved
        labels = None if segment.labels is None else segment.labels[near]
        return Segment(segment.cloud, segment.indices[near], x[near], y[near], segment.z[near], labels)


def _check_heights(cloud: PointCloud) -> None:
    """Raise InputError if a height is larger than `HIGHEST`."""
    if len(cloud) == 0:
        return
    kept = cloud.z if cloud.used is None else cloud.z[cloud.used]
    ends = [
        float(end) * cloud.scale[2] + cloud.offset[2] for end in (kept.min(initial=0), kept.max(initial=0))
    ]
    highest = max(ends, key=abs)
    if abs(highest) > HIGHEST:
        raise InputError(
            f"A height of {highest:,.0f} m is no height",
            where=cloud.name or None,
            why=f"heights lie between {-HIGHEST:,.0f} and {HIGHEST:,.0f} m",
            hint="check the column order, and the units (millimetres?)",
        )
