"""Filled heights -> no steeper than ground is where they were not measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.runtime.kernels import compiled

Heights = NDArray[np.float32]

DIAGONAL = np.float32(np.sqrt(2))
"""Distance of two cells that share a corner, in cells."""


def limit_slope(
    heights: Heights,
    known: NDArray[np.bool_],
    cell: float,
    steepest: float,
    part: tuple[slice, slice] = (slice(None), slice(None)),
) -> Heights:
    """Return filled heights with no two unknown neighbours (of eight) steeper than ground can be.

    Known cells stay. First an unknown cell is limited to what the known cells allow: no higher than a slope up from
    any of them, no lower than a slope down. Then steps among unknown cells are cut from both sides alike: the result
    is the mean of the highest surface of that slope below and the lowest above. Where known cells are steeper among
    themselves, the two limits cross and the cells between go halfway. There an unknown cell may be steeper to a known
    one than allowed, but never to another unknown one. The time is linear in the number of cells: chamfer sweeps
    (Borgefors 1986).

    Parameters
    ----------
    heights
        (rows, cols) float32 without gaps, m; all NaN is returned as it is.
    known
        (rows, cols): cells that stay.
    cell
        Side of a cell, m.
    steepest
        Rise over run, at most, 0 or more.
    part
        Rows and columns that are asked for. They come out as they do among all.

    Returns
    -------
    NDArray
        (rows, cols) of the part, float32, m; cells that need not move keep their value to the bit.
    """
    lowest, highest = float(heights.min()), float(heights.max())
    if known.all() or np.isnan(lowest):
        return heights[part]
    rise = np.float32(steepest * cell)
    around, inside = _within_reach(part, heights.shape, (highest - lowest) / float(rise) if rise else np.inf)
    heights, known = np.ascontiguousarray(heights[around]), np.ascontiguousarray(known[around])
    rows, cols = heights.shape
    floor = np.full((rows + 2, cols + 2), -np.inf, np.float32)
    ceiling = -floor
    _hold(heights, known, lowest, floor, ceiling)
    _slope_away(floor, ceiling, rise)
    _fit(heights, lowest, floor, ceiling)
    _slope_away(floor, ceiling, rise)
    level = np.empty((rows, cols), np.float32)
    _halfway(heights, known, lowest, highest, floor, ceiling, level)
    return level[inside]


def _within_reach(
    part: tuple[slice, slice], shape: tuple[int, int], reach: float
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return the rows and columns that decide on a part, and where the part lies among them.

    A slope from one cell meets what is lowest, or highest, after `reach` cells and is no limit from there on. Limits
    are passed on twice.
    """
    around, inside = [], []
    for of, size in zip(part, shape, strict=True):
        start, stop, _ = of.indices(size)
        margin = int(min(2 * reach + 8, size))  # 8: sums of slopes are rounded
        first = max(start - margin, 0)
        around.append(slice(first, min(stop + margin, size)))
        inside.append(slice(start - first, stop - first))
    return (around[0], around[1]), (inside[0], inside[1])


@compiled
def _hold(heights, known, lowest, floor, ceiling):  # type: ignore[no-untyped-def]
    """Write the known heights above the lowest as floor and ceiling."""
    for i in range(heights.shape[0]):
        source, kept, low, high = heights[i], known[i], floor[i + 1, 1:-1], ceiling[i + 1, 1:-1]
        for j in range(len(source)):
            above = source[j] - lowest
            low[j] = above if kept[j] else np.float32(-np.inf)
            high[j] = above if kept[j] else np.float32(np.inf)


@compiled
def _slope_away(floor, ceiling, rise):  # type: ignore[no-untyped-def]
    """Let the floor slope down from every cell by `rise` per cell, the ceiling up. Both have a border of infinity."""
    rows = len(floor)
    for i in range(1, rows - 1):
        _from_row(floor[i - 1], ceiling[i - 1], rise, floor[i], ceiling[i])
        _along(floor[i], ceiling[i], rise)
    for i in range(rows - 2, 0, -1):
        _from_row(floor[i + 1], ceiling[i + 1], rise, floor[i], ceiling[i])
        _along(floor[i, ::-1], ceiling[i, ::-1], rise)


@compiled
def _from_row(from_floor, from_ceiling, rise, floor, ceiling):  # type: ignore[no-untyped-def]
    """Bring the slopes from a neighbouring row."""
    corner = rise * DIAGONAL
    low_west, low_east, low, floor = from_floor[:-2], from_floor[2:], from_floor[1:-1], floor[1:-1]
    for j in range(len(floor)):
        floor[j] = max(floor[j], max(low[j] - rise, max(low_west[j], low_east[j]) - corner))
    high_west, high_east, high, ceiling = (
        from_ceiling[:-2],
        from_ceiling[2:],
        from_ceiling[1:-1],
        ceiling[1:-1],
    )
    for j in range(len(ceiling)):
        ceiling[j] = min(ceiling[j], min(high[j] + rise, min(high_west[j], high_east[j]) + corner))


@compiled
def _along(floor, ceiling, rise):  # type: ignore[no-untyped-def]
    """Bring the slopes from cell to cell of a row."""
    low, high = floor[0], ceiling[0]
    for j in range(1, len(floor) - 1):
        low, high = max(floor[j], low - rise), min(ceiling[j], high + rise)
        floor[j], ceiling[j] = low, high


@compiled
def _fit(heights, lowest, floor, ceiling):  # type: ignore[no-untyped-def]
    """Write the heights above the lowest, held between floor and ceiling, in place of both."""
    for i in range(heights.shape[0]):
        source, low, high = heights[i], floor[i + 1, 1:-1], ceiling[i + 1, 1:-1]
        for j in range(len(source)):
            held = min(max(source[j] - lowest, low[j]), high[j])
            held = np.float32(0.5) * (low[j] + high[j]) if low[j] > high[j] else held
            low[j] = held
            high[j] = held


@compiled
def _halfway(heights, known, lowest, highest, floor, ceiling, level):  # type: ignore[no-untyped-def]
    """Write the mean of floor and ceiling, and the heights themselves where they are known or need not move."""
    for i in range(heights.shape[0]):
        source, kept, target = heights[i], known[i], level[i]
        low, high = floor[i + 1, 1:-1], ceiling[i + 1, 1:-1]
        for j in range(len(source)):
            mean = np.float32(0.5) * (low[j] + high[j])
            stays = kept[j] or mean == source[j] - lowest
            target[j] = source[j] if stays else min(mean + lowest, highest)  # what is added may round up
