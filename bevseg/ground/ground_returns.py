"""Points and a first surface -> mean height of the ground returns per cell; cells with an object on them."""

from __future__ import annotations

from collections.abc import Iterable

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
)
from bevseg.core.grid import Grid
from bevseg.core.pointcloud import PointCloud
from bevseg.ground.height_sums import PER_METRE, mean_height
from bevseg.runtime.kernels import compiled, threads

Heights = NDArray[np.float32]


def ground_returns(
    clouds: Iterable[PointCloud],
    grid: Grid,
    low: Heights,
    surface: Heights,
    bands: tuple[float, float, float],
) -> tuple[Heights, NDArray[np.bool_]]:
    """Return the mean height of the ground returns of each cell, and whether an object stands there.

    Parameters
    ----------
    clouds
        Points; those that are not finite are left out.
    grid
        Grid of the search.
    low
        (rows, cols): lowest height of each ground cell, m, NaN elsewhere.
    surface
        (rows, cols): first surface of the ground, without gaps, m.
    bands
        How far above the lowest of its cell a point is a ground return, and between which heights above the surface
        a point belongs to an object, m.

    Returns
    -------
    Heights, NDArray
        (rows, cols): mean height, m, NaN where there is no ground return; whether an object stands there.
    """
    sums = np.zeros((threads(), low.size, 2), np.int32)
    objects = np.zeros((threads(), low.size), np.bool_)

    flat_low, flat_surface = low.ravel(), surface.ravel()

    def add(cloud: PointCloud) -> None:
        points, transform = QuantizedPoints.of(cloud), GridTransform.of(cloud, grid)
        for_chunks(
            len(cloud),
            lambda i, chunk: _add(
                points.chunk(chunk), transform, flat_low, flat_surface, bands, sums[i], objects[i]
            ),
        )

    for cloud in clouds:
        add(cloud)
    above = mean_height(sums).reshape(low.shape)
    return low + above, objects.max(axis=0).reshape(low.shape)


@compiled
def _add(points, transform, low, surface, bands, sums, objects):  # type: ignore[no-untyped-def]
    """Add up how far ground returns lie above the lowest of their cell; mark the cells with a point of an object.

    Only one branch: whether a point is ground cannot be predicted.
    """
    thick, above_foot, below_crown = bands
    cells_buffer, heights_buffer = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.float32)
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        cells, heights = cells_buffer[: len(block.x)], heights_buffer[: len(block.x)]
        find_cells(block, transform, cells)
        find_heights(block, transform, heights)
        for j in range(len(cells)):
            if cells[j] >= 0:
                k = np.uint32(cells[j])
                over = heights[j] - low[k]
                is_ground = over <= thick  # never where the cell is no ground: NaN
                sums[k, 0] += np.int32(np.rint(over * PER_METRE)) if is_ground else np.int32(0)
                sums[k, 1] += is_ground
                above = heights[j] - surface[k]
                objects[k] |= (above > above_foot) & (above < below_crown)
