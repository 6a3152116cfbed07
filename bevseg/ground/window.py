"""The points within reach of a block, block after block: no copy of all of them is made.

What every window asks of a block is found once: where its points begin and end, and the lowest of each cell. A window
ends between two cells. So its outermost cells are counted from the points themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bevseg.core.blocks import Block, PointsByBlock, Segment
from bevseg.core.cells import Extent
from bevseg.core.grid import STEPS, in_steps
from bevseg.core.pointcloud import PointCloud
from bevseg.ground.bounds import Bounds
from bevseg.ground.lowest_cells import Lowest, add, join, nothing
from bevseg.runtime.kernels import compiled


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
        if has is None or bounds.meet(has) is None:
            return None
        return has if bounds.hold(has) else self._bounds_of(block, self._seen_from(block, bounds))

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
            found = nothing(bounds.extent())
            for cloud in self.clouds(block):
                add(cloud, found)
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
        found = nothing(self.extent)
        inner = self.bounds.whole_cells()
        for block in self.blocks:
            has = self.around.bounds(block)
            if has is None or self.bounds.meet(has) is None:
                continue
            join(self.around.lowest(block), None if self.bounds.hold(has) else inner, found)
            if not self.bounds.hold(has):
                for cloud in self.around.clouds_within(block, self.bounds):
                    add(self._outermost(cloud, block, inner), found)
        found.low[np.isinf(found.low)] = np.nan
        return found

    def _outermost(self, cloud: PointCloud, block: Block, inner: Bounds) -> PointCloud:
        """Return those points of a window that lie in no whole cell of it."""
        x, y = self.around.points.layout.corner(block)
        assert cloud.finite is not None, "a block that lies within"
        return cloud.take(np.flatnonzero(cloud.finite & ~_within(cloud.x, cloud.y, inner.moved(-x, -y))))


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
