"""Statistics of the cells -> BEV bands: what each feature set shows a network of a slice, and in which units."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from bevseg.bev.cell_statistics import BIN, BINS, COUNT, HIGHEST, LOWEST, SUMMED, CellStatistics
from bevseg.bev.slices import SliceLimits
from bevseg.config.names import FEATURES
from bevseg.core.raster import Band
from bevseg.errors import UsageError
from bevseg.runtime.kernels import compiled

_BANDS: dict[str, dict[str, tuple[Band, ...]]] = {
    # Heights of the slice, and what stands below or above it in the same column: a trunk has a crown over it,
    # a pole a lamp, a car nothing.
    "heights": {
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
    },
    # As printed in the power-Jaccard paper, section 3.3: low {h_max, max(h_max, dh_min)}, high {h_min, h_max, dh}.
    "paper": {
        "low": (Band("h_max", 3.0, "m"), Band("h_max_or_dh_min", 3.0, "m")),
        "high": (Band("h_min", 10.0, "m"), Band("h_max", 10.0, "m"), Band("dh", 10.0, "m")),
    },
}


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
    values: NDArray[np.float32],
) -> None:
    """Write the bands of one slice, (bands, cells), from the statistics of all cells."""
    own, other = statistics.of(name), statistics.of("high" if name == "low" else "low")
    if features == "paper":
        _paper_bands(own, dem, limits, name == "low", values)
    else:
        bits, sums = (own.view(np.uint32), other.view(np.uint32)), own.view(np.float64)[:, 0]
        _height_bands(own, other, *bits, sums, statistics.ground, name == "low", values)


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
            for band in range(len(values)):
                values[band, k] = np.nan
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
