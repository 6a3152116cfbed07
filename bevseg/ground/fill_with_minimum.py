"""Holes of a grid, filled with the lowest heights around them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bevseg.runtime.kernels import compiled

Heights = NDArray[np.float32]


def fill_with_minimum(heights: Heights) -> Heights:
    """Return the heights with gaps (NaN) filled with the lowest around them, in wider blocks for wider gaps.

    Where `fill_holes` spans a gap between roofs, this surface sags to the street. All NaN stays all NaN.

    Parameters
    ----------
    heights
        (rows, cols) float32, m, NaN where unknown. It is returned itself if nothing is unknown, or everything.

    Returns
    -------
    NDArray
        (rows, cols) float32, m. Known cells keep their value to the bit.
    """
    unknown = np.isnan(heights)
    if not unknown.any() or unknown.all():
        return heights
    rows, cols = heights.shape
    half = np.empty(((rows + 1) // 2, (cols + 1) // 2), np.float32)
    _halve_lowest(heights, half)
    half = fill_with_minimum(half)
    full = heights.copy()
    _refine(half, _Between.of(half.shape[0], rows), _Between.of(half.shape[1], cols), full)
    return full


class _Between(NamedTuple):
    """For each fine cell of an axis: the coarse cells whose centres it lies between, and its share of the second."""

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    share: NDArray[np.float32]

    @classmethod
    def of(cls, coarse: int, fine: int) -> _Between:
        place = np.clip((np.arange(fine) + 0.5) / 2 - 0.5, 0, coarse - 1)
        first = np.minimum(place.astype(np.int32), max(coarse - 2, 0))
        return cls(first, np.minimum(first + 1, coarse - 1), (place - first).astype(np.float32))


@compiled
def _halve_lowest(heights, half):  # type: ignore[no-untyped-def]
    """Write the lowest of the known among the four of each quad, NaN if there is none."""
    half[:] = np.nan
    for i in range(heights.shape[0]):
        for j in range(heights.shape[1]):
            height, lowest = heights[i, j], half[i // 2, j // 2]
            if height < lowest or np.isnan(lowest):
                half[i // 2, j // 2] = height


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
