"""Points and DEM -> one record of statistics per cell and slice (`binning` says why records)."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from bevseg.bev.slices import GROUND_SLAB, HIGH, LOW, SLAB_OF, SliceLimits, find_slabs
from bevseg.core.cells import BLOCK, GridTransform, QuantizedPoints, block_of, find_cells
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.runtime.kernels import chunk_of, compiled, parallel_for, threads

LOWEST, HIGHEST, SUM, COUNT, BINS = range(5)
"""Columns of a record: float32, the last one read as 32 bits, one per height bin."""

BIN = 0.25
"""Height of a bin, m: 32 of them span 8 m above the foot of the slab; what is higher falls into the last."""

CHUNK = 1 << 20
"""Points of which slab and height are found before they are counted: 13 MiB, and no more for larger clouds."""


class Records(NamedTuple):
    """Accumulators of all cells: (cells,) point counts of the ground band; (2, cells, 5) records of low and high."""

    ground: NDArray[np.float32]
    slices: NDArray[np.float32]

    @classmethod
    def empty(cls, cells: int) -> Records:
        """Return records that no point has touched: all zero, so that memory is first touched where points are."""
        return cls(np.zeros(cells, np.float32), np.zeros((2, cells, 5), np.float32))

    def of(self, name: str) -> NDArray[np.float32]:
        """Return the records of a slice."""
        return self.slices[SLAB_OF[name] - LOW]


def count(cloud: PointCloud, dem: Raster, cut: SliceLimits) -> Records:
    """Return the records of all cells of a DEM."""
    records = Records.empty(dem.grid.rows * dem.grid.cols)
    bits = records.slices.view(np.uint32)
    points, frame, height = (
        QuantizedPoints.of(cloud),
        GridTransform.of(cloud, dem.grid),
        dem["height"].ravel(),
    )
    room = _Found.room_for(min(len(cloud), CHUNK))
    for start in range(0, len(cloud), CHUNK):
        chunk = points.chunk(slice(start, start + CHUNK))
        found = room.part(slice(0, len(chunk.x)))
        parts = [chunk_of(len(chunk.x), part) for part in range(threads())]
        parallel_for(lambda its: _find(chunk.chunk(its), frame, height, cut, found.part(its)), parts)  # noqa: B023
        parallel_for(lambda share: _add(found, share, records, bits), _shares(found.cells))  # noqa: B023
    return records


def _shares(cells: NDArray[np.int32]) -> list[tuple[int, int]]:
    """Return the ranges of cells, first and end, that hold about as many of the points for each thread."""
    sample = np.sort(cells[:: max(len(cells) // 1000, 1)])
    inner = [int(sample[chunk_of(len(sample), part).start]) for part in range(1, threads())]
    edges = [0, *(max(edge, 0) for edge in inner), np.iinfo(np.int32).max]
    return list(itertools.pairwise(edges))


@numba.njit(inline="always")
def bin_of(height, foot):  # type: ignore[no-untyped-def]
    """Return a word in which the bit of the height's bin is set; `foot` is the lower end of the slab."""
    place = (height - foot) * np.float32(1 / BIN)
    place = place if place > np.float32(0) else np.float32(0)
    place = place if place < np.float32(31) else np.float32(31)
    return np.uint32(1) << np.uint32(np.int32(place))


@numba.njit(inline="always")
def add_height(records, bits, which, k, height, bin_):  # type: ignore[no-untyped-def]
    """Add a height to the record of cell `k` in slice number `which`; `bits` views `records`."""
    low, high, count = records[which, k, LOWEST], records[which, k, HIGHEST], records[which, k, COUNT]
    is_first = count == 0
    records[which, k, LOWEST] = height if is_first | (height < low) else low
    records[which, k, HIGHEST] = height if is_first | (height > high) else high
    records[which, k, SUM] += height
    records[which, k, COUNT] = count + np.float32(1)
    bits[which, k, BINS] |= bin_


class _Found(NamedTuple):
    """What is found of each point before it is counted: flat cell or -1, slab, height, bit of the bin."""

    cells: NDArray[np.int32]
    slabs: NDArray[np.uint8]
    heights: NDArray[np.float32]
    bins: NDArray[np.uint32]

    @classmethod
    def room_for(cls, size: int) -> _Found:
        return cls(
            np.empty(size, np.int32),
            np.empty(size, np.uint8),
            np.empty(size, np.float32),
            np.empty(size, np.uint32),
        )

    def part(self, its: slice) -> _Found:
        return _Found(self.cells[its], self.slabs[its], self.heights[its], self.bins[its])


@compiled
def _find(points, frame, dem, cut, found):  # type: ignore[no-untyped-def]
    low, high = np.float32(cut.ground_band), np.float32(cut.split)
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        its = slice(start, start + len(block.x))
        cells, slabs, heights, bins = found.cells[its], found.slabs[its], found.heights[its], found.bins[its]
        find_cells(block, frame, cells)
        find_slabs(block, frame, cells, dem, cut, slabs, heights)
        _find_bins(slabs, heights, low, high, bins)


@numba.njit
def _find_bins(slabs, heights, low, high, bins):  # type: ignore[no-untyped-def]
    for j in range(len(bins)):
        bins[j] = bin_of(heights[j], high if slabs[j] == HIGH else low)


@compiled
def _add(found, share, records, bits):  # type: ignore[no-untyped-def]
    """Add points to the records of those cells that are one thread's."""
    ground, slices = records.ground, records.slices
    cells, slabs, heights, bins = found.cells, found.slabs, found.heights, found.bins
    first, end = share
    for j in range(len(cells)):
        if cells[j] < first or cells[j] >= end:
            continue
        k = np.uint32(cells[j])
        if slabs[j] == GROUND_SLAB:
            ground[k] += np.float32(1)
        else:
            add_height(slices, bits, np.uint32(slabs[j] - LOW), k, heights[j], bins[j])
