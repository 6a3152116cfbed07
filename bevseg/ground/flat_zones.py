"""Lowest heights of a street scan -> ground, by lambda-flat zones.

Beside the street stand house fronts without roofs, hedges and parked cars. A flat zone (Hernandez & Marcotegui 2009;
Serna & Marcotegui 2014) follows the ground between them over slopes and kerbs. It also leaks, up bonnets, ramps and
low walls. So a slope filter first removes what is higher above the rest than ground can be. Then only large zones
come back that touch the ground along some metres with at most a kerb between.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bevseg.core.distance import to_nearest
from bevseg.ground.morphology import dilation, erosion
from bevseg.ground.slope_filter import highest_ground
from bevseg.ground.surface import Surface, interpolate, slope_of
from bevseg.ground.zones import label_flat_zones, zone_sizes

Heights = NDArray[np.float32]
Mask = NDArray[np.bool_]
Value = TypeVar("Value", np.float32, np.bool_)

CELL = 0.25
"""Cell for which the heights below were chosen, m. On larger cells (sparse scans) all but the kerb grow."""

SLOPE, DROP = 0.3, 0.1
"""A cell is no ground if it lies more than DROP (m) above what SLOPE (m per m) allows from any other cell."""

STEP = 0.3
"""Steepest step within a zone, m per m: lambda is this times the cell."""

SURFACE = 30.0
"""A zone of this area is a surface: a street, a lawn, the yard behind a car, m2."""

LOW_AREA, LOW_REACH, LOW_DEPTH = 5.0, 1.0, 0.15
"""Low outliers: zones smaller than this (m2), within this distance (m) of a surface and this far (m) below it."""

DEEP_AREA, DEEP = 5.0, 1.0
"""Deep outliers: zones of the coarser grid that are smaller than this (m2) and this far (m) below what `SLOPE` allows
from any surface. One return from deep below would else remove the ground within three times its depth."""

KERB, TOUCH = 0.35, 2.0
"""A surface is ground if it touches ground with steps of no more than this (m) along this length (m)."""

COARSE = 3
"""Cells along one side of a coarser cell. Surfaces are found on the coarser grid: there they have fewer holes."""

NEAR = 0.15
"""Cells this close to the first surface are ground as well, m."""

OBJECT = (0.2, 0.8)
"""A point between these heights above the ground shows that an object stands there, m."""

THICK = 0.12
"""Ground returns of a cell lie up to this far above its lowest, m."""

SUPPORT = 3
"""A cell of open ground is sure if at least this many of the 5 x 5 cells around it are open ground."""

LONE = 2.0
"""Other open cells count if no sure cell is this near, m: a few returns are better than none."""

TOLERANCE, AT_OBJECTS, SCALAR = 0.15, 0.05, 0.1
"""Largest distance of a ground point from the surface: in the open, beside objects, added per unit of slope, m."""

UNDER = 1.0
"""A point further than this from sure open ground is no ground, m."""


def return_bands(cell: float) -> tuple[float, float, float]:
    """Return how far ground returns lie above the lowest of a cell, and the height band of objects, m."""
    times = cell / CELL
    return THICK * times, OBJECT[0] * times, OBJECT[1] * times


def find_ground_cells(low: Heights, cell: float) -> tuple[Heights, Mask]:
    """Find the cells whose lowest point is ground.

    Parameters
    ----------
    low
        (rows, cols): lowest height of each cell, m, NaN where it is empty.
    cell
        Side of a cell, m.

    Returns
    -------
    Heights, Mask
        (rows, cols): a first surface without gaps, m, and the cells near it.
    """
    times = cell / CELL
    low = np.where(_low_zones(low, cell), np.float32(np.nan), low)
    low = np.where(_deep_zones(low, cell), np.float32(np.nan), low)
    known = ~np.isnan(low)
    is_ground = known & (low - highest_ground(low, SLOPE * cell) <= DROP * times)
    is_ground |= known & _touching_surfaces(low, is_ground, cell)
    surface = interpolate(low, is_ground)
    return surface, known & (np.abs(low - surface) <= NEAR * times)


def final_surface(mean: Heights, is_ground: Mask, has_object: Mask, cell: float) -> Surface:
    """Return the surface through the open ground.

    The feet of cars and walls lie within the tolerance of the ground. So in the cells of an object and around it, the
    surface is that of the open street near by, with a smaller tolerance.

    Parameters
    ----------
    mean
        (rows, cols): mean height of the ground returns of each cell, m; NaN where there is none.
    is_ground
        Cells whose lowest point is ground.
    has_object
        Cells in which an object stands on the ground.
    cell
        Side of a cell, m.

    Returns
    -------
    Surface
        With a tolerance of -1 where no point is ground.
    """
    beside = dilation(has_object.astype(np.float32), 1) > 0
    free = is_ground & ~beside
    sure = free & (ndimage.uniform_filter(free.astype(np.float32), 5, mode="constant") * 25 > SUPPORT - 0.5)
    if not sure.any():
        sure = is_ground
    lone = free & (to_nearest(sure) * np.float32(cell) > LONE)
    height = interpolate(mean, sure | lone)
    reached = dilation(sure.astype(np.float32), round(UNDER / cell), "octagon") > 0
    tolerance = np.where(beside, np.float32(AT_OBJECTS), np.float32(TOLERANCE)) * np.float32(cell / CELL)
    tolerance += np.float32(SCALAR) * slope_of(height, cell)
    return Surface(height, np.where(reached, tolerance, np.float32(-1)))


def _low_zones(low: Heights, cell: float) -> Mask:
    """Return the cells of small zones beside and below surfaces: low outliers."""
    zones = label_flat_zones(low, STEP * cell, neighbours=8)
    area = zone_sizes(zones) * cell**2
    area[0] = 0
    above = dilation(
        np.where((area >= SURFACE)[zones], low, np.float32(-np.inf)), round(LOW_REACH / cell), "octagon"
    )
    return (area < LOW_AREA)[zones] & (above - low > LOW_DEPTH * cell / CELL)


def _deep_zones(low: Heights, cell: float) -> Mask:
    """Return the cells of small zones deep below what `SLOPE` allows from any surface: deep outliers."""
    times, coarse, large = cell / CELL, _coarsen(low), cell * COARSE
    zones = label_flat_zones(coarse, STEP * large, neighbours=8)
    area = zone_sizes(zones) * large**2
    area[0] = 0
    surfaces = np.where((area >= SURFACE)[zones], coarse, np.float32(np.nan))
    is_street = surfaces - highest_ground(surfaces, SLOPE * large) <= DROP * times
    least = -highest_ground(np.where(is_street, -surfaces, np.float32(np.nan)), SLOPE * large) - DEEP * times
    is_deep = (area < DEEP_AREA)[zones] & (coarse < least)
    return _refine(is_deep, low.shape) & (low < _refine(least, low.shape))


def _touching_surfaces(low: Heights, is_ground: Mask, cell: float) -> Mask:
    """Return the cells of surfaces that touch the ground."""
    coarse, large = _coarsen(low), cell * COARSE
    ground = _coarsen(np.where(is_ground, np.float32(0), np.float32(np.nan))) == 0
    zones = label_flat_zones(coarse, STEP * large, neighbours=8)
    area = zone_sizes(zones) * large**2
    below = erosion(np.where(ground, coarse, np.float32(np.inf)), 1)
    above = dilation(np.where(ground, coarse, np.float32(-np.inf)), 1)
    touches = (np.abs(coarse - below) <= KERB) | (np.abs(coarse - above) <= KERB)
    length = np.bincount(zones[touches], minlength=len(area)) * large
    joins = (area >= SURFACE) & (length >= TOUCH)
    joins[0] = False
    near = _refine(np.where(joins[zones], coarse, np.float32(np.nan)), low.shape)
    return np.abs(low - near) <= NEAR * cell / CELL


def _refine(coarse: NDArray[Value], shape: tuple[int, int]) -> NDArray[Value]:
    """Return for each cell the value of its coarser cell."""
    return coarse.repeat(COARSE, 0).repeat(COARSE, 1)[: shape[0], : shape[1]]


def _coarsen(heights: Heights) -> Heights:
    """Return the lowest known height of each coarser cell, NaN if there is none."""
    rows, cols = heights.shape
    wide = np.full((-(-rows // COARSE) * COARSE, -(-cols // COARSE) * COARSE), np.inf, np.float32)
    wide[:rows, :cols] = np.where(np.isnan(heights), np.inf, heights)
    low = wide.reshape(wide.shape[0] // COARSE, COARSE, -1, COARSE).min((1, 3))
    return np.where(np.isinf(low), np.float32(np.nan), low)
