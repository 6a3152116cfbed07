"""Points and DEM -> height of each point above the ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.core.cells import BLOCK, GridTransform, QuantizedPoints, block_of, find_cells
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.runtime.kernels import chunk_of, compiled, parallel_for


def height_above_ground(cloud: PointCloud, dem: Raster) -> NDArray[np.float32]:
    """Return z - DEM of each point, (N,) float32, m; NaN for points that are not finite."""
    heights = np.full(len(cloud), np.nan, np.float32)
    points, frame, level = QuantizedPoints.of(cloud), GridTransform.of(cloud, dem.grid), dem["height"].ravel()

    def of_part(part: int) -> None:
        its = chunk_of(len(cloud), part)
        _above(points.part(its), frame, level, heights[its])

    parallel_for(of_part)
    return heights


@compiled
def _above(points, frame, dem, heights):  # type: ignore[no-untyped-def]
    buffer = np.empty(BLOCK, np.int32)
    for start in range(0, len(heights), BLOCK):
        block = block_of(points, start)
        cells = buffer[: len(block.x)]
        find_cells(block, frame, cells)
        for j in range(len(cells)):
            if cells[j] >= 0:
                z = block.z[j] * frame.scale[2] + frame.offset[2]
                heights[start + j] = z - dem[np.uint32(cells[j])]
