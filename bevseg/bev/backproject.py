"""Class of a cell -> class of its points.

A point within the ground band is ground, unless it is the foot of an object. In a cell whose low slice is a building,
say, the wall continues below the band, so ground ends at `SliceConfig.foot` there. The street continues under a car,
but not under a wall: where no ground was measured in the cell of a building, all points are the building. Any other
point takes class and confidence of its cell in the raster of its slice, by the same index that rasterized it. It is 0
(undefined) where that raster says nothing, and where its own coordinates are not finite. With the class comes the
reason to doubt it, if there is one.

Where the rasters have the probabilities of all classes, a point has those of its cell. What a rule calls ground has
the confidence of the rule, and the other classes share the rest evenly: the networks were not asked about it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numba
import numpy as np
from numpy.typing import NDArray

from bevseg.bev.slices import SliceLimits, limits_of, slab_and_height
from bevseg.config import SliceConfig
from bevseg.core.cells import BLOCK, GridTransform, QuantizedPoints, block_of, find_cells, height_of
from bevseg.core.labels import BUILDING, GROUND, PROBABILITY_BANDS
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.core.raster import Raster
from bevseg.core.reasons import UNMEASURED
from bevseg.runtime.kernels import chunk_of, compiled, parallel_for

GROUND_CONFIDENCE = ((0.0, 0.99), (0.5, 0.6), (10.0, 0.5))
"""Confidence of ground by the distance (m) of its cell from measured ground, with straight lines between.

