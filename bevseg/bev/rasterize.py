"""Points and DEM -> BEV bands of the low and the high slice; label rasters for training.

One pass over the points per slab fills one record per cell (`binning` says why records), the slabs side by side
on two threads; a pass over the cells turns records into bands.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from bevseg.bev.binning import Frame, cell_of_step, compiled, finite_mask
from bevseg.bev.slices import GROUND_SLAB, HIGH, LOW, SLAB_OF, Cut, cut_of, slab_and_height
from bevseg.config import RasterConfig, SliceConfig
from bevseg.errors import UsageError
from bevseg.labels import CLASS_NAMES
from bevseg.names import FEATURES
from bevseg.pointcloud import PointCloud
from bevseg.raster import Band, Raster

LOWEST, HIGHEST, SUM, COUNT, BINS = range(5)
"""Columns of a record: float32, the last one read as 32 bits, one per height bin."""

BIN = 0.25
"""Height of a bin, m: 32 of them span 8 m above the foot of the slab; what is higher falls into the last."""


class Records(NamedTuple):
    """Accumulators of all cells: (cells,) point counts of the ground band; (cells, 5) records of each slice."""

    ground: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    @classmethod
    def empty(cls, cells: int) -> Records:
        """Return records that no point has touched."""
        low = np.zeros((cells, 5), np.float32)
        low[:, LOWEST], low[:, HIGHEST] = np.inf, -np.inf
        return cls(np.zeros(cells, np.float32), low, low.copy())


_STATISTICS = ("h_min", "h_max", "h_mean", "density", "fill")
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


def rasterize(cloud: PointCloud, dem: Raster, slices: SliceConfig, raster: RasterConfig) -> dict[str, Raster]:
    """Return slice name -> float32 bands on the grid of the DEM, NaN where the slice has no point.

    Bands of the column below or above (`high_max` and the like) are known wherever the slice itself has points.

    Parameters
    ----------
    cloud, dem
        Points, and the DEM of `ground`, band `height`.
    slices
        Limits of the slabs, m.
    raster
        Feature set; the cell is that of the DEM.
    """
    cut, height = cut_of(cloud, slices), dem["height"].ravel()
    records = Records.empty(height.size)
    points = (cloud.x, cloud.y, cloud.z, finite_mask(cloud), Frame.of(cloud, dem.grid), height, cut)
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(_count, *points, records.ground),
            pool.submit(_scatter, *points, HIGH, records.high),
        ]
        jobs.append(pool.submit(_scatter, *points, LOW, records.low))
        for job in jobs:
            job.result()
        values = list(
            pool.map(lambda name: band_values(records, height, cut, raster.features, name), SLAB_OF)
        )
    return {
        name: Raster(
            dem.grid,
            tuple(band.name for band in table),
            planes.reshape(-1, *dem.grid.shape),
            dem.crs,
            dem.unit,
        )
        for (name, table), planes in zip(bands(raster.features).items(), values, strict=True)
    }


def label_rasters(cloud: PointCloud, dem: Raster, slices: SliceConfig) -> dict[str, Raster]:
    """Return slice name -> band `class`: the train id most labelled points of the slice have in each cell.

    uint8; 0 where the slice has no labelled point. Of equally many, the smaller id wins.

    Raises
    ------
    ValueError
        If the cloud has no labels.
    """
    if cloud.labels is None:
        raise ValueError(f"cloud {cloud.name!r} has no labels")
    votes = np.zeros((dem.grid.rows * dem.grid.cols, len(SLAB_OF), len(CLASS_NAMES)), np.uint16)
    points = (cloud.x, cloud.y, cloud.z, cloud.labels, finite_mask(cloud), Frame.of(cloud, dem.grid))
    _vote(*points, dem["height"].ravel(), cut_of(cloud, slices), votes)
    return {
        name: Raster(
            dem.grid,
            ("class",),
            majority(votes[:, slab - LOW]).reshape(1, *dem.grid.shape),
            dem.crs,
            dem.unit,
        )
        for name, slab in SLAB_OF.items()
    }


def majority(votes: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Return the train id with most votes, 0 without votes; votes (cells, ids), those for 0 do not count."""
    winner = votes[:, 1:].argmax(axis=1) + 1
    return np.where(votes[:, 1:].any(axis=1), winner, 0).astype(np.uint8)


def band_values(
    records: Records, dem: NDArray[np.float32], cut: Cut, features: str, name: str
) -> NDArray[np.float32]:
    """Return the bands of one slice, (bands, cells) float32, from the records of all slabs."""
    values = np.full((len(bands(features)[name]), len(dem)), np.nan, np.float32)
    own, other = (records.low, records.high) if name == "low" else (records.high, records.low)
    if features == "paper":
        _paper_bands(own, dem, cut, name == "low", values)
    else:
        _height_bands(own, own.view(np.uint32), values)
        if name == "low":
            _low_context(own, records.ground, other, values[len(_STATISTICS) :])
        else:
            _high_context(own, other, other.view(np.uint32), values[len(_STATISTICS) :])
    return values


