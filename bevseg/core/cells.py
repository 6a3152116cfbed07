"""Values of points -> one value per cell.

The kernels are compiled (numba) and read the integer coordinates directly from the record of the file: no temporary
array is as long as the cloud. They take a block of points at a time. Short loops over a block, one for each step
(cells, heights, slabs), become vector instructions; one long loop for all steps takes twice as long. The scatter has
a loop of its own. There every cell has its accumulators side by side: with one array per statistic the scatter takes
three times as long (`benchmarks/rasterize.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

from bevseg.core.grid import STEPS, Grid, floor_cell, in_steps
from bevseg.core.pointcloud import PointCloud
from bevseg.runtime.kernels import chunk_of, compiled, parallel_for, threads

T = TypeVar("T")

BLOCK = 2048
"""Points in a block: their intermediate values stay in the first-level cache."""


LEVELS = 32
"""Equal parts of the side of a cell, in which the place of a point within its cell counts: 6 mm for 0.2 m."""

FEW = 1 << 16
"""Fewer points are worked on by one thread: starting others takes longer."""


def threads_for(points: int) -> int:
    """Return the number of threads for so many points."""
    return 1 if points < FEW else threads()


def for_chunks(points: int, work: Callable[[int, slice], T]) -> list[T]:
    """Return the result of the work for each thread, which gets its number and its chunk of the points."""
    if threads_for(points) == 1:
        return [work(0, slice(0, points))]
    return parallel_for(lambda thread: work(thread, chunk_of(points, thread)))


class GridTransform(NamedTuple):
    """What a kernel needs to find the cell of a point: scale and offset of the cloud, and the grid."""

    scale: tuple[float, float, float]
    offset: tuple[float, float, float]
    cell: float
    west: int
    north: int
    rows: int
    cols: int

    @classmethod
    def of(cls, cloud: PointCloud, grid: Grid) -> GridTransform:
        """Return the transform from the quantized points of a cloud to the cells of a grid."""
        return cls(cloud.scale, cloud.offset, grid.cell, grid.west, grid.north, grid.rows, grid.cols)


class QuantizedPoints(NamedTuple):
    """The coordinates of a cloud as kernels take them; a `finite` of length 0 says that all take part."""

    x: NDArray[np.int32]
    y: NDArray[np.int32]
    z: NDArray[np.int32]
    finite: NDArray[np.bool_]

    @classmethod
    def of(cls, cloud: PointCloud) -> QuantizedPoints:
        """Return the points of a cloud."""
        used = cloud.used
        finite = np.empty(0, np.bool_) if used is None else used
        return cls(cloud.x, cloud.y, cloud.z, finite)

    def chunk(self, chunk: slice) -> QuantizedPoints:
        """Return some of the points."""
        return QuantizedPoints(self.x[chunk], self.y[chunk], self.z[chunk], self.finite[chunk])


index_of = numba.njit(inline="always")(floor_cell)
steps_of = numba.njit(inline="always")(in_steps)


@numba.njit(inline="always")
def height_of(z, transform):  # type: ignore[no-untyped-def]
    """Return the height of a point, m, rounded to a step: no scale and offset of a file can be told from it."""
    return steps_of(z * transform.scale[2] + transform.offset[2]) * (1 / STEPS)


@numba.njit
def block_of(points, start):  # type: ignore[no-untyped-def]
    """Return the block of points that begins at `start`; the last one is shorter.

    In the record of a file the coordinates lie apart, and a loop over them does not become vector instructions. So
    they are copied.
    """
    block = slice(start, start + BLOCK)
    return QuantizedPoints(
        points.x[block].copy(), points.y[block].copy(), points.z[block].copy(), points.finite[block]
    )


@numba.njit
def find_cells(block, transform, cells):  # type: ignore[no-untyped-def]
    """Write the flat cell index of each point of a block: `Grid.cell_of`; -1 also where it is not finite."""
    x, y, finite = block.x, block.y, block.finite
    for j in range(len(cells)):
        col = index_of(x[j] * transform.scale[0] + transform.offset[0], transform.cell) - transform.west
        row = transform.north - index_of(y[j] * transform.scale[1] + transform.offset[1], transform.cell)
        inside = (col >= 0) & (col < transform.cols) & (row >= 0) & (row < transform.rows)
        cells[j] = np.int32(row * transform.cols + col) if inside else np.int32(-1)
    for j in range(len(finite)):
        cells[j] = cells[j] if finite[j] else np.int32(-1)


@numba.njit(inline="always")
def level_of(value, cell):  # type: ignore[no-untyped-def]
    """Return which of LEVELS equal parts of its cell a coordinate lies in, counted from the lower edge.

    LEVELS is a power of two. So the part follows from the quotient that tells the cell, without another rounding.
    """
    part = index_of(value, cell / LEVELS)
    return np.int32(part - LEVELS * np.floor(part / LEVELS))


@numba.njit
def find_levels(block, transform, columns, rows):  # type: ignore[no-untyped-def]
    """Write in which part of its cell each point of a block lies, eastwards and northwards: 0 to LEVELS - 1."""
    for j in range(len(columns)):
        columns[j] = level_of(block.x[j] * transform.scale[0] + transform.offset[0], transform.cell)
        rows[j] = level_of(block.y[j] * transform.scale[1] + transform.offset[1], transform.cell)


@numba.njit
def find_heights(block, transform, heights):  # type: ignore[no-untyped-def]
    """Write the height of each point of a block, m."""
    for j in range(len(heights)):
        heights[j] = height_of(block.z[j], transform)


@numba.njit(inline="always")
def cell_in_window(x, y, cell, rows, cols):  # type: ignore[no-untyped-def]
    """Return the flat cell index of a point in a window whose south-west corner is the origin, -1 outside."""
    col = int(index_of(x, cell))
    row = rows - 1 - int(index_of(y, cell))
    inside = (col >= 0) & (col < cols) & (row >= 0) & (row < rows)
    return row * cols + col if inside else -1


class Extent(NamedTuple):
    """Closed ranges (min, max) of the points of a cloud that take part, m."""

    x: tuple[float, float]
    y: tuple[float, float]

    @classmethod
    def of(cls, cloud: PointCloud) -> Extent | None:
        """Return the extent of a cloud; None if no point takes part."""
        points = QuantizedPoints.of(cloud)
        found = for_chunks(len(cloud), lambda _, chunk: _range(points.chunk(chunk)))
        west, south = (min(ends[at] for ends in found) for at in (0, 1))
        east, north = (max(ends[at] for ends in found) for at in (2, 3))
        if west > east:
            return None
        (x_scale, y_scale, _), (x_offset, y_offset, _) = cloud.scale, cloud.offset
        x = (float(west) * x_scale + x_offset, float(east) * x_scale + x_offset)
        y = (float(south) * y_scale + y_offset, float(north) * y_scale + y_offset)
        return cls(x, y)


@compiled
def _range(points):  # type: ignore[no-untyped-def]
    """Return min x, min y, max x, max y in steps; min above max if there are no points."""
    west = south = np.int32(2**31 - 1)
    east = north = np.int32(-(2**31))
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        keep = block.finite
        x, y = (block.x[keep], block.y[keep]) if len(keep) else (block.x, block.y)
        for j in range(len(x)):
            west, east = min(west, x[j]), max(east, x[j])
        for j in range(len(y)):
            south, north = min(south, y[j]), max(north, y[j])
    return west, south, east, north


def lowest(cloud: PointCloud, grid: Grid) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return lowest height (m, NaN where there is no point) and number of points of each cell, (rows, cols)."""
    points, transform = QuantizedPoints.of(cloud), GridTransform.of(cloud, grid)

    # Memory that a thread allocates stays in the heap of the thread after it is freed. So it is allocated here.
    lows = np.full((threads_for(len(cloud)), grid.rows * grid.cols), np.inf, np.float32)
    counts = np.zeros(lows.shape, np.int32)
    for_chunks(len(cloud), lambda i, chunk: _lowest(points.chunk(chunk), transform, lows[i], counts[i]))
    low = lows.min(axis=0)
    low[np.isinf(low)] = np.nan
    return low.reshape(grid.shape), counts.sum(axis=0).reshape(grid.shape)


@compiled
def _lowest(points, transform, low, count):  # type: ignore[no-untyped-def]
    cells_buffer, heights_buffer = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.float32)
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        cells, heights = cells_buffer[: len(block.x)], heights_buffer[: len(block.x)]
        find_cells(block, transform, cells)
        find_heights(block, transform, heights)
        for j in range(len(cells)):
            if cells[j] >= 0:
                k = np.uint32(cells[j])
                low[k] = min(heights[j], low[k])
                count[k] += 1