They are the shares that are right on simulated streets (`benchmarks/rule_confidence.py`)."""


UNMEASURED_DISTANCE = 0.5
"""This far (m) from a measured cell nobody has measured the ground: some 60 % of what is taken for it is ground."""


def backproject(
    cloud: PointCloud,
    dem: Raster,
    classes: Mapping[str, Raster],
    slices: SliceConfig,
    *,
    limits: SliceLimits | None = None,
) -> PointLabels:
    """Return class and confidence of every point, and why it is in doubt, in the order of the cloud.

    Parameters
    ----------
    cloud, dem, slices, limits
        As for `rasterize`.
    classes
        Slice name -> raster with bands `class` (train ids, 0 = nothing known) and `confidence` (0 to 255), and
        `reason` (`core.reasons`) where it is known. The points get the probabilities of all classes if the rasters
        have `PROBABILITY_BANDS`.

    Raises
    ------
    ValueError
        If a class raster lies on another grid than the DEM.
    """
    for name, raster in classes.items():
        if raster.grid != dem.grid:
            raise ValueError(f"class raster {name!r} on {raster.grid}, DEM on {dem.grid}")
    answers, reasons = _answers(dem, classes)
    shares = _shares(classes)
    points = QuantizedPoints.of(cloud)
    transform, height = GridTransform.of(cloud, dem.grid), dem["height"].ravel()
    limits = limits or limits_of([cloud], slices)
    foot = min(slices.foot, slices.ground_band)
    found = np.empty((3 + shares.shape[2], len(cloud)), np.uint8)

    def of_chunk(thread: int) -> None:
        chunk = chunk_of(len(cloud), thread)
        _gather(
            points.chunk(chunk), transform, height, limits, foot, answers, reasons, shares, found[:, chunk]
        )

    parallel_for(of_chunk)
    return PointLabels(
        found[0], found[1], reasons=found[2], probabilities=found[3:] if len(found) > 3 else None
    )


def _answers(dem: Raster, classes: Mapping[str, Raster]) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """Return the answers of each cell, (cells, 4) class + 256 confidence, and their reasons, (cells, 4).

    They are those of ground, of the foot of an object, and of the low and of the high slice.
    """
    cells = dem.grid.rows * dem.grid.cols
    answers, reasons = np.empty((cells, 4), np.uint16), np.empty((cells, 4), np.uint8)
    bands = [
        classes[name][band].ravel() if band in classes[name].names else np.zeros(cells, np.uint8)
        for name in ("low", "high")
        for band in ("class", "confidence", "reason")
    ]
    _answer(dem["distance"].ravel(), *bands, answers, reasons)
    return answers, reasons


def _shares(classes: Mapping[str, Raster]) -> NDArray[np.uint8]:
    """Return the probabilities of all classes of each cell and slice, (cells, 2, 5); (cells, 2, 0) without any."""
    rasters = [classes[name] for name in ("low", "high")]
    bands = [band for band in PROBABILITY_BANDS if all(band in raster.names for raster in rasters)]
    shares = np.empty((rasters[0].values[0].size, len(rasters), len(bands)), np.uint8)
    for number, raster in enumerate(rasters):
        for place, band in enumerate(bands):
            shares[:, number, place] = raster[band].ravel()
    return shares


@numba.njit
def _ground_confidence(distance):  # type: ignore[no-untyped-def]
    """Return the confidence of ground; far away also where the distance is not known."""
    start, found = GROUND_CONFIDENCE[0]
    for end, value in GROUND_CONFIDENCE[1:]:
        if distance < end:
            return found + (value - found) * (distance - start) / (end - start)
        start, found = end, value
    return found


@compiled
def _answer(  # type: ignore[no-untyped-def]
    distance,
    low_class,
    low_confidence,
    low_reason,
    high_class,
    high_confidence,
    high_reason,
    answers,
    reasons,
):
    for k in range(len(answers)):
        ground = np.uint16(GROUND) | np.uint16(np.rint(255 * _ground_confidence(distance[k]))) << 8
        low = np.uint16(low_class[k]) | np.uint16(low_confidence[k]) << 8
        unmeasured = np.uint8(0) if distance[k] <= UNMEASURED_DISTANCE else np.uint8(UNMEASURED)
        is_wall = low_class[k] == BUILDING and distance[k] > 0
        has_foot = low_class[k] != 0 and low_class[k] != GROUND
        answers[k, 0] = low if is_wall else ground
        reasons[k, 0] = low_reason[k] if is_wall else unmeasured
        answers[k, 1] = low if has_foot else ground
        reasons[k, 1] = low_reason[k] if has_foot else unmeasured
        answers[k, 2] = low
        answers[k, 3] = np.uint16(high_class[k]) | np.uint16(high_confidence[k]) << 8
        reasons[k, 2], reasons[k, 3] = low_reason[k], high_reason[k]


@numba.njit
def _find_columns(block, transform, cells, dem, limits, foot, columns):  # type: ignore[no-untyped-def]
    """Write for each point of a block which of the four answers of its cell is its own."""
    for j in range(len(cells)):
        z = height_of(block.z[j], transform)
        ground = dem[np.uint32(max(cells[j], np.int32(0)))]
        slab, _ = slab_and_height(z, ground, limits)
        columns[j] = slab + (z - ground >= foot)


@numba.njit
def _put_shares(answer, column, shares, found):  # type: ignore[no-untyped-def]
    """Write the probabilities of all classes of a point, given those of its cell in each slice."""
    decided, confidence = np.int64(answer & 255), np.int64(answer >> 8)
    by_rule = column < 2 and decided == GROUND  # below the band no answer of the networks is ground
    others = (255 - confidence + 2) // 4
    for k in range(len(found)):
        if decided == 0:
            found[k] = 0
        elif by_rule:
            found[k] = confidence if k + 1 == GROUND else others
        else:
            found[k] = shares[column // 3, k]


@compiled
def _gather(points, transform, dem, limits, foot, answers, reasons, shares, found):  # type: ignore[no-untyped-def]
    cells_, columns_ = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.uint8)
    for start in range(0, found.shape[1], BLOCK):
        block = block_of(points, start)
        cells, columns = cells_[: len(block.x)], columns_[: len(block.x)]
        find_cells(block, transform, cells)
        _find_columns(block, transform, cells, dem, limits, foot, columns)
        for j in range(len(cells)):
            cell = np.uint32(max(cells[j], np.int32(0)))
            inside = cells[j] >= 0
            answer = answers[cell, columns[j]] if inside else np.uint16(0)
            found[0, start + j] = answer & 255
            found[1, start + j] = answer >> 8
            found[2, start + j] = reasons[cell, columns[j]] if inside else np.uint8(0)
            if shares.shape[2] > 0:
                _put_shares(answer, columns[j], shares[cell], found[3:, start + j])
