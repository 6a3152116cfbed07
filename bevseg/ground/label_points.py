"""Points and the surface of the ground -> which points are ground, and how far off it those of a DEM cell lie."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from bevseg.core.cells import BLOCK, GridTransform, QuantizedPoints, block_of, find_cells, find_heights
from bevseg.core.grid import Grid
from bevseg.core.pointcloud import PointCloud
from bevseg.ground.height_sums import PER_METRE, WIDE, mean_height
from bevseg.ground.surface import Surface
from bevseg.runtime.kernels import chunk_of, compiled, parallel_for, threads

Heights = NDArray[np.float32]


def label_points(
    cloud: PointCloud, searched: Grid, surface: Surface, grid: Grid
) -> tuple[NDArray[np.bool_], Heights]:
    """Return the points near the surface, (N,), and how far off it those of each cell are in the mean, m.

    NaN where a cell has none of them.
    """
    points, inner, outer = (
        QuantizedPoints.of(cloud),
        GridTransform.of(cloud, searched),
        GridTransform.of(cloud, grid),
    )
    is_ground = np.zeros(len(cloud), np.bool_)
    whole: type[np.signedinteger] = np.int64 if grid.cell > WIDE else np.int32
    sums = np.zeros((threads(), grid.rows * grid.cols, 2), whole)

    def of_part(part: int) -> None:
        its = chunk_of(len(cloud), part)
        _label(points.part(its), inner, *surface, outer, is_ground[its], sums[part])

    parallel_for(of_part)
    return is_ground, mean_height(sums).reshape(grid.shape)


@compiled
def _label(points, inner, surface, tolerance, outer, is_ground, sums):  # type: ignore[no-untyped-def]
    """Mark the points near the surface, and add up how far off it they lie in each cell of the DEM.

    What is no ground is added up as well, as nothing: without a branch.
    """
    integers, floats = np.empty((4, BLOCK), np.int32), np.empty((5, BLOCK), np.float32)
    rows, cols = np.int32(surface.shape[0]), np.int32(surface.shape[1])
    level, limits = surface.ravel(), tolerance.ravel()
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        size = len(block.x)
        its, cells, corners, off = (
            integers[0, :size],
            integers[1, :size],
            integers[2, :size],
            integers[3, :size],
        )
        heights, right, down = floats[0, :size], floats[1, :size], floats[2, :size]
        away, limit = floats[3, :size], floats[4, :size]
        near = is_ground[start : start + size]
        find_cells(block, inner, its)
        find_cells(block, outer, cells)
        find_heights(block, inner, heights)
        _find_corners(block, inner, rows, cols, corners, right, down)
        for j in range(size):
            k = np.uint32(corners[j])
            east, south = np.uint32(right[j] > 0), np.uint32(cols) if down[j] > 0 else np.uint32(0)
            here, beside, below = level[k], level[k + east], level[k + south]
            twist = level[k + south + east] - below - beside + here
            away[j] = heights[j] - (
                here + (beside - here) * right[j] + (below - here + twist * right[j]) * down[j]
            )
            limit[j] = limits[np.uint32(max(its[j], np.int32(0)))]
        _find_near(away, limit, its, near, off)
        for j in range(size):
            k = np.uint32(max(cells[j], np.int32(0)))
            sums[k, 0] += off[j]
            sums[k, 1] += near[j]


@numba.njit
def _find_corners(block, frame, rows, cols, corners, right, down):  # type: ignore[no-untyped-def]
    """Write the cell whose centre lies to the north-west of each point of a block, and how far off it is, in cells.

    Beyond the outermost centres, the surface goes on level.
    """
    per_metre = 1.0 / frame.cell  # no point changes its cell by the rounding
    for j in range(len(corners)):
        x = block.x[j] * frame.scale[0] + frame.offset[0]
        y = block.y[j] * frame.scale[1] + frame.offset[1]
        col = np.float32(x * per_metre - frame.west - 0.5)
        row = np.float32(frame.north + 0.5 - y * per_metre)
        col = min(max(col, np.float32(0)), np.float32(cols - 1))
        row = min(max(row, np.float32(0)), np.float32(rows - 1))
        left, top = np.int32(col), np.int32(row)
        corners[j] = top * cols + left
        right[j], down[j] = col - np.float32(left), row - np.float32(top)


@numba.njit
def _find_near(away, limit, cells, near, off):  # type: ignore[no-untyped-def]
    """Write which points are near the surface, and how far off it these are, in parts of `PER_METRE`."""
    for j in range(len(away)):
        is_near = (abs(away[j]) <= limit[j]) & (cells[j] >= 0)
        near[j] = is_near
        off[j] = np.int32(np.rint(away[j] * np.float32(PER_METRE))) if is_near else np.int32(0)
