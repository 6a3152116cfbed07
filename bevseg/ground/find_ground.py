"""Points -> DEM, and which of the points are ground.

There are two methods. Where points are sparse and come from above, openings of growing size remove what stands on the
ground (`smrf`). In a street scan, where every kerb shows and houses are fronts without roofs, flat zones are followed
(`flat-zones`). Either gives a surface on a grid of its own. The points near it are ground, and the DEM goes through
their mean: the lowest of many returns lies below the street by two or three times their noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.config import GroundConfig
from bevseg.core.cells import Extent, lowest
from bevseg.core.grid import Grid
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.errors import InputError
from bevseg.ground import flat_zones
from bevseg.ground.choose_method import DENSE, choose_method, point_density
from bevseg.ground.dem import dem_bands, require_memory
from bevseg.ground.fill_holes import Heights, fill_holes
from bevseg.ground.ground_returns import ground_returns
from bevseg.ground.label_points import label_points
from bevseg.ground.search_grids import COARSE, FINE, coarsen, finer_grid
from bevseg.ground.smrf import smrf_on_four_grids
from bevseg.ground.surface import Surface, no_data_mask
from bevseg.runtime import memory

MOST_EMPTY = 1_000_000
"""Cells that may lie around very few points: 200 m x 200 m of 0.2 m, worked through in a second."""


@dataclass(frozen=True)
class Ground:
    """What is known of the ground of a cloud.

    Attributes
    ----------
    dem
        float32 bands `height` (m, in the datum of the cloud), `source` (0 = measured here, 1 = interpolated, 2 =
        extrapolated: a guess) and `distance` (m to the nearest measured cell). NaN everywhere if no point is finite.
    is_ground
        (N,): the points that lie on it.
    method, why
        Name of the method, and the reason for it in words.
    """

    dem: Raster
    is_ground: NDArray[np.bool_]
    method: str
    why: str


def find_ground(cloud: PointCloud, cell: float, config: GroundConfig) -> Ground:
    """Find the ground of a cloud.

    Parameters
    ----------
    cloud
        At least one point; those that are not finite are left out.
    cell
        Cell of the DEM, m. The grid of the search does not depend on it.
    config
        Method and thresholds.

    Returns
    -------
    Ground
        Without any ground candidate, the lowest points take its place.

    Raises
    ------
    OutOfMemoryError
        If the cloud reaches so far that its rasters will not fit.
    InputError
        If its points are so few and so far apart that the rasters would be almost empty, and large.
    """
    extent = Extent.of(cloud)
    if extent is None:
        dem = _raster(cloud, Grid(cell, 0, 0, 1, 1), np.full((3, 1, 1), np.nan, np.float32))
        return Ground(dem, np.zeros(len(cloud), bool), config.method, "no point is finite")
    grid, coarse = Grid.covering(cell, *extent), Grid.covering(COARSE, *extent)
    fine = finer_grid(coarse, FINE)
    memory.require_raster(
        max(grid.rows, fine.rows),
        max(grid.cols, fine.cols),
        where=cloud.name,
        points=len(cloud),
        size=(extent.x[1] - extent.x[0], extent.y[1] - extent.y[0]),
    )
    require_memory(grid, where=cloud.name)
    _ensure_dense(cloud, extent, max(grid.rows * grid.cols, fine.rows * fine.cols))
    low, count = lowest(cloud, fine)
    density, unevenness = point_density(count)
    del count  # as large as the DEM
    method, why = choose_method(config.method, density, unevenness)
    if method == "smrf":
        searched = finer_grid(coarse, COARSE / 2)
        surface = smrf_on_four_grids(low, config, density)
    else:
        searched = fine if density >= DENSE else coarse
        surface = _search_flat_zones(cloud, searched, low if searched is fine else coarsen(low))
    del low
    is_ground, off = label_points(cloud, searched, surface, grid)
    return Ground(_raster(cloud, grid, dem_bands(searched, surface, grid, off)), is_ground, method, why)


def _ensure_dense(cloud: PointCloud, extent: Extent, cells: int) -> None:
    """Raise InputError for a wide extent that few points claim: filling its cells would take minutes for nothing."""
    (west, east), (south, north) = extent.x, extent.y
    area = (east - west) * (north - south)
    if cells > MOST_EMPTY and area > memory.SPARSEST * len(cloud):
        raise InputError(
            "The points lie too far apart for a street scene",
            where=cloud.name or None,
            why=f"{len(cloud):,} points over {east - west:,.0f} x {north - south:,.0f} m: one in "
            f"{area / len(cloud):,.0f} m², {memory.SPARSEST:.0f} m² at most for more than {MOST_EMPTY:,} cells",
            hint="check the units (millimetres?), and remove points far away from the others",
        )


def _search_flat_zones(cloud: PointCloud, grid: Grid, low: Heights) -> Surface:
    """Find the ground cells, find the objects on them, and return the surface through the open ground."""
    # Sparse points leave holes between them, and a zone would end at each hole.
    whole = low if grid.cell == FINE else np.where(no_data_mask(low, grid.cell), low, fill_holes(low))
    first, is_ground = flat_zones.find_ground_cells(whole, grid.cell)
    if np.isnan(low[is_ground]).all():  # all of it lies between the points: the lowest point stands in
        is_ground, first = low == np.nanmin(low), np.full_like(low, np.nanmin(low))
    lowest_ground = np.where(is_ground, low, np.float32(np.nan))
    mean, has_object = ground_returns(cloud, grid, lowest_ground, first, flat_zones.return_bands(grid.cell))
    return flat_zones.final_surface(mean, is_ground, has_object, grid.cell)


def _raster(cloud: PointCloud, grid: Grid, values: NDArray[np.float32]) -> Raster:
    crs, unit = (None, 1.0) if cloud.crs is None else (cloud.crs.wkt, cloud.crs.horizontal)
    return Raster(grid, ("height", "source", "distance"), values, crs, unit)
