"""Statistics of the cells -> BEV bands: what each feature set shows a network of a slice, and in which units."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from bevseg.bev.cell_statistics import (
    BIN,
    BINS,
    COUNT,
    EAST,
    EAST_EAST,
    EAST_NORTH,
    HIGHEST,
    LOWEST,
    NORTH,
    NORTH_NORTH,
    SUMMED,
    CellStatistics,
)
from bevseg.bev.slices import SliceLimits
from bevseg.config.names import FEATURES
from bevseg.core.cells import LEVELS
from bevseg.core.raster import Band
from bevseg.errors import UsageError
from bevseg.runtime.kernels import compiled

# Heights of the slice, and what stands below or above it in the same column: a trunk has a crown over it, a pole a
# lamp, a car nothing.
_HEIGHTS: dict[str, tuple[Band, ...]] = {
    "low": (
        Band("h_min", 3.0, "m"),
        Band("h_max", 3.0, "m"),
        Band("h_mean", 3.0, "m"),
        Band("density", 4.0, "log(1 + points)"),
        Band("fill", 3.0, "m of height with points"),
        Band("ground_density", 4.0, "log(1 + points)"),
        Band("high_max", 10.0, "m"),
        Band("high_density", 4.0, "log(1 + points)"),
    ),
    "high": (
        Band("h_min", 10.0, "m"),
        Band("h_max", 10.0, "m"),
        Band("h_mean", 10.0, "m"),
        Band("density", 4.0, "log(1 + points)"),
        Band("fill", 5.0, "m of height with points"),
        Band("low_max", 3.0, "m"),
        Band("low_density", 4.0, "log(1 + points)"),
        Band("low_fill", 3.0, "m of height with points"),
    ),
}

# Where the points stand within the cells around, seen from above: the standard deviations along the two main axes. A
# wall is thin, a hedge is not, however dense it is. And at which heights the column of the cell holds points.
_OF_SHAPE = (
    Band("thickness", 0.1, "m"),
    Band("linearity", 1.0, "share"),
    Band("wide_thickness", 0.1, "m"),
    Band("fill_1", 1.0, "share of height with points"),
    Band("fill_2", 1.0, "share of height with points"),
    Band("fill_3", 1.0, "share of height with points"),
    Band("fill_4", 1.0, "share of height with points"),
)

_BANDS: dict[str, dict[str, tuple[Band, ...]]] = {
    "heights": _HEIGHTS,
    "shape": {
        "low": (*_HEIGHTS["low"], *_OF_SHAPE, Band("high_thickness", 0.1, "m")),
        "high": (*_HEIGHTS["high"], *_OF_SHAPE, Band("low_thickness", 0.1, "m")),
    },
    # As printed in the power-Jaccard paper, section 3.3: low {h_max, max(h_max, dh_min)}, high {h_min, h_max, dh}.
    "paper": {
        "low": (Band("h_max", 3.0, "m"), Band("h_max_or_dh_min", 3.0, "m")),
        "high": (Band("h_min", 10.0, "m"), Band("h_max", 10.0, "m"), Band("dh", 10.0, "m")),
    },
}


def needs_moments(features: str) -> bool:
    """Return whether a feature set has bands of the moments of the cells."""
    return features == "shape"


def surroundings(features: str) -> int:
    """Return how many cells to each side of a cell its bands are made from."""
    return WIDE if needs_moments(features) else 0


def bands(features: str) -> dict[str, tuple[Band, ...]]:
    """Return slice name -> its bands, for a feature set of `names.FEATURES`."""
    if features not in _BANDS:
        raise UsageError(f"No feature set {features!r}", why=f"known: {', '.join(FEATURES)}")
    return _BANDS[features]


def write_bands(
    statistics: CellStatistics,
    dem: NDArray[np.generic],
    limits: SliceLimits,
    features: str,
    name: str,
    cell: float,
    values: NDArray[np.float32],
) -> None:
    """Write the bands of one slice, (bands, rows, cols), from the statistics of all cells, row by row."""
    is_low = name == "low"
    other_name = "high" if is_low else "low"
    own, other = statistics.of(name), statistics.of(other_name)
    flat = values.reshape(len(values), -1)
    if features == "paper":
        _paper_bands(own, dem, limits, is_low, flat)
        return
    bits, sums = (own.view(np.uint32), other.view(np.uint32)), own.view(np.float64)[:, 0]
    _height_bands(own, other, *bits, sums, statistics.ground, is_low, flat)
    if needs_moments(features):
        moments = statistics.moments_of(name), statistics.moments_of(other_name)
        quarter = np.uint32(LOW_QUARTER if is_low else HIGH_QUARTER)
        _shape_bands(own, other, bits[0], *moments, quarter, cell / LEVELS, values[len(_HEIGHTS[name]) :])


NEAR, WIDE = 1, 2
"""Cells to each side whose points tell the shape: squares of 0.6 m and, for sparse clouds, of 1 m."""

LOW_QUARTER, HIGH_QUARTER = 3, 8
"""Bins of a quarter of the height: 0.75 m of the low slice, 2 m of the high one; the last one has all above, too."""

_FULL = np.uint32(0xFFFFFFFF)

_LOG1P = np.log1p(np.arange(1024, dtype=np.float32))


@numba.njit(inline="always")
def _log1p(count):  # type: ignore[no-untyped-def]
    """Return log(1 + count), for most counts from a table."""
    return _LOG1P[np.uint32(count)] if count < np.float32(len(_LOG1P)) else np.log1p(count)


@numba.njit(inline="always")
def _filled_height(bins):  # type: ignore[no-untyped-def]
    """Return the height covered by set bits, m; counts them two, four, eight at a time."""
    bins = bins - ((bins >> np.uint32(1)) & np.uint32(0x55555555))
    bins = (bins & np.uint32(0x33333333)) + ((bins >> np.uint32(2)) & np.uint32(0x33333333))
    bins = (bins + (bins >> np.uint32(4))) & np.uint32(0x0F0F0F0F)
    return np.float32(np.uint32(bins * np.uint32(0x01010101)) >> np.uint32(24)) * np.float32(BIN)


@compiled
def _height_bands(own, other, own_bits, other_bits, sums, ground, is_low, values):  # type: ignore[no-untyped-def]
    for k in range(len(own)):
        if own[k, COUNT] == 0:
            values[:, k] = np.nan
            continue
        values[0, k] = own[k, LOWEST]
        values[1, k] = own[k, HIGHEST]
        values[2, k] = sums[k] / (own[k, COUNT] * np.float64(SUMMED))
        values[3, k] = _log1p(own[k, COUNT])
        values[4, k] = _filled_height(own_bits[k, BINS])
        highest = max(other[k, HIGHEST], np.float32(0))
        if is_low:
            values[5, k] = _log1p(ground[k])
            values[6, k] = highest
            values[7, k] = _log1p(other[k, COUNT])
        else:
            values[5, k] = highest
            values[6, k] = _log1p(other[k, COUNT])
            values[7, k] = _filled_height(other_bits[k, BINS])


@numba.njit
def _covariance(statistics, moments, row, col, shape, reach):  # type: ignore[no-untyped-def]
    """Return the covariance (xx, yy, xy) of the places of the points of a square of cells, in squares of levels.

    The square reaches so many cells to each side. All sums are whole numbers. Zero for fewer than three points: two
    lie on a line, whatever they show.
    """
    n, x, y, xx, yy, xy = np.int64(0), np.int64(0), np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if not (0 <= row + down < shape[0] and 0 <= col + right < shape[1]):
                continue
            k = (row + down) * shape[1] + col + right
            count = np.int64(statistics[k, COUNT])
            if count == 0:
                continue
            east, north = np.int64(LEVELS * right), np.int64(-LEVELS * down)
            sum_x, sum_y = np.int64(moments[k, EAST]), np.int64(moments[k, NORTH])
            n += count
            x += sum_x + east * count
            y += sum_y + north * count
            xx += np.int64(moments[k, EAST_EAST]) + 2 * east * sum_x + east * east * count
            yy += np.int64(moments[k, NORTH_NORTH]) + 2 * north * sum_y + north * north * count
            xy += np.int64(moments[k, EAST_NORTH]) + east * sum_y + north * sum_x + east * north * count
    if n < 3:
        return 0.0, 0.0, 0.0
    size = np.float64(n) * np.float64(n)
    return (n * xx - x * x) / size, (n * yy - y * y) / size, (n * xy - x * y) / size


@numba.njit(inline="always")
def _axes(covariance):  # type: ignore[no-untyped-def]
    """Return the eigenvalues of a covariance (xx, yy, xy), the larger one first; none is below zero."""
    xx, yy, xy = covariance
    half, spread = 0.5 * (xx + yy), np.sqrt(0.25 * (xx - yy) * (xx - yy) + xy * xy)
    return half + spread, max(half - spread, 0.0)


@compiled
def _shape_bands(own, other, bits, moments, other_moments, quarter, level, values):  # type: ignore[no-untyped-def]
    rows, cols = values.shape[1:]
    for row in range(rows):
        for col in range(cols):
            k = row * cols + col
            if own[k, COUNT] == 0:
                values[:, row, col] = np.nan
                continue
            long, short = _axes(_covariance(own, moments, row, col, (rows, cols), NEAR))
            values[0, row, col] = level * np.sqrt(short)
            values[1, row, col] = (long - short) / long if long > 0.0 else 0.0
            _, short = _axes(_covariance(own, moments, row, col, (rows, cols), WIDE))
            values[2, row, col] = level * np.sqrt(short)
            for part in range(4):
                first = np.uint32(part) * quarter
                mask = _FULL if part == 3 else (np.uint32(1) << quarter) - np.uint32(1)
                filled = _filled_height((bits[k, BINS] >> first) & mask)
                values[3 + part, row, col] = min(filled / (np.float32(BIN) * quarter), np.float32(1))
            _, short = _axes(_covariance(other, other_moments, row, col, (rows, cols), NEAR))
            values[7, row, col] = level * np.sqrt(short)


@compiled
def _paper_bands(statistics, dem, limits, is_low, values):  # type: ignore[no-untyped-def]
    for k in range(len(statistics)):
        if statistics[k, COUNT] == 0:
            for band in range(len(values)):
                values[band, k] = np.nan
            continue
        lowest, highest = statistics[k, LOWEST], statistics[k, HIGHEST]
        if is_low:
            street = np.float32(0) if np.isnan(limits.level) else np.float32(dem[k] - limits.level)
            values[0, k] = highest
            values[1, k] = max(highest, lowest - street)
        else:
            values[0, k] = lowest
            values[1, k] = highest
            values[2, k] = highest - lowest
