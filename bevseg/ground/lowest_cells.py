"""Points -> the lowest height of each fine cell of the search, and the number of points of each coarse one.

The lowest of two sets of points is the lower of the two, and numbers add up: what is known of blocks need not be
found again for each window that they lie in.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bevseg.core.cells import (
    BLOCK,
    Extent,
    GridTransform,
    QuantizedPoints,
    block_of,
    find_cells,
    find_heights,
    for_chunks,
    threads_for,
)
from bevseg.core.grid import STEPS, Grid
from bevseg.core.pointcloud import PointCloud
from bevseg.ground.bounds import Bounds
from bevseg.ground.search_grids import COARSE, FINE, finer_grid
from bevseg.runtime.kernels import compiled

Heights = NDArray[np.float32]
Counts = NDArray[np.int32]


class Lowest(NamedTuple):
    """What the points of a window or block leave in the cells of the search.

    Attributes
    ----------
    coarse
        Grid of coarse cells around the points.
    low
        Lowest height of each fine cell of that grid, m; without a point, NaN in a window, infinite in a block.
    counts
        Points of each coarse cell.
    """

    coarse: Grid
    low: Heights
    counts: Counts


def nothing(extent: Extent) -> Lowest:
    """Return the cells of a window before any point."""
    coarse = Grid.covering(COARSE, *extent)
    low = np.full(finer_grid(coarse, FINE).shape, np.inf, np.float32)
    return Lowest(coarse, low, np.zeros(coarse.shape, np.int32))


def add(cloud: PointCloud, found: Lowest) -> None:
    """Add what points leave in the cells."""
    points = QuantizedPoints.of(cloud)
    fine, coarse = (GridTransform.of(cloud, grid) for grid in (finer_grid(found.coarse, FINE), found.coarse))
    others = threads_for(len(cloud)) - 1
    lows = [found.low.ravel(), *(np.full(found.low.size, np.inf, np.float32) for _ in range(others))]
    counts = [found.counts.ravel(), *(np.zeros(found.counts.size, np.int32) for _ in range(others))]
    for_chunks(
        len(cloud), lambda i, chunk: _add_points(points.chunk(chunk), fine, coarse, lows[i], counts[i])
    )
    for low, count in zip(lows[1:], counts[1:], strict=True):
        np.minimum(lows[0], low, out=lows[0])
        counts[0] += count


@compiled
def _add_points(points, fine, coarse, low, count):  # type: ignore[no-untyped-def]
    cells_buffer, heights_buffer = np.empty((2, BLOCK), np.int32), np.empty(BLOCK, np.float32)
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        size = len(block.x)
        cells, squares, heights = cells_buffer[0, :size], cells_buffer[1, :size], heights_buffer[:size]
        find_cells(block, fine, cells)
        find_cells(block, coarse, squares)
        find_heights(block, fine, heights)
        for j in range(size):
            if cells[j] >= 0:
                k = np.uint32(cells[j])
                low[k] = min(heights[j], low[k])
                count[np.uint32(squares[j])] += 1


def join(of: Lowest, inner: Bounds | None, found: Lowest) -> None:
    """Add what the points of a block have left in some coarse cells, or in all."""
    cells: Bounds | None = Bounds.of_cells(of.coarse).meet(Bounds.of_cells(found.coarse))
    if cells is not None and inner is not None:
        side = round(COARSE * STEPS)
        cells = cells.meet(Bounds(*(end // side for end in inner)))
    if cells is None:
        return
    part = Grid(COARSE, cells.west, cells.north - 1, cells.north - cells.south, cells.east - cells.west)
    source, target = of.coarse.slices_of(part), found.coarse.slices_of(part)
    found.counts[target] += of.counts[source]
    low = found.low[_fine(target)]
    np.minimum(low, of.low[_fine(source)], out=low)


def _fine(cells: tuple[slice, slice]) -> tuple[slice, slice]:
    """Return the fine cells of some coarse ones."""
    times = round(COARSE / FINE)
    rows, cols = (slice(times * of.start, times * of.stop) for of in cells)
    return rows, cols
