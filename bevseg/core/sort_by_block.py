"""Points of a cloud -> the points of each block: counted first, then written to their place, in linear time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.core.cells import BLOCK, Extent, QuantizedPoints, block_of, for_chunks, index_of, steps_of
from bevseg.core.grid import Grid, in_steps
from bevseg.core.pointcloud import PointCloud
from bevseg.runtime.kernels import compiled

_FEW = (1 << 16) - 1
"""So many blocks are numbered as they lie; of more, only those that hold points."""


def sort_by_block(
    cloud: PointCloud, cell: float, cells: int
) -> Iterator[tuple[int, int, NDArray[np.uint32], NDArray[np.int32]]]:
    """Yield the blocks that hold points of a cloud, and these points; those that take no part are in no block.

    Parameters
    ----------
    cloud
        Points; their heights fit in 32 bits as steps.
    cell, cells
        Side of a cell, m, and of a block, cells.

    Yields
    ------
    int, int, NDArray, NDArray
        Column and row of the block; (N,) which points, in their order; (3, N) whole steps of x and y from its
        south-west corner, and of the height.
    """
    extent = Extent.of(cloud)
    if extent is None:
        return
    place, cols, rows = _places(cloud, extent, cell, cells)
    counts = _counts(place, len(cols))
    ends = np.cumsum(counts)
    indices, steps = np.empty(ends[-1], np.uint32), np.empty((3, ends[-1]), np.int32)
    points = QuantizedPoints(cloud.x, cloud.y, cloud.z, np.empty(0, np.bool_))
    corners = in_steps(cols * (cell * cells)), in_steps(rows * (cell * cells))
    _sort(points, cloud.scale, cloud.offset, place, ends - counts, corners, indices, steps)
    for at in np.flatnonzero(counts):
        part = slice(ends[at] - counts[at], ends[at])
        yield int(cols[at]), int(rows[at]), indices[part], steps[:, part]


def _places(
    cloud: PointCloud, extent: Extent, cell: float, cells: int
) -> tuple[NDArray[np.integer], NDArray[np.int64], NDArray[np.int64]]:
    """Return the number of the block of each point, and columns and rows of the blocks.

    Points that take no part have a number for which there is no block.
    """
    whole = Grid.covering(cell, *extent)
    west, south = whole.west // cells, (whole.north - whole.rows + 1) // cells
    cols = (whole.west + whole.cols - 1) // cells - west + 1
    rows = whole.north // cells - south + 1
    few = rows * cols <= _FEW
    place: NDArray[Any] = np.empty(len(cloud), np.uint16 if few else np.int64)
    points = QuantizedPoints.of(cloud)
    for_chunks(
        len(cloud),
        lambda _, chunk: _find_places(
            points.chunk(chunk),
            cloud.scale,
            cloud.offset,
            (cell, cells),
            (west, south, cols, rows),
            place[chunk],
        ),
    )
    found = np.arange(rows * cols if few else 0)
    if not few:
        found, place = np.unique(place, return_inverse=True)
        found = found[found < rows * cols]
    return place, (west + found % cols).astype(np.int64), (south + found // cols).astype(np.int64)


@compiled
def _find_places(points, scale, offset, side, window, place):  # type: ignore[no-untyped-def]
    """Write the number of the block of each point in a window of blocks; the next one if it takes no part."""
    cell, cells = side
    west, south, cols, rows = window
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        target = place[start : start + BLOCK]
        for j in range(len(target)):
            col = np.floor(index_of(block.x[j] * scale[0] + offset[0], cell) / cells)
            row = np.floor(index_of(block.y[j] * scale[1] + offset[1], cell) / cells)
            target[j] = (np.int64(row) - south) * cols + (np.int64(col) - west)
        for j in range(len(block.finite)):
            target[j] = target[j] if block.finite[j] else rows * cols


@compiled
def _counts(place, size):  # type: ignore[no-untyped-def]
    """Return how many points there are of each number below the size."""
    counts = np.zeros(size, np.int64)
    for number in place:
        if number < size:
            counts[number] += 1
    return counts


@compiled
def _sort(points, scale, offset, place, starts, corners, indices, steps):  # type: ignore[no-untyped-def]
    """Write the points block after block: which they are, and their steps from the corner of their block."""
    following = starts.copy()
    x, y, z = np.empty((3, BLOCK), np.float64)
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        size = len(block.x)
        for j in range(size):
            x[j] = steps_of(block.x[j] * scale[0] + offset[0])
            y[j] = steps_of(block.y[j] * scale[1] + offset[1])
            z[j] = steps_of(block.z[j] * scale[2] + offset[2])
        for j in range(size):
            number = place[start + j]
            if number < len(following):
                at = following[number]
                following[number] = at + 1
                indices[at] = start + j
                steps[0, at] = np.int32(x[j] - corners[0][number])
                steps[1, at] = np.int32(y[j] - corners[1][number])
                steps[2, at] = np.int32(z[j])
