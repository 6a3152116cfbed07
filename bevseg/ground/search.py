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
from bevseg.core.cells import Extent
from bevseg.core.grid import Grid
from bevseg.core.pointcloud import Crs, PointCloud
from bevseg.core.raster import Raster
from bevseg.errors import InputError
from bevseg.ground import flat_zones
from bevseg.ground.choose_method import DENSE, point_density
from bevseg.ground.dem import dem_bands, require_memory
from bevseg.ground.fill_holes import Heights, fill_holes
from bevseg.ground.ground_returns import ground_returns
from bevseg.ground.label_points import label_points
from bevseg.ground.lowest_cells import Lowest
from bevseg.ground.search_grids import FINE, coarsen, finer_grid, within_larger_cells
from bevseg.ground.smrf import cell_for, smrf_on_four_grids
from bevseg.ground.surface import Surface, no_data_mask
from bevseg.ground.window import Window
from bevseg.runtime import memory

DEM_BANDS = ("height", "source", "distance")
"""m; 0 = measured, 1 = interpolated, 2 = extrapolated; m to the nearest measured cell."""

MOST_EMPTY = 1_000_000
"""Cells that may lie around very few points: 200 m x 200 m of 0.2 m, worked through in a second."""


def find_surface(window: Window, lowest: Lowest, config: GroundConfig) -> tuple[Grid, Surface]:
    """Find the surface of the ground by the method of the settings.

    Parameters
    ----------
    window
        At least one point.
    lowest
        What its points leave in the cells of the search.
    config
        Thresholds, and the method: not `auto`.

    Returns
    -------
    Grid, Surface
        The grid of the search, and the surface on it.
    """
    coarse, low, count = lowest
    density, _ = point_density(count)
    if config.method == "smrf":
        cell = cell_for(count)
        larger, low = within_larger_cells(coarse, low, cell)
        return finer_grid(larger, cell / 2), smrf_on_four_grids(low, cell, config, density)
    if density >= DENSE:
        return finer_grid(coarse, FINE), _search_flat_zones(window, finer_grid(coarse, FINE), low)
    return coarse, _search_flat_zones(window, coarse, coarsen(low))


def find_dem(
    window: Window, searched: Grid, surface: Surface, near: Grid, block: Grid
) -> tuple[Raster, list[NDArray[np.bool_]]]:
    """Return the DEM of a block through the points near a surface, and which points these are.

    Parameters
    ----------
    window
        Points that lie within the grid of the search.
    searched, surface
        As from `find_surface`.
    near
        Cells in which gaps are filled.
    block
        Cells of the block; the DEM has those of `near` among them.

    Returns
    -------
    Raster, list
        The DEM, and (N,) bool for each cloud of the window.
    """
    is_ground, off = label_points(window.clouds(), searched, surface, near)
    wanted = near.meet(block)
    bands = dem_bands(searched, surface, near, off, wanted)
    return Raster(wanted, DEM_BANDS, bands, *system_of(window.around.points.crs)), is_ground


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


def system_of(crs: Crs | None) -> tuple[str | None, float]:
    """Return the reference system of the rasters of points, and metres per unit of it."""
    return (None, 1.0) if crs is None else (crs.wkt, crs.horizontal)


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


def _search_flat_zones(window: Window, grid: Grid, low: Heights) -> Surface:
    """Find the ground cells, find the objects on them, and return the surface through the open ground."""
    # Sparse points leave holes between them, and a zone would end at each hole.
    whole = low if grid.cell == FINE else np.where(no_data_mask(low, grid.cell), low, fill_holes(low))
    first, is_ground = flat_zones.find_ground_cells(whole, grid.cell)
    if np.isnan(low[is_ground]).all():  # all of it lies between the points: the lowest point stands in
        is_ground, first = low == np.nanmin(low), np.full_like(low, np.nanmin(low))
    lowest_ground = np.where(is_ground, low, np.float32(np.nan))
    mean, has_object = ground_returns(
        window.clouds(), grid, lowest_ground, first, flat_zones.return_bands(grid.cell)
    )
    return flat_zones.final_surface(mean, is_ground, has_object, grid.cell)
