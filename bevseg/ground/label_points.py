"""Points and the surface of the ground -> the ground points, and their mean height above it per cell of the DEM."""

from __future__ import annotations

from collections.abc import Iterable

import numba
import numpy as np
from numpy.typing import NDArray

from bevseg.core.cells import (
    BLOCK,
    GridTransform,
    QuantizedPoints,
    block_of,
    find_cells,
    find_heights,
    for_chunks,
    steps_of,
)
from bevseg.core.grid import STEPS, Grid
from bevseg.core.pointcloud import PointCloud
from bevseg.ground.height_sums import PER_METRE, WIDE, mean_height
from bevseg.ground.surface import Surface
from bevseg.runtime.kernels import compiled, threads

Heights = NDArray[np.float32]


def label_points(
    clouds: Iterable[PointCloud], searched: Grid, surface: Surface, grid: Grid
) -> tuple[list[NDArray[np.bool_]], Heights]:
    """Return the points near the surface, and how far above it those of each cell of the DEM lie.

    Parameters
    ----------
    clouds
        Points; those that are not finite are no ground.
    searched, surface
        Grid of the search, and the surface of the ground on it.
    grid
        Grid of the DEM.

    Returns
    -------
    list, Heights
        (N,) bool for each cloud: ground points. (rows, cols) of the DEM: their mean height above the surface, m; NaN
        where a cell has none.
    """
    integer: type[np.signedinteger] = np.int64 if grid.cell > WIDE else np.int32
    sums = np.zeros((threads(), grid.rows * grid.cols, 2), integer)

    def label(cloud: PointCloud) -> NDArray[np.bool_]:
        points, is_ground = QuantizedPoints.of(cloud), np.zeros(len(cloud), np.bool_)
        search, dem = (GridTransform.of(cloud, of) for of in (searched, grid))
        for_chunks(
            len(cloud),
            lambda i, chunk: _label(points.chunk(chunk), search, *surface, dem, is_ground[chunk], sums[i]),
        )
        return is_ground

    return [label(cloud) for cloud in clouds], mean_height(sums).reshape(grid.shape)


@compiled
def _label(points, search, surface, tolerance, dem, is_ground, sums):  # type: ignore[no-untyped-def]
    """Mark the points near the surface, and add up how far above it they lie in each cell of the DEM.

    Other points are added as zero: that takes no branch.
    """
    integers, floats = np.empty((4, BLOCK), np.int32), np.empty((5, BLOCK), np.float32)
    rows, cols = np.int32(surface.shape[0]), np.int32(surface.shape[1])
    level, limits = surface.ravel(), tolerance.ravel()
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        size = len(block.x)
        search_cells, cells, corners, off = (
            integers[0, :size],
            integers[1, :size],
            integers[2, :size],
            integers[3, :size],
        )
        heights, right, down = floats[0, :size], floats[1, :size], floats[2, :size]
        away, limit = floats[3, :size], floats[4, :size]
        near = is_ground[start : start + size]
        find_cells(block, search, search_cells)
        find_cells(block, dem, cells)
        find_heights(block, search, heights)
        _find_corners(block, search, rows, cols, corners, right, down)
        for j in range(size):
            k = np.uint32(corners[j])
            east, south = np.uint32(right[j] > 0), np.uint32(cols) if down[j] > 0 else np.uint32(0)
            here, beside, below = level[k], level[k + east], level[k + south]
            twist = level[k + south + east] - below - beside + here
            away[j] = heights[j] - (
                here + (beside - here) * right[j] + (below - here + twist * right[j]) * down[j]
            )
            limit[j] = limits[np.uint32(max(search_cells[j], np.int32(0)))]
        _find_near(away, limit, search_cells, near, off)
        for j in range(size):
            k = np.uint32(max(cells[j], np.int32(0)))
            sums[k, 0] += off[j]
            sums[k, 1] += near[j]


@numba.njit
def _find_corners(block, transform, rows, cols, corners, right, down):  # type: ignore[no-untyped-def]
    """Write the cell whose centre lies to the north-west of each point of a block, and the way from there, in cells.

    Beyond the outermost centres, the surface is level.
    """
    per_step = 1.0 / (transform.cell * STEPS)  # no point changes search_cells cell by the rounding
    for j in range(len(corners)):
        x = steps_of(block.x[j] * transform.scale[0] + transform.offset[0])
        y = steps_of(block.y[j] * transform.scale[1] + transform.offset[1])
        col = np.float32(x * per_step - transform.west - 0.5)
        row = np.float32(transform.north + 0.5 - y * per_step)
        col = min(max(col, np.float32(0)), np.float32(cols - 1))
        row = min(max(row, np.float32(0)), np.float32(rows - 1))
        left, top = np.int32(col), np.int32(row)
        corners[j] = top * cols + left
        right[j], down[j] = col - np.float32(left), row - np.float32(top)


@numba.njit
def _find_near(away, limit, cells, near, off):  # type: ignore[no-untyped-def]
    """Write which points are near the surface, and how far above it these are, in parts of `PER_METRE`."""
    for j in range(len(away)):
        is_near = (abs(away[j]) <= limit[j]) & (cells[j] >= 0)
        near[j] = is_near
        off[j] = np.int32(np.rint(away[j] * np.float32(PER_METRE))) if is_near else np.int32(0)
