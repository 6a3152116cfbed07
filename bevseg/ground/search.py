"""Points that lie close together -> DEM, and which of the points are ground.

There are two methods. Where points are sparse and come from above, openings of growing size remove what stands on the
ground (`smrf`). In a street scan, where every kerb shows and houses are fronts without roofs, flat zones are followed
(`flat-zones`). Either gives a surface on a grid of its own. The points near it are ground, and the DEM goes through
their mean: the lowest of many returns lies below the street by two or three times their noise.
"""

from __future__ import annotations

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

DEM_BANDS = ("height", "source", "distance")
"""m; 0 = measured, 1 = interpolated, 2 = extrapolated; m to the nearest measured cell."""

MOST_EMPTY = 1_000_000
"""Cells that may lie around very few points: 200 m x 200 m of 0.2 m, worked through in a second."""


def choose(cloud: PointCloud, method: str) -> tuple[str, str]:
    """Return the method that fits the density of the points, and why; `method` as in the settings."""
    extent = Extent.of(cloud)
    if extent is None:
        return method, "no point is finite"
    _, count = lowest(cloud, finer_grid(Grid.covering(COARSE, *extent), FINE))
    return choose_method(method, *point_density(count))


def find_surface(cloud: PointCloud, config: GroundConfig) -> tuple[Grid, Surface]:
    """Find the surface of the ground by the method of the settings.

    Parameters
    ----------
    cloud
        At least one point that is finite.
    config
        Thresholds, and the method: not `auto`.

    Returns
    -------
    Grid, Surface
        The grid of the search, and the surface on it.
    """
    coarse = Grid.covering(COARSE, *_extent(cloud))
    fine = finer_grid(coarse, FINE)
    low, count = lowest(cloud, fine)
    density, _ = point_density(count)
    del count  # as large as the DEM
    if config.method == "smrf":
        return finer_grid(coarse, COARSE / 2), smrf_on_four_grids(low, config, density)
    searched = fine if density >= DENSE else coarse
    return searched, _search_flat_zones(cloud, searched, low if searched is fine else coarsen(low))


def find_dem(
    cloud: PointCloud, searched: Grid, surface: Surface, cell: float
) -> tuple[Raster, NDArray[np.bool_]]:
    """Return the DEM through the points near a surface, and which points these are.

    Parameters
    ----------
    cloud
        Points that lie within the grid of the search.
    searched, surface
        As from `find_surface`.
    cell
        Cell of the DEM, m.
    """
    grid = Grid.covering(cell, *_extent(cloud))
    is_ground, off = label_points(cloud, searched, surface, grid)
    return Raster(grid, DEM_BANDS, dem_bands(searched, surface, grid, off), *system_of(cloud)), is_ground


def _extent(cloud: PointCloud) -> Extent:
    extent = Extent.of(cloud)
    assert extent is not None, "no point is finite"
    return extent


def require_rasters(cloud: PointCloud, extent: Extent, cell: float) -> None:
    """Check that the rasters of a cloud fit in memory and will not be almost empty.

    Raises
    ------
    OutOfMemoryError, InputError
        As `find_ground`.
    """
    grid, fine = Grid.covering(cell, *extent), Grid.covering(FINE, *extent)
    memory.require_raster(
        max(grid.rows, fine.rows),
        max(grid.cols, fine.cols),
        where=cloud.name,
        points=len(cloud),
        size=(extent.x[1] - extent.x[0], extent.y[1] - extent.y[0]),
    )
    require_memory(grid, where=cloud.name)
    _ensure_dense(cloud, extent, max(grid.rows * grid.cols, fine.rows * fine.cols))


def system_of(cloud: PointCloud) -> tuple[str | None, float]:
    """Return the reference system of the rasters of a cloud, and metres per unit of it."""
    return (None, 1.0) if cloud.crs is None else (cloud.crs.wkt, cloud.crs.horizontal)


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
