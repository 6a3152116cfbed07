"""Class of a cell -> class of its points.

A point within the ground band is ground, unless it is the foot of an object: in a cell whose low slice is a
building, say, the wall goes on below the band, so ground ends at `SliceConfig.foot` there. And the street goes on
under a car, but not under a wall: where no ground was measured in the cell of a building, all is the building's. Any
other point takes class and confidence of its cell in the raster of its slice, through the very index that put it
there. It is 0 (undefined) where that raster says nothing, and where its own coordinates are not finite.
"""

from __future__ import annotations

from collections.abc import Mapping

import numba
import numpy as np
from numpy.typing import NDArray

from bevseg.bev.slices import cut_of, slab_and_height
from bevseg.config import SliceConfig
from bevseg.core.cells import BLOCK, GridTransform, QuantizedPoints, block_of, find_cells
from bevseg.core.labels import BUILDING, GROUND
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.core.raster import Raster
from bevseg.runtime.kernels import chunk_of, compiled, parallel_for

UNSURE_DISTANCE = 10.0
"""So far (m) from a measured cell, the DEM is a guess: ground is then claimed with confidence 1/2."""


def backproject(
    cloud: PointCloud, dem: Raster, classes: Mapping[str, Raster], slices: SliceConfig
) -> PointLabels:
    """Return class and confidence of every point, in the order of the cloud.

    Parameters
    ----------
    cloud, dem, slices
        As for `rasterize`.
    classes
        Slice name -> raster with bands `class` (train ids, 0 = nothing known) and `confidence` (0 to 255).

    Raises
    ------
    ValueError
        If a class raster lies on another grid than the DEM.
    """
    for name, raster in classes.items():
        if raster.grid != dem.grid:
            raise ValueError(f"class raster {name!r} on {raster.grid}, DEM on {dem.grid}")
    said = _said(dem, classes)
    points = QuantizedPoints.of(cloud)
    frame, height, cut = GridTransform.of(cloud, dem.grid), dem["height"].ravel(), cut_of(cloud, slices)
    foot = min(slices.foot, slices.ground_band)
    found = np.empty((2, len(cloud)), np.uint8)

    def of_part(part: int) -> None:
        its = chunk_of(len(cloud), part)
        _gather(points.chunk(its), frame, height, cut, foot, said, found[:, its])

    parallel_for(of_part)
    return PointLabels(found[0], found[1])


def _said(dem: Raster, classes: Mapping[str, Raster]) -> NDArray[np.uint16]:
    """Return what is said of a point, (cells, 4) class + 256 confidence: ground, foot of an object, low, high."""
    said = np.empty((dem.grid.rows * dem.grid.cols, 4), np.uint16)
    planes = [classes[name][band].ravel() for name in ("low", "high") for band in ("class", "confidence")]
    _say(dem["distance"].ravel(), *planes, said)
    return said


@compiled
def _say(distance, low_class, low_confidence, high_class, high_confidence, said):  # type: ignore[no-untyped-def]
    for k in range(len(said)):
        share = np.float32(distance[k] / np.float32(UNSURE_DISTANCE))
        share = share if share < 1 else np.float32(1)  # also where it is not known
        ground = np.uint16(GROUND) | np.uint16(np.rint(255 * (1 - share / 2))) << 8
        low = np.uint16(low_class[k]) | np.uint16(low_confidence[k]) << 8
        said[k, 0] = low if low_class[k] == BUILDING and distance[k] > 0 else ground
        said[k, 1] = ground if low_class[k] == 0 or low_class[k] == GROUND else low
        said[k, 2] = low
        said[k, 3] = np.uint16(high_class[k]) | np.uint16(high_confidence[k]) << 8


@numba.njit
def _find_rooms(block, frame, cells, dem, cut, foot, rooms):  # type: ignore[no-untyped-def]
    """Write for each point of a block which of the four words of its cell holds for it."""
    for j in range(len(cells)):
        z = block.z[j] * frame.scale[2] + frame.offset[2]
        ground = dem[np.uint32(max(cells[j], np.int32(0)))]
        slab, _ = slab_and_height(z, ground, cut)
        rooms[j] = slab + (z - ground >= foot)


@compiled
def _gather(points, frame, dem, cut, foot, said, found):  # type: ignore[no-untyped-def]
    cells_, rooms_ = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.uint8)
    for start in range(0, found.shape[1], BLOCK):
        block = block_of(points, start)
        cells, rooms = cells_[: len(block.x)], rooms_[: len(block.x)]
        find_cells(block, frame, cells)
        _find_rooms(block, frame, cells, dem, cut, foot, rooms)
        for j in range(len(cells)):
            word = said[np.uint32(max(cells[j], np.int32(0))), rooms[j]]
            word = word if cells[j] >= 0 else np.uint16(0)
            found[0, start + j] = word & 255
            found[1, start + j] = word >> 8