@numba.njit(inline="always")
def add_height(record, bits, k, height, foot):  # type: ignore[no-untyped-def]
    """Add one height to the record of its cell `k`; `foot` is the lower end of the slab, `bits` views `record`."""
    low, high = record[k, LOWEST], record[k, HIGHEST]
    record[k, LOWEST] = height if height < low else low
    record[k, HIGHEST] = height if height > high else high
    record[k, SUM] += height
    record[k, COUNT] += np.float32(1)
    place = min(max((height - foot) / np.float32(BIN), np.float32(0)), np.float32(31))
    bits[k, BINS] |= np.uint32(1) << np.uint32(place)


def _scatter(x, y, z, finite, frame, dem, cut, slab, record):  # type: ignore[no-untyped-def]
    foot = np.float32(cut.split if slab == HIGH else cut.ground_band)
    _scatter_slab(x, y, z, finite, frame, dem, cut, slab, foot, record, record.view(np.uint32))


@compiled
def _scatter_slab(  # type: ignore[no-untyped-def]
    x, y, z, finite, frame, dem, cut, slab, foot, record, bits
):
    for i in range(len(x)):
        if len(finite) > 0 and not finite[i]:
            continue
        k = cell_of_step(x[i], y[i], frame)
        if k >= 0:
            its_slab, height = slab_and_height(z[i] * frame.scale[2] + frame.offset[2], dem[k], cut)
            if its_slab == slab:
                add_height(record, bits, np.uint64(k), np.float32(height), foot)


@compiled
def _count(x, y, z, finite, frame, dem, cut, counts):  # type: ignore[no-untyped-def]
    for i in range(len(x)):
        if len(finite) > 0 and not finite[i]:
            continue
        k = cell_of_step(x[i], y[i], frame)
        if k >= 0:
            slab, _ = slab_and_height(z[i] * frame.scale[2] + frame.offset[2], dem[k], cut)
            counts[k] += np.float32(slab == GROUND_SLAB)


@compiled
def _vote(x, y, z, labels, finite, frame, dem, cut, votes):  # type: ignore[no-untyped-def]
    for i in range(len(x)):
        if len(finite) > 0 and not finite[i]:
            continue
        k = cell_of_step(x[i], y[i], frame)
        if k >= 0:
            slab, _ = slab_and_height(z[i] * frame.scale[2] + frame.offset[2], dem[k], cut)
            if slab != GROUND_SLAB:
                add_vote(votes, k, slab, labels[i])


@numba.njit(inline="always")
def add_vote(votes, k, slab, label):  # type: ignore[no-untyped-def]
    """Count one labelled point; a full counter stays full."""
    count = votes[k, slab - LOW, label]
    votes[k, slab - LOW, label] = count + (count < np.uint16(65535))


@numba.njit(inline="always")
def _filled_height(bins):  # type: ignore[no-untyped-def]
    """Return the height covered by set bits, m."""
    count = 0
    while bins:
        bins &= bins - np.uint32(1)
        count += 1
    return count * BIN


@compiled
def _height_bands(record, bits, values):  # type: ignore[no-untyped-def]
    for k in range(len(record)):
        if record[k, COUNT] > 0:
            values[0, k] = record[k, LOWEST]
            values[1, k] = record[k, HIGHEST]
            values[2, k] = record[k, SUM] / record[k, COUNT]
            values[3, k] = np.log1p(record[k, COUNT])
            values[4, k] = _filled_height(bits[k, BINS])


@compiled
def _low_context(record, ground, high, values):  # type: ignore[no-untyped-def]
    for k in range(len(record)):
        if record[k, COUNT] > 0:
            values[0, k] = np.log1p(ground[k])
            values[1, k] = max(high[k, HIGHEST], np.float32(0))  # -inf without points
            values[2, k] = np.log1p(high[k, COUNT])


@compiled
def _high_context(record, low, low_bits, values):  # type: ignore[no-untyped-def]
    for k in range(len(record)):
        if record[k, COUNT] > 0:
            values[0, k] = max(low[k, HIGHEST], np.float32(0))
            values[1, k] = np.log1p(low[k, COUNT])
            values[2, k] = _filled_height(low_bits[k, BINS])


@compiled
def _paper_bands(record, dem, cut, is_low, values):  # type: ignore[no-untyped-def]
    for k in range(len(record)):
        if record[k, COUNT] > 0:
            lowest, highest = record[k, LOWEST], record[k, HIGHEST]
            if is_low:
                street = np.float32(0) if np.isnan(cut.level) else np.float32(dem[k] - cut.level)
                values[0, k] = highest
                values[1, k] = max(highest, lowest - street)
            else:
                values[0, k] = lowest
                values[1, k] = highest
                values[2, k] = highest - lowest
