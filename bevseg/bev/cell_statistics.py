"""Points and DEM -> the statistics of each cell and slice, side by side (`core.cells` says why)."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from bevseg.bev.slices import GROUND_SLAB, HIGH, LOW, SLAB_OF, SliceLimits, find_slabs
from bevseg.core.cells import BLOCK, GridTransform, QuantizedPoints, block_of, find_cells, find_levels
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.runtime.kernels import chunk_of, compiled, parallel_for, threads

LOWEST, HIGHEST, COUNT, BINS = range(2, 6)
"""Columns of the statistics of a cell: float32; the last one is read as 32 bits, one per height bin. The two before
them are one float64, the sum of the heights."""

EAST, NORTH, EAST_EAST, NORTH_NORTH, EAST_NORTH = range(5)
"""Columns of the moments of a cell, uint32: sums of the places of its points, of their squares and of their product.
Places are whole numbers below `core.cells.LEVELS`; so the sums are exact up to four million points in a cell."""

SUMMED = 10_000
"""Heights are added up in whole tenths of a millimetre: then the order of the points changes nothing."""

BIN = 0.25
"""Height of a bin, m: 32 bins span 8 m above the foot of the slab; higher points fall into the last."""

CHUNK = 1 << 20
"""Points whose slab, height and place are found before they are counted: 15 MiB, and no more for larger clouds."""


class CellStatistics(NamedTuple):
    """Accumulators of all cells.

    Attributes
    ----------
    ground
        Points of the ground band, (cells,).
    slices
        Statistics of low and high, (2, cells, 6).
    moments
        First and second moments of the places of the points of low and high within their cells, (2, cells, 5);
        (2, 0, 5) where nobody asks for them.
    """

    ground: NDArray[np.float32]
    slices: NDArray[np.float32]
    moments: NDArray[np.uint32]

    @classmethod
    def empty(cls, cells: int, moments: bool) -> CellStatistics:
        """Return statistics without points: all zero, so that memory is first touched where points are."""
        return cls(
            np.zeros(cells, np.float32),
            np.zeros((2, cells, BINS + 1), np.float32),
            np.zeros((2, cells if moments else 0, EAST_NORTH + 1), np.uint32),
        )

    def views(self) -> tuple[NDArray[np.uint32], NDArray[np.float64]]:
        """Return the memory of the statistics as 32 bits, and as float64."""
        return self.slices.view(np.uint32), self.slices.view(np.float64)

    def of(self, name: str) -> NDArray[np.float32]:
        """Return the statistics of a slice, (cells, 6)."""
        return self.slices[SLAB_OF[name] - LOW]

    def moments_of(self, name: str) -> NDArray[np.uint32]:
        """Return the moments of a slice, (cells, 5)."""
        return self.moments[SLAB_OF[name] - LOW]


def cell_statistics(
    cloud: PointCloud, dem: Raster, limits: SliceLimits, *, moments: bool = False
) -> CellStatistics:
    """Return the statistics of all cells of a DEM, with or without the moments."""
    statistics = CellStatistics.empty(dem.grid.rows * dem.grid.cols, moments)
    points, transform, height = (
        QuantizedPoints.of(cloud),
        GridTransform.of(cloud, dem.grid),
        dem["height"].ravel(),
    )
    buffer = _Found.for_points(min(len(cloud), CHUNK), moments)
    for start in range(0, len(cloud), CHUNK):
        chunk = points.chunk(slice(start, start + CHUNK))
        found = buffer.chunk(slice(0, len(chunk.x)))
        parts = [chunk_of(len(chunk.x), thread) for thread in range(threads())]
        parallel_for(lambda at: _find(chunk.chunk(at), transform, height, limits, found.chunk(at)), parts)  # noqa: B023
        parallel_for(lambda share: _add(found, share, statistics, statistics.views()), _shares(found.cells))  # noqa: B023
    return statistics


def _shares(cells: NDArray[np.int32]) -> list[tuple[int, int]]:
    """Return one range of cells (first, end) per thread; each holds about as many of the points."""
    sample = np.sort(cells[:: max(len(cells) // 1000, 1)])
    inner = [int(sample[chunk_of(len(sample), thread).start]) for thread in range(1, threads())]
    edges = [0, *(max(edge, 0) for edge in inner), np.iinfo(np.int32).max]
    return list(itertools.pairwise(edges))


@numba.njit(inline="always")
def bin_of(height, foot):  # type: ignore[no-untyped-def]
    """Return 32 bits in which the bit of the bin of a height is set; `foot` is the lower end of the slab, m."""
    place = (height - foot) * np.float32(1 / BIN)
    place = place if place > np.float32(0) else np.float32(0)
    place = place if place < np.float32(31) else np.float32(31)
    return np.uint32(1) << np.uint32(np.int32(place))


@numba.njit(inline="always")
def add_height(statistics, views, which, k, height, bin_):  # type: ignore[no-untyped-def]
    """Add a height to the statistics of cell `k` in slice number `which`; `views` are those of `statistics`."""
    bits, sums = views
    low, high, count = (
        statistics[which, k, LOWEST],
        statistics[which, k, HIGHEST],
        statistics[which, k, COUNT],
    )
    is_first = count == 0
    statistics[which, k, LOWEST] = height if is_first | (height < low) else low
    statistics[which, k, HIGHEST] = height if is_first | (height > high) else high
    sums[which, k, 0] += np.rint(height * np.float32(SUMMED))
    statistics[which, k, COUNT] = count + np.float32(1)
    bits[which, k, BINS] |= bin_


@numba.njit(inline="always")
def add_place(moments, which, k, east, north):  # type: ignore[no-untyped-def]
    """Add the place of a point within cell `k`, in levels, to the moments of slice number `which`."""
    x, y = np.uint32(east), np.uint32(north)
    moments[which, k, EAST] += x
    moments[which, k, NORTH] += y
    moments[which, k, EAST_EAST] += x * x
    moments[which, k, NORTH_NORTH] += y * y
    moments[which, k, EAST_NORTH] += x * y


class _Found(NamedTuple):
    """What is found of each point before it is counted.

    Flat cell or -1, slab, height (m), bit of the bin, place in the cell (levels; none where nobody asks for moments).
    """

    cells: NDArray[np.int32]
    slabs: NDArray[np.uint8]
    heights: NDArray[np.float32]
    bins: NDArray[np.uint32]
    easts: NDArray[np.uint8]
    norths: NDArray[np.uint8]

    @classmethod
    def for_points(cls, size: int, moments: bool) -> _Found:
        places = size if moments else 0
        return cls(
            np.empty(size, np.int32),
            np.empty(size, np.uint8),
            np.empty(size, np.float32),
            np.empty(size, np.uint32),
            np.empty(places, np.uint8),
            np.empty(places, np.uint8),
        )

    def chunk(self, chunk: slice) -> _Found:
        return _Found(
            self.cells[chunk],
            self.slabs[chunk],
            self.heights[chunk],
            self.bins[chunk],
            self.easts[chunk],
            self.norths[chunk],
        )


@compiled
def _find(points, transform, dem, limits, found):  # type: ignore[no-untyped-def]
    low, high = np.float32(limits.ground_band), np.float32(limits.split)
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        at = slice(start, start + len(block.x))
        cells, slabs, heights, bins = found.cells[at], found.slabs[at], found.heights[at], found.bins[at]
        find_cells(block, transform, cells)
        find_slabs(block, transform, cells, dem, limits, slabs, heights)
        _find_bins(slabs, heights, low, high, bins)
        if len(found.easts):
            find_levels(block, transform, found.easts[at], found.norths[at])


@numba.njit
def _find_bins(slabs, heights, low, high, bins):  # type: ignore[no-untyped-def]
    for j in range(len(bins)):
        bins[j] = bin_of(heights[j], high if slabs[j] == HIGH else low)


@compiled
def _add(found, share, statistics, views):  # type: ignore[no-untyped-def]
    """Add points to the statistics of the cells of one thread."""
    ground, slices, moments = statistics
    cells, slabs, heights, bins, easts, norths = found
    with_moments = len(easts) > 0
    first, end = share
    for j in range(len(cells)):
        if cells[j] < first or cells[j] >= end:
            continue
        k = np.uint32(cells[j])
        if slabs[j] == GROUND_SLAB:
            ground[k] += np.float32(1)
        else:
            which = np.uint32(slabs[j] - LOW)
            add_height(slices, views, which, k, heights[j], bins[j])
            if with_moments:
                add_place(moments, which, k, easts[j], norths[j])
