"""Lowest heights of a street scan -> ground, by lambda-flat zones.

Beside the street stand house fronts without roofs, hedges and parked cars; a flat zone (Hernandez & Marcotegui 2009;
Serna & Marcotegui 2014) follows the ground between them over slopes and kerbs. It leaks as well, up bonnets, ramps
and low walls. So the zones do not decide alone: what stands higher above the rest than ground of a given slope is
taken out first, and only large zones that touch ground along some metres, with a kerb between at most, come back.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bevseg.core.distance import to_nearest
from bevseg.ground.morphology import dilated, eroded
from bevseg.ground.slope_filter import below_cones
from bevseg.ground.surface import Surface, steepness, through
from bevseg.ground.zones import flat_zones, zone_sizes

Heights = NDArray[np.float32]
Mask = NDArray[np.bool_]
Value = TypeVar("Value", np.float32, np.bool_)

CELL = 0.25
"""Cell for which the heights below were chosen, m. On larger cells (sparse scans) all but the kerb grow with it."""

SLOPE, DROP = 0.3, 0.1
"""A cell is no ground that lies higher than this (m) above some other cell plus this slope (m per m)."""

STEP = 0.3
"""Steepest step within a zone, m per m: lambda is this times the cell."""

SURFACE = 30.0
"""A zone of this area is a surface: a street, a lawn, the yard behind a car, m2."""

PIT, PIT_REACH, PIT_DEPTH = 5.0, 1.0, 0.15
"""Zones smaller than this (m2), within this distance (m) of a surface and this much (m) below it, are strays."""

STRAY, DEEP = 5.0, 1.0
"""Zones of the coarser grid that are smaller than this (m2) and this much (m) further down than ground of `SLOPE`
leads from any surface are strays, too: a return from deep below would else take the ground from all within three
times its depth."""

KERB, TOUCH = 0.35, 2.0
"""A surface is ground if it touches ground with steps of no more than this (m) along this length (m)."""

COARSE = 3
"""Cells of the grid, along one side, in one on which surfaces are looked for: there they have fewer holes."""

NEAR = 0.15
"""Cells this close to the surface that was found are ground as well, m."""

OBJECT = (0.2, 0.8)
"""Where a point stands so high above the ground, an object stands on it, m."""

THICK = 0.12
"""Ground returns of a cell lie up to this above its lowest, m."""

SUPPORT = 3
"""Cells of open ground there have to be among 5 x 5 for one of them to be sure."""

LONE = 2.0
"""Other open cells count for the surface if no sure one is this near, m: better a few returns than none."""

TOLERANCE, AT_OBJECTS, SCALAR = 0.15, 0.05, 0.1
"""How far off the surface a point is still ground: in the open, beside objects, and more per unit of slope, m."""

UNDER = 1.0
"""No point is ground that lies further than this from sure open ground, m."""


def standing(cell: float) -> tuple[float, float, float]:
    """Return how thick the ground returns of a cell are, and between which heights a point tells of an object, m."""
    times = cell / CELL
    return THICK * times, OBJECT[0] * times, OBJECT[1] * times


def ground_cells(low: Heights, cell: float) -> tuple[Heights, Mask]:
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
        A first surface, without gaps, and the cells that lie near it.
    """
    times = cell / CELL
    low = np.where(_pits(low, cell), np.float32(np.nan), low)
    low = np.where(_strays(low, cell), np.float32(np.nan), low)
    known = ~np.isnan(low)
    is_ground = known & (low - below_cones(low, SLOPE * cell) <= DROP * times)
    is_ground |= known & _touching(low, is_ground, cell)
    surface = through(low, is_ground)
    return surface, known & (np.abs(low - surface) <= NEAR * times)


