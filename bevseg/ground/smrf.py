"""Lowest heights -> ground, by openings of growing size: the way of SMRF (Pingel et al. 2013), with two additions.

SMRF opens the surface again and again, with a wider window each time, and holds for objects what sinks by more than
ground of a given slope would. Crests and embankments sink as well. So here the first opening is one by lines, which
spares whatever is long (`openings.opened_by_lines`); and what the later ones take off comes back where its border
hangs together with the ground (`attached`). Both are needed: on the ISPRS samples they halve the ground that is lost.
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
from bevseg.ground.low_outliers import pits
from bevseg.ground.morphology import opened, opened_by_lines
from bevseg.ground.resample import resample
from bevseg.ground.search_grids import COARSE, FINE, coarsen
from bevseg.ground.surface import Surface, steepness, through, unseen

Heights = NDArray[np.float32]
Mask = NDArray[np.bool_]

LINE = 8.0
"""Reach of the lines of the first opening, m: it takes off what is shorter than twice this in all directions."""

BUMP = 0.25
"""What stands out by more than this of what the lines leave is an object, m."""

FIRST = 3
"""Smallest window of the openings, m; they grow by a metre at a time."""

BROAD, GROWTH = 50.0, 1.1
"""Largest window for halls, m, and how the windows grow beyond the usual largest one."""

OFFSET = 0.2
"""An opening may take off this much (m) and `slope` times the window."""

STEEPEST = 0.7
"""Neighbouring cells no steeper than this belong to one zone, m per m."""

SHARE, SHARE_OF_BROAD = 0.68, 0.2
"""Share of its border by which a zone has to hang together with the ground: houses, and halls, whose border is mostly
made of walls in any case."""

OTHERS = 0.2
"""Weight in that share of the border to other objects and to what nobody has seen."""

LEAST = 12.0
"""Least length of the border by which a zone hangs together with the ground, m."""

ROUNDS = 2
"""Times that the ground takes back the cells that lie near it."""


def smrf_on_four_grids(low: Heights, config: GroundConfig, density: float) -> Surface:
    """Find the ground on four grids, half a cell apart, and return what they agree upon, on cells half as large.

    Where the borders of the coarse cells lie is chance. Of one grid, half a cell to the side, one to two per cent of
    the labels change on sparse scans; of the middle of four, less than half of these.

    Parameters
    ----------
    low
        Lowest height of each fine cell, m.
    config
        Of `smrf`; the threshold shrinks with the density.
    density
        Points per square metre.
    """
    config = _for_density(config, density)
    half = round(COARSE / FINE) // 2
    rows, cols = (2 * size // round(COARSE / FINE) for size in low.shape)
    heights, tolerances = np.empty((2, 4, rows, cols), np.float32)
    for k, (down, right) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        moved = np.pad(low, ((half * down,) * 2, (half * right,) * 2), constant_values=np.nan)
        surface = smrf(coarsen(moved), COARSE, config)
        for layer, found in zip(surface, (heights[k], tolerances[k]), strict=True):
            row, col = (
                np.clip((np.arange(count) + 0.5 + shift) / 2 - 0.5, 0, size - 1)
                for count, shift, size in zip((rows, cols), (down, right), layer.shape, strict=True)
            )
            found[:] = resample(layer, row, col)
    heights.sort(axis=0)
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
    """
    surface, blind = _without_gaps(low, cell)
    is_pit = pits(surface, cell, config.window)
    if (is_pit & ~np.isnan(low)).any():
        low = np.where(is_pit, np.float32(np.nan), low)
        surface, blind = _without_gaps(low, cell)
    is_object = objects(surface, blind, cell, config)
    return regrown(low, ~is_object, cell, config)


def objects(surface: Heights, blind: Mask, cell: float, config: GroundConfig) -> Mask:
    """Return the cells that are no ground.

    Parameters
    ----------
    surface
        (rows, cols) heights without gaps, m.
    blind
        Cells too far from any point to be seen.
    cell
        Side of a cell, m.
    config
        Window and slope.
    """
    lines = opened_by_lines(surface, LINE / cell)
    windows = np.arange(FIRST, config.window + 0.5)
    houses, left = _taken_off(lines, windows, cell, config.slope)
    houses = houses & ~_tied(lines, houses, blind, cell, SHARE)
    wider = [config.window * GROWTH**k for k in range(1, 99) if config.window * GROWTH**k < BROAD * GROWTH]
    halls = _taken_off(left, np.minimum(wider, BROAD), cell, config.slope)[0] & ~houses
    # The corners of a roof fit into no octagon and are houses already: no ground that the rest could be tied to.
    bare = np.where(houses, left, lines)
    halls = halls & ~_tied(bare, halls, blind, cell, SHARE_OF_BROAD)
    return (surface - lines > BUMP) | houses | halls


def regrown(low: Heights, is_ground: Mask, cell: float, config: GroundConfig) -> Surface:
    """Return the surface through the ground cells and all that lie near it.

    Parameters
    ----------
    low
        (rows, cols): lowest height of each cell, m, NaN where it is empty.
    is_ground
        Cells to begin with.
    cell
        Side of a cell, m.
    config
        A cell is near if it is at most `threshold` + `scalar` times the slope away.
    """
    for _ in range(ROUNDS):
        found = _through(low, is_ground, cell, config)
        is_ground = np.abs(low - found.height) <= found.tolerance
    return _through(low, is_ground, cell, config)


def _for_density(config: GroundConfig, density: float) -> GroundConfig:
    """Return the settings with the threshold for a density: close points know the surface better."""
    return replace(config, threshold=config.threshold * min(1.0, density**-0.25))


def _through(low: Heights, is_ground: Mask, cell: float, config: GroundConfig) -> Surface:
    height = through(low, is_ground)
    slope = steepness(height, cell)
    return Surface(height, np.float32(config.threshold) + np.float32(config.scalar) * slope)


def _taken_off(surface: Heights, windows: Iterable[float], cell: float, slope: float) -> tuple[Mask, Heights]:
    """Return where growing openings, one upon the other, take off more than ground explains; and what is left."""
    taken = np.zeros(surface.shape, bool)
    for window in windows:
        left = opened(surface, round(window / cell), "octagon")
        taken |= surface - left > OFFSET + slope * window
        surface = left
    return taken, surface


def _tied(surface: Heights, suspect: Mask, blind: Mask, cell: float, share: float) -> Mask:
    return attached(
        surface, suspect, blind, step=STEEPEST * cell, share=share, others=OTHERS, least=round(LEAST / cell)
    )


def _without_gaps(low: Heights, cell: float) -> tuple[Heights, Mask]:
    """Return the surface through the cells, and which of its cells nobody has seen.

    What lies between roofs at the far ends of a wide gap would stand as high as they do: there the surface keeps to
    the lowest that is around it, and no house is held for broad because of a gap.
    """
    blind = unseen(low, cell)
    return fill_holes(np.where(blind, fill_with_minimum(low), low)), blind
