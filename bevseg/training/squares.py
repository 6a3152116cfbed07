"""Points -> the squares of the plane that hold them; a square is as wide as the guard band of a split.

Squares are fixed in the world, and a block is a whole number of them. So the guard band around a block is the ring of
squares around it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bevseg.core.blocks import Blocks
from bevseg.core.grid import floor_cell
from bevseg.core.labels import CLASS_NAMES
from bevseg.core.pointcloud import PointCloud
from bevseg.seg.inference.predict import MARGIN

GUARD = MARGIN
"""Width of the guard band, cells: as much as a prediction reads around a tile. So a cell that is held out is scored
with all that a prediction reads around it, and the training has seen none of that."""

RING = np.array([(right, up) for up in (-1, 0, 1) for right in (-1, 0, 1)])
"""(9, 2): from a square to itself and its neighbours, columns and rows."""

_CHUNK = 1 << 20


def per_block(layout: Blocks) -> int:
    """Return how many squares lie along the side of a block."""
    return layout.cells // GUARD


def cells_by_chunk(cloud: PointCloud, cell: float) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the numbers of some points that take part, (N,), and the column and row of their cells, (N, 2)."""
    used = cloud.used
    for start in range(0, len(cloud), _CHUNK):
        part = slice(start, start + _CHUNK)
        columns = (
            floor_cell(steps[part] * cloud.scale[axis] + cloud.offset[axis], cell)
            for axis, steps in enumerate((cloud.x, cloud.y))
        )
        cells = np.column_stack([column.astype(np.int64) for column in columns])
        kept = np.arange(len(cells)) if used is None else np.flatnonzero(used[part])
        yield kept + start, cells[kept]


def squares_of_points(cloud: PointCloud, cell: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of the points that take part, (N,), and for each the number of its square, (N,)."""
    parts = [(points, number_of(cells // GUARD)) for points, cells in cells_by_chunk(cloud, cell)]
    none = np.empty(0, np.int64)
    points, numbers = (np.concatenate([none, *each]) for each in zip(*parts, strict=True))
    return points, numbers


def occupied(cloud: PointCloud, cell: float) -> NDArray[np.int64]:
    """Return the numbers of the squares that hold points, (S,), in order."""
    parts = [np.unique(number_of(cells // GUARD)) for _, cells in cells_by_chunk(cloud, cell)]
    return np.unique(np.concatenate([np.empty(0, np.int64), *parts]))


def labelled_squares(cloud: PointCloud, cell: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of the squares that hold points, (S,), and their points of each train id, (S, ids)."""
    assert cloud.labels is not None  # `prepare_example` has checked it
    points, numbers = squares_of_points(cloud, cell)
    squares, which = np.unique(numbers, return_inverse=True)
    ids = len(CLASS_NAMES)
    counts = np.bincount(which * ids + cloud.labels[points], minlength=len(squares) * ids)
    return squares, counts.reshape(-1, ids)


def number_of(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one number for a column and a row, (..., 2) -> (...)."""
    numbers: NDArray[np.int64] = (places[..., 1] << 32) + places[..., 0]
    return numbers


def place_of(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return column and row of a number, (...) -> (..., 2)."""
    columns = ((numbers + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
    return np.stack([columns, (numbers - columns) >> 32], axis=-1)


def with_neighbours(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of places and of all that touch them, in order."""
    return np.unique(number_of(place_of(numbers)[:, None] + RING))
