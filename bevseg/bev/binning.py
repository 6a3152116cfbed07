"""Values of points -> one value per cell.

The kernels are compiled (numba), read the integer coordinates where they lie in the file's record, and compute
world coordinate, cell and height on the fly: no temporary arrays as long as the cloud. One record per cell holds
its accumulators side by side and is updated without branches; with one array per statistic the same pass takes
three times as long (`benchmarks/rasterize.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from bevseg.grid import Grid, floor_cell
from bevseg.pointcloud import PointCloud


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a kernel; keep the machine code on disk where a writable place for it exists."""
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # numba found no place for its cache
        return numba.njit(nogil=True)(function)


class Frame(NamedTuple):
    """What a kernel needs to find the cell of a point: the cloud's scale and offset, and the grid."""

    scale: tuple[float, float, float]
    offset: tuple[float, float, float]
    cell: float
    west: int
    north: int
    rows: int
    cols: int

    @classmethod
    def of(cls, cloud: PointCloud, grid: Grid) -> Frame:
        """Join the frame of a cloud and a grid."""
        return cls(cloud.scale, cloud.offset, grid.cell, grid.west, grid.north, grid.rows, grid.cols)


_floor_cell = numba.njit(inline="always")(floor_cell)


@numba.njit(inline="always")
def cell_of_step(x, y, frame):  # type: ignore[no-untyped-def]
    """Return the flat cell index of a point given in integer steps, -1 outside: `Grid.cell_of` for one point."""
    col = int(_floor_cell(x * frame.scale[0] + frame.offset[0], frame.cell)) - frame.west
    row = frame.north - int(_floor_cell(y * frame.scale[1] + frame.offset[1], frame.cell))
    inside = (col >= 0) & (col < frame.cols) & (row >= 0) & (row < frame.rows)
    return row * frame.cols + col if inside else -1


@numba.njit(inline="always")
def cell_in_window(x, y, cell, rows, cols):  # type: ignore[no-untyped-def]
    """Return the flat cell index of a point in a window whose south-west corner is the origin, -1 outside."""
    col = int(_floor_cell(x, cell))
    row = rows - 1 - int(_floor_cell(y, cell))
    inside = (col >= 0) & (col < cols) & (row >= 0) & (row < rows)
    return row * cols + col if inside else -1


def finite_mask(cloud: PointCloud) -> NDArray[np.bool_]:
    """Return the mask of finite points for a kernel; length 0 says that all are."""
    return np.empty(0, np.bool_) if cloud.finite is None else cloud.finite


def lowest(cloud: PointCloud, grid: Grid) -> NDArray[np.float32]:
    """Return the lowest height in each cell, (rows, cols) float32, m; NaN where there is no point."""
    low = np.full(grid.rows * grid.cols, np.inf, np.float32)
    _lowest(cloud.x, cloud.y, cloud.z, finite_mask(cloud), Frame.of(cloud, grid), low)
    low[np.isinf(low)] = np.nan
    return low.reshape(grid.shape)


@compiled
def _lowest(x, y, z, finite, frame, low):  # type: ignore[no-untyped-def]
    for i in range(len(x)):
        if len(finite) > 0 and not finite[i]:
            continue
        k = cell_of_step(x[i], y[i], frame)
        if k >= 0:
            low[k] = min(low[k], np.float32(z[i] * frame.scale[2] + frame.offset[2]))
