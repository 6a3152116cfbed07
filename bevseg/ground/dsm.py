"""Points and DEM -> DSM, the highest return per cell, and normalised DSM.

Every return counts: the wires over a street and a bird above it are in the DSM. A single high cell may also be the
top of a pole; only the class of its points can separate the two.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from bevseg.core.cells import BLOCK, GridTransform, QuantizedPoints, block_of, find_cells, height_of
from bevseg.core.grid import Grid
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.runtime.kernels import chunk_of, compiled, parallel_for, threads


def surface(cloud: PointCloud, dem: Raster) -> Raster:
    """Return the DSM on the grid of a DEM: band `height`, float32, m, in the cloud's datum; NaN without points."""
    highs = highest(cloud, dem.grid)
    return dataclasses.replace(dem, names=("height",), values=highs[None])


def normalised(dsm: Raster, dem: Raster) -> Raster:
    """Return DSM - DEM: band `height_above_ground`, float32, m; NaN without points.

    Heights below the DEM become 0: returns of rough ground scatter around the DEM, and the height of an object is not
    negative.
    """
    top, ground = (np.asarray(raster["height"], np.float32) for raster in (dsm, dem))
    above = np.maximum(top - ground, np.float32(0))
    return dataclasses.replace(dsm, names=("height_above_ground",), values=above[None])


def highest(cloud: PointCloud, grid: Grid) -> NDArray[np.float32]:
    """Return the highest height in each cell, (rows, cols) float32, m; NaN where there is no point."""
    points, transform = QuantizedPoints.of(cloud), GridTransform.of(cloud, grid)
    highs = np.full((threads(), grid.rows * grid.cols), -np.inf, np.float32)
    parallel_for(lambda i: _highest(points.chunk(chunk_of(len(cloud), i)), transform, highs[i]))
    high = highs.max(axis=0)
    high[np.isinf(high)] = np.nan
    return high.reshape(grid.shape)


@compiled
def _highest(points, transform, high):  # type: ignore[no-untyped-def]
    buffer = np.empty(BLOCK, np.int32)
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        cells = buffer[: len(block.x)]
        find_cells(block, transform, cells)
        for j in range(len(cells)):
            if cells[j] >= 0:
                k = np.uint32(cells[j])
                height = np.float32(height_of(block.z[j], transform))
                high[k] = height if height > high[k] else high[k]
