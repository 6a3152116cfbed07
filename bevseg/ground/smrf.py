"""Lowest heights -> ground, by openings of growing size: SMRF (Pingel et al. 2013) with two additions.

SMRF opens the surface again and again, with a wider window each time. What sinks by more than ground of a given slope
is an object. Crests and embankments sink as well. So here the first opening is by lines, which keeps everything long
(`opening_by_lines`). And what later openings remove comes back where its border is attached to the ground
(`attached`). Both are needed: on the ISPRS samples they halve the ground that is lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bevseg.config import GroundConfig
from bevseg.ground.attached import attached
from bevseg.ground.fill_holes import fill_holes
from bevseg.ground.fill_with_minimum import fill_with_minimum
from bevseg.ground.low_outliers import low_outliers
from bevseg.ground.morphology import opening, opening_by_lines
from bevseg.ground.resample import resample
from bevseg.ground.search_grids import COARSE, FINE, coarsen
from bevseg.ground.surface import Surface, interpolate, no_data_mask, slope_of

Heights = NDArray[np.float32]
Mask = NDArray[np.bool_]

LINE = 8.0
"""Reach of the lines of the first opening, m: it removes what is shorter than twice this in all directions."""

BUMP = 0.25
"""What the opening by lines lowers by more than this is an object, m."""

FIRST = 3
"""Smallest window of the openings, m; they grow by a metre at a time."""

BROAD, GROWTH = 50.0, 1.1
"""Largest window for halls, m, and how the windows grow beyond the usual largest one."""

OFFSET = 0.2
"""An opening may lower ground by this much (m) plus `slope` times the window."""

STEEPEST = 0.7
"""Neighbouring cells no steeper than this belong to one zone, m per m."""

SHARE, SHARE_OF_BROAD = 0.68, 0.2
"""Share of its border by which a zone has to be attached to the ground: houses, and halls, whose border is mostly
walls in any case."""

OTHERS = 0.2
"""Weight in that share of the border to other objects and to cells without data."""

LEAST = 12.0
"""Least length of the border by which a zone is attached to the ground, m."""

ROUNDS = 2
"""How many times the ground regrows into the cells near it."""

LARGEST = 4.0
"""Side of the largest cells, m: an object that is narrower than the smallest window fits into one."""

TOUCHING = 0.26
"""Larger cells are taken if a smaller share of the cells hold a point, in squares of four cells that hold any. A
quarter says that no two points lie side by side; this share, that one cell in 30 holds one. With cells of 2 m, six of
eight ISPRS samples thinned so far have a better kappa; steep ones that are denser have a worse one
(`ground_isprs.py --sparse`)."""


def cell_for(counts: NDArray[np.integer]) -> float:
    """Return the side of the cells that fits the spacing of points, m.

    Heights between points that lie many cells apart are interpolated, at a cost for each cell.

    Parameters
    ----------
    counts
        (rows, cols): points of each coarse cell of the search.
    """
    held, cell = counts > 0, COARSE
    while cell < LARGEST:
        rows, cols = held.shape
        padded = np.pad(held, ((0, rows % 2), (0, cols % 2)))
        larger = padded[::2, ::2] | padded[1::2, ::2] | padded[::2, 1::2] | padded[1::2, 1::2]
        if np.count_nonzero(held) >= TOUCHING * 4 * np.count_nonzero(larger):
            break
        held, cell = larger, 2 * cell
    return cell


def smrf_on_four_grids(low: Heights, cell: float, config: GroundConfig, density: float) -> Surface:
    """Find the ground on four grids, half a cell apart, and return their middle on cells half as large.

    Where the borders of the coarse cells lie is chance. When a single grid moves by half a cell, one to two per cent
    of the labels change on sparse scans. With the middle of four grids, less than half of these change.

    Parameters
    ----------
    low
        (rows, cols): lowest height of each fine cell, m, NaN where it is empty; at least one is known.
    cell
        Side of a cell of the four grids, m; the fine cells make up whole ones.
    config
        As for `smrf`. The threshold shrinks with the density.
    density
        Points per square metre.

    Returns
    -------
    Surface
        On cells half as large.
    """
    config = _for_density(config, density)
    halves = coarsen(low, round(cell / FINE) // 2)
    rows, cols = halves.shape
    heights, tolerances = np.empty((2, 4, rows, cols), np.float32)
    for k, (down, right) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        moved = np.pad(halves, ((down,) * 2, (right,) * 2), constant_values=np.nan)
        surface = smrf(coarsen(moved, 2), cell, config)
        for layer, found in zip(surface, (heights[k], tolerances[k]), strict=True):
            row, col = (
                np.clip((np.arange(count) + 0.5 + shift) / 2 - 0.5, 0, size - 1)
                for count, shift, size in zip((rows, cols), (down, right), layer.shape, strict=True)
            )
            found[:] = resample(layer, row, col)
    for first, second in ((0, 1), (2, 3), (0, 2), (1, 3)):  # sorts all but the two in the middle
        lower, higher = heights[first], heights[second]
        heights[first], heights[second] = np.minimum(lower, higher), np.maximum(lower, higher)
    return Surface((heights[1] + heights[2]) / 2, tolerances.mean(axis=0))


def smrf(low: Heights, cell: float, config: GroundConfig) -> Surface:
    """Find the ground.

    Parameters
    ----------
    low
        (rows, cols): lowest height of each cell, m, NaN where it is empty; at least one is known.
    cell
        Side of a cell, m.
    config
        Window, slope, threshold and scalar.

    Returns
    -------
    Surface
        (rows, cols), without gaps.
    """
    surface, no_data = _fill(low, cell)
    is_outlier = low_outliers(surface, cell, config.window)
    if (is_outlier & ~np.isnan(low)).any():
        low = np.where(is_outlier, np.float32(np.nan), low)
        surface, no_data = _fill(low, cell)
    is_object = find_objects(surface, no_data, cell, config)
    return regrow(low, ~is_object, cell, config)


def find_objects(surface: Heights, no_data: Mask, cell: float, config: GroundConfig) -> Mask:
    """Return the cells that are no ground.

    Parameters
    ----------
    surface
        (rows, cols) heights without gaps, m.
    no_data
        (rows, cols): cells too far from any point.
    cell
        Side of a cell, m.
    config
        Window and slope.
    """
    lines = opening_by_lines(surface, LINE / cell)
    windows = np.arange(FIRST, config.window + 0.5)
    houses, left = _progressive_opening(lines, windows, cell, config.slope)
    houses = houses & ~_attached(lines, houses, no_data, cell, SHARE)
    wider = [config.window * GROWTH**k for k in range(1, 99) if config.window * GROWTH**k < BROAD * GROWTH]
    halls = _progressive_opening(left, np.minimum(wider, BROAD), cell, config.slope)[0] & ~houses
    # The corners of a roof fit into no octagon and are houses already: the rest must not be attached to them.
    bare = np.where(houses, left, lines)
    halls = halls & ~_attached(bare, halls, no_data, cell, SHARE_OF_BROAD)
    return (surface - lines > BUMP) | houses | halls


def regrow(low: Heights, is_ground: Mask, cell: float, config: GroundConfig) -> Surface:
    """Return the surface through the ground cells and all cells near it.

    Parameters
    ----------
    low
        (rows, cols): lowest height of each cell, m, NaN where it is empty.
    is_ground
        (rows, cols): cells to begin with.
    cell
        Side of a cell, m.
    config
        A cell is near if it is at most `threshold` + `scalar` times the slope away.
    """
    for _ in range(ROUNDS):
        found = _interpolate(low, is_ground, cell, config)
        is_ground = np.abs(low - found.height) <= found.tolerance
    return _interpolate(low, is_ground, cell, config)


def _for_density(config: GroundConfig, density: float) -> GroundConfig:
    """Return the settings with the threshold for a density: close points know the surface better."""
    return replace(config, threshold=config.threshold * min(1.0, density**-0.25))


def _interpolate(low: Heights, is_ground: Mask, cell: float, config: GroundConfig) -> Surface:
    height = interpolate(low, is_ground)
    slope = slope_of(height, cell)
    return Surface(height, np.float32(config.threshold) + np.float32(config.scalar) * slope)


def _progressive_opening(
    surface: Heights, windows: Iterable[float], cell: float, slope: float
) -> tuple[Mask, Heights]:
    """Return where openings of growing windows lower the surface by more than ground explains, and the rest."""
    removed, last = np.zeros(surface.shape, bool), 0
    for window in windows:
        radius = round(window / cell)
        if radius == last:  # a second opening changes nothing
            continue
        left = opening(surface, radius, "octagon")
        removed |= surface - left > OFFSET + slope * window
        surface, last = left, radius
    return removed, surface


def _attached(surface: Heights, suspect: Mask, no_data: Mask, cell: float, share: float) -> Mask:
    return attached(
        surface, suspect, no_data, step=STEEPEST * cell, share=share, others=OTHERS, least=round(LEAST / cell)
    )


def _fill(low: Heights, cell: float) -> tuple[Heights, Mask]:
    """Return the heights without gaps, and which cells have no data.

    A smooth fill between two roofs is as high as the roofs, and a house would look wider than it is. So cells without
    data take the lowest height around them.
    """
    no_data = no_data_mask(low, cell)
    return fill_holes(np.where(no_data, fill_with_minimum(low), low)), no_data
