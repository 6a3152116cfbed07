"""Points and DEM -> height of each point above the ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.core.cells import BLOCK, GridTransform, QuantizedPoints, block_of, find_cells, height_of
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.runtime.kernels import chunk_of, compiled, parallel_for


def height_above_ground(cloud: PointCloud, dem: Raster) -> NDArray[np.float32]:
    """Return z - DEM of each point, (N,) float32, m; NaN for points that are not finite.

    Parameters
    ----------
    cloud
        Points.
    dem
        Band `height`, m, on a grid that covers the points.
    """
    heights = np.full(len(cloud), np.nan, np.float32)
    points, transform, level = (
        QuantizedPoints.of(cloud),
        GridTransform.of(cloud, dem.grid),
        dem["height"].ravel(),
    )

    def of_chunk(thread: int) -> None:
        chunk = chunk_of(len(cloud), thread)
        _above(points.chunk(chunk), transform, level, heights[chunk])

    parallel_for(of_chunk)
    return heights


@compiled
def _above(points, transform, dem, heights):  # type: ignore[no-untyped-def]
    buffer = np.empty(BLOCK, np.int32)
    for start in range(0, len(heights), BLOCK):
        block = block_of(points, start)
        cells = buffer[: len(block.x)]
        find_cells(block, transform, cells)
        for j in range(len(cells)):
            if cells[j] >= 0:
                z = height_of(block.z[j], transform)
                heights[start + j] = z - dem[np.uint32(cells[j])]
