"""Gaps of a grid: filled smoothly from their surroundings, and how far each cell is from a known one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bevseg.bev.binning import compiled, in_threads, stretch

Heights = NDArray[np.float32]


def filled(heights: Heights) -> Heights:
    """Return the heights with gaps (NaN) filled smoothly from their surroundings.

    Push-pull: gaps take the bilinear value of a half-size version of the grid, in which a cell is the mean of
    the known among its four, and so on until nothing is unknown (Gortler et al. 1996, section 3.4). Linear in
    the number of cells. All NaN stays all NaN.
    """
    unknown = np.isnan(heights)
    if not unknown.any() or unknown.all():
        return heights
    rows, cols = heights.shape
    half = np.empty(((rows + 1) // 2, (cols + 1) // 2), np.float32)
    _halve(heights, half)
    full = heights.copy()
    _refine(filled(half), _Between.of(2, half.shape[0], rows), _Between.of(2, half.shape[1], cols), full)
    return full


def refined(coarse: Heights, factor: int, shape: tuple[int, int]) -> Heights:
    """Return a grid `factor` times finer, cut to `shape`, bilinear between the centres of the coarse cells."""
    fine = np.full(shape, np.nan, np.float32)
    rows, cols = (_Between.of(factor, coarse.shape[axis], shape[axis]) for axis in (0, 1))
    _refine(coarse, rows, cols, fine)
    return fine


def distance(known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the distance of each cell (rows, cols) to the nearest known one, in cells; infinite if there is none.

    Exact and linear in the number of cells: down the columns, then along the rows, where the nearest of many
    columns is read off the lower envelope of their parabolas (Felzenszwalb & Huttenlocher 2012).
    """
    rows, cols = known.shape
    vertical = np.empty(known.shape, np.float32)
    nearest = np.empty(known.shape, np.float32)
    in_threads(lambda part: _down(known, vertical, stretch(cols, part).start, stretch(cols, part).stop))
    in_threads(lambda part: _across(vertical[stretch(rows, part)], nearest[stretch(rows, part)]))
    return nearest


class _Between(NamedTuple):
    """For each fine cell of an axis: the coarse cells whose centres it lies between, and its share of the second."""

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    share: NDArray[np.float32]

    @classmethod
    def of(cls, factor: int, coarse: int, fine: int) -> _Between:
        place = np.clip((np.arange(fine) + 0.5) / factor - 0.5, 0, coarse - 1)
        first = np.minimum(place.astype(np.int32), max(coarse - 2, 0))
        return cls(first, np.minimum(first + 1, coarse - 1), (place - first).astype(np.float32))


@compiled
def _halve(heights, half):  # type: ignore[no-untyped-def]
    """Write the mean of the known among the four of each quad."""
    rows, cols = heights.shape
    for i in range(half.shape[0]):
        for j in range(half.shape[1]):
            total, count = 0.0, 0
            for row in range(2 * i, min(2 * i + 2, rows)):
                for col in range(2 * j, min(2 * j + 2, cols)):
                    if not np.isnan(heights[row, col]):
                        total += heights[row, col]
                        count += 1
            half[i, j] = total / count if count else np.nan


@compiled
def _refine(coarse, rows, cols, fine):  # type: ignore[no-untyped-def]
    """Replace every NaN of the fine grid by the bilinear value of the coarse one."""
    between = np.empty(coarse.shape[1], np.float32)
    for i in range(fine.shape[0]):
        first, second, share = rows.first[i], rows.second[i], rows.share[i]
        for j in range(len(between)):
            between[j] = coarse[first, j] + (coarse[second, j] - coarse[first, j]) * share
        for j in range(fine.shape[1]):
            if np.isnan(fine[i, j]):
                west, east = between[cols.first[j]], between[cols.second[j]]
                fine[i, j] = west + (east - west) * cols.share[j]


@compiled
def _down(known, vertical, start, stop):  # type: ignore[no-untyped-def]
    """Write the distance to the nearest known cell of the same column, for some columns."""
    rows = known.shape[0]
    for row in range(rows):
        for col in range(start, stop):
            above = vertical[row - 1, col] + np.float32(1) if row > 0 else np.float32(np.inf)
            vertical[row, col] = np.float32(0) if known[row, col] else above
    for row in range(rows - 2, -1, -1):
        for col in range(start, stop):
            below = vertical[row + 1, col] + np.float32(1)
            vertical[row, col] = min(vertical[row, col], below)


@compiled
def _across(vertical, nearest):  # type: ignore[no-untyped-def]
    """Write the distance to the nearest known cell, from those of the columns."""
    cols = vertical.shape[1]
    place = np.empty(
        cols, np.int32
    )  # columns whose parabolas form the envelope, and from where each is lowest
    begin = np.empty(cols, np.float64)
    for row in range(vertical.shape[0]):
        last = -1
        for col in range(cols):
            height = np.float64(vertical[row, col])
            if np.isinf(height):
                continue
            key = height * height + np.float64(col) * col
            meet = -np.inf
            while last >= 0:
                p = place[last]
                other = np.float64(vertical[row, p])
                meet = (key - other * other - np.float64(p) * p) / (2.0 * (col - p))
                if meet > begin[last]:
                    break
                last -= 1
            last += 1
            place[last] = col
            begin[last] = meet if last > 0 else -np.inf
        if last < 0:
            nearest[row] = np.inf
            continue
        here = 0
        for col in range(cols):
            while here < last and begin[here + 1] < col:
                here += 1
            p = place[here]
            height, along = np.float64(vertical[row, p]), np.float64(col - p)
            nearest[row, col] = np.sqrt(height * height + along * along)
