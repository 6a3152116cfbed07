"""The points within reach of a block, block after block: no copy of all of them is made.

What every window asks of a block is found once: where its points begin and end, and the lowest of each cell. A window
ends between two cells. So its outermost cells are counted from the points themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bevseg.core.blocks import Block, PointsByBlock, Segment
from bevseg.core.cells import (
    BLOCK,
    Extent,
    GridTransform,
    QuantizedPoints,
    block_of,
    find_cells,
    find_heights,
    for_chunks,
    threads_for,
)
from bevseg.core.grid import STEPS, Grid, in_steps
from bevseg.core.pointcloud import PointCloud
from bevseg.ground.search_grids import COARSE, FINE, finer_grid
from bevseg.runtime.kernels import compiled

Heights = NDArray[np.float32]
Counts = NDArray[np.int32]


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


class Lowest(NamedTuple):
    """What the points of a window or block leave in the cells of the search.

    Attributes
    ----------
    coarse
        Grid of coarse cells around the points.
    low
        Lowest height of each fine cell of that grid, m; where there is no point, NaN in a window, infinite in a block.
    count
        Points of each coarse cell.
    """

    coarse: Grid
    low: Heights
    count: Counts


class Neighbourhood:
    """The points of a survey, of which many windows are looked at.

    Parameters
    ----------
    points
        Those of a survey: anything that has a layout, a reference system, and segments of blocks.
    """

    def __init__(self, points: PointsByBlock) -> None:
        self.points = points
        self._bounds: dict[Block, Bounds | None] = {}
        self._lowest: dict[Block, Lowest] = {}

    def clouds(self, block: Block) -> Iterator[PointCloud]:
        """Yield the points of a block, segment by segment."""
        for segment in self.points.segments(block):
            yield self._cloud(segment, block)

    def _cloud(self, segment: Segment, block: Block, kept: NDArray[np.bool_] | None = None) -> PointCloud:
        side = self.points.layout.side
        return PointCloud(
            segment.x,
            segment.y,
            segment.z,
            scale=(1 / STEPS,) * 3,
            offset=(block.col * side, block.row * side, 0.0),
            finite=kept,
        )

    def clouds_within(self, block: Block, bounds: Bounds) -> Iterator[PointCloud]:
        """Yield the points of a block; those outside of bounds in the world take no part."""
        has = self.bounds(block)
        if has is None or bounds.meet(has) is None:
            return
        if bounds.hold(has):
            yield from self.clouds(block)
            return
        own = self._seen_from(block, bounds)
        for segment in self.points.segments(block):
            yield self._cloud(segment, block, _within(segment.x, segment.y, own))

    def bounds(self, block: Block) -> Bounds | None:
        """Return where the points of a block begin and end in the world; None if it has none."""
        if block not in self._bounds:
            far = 1 << 31
            self._bounds[block] = self._bounds_of(block, Bounds(-far, -far, far, far))
        return self._bounds[block]

    def bounds_within(self, block: Block, bounds: Bounds) -> Bounds | None:
        """Return where those points of a block begin and end that lie within bounds; None if there are none."""
        has = self.bounds(block)
        if has is None or bounds.meet(has) is None or bounds.hold(has):
            return None if has is None or bounds.meet(has) is None else has
        return self._bounds_of(block, self._seen_from(block, bounds))

    def _bounds_of(self, block: Block, own: Bounds) -> Bounds | None:
        ends = [_ends(segment.x, segment.y, own) for segment in self.points.segments(block)]
        if not ends:
            return None
        west, south = (min(each[at] for each in ends) for at in (0, 1))
        east, north = (max(each[at] for each in ends) for at in (2, 3))
        found = Bounds(west, south, east + 1, north + 1)
        return found.moved(*self.points.layout.corner(block)) if west <= east else None

    def lowest(self, block: Block) -> Lowest:
        """Return what the points of a block leave in the cells of the search; it must have points."""
        if block not in self._lowest:
            bounds = self.bounds(block)
            assert bounds is not None, "a block without points"
            found = _nothing(bounds.extent())
            for cloud in self.clouds(block):
                _add(cloud, found)
            self._lowest[block] = found
        return self._lowest[block]

    def _seen_from(self, block: Block, bounds: Bounds) -> Bounds:
        """Return bounds of the world, counted from the corner of a block."""
        x, y = self.points.layout.corner(block)
        return bounds.moved(-x, -y)


class Window:
    """The points of a block, or of a square of blocks, and those around it.

    Parameters
    ----------
    around
        All points.
    block
        The block, or the south-west one of a square of `count` x `count` blocks.
    reach
        How far the window goes beyond, m.
    """

    def __init__(self, around: Neighbourhood, block: Block, reach: float, count: int = 1) -> None:
        layout, far = around.points.layout, int(in_steps(reach))
        opposite = Block(block.col + count, block.row + count)
        west, south = layout.corner(block)
        east, north = layout.corner(opposite)
        self.bounds = Bounds(west - far, south - far, east + far, north + far)
        self.blocks = [each for each in layout.within(block, reach, count) if around.bounds(each) is not None]
        self.around = around

    @cached_property
    def extent(self) -> Extent:
        """Where its points begin and end, m; it must have some."""
        ends = [self.around.bounds_within(block, self.bounds) for block in self.blocks]
        west, south, east, north = zip(*(each for each in ends if each is not None), strict=True)
        return Bounds(min(west), min(south), max(east), max(north)).extent()

    def clouds(self) -> Iterator[PointCloud]:
        """Yield its points, those of its first block first."""
        for block in self.blocks:
            yield from self.around.clouds_within(block, self.bounds)

    def lowest(self) -> Lowest:
        """Return what its points leave in the cells of the search."""
        found = _nothing(self.extent)
        inner = self.bounds.whole_cells()
        for block in self.blocks:
            has = self.around.bounds(block)
            if has is None or self.bounds.meet(has) is None:
                continue
            _join(self.around.lowest(block), None if self.bounds.hold(has) else inner, found)
            if not self.bounds.hold(has):
                for cloud in self.around.clouds_within(block, self.bounds):
                    _add(self._outermost(cloud, block, inner), found)
        found.low[np.isinf(found.low)] = np.nan
        return found

    def _outermost(self, cloud: PointCloud, block: Block, inner: Bounds) -> PointCloud:
        """Return those points of a window that lie in no whole cell of it."""
        x, y = self.around.points.layout.corner(block)
        assert cloud.finite is not None, "a block that lies within"
        return cloud.take(np.flatnonzero(cloud.finite & ~_within(cloud.x, cloud.y, inner.moved(-x, -y))))


def _nothing(extent: Extent) -> Lowest:
    coarse = Grid.covering(COARSE, *extent)
    low = np.full(finer_grid(coarse, FINE).shape, np.inf, np.float32)
    return Lowest(coarse, low, np.zeros(coarse.shape, np.int32))


def _add(cloud: PointCloud, found: Lowest) -> None:
    """Add what points leave in the cells."""
    points = QuantizedPoints.of(cloud)
    fine, coarse = (GridTransform.of(cloud, grid) for grid in (finer_grid(found.coarse, FINE), found.coarse))
    others = threads_for(len(cloud)) - 1
    lows = [found.low.ravel(), *(np.full(found.low.size, np.inf, np.float32) for _ in range(others))]
    counts = [found.count.ravel(), *(np.zeros(found.count.size, np.int32) for _ in range(others))]
    for_chunks(
        len(cloud), lambda i, chunk: _add_points(points.chunk(chunk), fine, coarse, lows[i], counts[i])
    )
    for low, count in zip(lows[1:], counts[1:], strict=True):
        np.minimum(lows[0], low, out=lows[0])
        counts[0] += count


@compiled
def _add_points(points, fine, coarse, low, count):  # type: ignore[no-untyped-def]
    cells_buffer, heights_buffer = np.empty((2, BLOCK), np.int32), np.empty(BLOCK, np.float32)
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        size = len(block.x)
        cells, squares, heights = cells_buffer[0, :size], cells_buffer[1, :size], heights_buffer[:size]
        find_cells(block, fine, cells)
        find_cells(block, coarse, squares)
        find_heights(block, fine, heights)
        for j in range(size):
            if cells[j] >= 0:
                k = np.uint32(cells[j])
                low[k] = min(heights[j], low[k])
                count[np.uint32(squares[j])] += 1


def _join(of: Lowest, inner: Bounds | None, found: Lowest) -> None:
    """Add what the points of a block have left in some coarse cells, or in all."""
    cells: Bounds | None = _cells(of.coarse).meet(_cells(found.coarse))
    if cells is not None and inner is not None:
        side = round(COARSE * STEPS)
        cells = cells.meet(Bounds(*(end // side for end in inner)))
    if cells is None:
        return
    part = Grid(COARSE, cells.west, cells.north - 1, cells.north - cells.south, cells.east - cells.west)
    source, target = of.coarse.slices_of(part), found.coarse.slices_of(part)
    found.count[target] += of.count[source]
    low = found.low[_fine(target)]
    np.minimum(low, of.low[_fine(source)], out=low)


def _cells(grid: Grid) -> Bounds:
    """Return where a grid begins and ends, in its cells."""
    return Bounds(grid.west, grid.north - grid.rows + 1, grid.west + grid.cols, grid.north + 1)


def _fine(cells: tuple[slice, slice]) -> tuple[slice, slice]:
    """Return the fine cells of some coarse ones."""
    times = round(COARSE / FINE)
    rows, cols = (slice(times * of.start, times * of.stop) for of in cells)
    return rows, cols


def _within(x: NDArray[np.int32], y: NDArray[np.int32], bounds: Bounds) -> NDArray[np.bool_]:
    """Return which points lie within bounds, (N,)."""
    return (x >= bounds.west) & (x < bounds.east) & (y >= bounds.south) & (y < bounds.north)


@compiled
def _ends(x, y, bounds):  # type: ignore[no-untyped-def]
    """Return least x, least y, largest x and largest y of the points within bounds; least above largest if none."""
    west = south = np.int64(1 << 32)
    east = north = np.int64(-(1 << 32))
    for j in range(len(x)):
        inside = (x[j] >= bounds.west) & (x[j] < bounds.east) & (y[j] >= bounds.south) & (y[j] < bounds.north)
        if inside:
            west, east = min(west, x[j]), max(east, x[j])
            south, north = min(south, y[j]), max(north, y[j])
    return west, south, east, north
