"""Gaps of a grid, filled smoothly from their surroundings."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bevseg.kernels import compiled

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