def settled(mean: Heights, is_ground: Mask, has_object: Mask, cell: float) -> Surface:
    """Return the surface through the open ground.

    The feet of cars and walls lie within the tolerance of the ground. So where an object stands, and in the cells
    around, the ground is that of the open street near by, and a point has to keep to it closely.

    Parameters
    ----------
    mean
        (rows, cols): mean height of the ground returns of each cell, m; NaN where there is none.
    is_ground
        Cells whose lowest point is ground.
    has_object
        Cells in which something stands on the ground.
    cell
        Side of a cell, m.
    """
    beside = dilated(has_object.astype(np.float32), 1) > 0
    free = is_ground & ~beside
    sure = free & (ndimage.uniform_filter(free.astype(np.float32), 5, mode="constant") * 25 > SUPPORT - 0.5)
    if not sure.any():
        sure = is_ground
    lone = free & (to_nearest(sure) * np.float32(cell) > LONE)
    height = through(mean, sure | lone)
    reached = dilated(sure.astype(np.float32), round(UNDER / cell), "octagon") > 0
    tolerance = np.where(beside, np.float32(AT_OBJECTS), np.float32(TOLERANCE)) * np.float32(cell / CELL)
    tolerance += np.float32(SCALAR) * steepness(height, cell)
    return Surface(height, np.where(reached, tolerance, np.float32(-1)))


def _pits(low: Heights, cell: float) -> Mask:
    """Return the cells of small zones beside and below surfaces."""
    zones = flat_zones(low, STEP * cell, neighbours=8)
    area = zone_sizes(zones) * cell**2
    area[0] = 0
    above = dilated(
        np.where((area >= SURFACE)[zones], low, np.float32(-np.inf)), round(PIT_REACH / cell), "octagon"
    )
    return (area < PIT)[zones] & (above - low > PIT_DEPTH * cell / CELL)


def _strays(low: Heights, cell: float) -> Mask:
    """Return the cells of small zones deep below where the slope of the ground leads down to from the surfaces."""
    times, coarse, large = cell / CELL, _lowest(low), cell * COARSE
    zones = flat_zones(coarse, STEP * large, neighbours=8)
    area = zone_sizes(zones) * large**2
    area[0] = 0
    surfaces = np.where((area >= SURFACE)[zones], coarse, np.float32(np.nan))
    is_street = surfaces - below_cones(surfaces, SLOPE * large) <= DROP * times
    least = -below_cones(np.where(is_street, -surfaces, np.float32(np.nan)), SLOPE * large) - DEEP * times
    is_deep = (area < STRAY)[zones] & (coarse < least)
    return _spread(is_deep, low.shape) & (low < _spread(least, low.shape))


def _touching(low: Heights, is_ground: Mask, cell: float) -> Mask:
    """Return the cells of surfaces that touch the ground."""
    coarse, large = _lowest(low), cell * COARSE
    ground = _lowest(np.where(is_ground, np.float32(0), np.float32(np.nan))) == 0
    zones = flat_zones(coarse, STEP * large, neighbours=8)
    area = zone_sizes(zones) * large**2
    below = eroded(np.where(ground, coarse, np.float32(np.inf)), 1)
    above = dilated(np.where(ground, coarse, np.float32(-np.inf)), 1)
    touches = (np.abs(coarse - below) <= KERB) | (np.abs(coarse - above) <= KERB)
    length = np.bincount(zones[touches], minlength=len(area)) * large
    joins = (area >= SURFACE) & (length >= TOUCH)
    joins[0] = False
    near = _spread(np.where(joins[zones], coarse, np.float32(np.nan)), low.shape)
    return np.abs(low - near) <= NEAR * cell / CELL


def _spread(coarse: NDArray[Value], shape: tuple[int, int]) -> NDArray[Value]:
    """Return for each cell what its block of cells holds."""
    return coarse.repeat(COARSE, 0).repeat(COARSE, 1)[: shape[0], : shape[1]]


def _lowest(heights: Heights) -> Heights:
    """Return the lowest known of each block of cells, NaN if there is none."""
    rows, cols = heights.shape
    wide = np.full((-(-rows // COARSE) * COARSE, -(-cols // COARSE) * COARSE), np.inf, np.float32)
    wide[:rows, :cols] = np.where(np.isnan(heights), np.inf, heights)
    low = wide.reshape(wide.shape[0] // COARSE, COARSE, -1, COARSE).min((1, 3))
    return np.where(np.isinf(low), np.float32(np.nan), low)
