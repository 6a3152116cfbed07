"""Values of points -> one value per cell.

The kernels are compiled (numba) and read the integer coordinates where they lie in the file's record: no temporary
arrays as long as the cloud. They take a block of points at a time. Short loops over it, one for each step (cells,
heights, slabs), become vector instructions; one long loop that does it all at once takes twice as long. What is
left for a loop of its own is the scatter, in which every cell has one record with its accumulators side by side:
with one array per statistic it takes three times as long (`benchmarks/rasterize.py`).
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from bevseg.core.grid import Grid, floor_cell
from bevseg.core.pointcloud import PointCloud
from bevseg.runtime.kernels import chunk_of, compiled, parallel_for, threads

BLOCK = 2048
"""Points in a block: what is known of them stays in the first-level cache."""


class GridTransform(NamedTuple):
    """What a kernel needs to find the cell of a point: the cloud's scale and offset, and the grid."""

    scale: tuple[float, float, float]
    offset: tuple[float, float, float]
    cell: float
    west: int
    north: int
    rows: int
    cols: int

    @classmethod
    def of(cls, cloud: PointCloud, grid: Grid) -> GridTransform:
        """Join the frame of a cloud and a grid."""
        return cls(cloud.scale, cloud.offset, grid.cell, grid.west, grid.north, grid.rows, grid.cols)


class QuantizedPoints(NamedTuple):
    """The coordinates of a cloud as kernels take them; a `finite` of length 0 says that all are."""

    x: NDArray[np.int32]
    y: NDArray[np.int32]
    z: NDArray[np.int32]
    finite: NDArray[np.bool_]

    @classmethod
    def of(cls, cloud: PointCloud) -> QuantizedPoints:
        """Return the points of a cloud."""
        finite = np.empty(0, np.bool_) if cloud.finite is None else cloud.finite
        return cls(cloud.x, cloud.y, cloud.z, finite)

    def part(self, its: slice) -> QuantizedPoints:
        """Return some of the points."""
        return QuantizedPoints(self.x[its], self.y[its], self.z[its], self.finite[its])


_floor_cell = numba.njit(inline="always")(floor_cell)


@numba.njit
def block_of(points, start):  # type: ignore[no-untyped-def]
    """Return the block of points that begins at `start`; the last one is shorter.

    In the record of a file the coordinates lie apart, and a loop over them makes no vector instructions: they are
    copied side by side.
    """
    its = slice(start, start + BLOCK)
    return QuantizedPoints(
        points.x[its].copy(), points.y[its].copy(), points.z[its].copy(), points.finite[its]
    )


@numba.njit
def find_cells(block, frame, cells):  # type: ignore[no-untyped-def]
    """Write the flat cell index of each point of a block: `Grid.cell_of`; -1 also where it is not finite."""
    x, y, finite = block.x, block.y, block.finite
    for j in range(len(cells)):
        col = _floor_cell(x[j] * frame.scale[0] + frame.offset[0], frame.cell) - frame.west
        row = frame.north - _floor_cell(y[j] * frame.scale[1] + frame.offset[1], frame.cell)
        inside = (col >= 0) & (col < frame.cols) & (row >= 0) & (row < frame.rows)
        cells[j] = np.int32(row * frame.cols + col) if inside else np.int32(-1)
    for j in range(len(finite)):
        cells[j] = cells[j] if finite[j] else np.int32(-1)


@numba.njit
def find_heights(block, frame, heights):  # type: ignore[no-untyped-def]
    """Write the height of each point of a block, m."""
    for j in range(len(heights)):
        heights[j] = block.z[j] * frame.scale[2] + frame.offset[2]


@numba.njit(inline="always")
def cell_in_window(x, y, cell, rows, cols):  # type: ignore[no-untyped-def]
    """Return the flat cell index of a point in a window whose south-west corner is the origin, -1 outside."""
    col = int(_floor_cell(x, cell))
    row = rows - 1 - int(_floor_cell(y, cell))
    inside = (col >= 0) & (col < cols) & (row >= 0) & (row < rows)
    return row * cols + col if inside else -1


class Extent(NamedTuple):
    """Closed ranges (least, most) of the finite points of a cloud, m."""

    x: tuple[float, float]
    y: tuple[float, float]

    @classmethod
    def of(cls, cloud: PointCloud) -> Extent | None:
        """Return the extent of a cloud; None if no point is finite."""
        points = QuantizedPoints.of(cloud)
        found = parallel_for(lambda part: _range(points.part(chunk_of(len(cloud), part))))
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
    """Return least x, least y, most x, most y in steps; least above most if there are no points."""
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
    points, frame = QuantizedPoints.of(cloud), GridTransform.of(cloud, grid)

    # What a thread allocates stays with the thread's own heap after it is freed: better to bring it along.
    lows = np.full((threads(), grid.rows * grid.cols), np.inf, np.float32)
    counts = np.zeros(lows.shape, np.int32)
    parallel_for(
        lambda part: _lowest(points.part(chunk_of(len(cloud), part)), frame, lows[part], counts[part])
    )
    low = lows.min(axis=0)
    low[np.isinf(low)] = np.nan
    return low.reshape(grid.shape), counts.sum(axis=0).reshape(grid.shape)


@compiled
def _lowest(points, frame, low, count):  # type: ignore[no-untyped-def]
    cells_buffer, heights_buffer = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.float32)
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        cells, heights = cells_buffer[: len(block.x)], heights_buffer[: len(block.x)]
        find_cells(block, frame, cells)
        find_heights(block, frame, heights)
        for j in range(len(cells)):
            if cells[j] >= 0:
                k = np.uint32(cells[j])
                low[k] = min(heights[j], low[k])
                count[k] += 1
