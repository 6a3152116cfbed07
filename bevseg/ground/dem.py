"""Surface of the ground, and how far off it the points lie -> the bands of the DEM."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.core.distance import to_nearest
from bevseg.core.grid import Grid
from bevseg.core.raster import EXTRAPOLATED, INTERPOLATED, MEASURED
from bevseg.ground.fill_holes import Heights, fill_holes
from bevseg.ground.limit_slope import limit_slope
from bevseg.ground.resample import resample
from bevseg.ground.surface import Surface
from bevseg.runtime import memory

KNOWN = 10.0
"""Further than this from measured ground the DEM is a guess, m."""

STEEPEST = 1.0
"""Steepest slope of the DEM where it is not measured, m per m."""

DISTANCE_BYTES_PER_CELL = 20
"""Memory for the distances, per cell of the DEM and of a margin of `KNOWN` around it: measured."""


def dem_bands(
    searched: Grid, surface: Surface, grid: Grid, off: Heights, wanted: Grid
) -> NDArray[np.float32]:
    """Return the bands of the DEM for some of its cells, as they are in the whole DEM.

    Parameters
    ----------
    searched, surface
        Grid of the search, and the surface of the ground on it.
    grid
        Grid of the DEM.
    off
        (rows, cols) of the DEM: mean height of the ground points of each cell above the surface, m; NaN where there
        are none.
    wanted
        Cells of that grid.

    Returns
    -------
    NDArray
        (3, rows, cols) float32 of the wanted cells: height, m; source; distance to the nearest measured cell, m.
    """
    measured, part = ~np.isnan(off), grid.slices_of(wanted)
    if measured.any():
        # Between the cells of a coarse search the surface is a staircase, and the points are not.
        is_coarse = searched.cell > 2 * grid.cell
        height = _heights_at(searched, surface.height, grid, measured if is_coarse else None)
        height = fill_holes(height + off) if is_coarse else height + fill_holes(off)
        height = limit_slope(height, measured, grid.cell, STEEPEST, part)
    else:
        height = _heights_at(searched, surface.height, wanted)
    distance, is_between = _distance(measured, grid.cell, part)
    bands = np.empty((3, *wanted.shape), np.float32)
    bands[0], bands[1], bands[2] = height, EXTRAPOLATED, distance
    bands[1][is_between] = INTERPOLATED
    bands[1][measured[part]] = MEASURED
    return bands


def require_memory(grid: Grid, *, where: str) -> None:
    """Check that a DEM and its margin fit in memory. With small cells the margin needs more than a small cloud.

    Raises
    ------
    OutOfMemoryError
        If less is available.
    """
    wide = 2 * _margin(grid.cell)
    memory.require_raster(grid.rows + wide, grid.cols + wide, DISTANCE_BYTES_PER_CELL, where=where)


def _margin(cell: float) -> int:
    """Return how many cells beyond a raster the ground may still be known."""
    return int(KNOWN / cell) + 1


def _distance(
    measured: NDArray[np.bool_], cell: float, part: tuple[slice, slice]
) -> tuple[Heights, NDArray[np.bool_]]:
    """Return the distance to the nearest measured cell, m, and the cells between measured ones, for some cells.

    These are the closing of the measured cells by a disk of radius `KNOWN`, which reaches over the border of the
    raster. What is further than that from the wanted cells does not matter for them.
    """
    margin = _margin(cell)
    rows, cols = (slice(of.start, of.stop + 2 * margin) for of in part)  # with a margin, in the padded raster
    distance = to_nearest(np.pad(measured, margin), rows)[:, cols] * np.float32(cell)
    is_between = to_nearest(distance > KNOWN) * np.float32(cell) >= KNOWN
    inside = (slice(margin, -margin),) * 2
    return distance[inside], is_between[inside]


def _heights_at(grid: Grid, heights: Heights, at: Grid, cells: NDArray[np.bool_] | None = None) -> Heights:
    """Return the heights of a grid at the cell centres of another grid, bilinear, m; NaN at those not asked for."""
    x, y = at.centres()
    col = np.clip(x / grid.cell - grid.west - 0.5, 0, grid.cols - 1)
    row = np.clip(grid.north + 0.5 - y / grid.cell, 0, grid.rows - 1)
    return resample(heights, row, col, cells)
