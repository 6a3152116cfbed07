"""Points far away from all others: stray returns, wrong coordinates. They must not decide how large the rasters are.

The rule has no setting. Points are far if all of this holds:

- The cloud covers more than 4 km2, so that its rasters need some 12 GB at 0.2 m.
- At least 250 m without a point separate them from all others: no chain of neighbouring cells of 250 m that hold a
  point leads to them.
- They are at most one in a hundred points (in a cloud of ten points or more, one may be).
- Without them, the cloud covers less than a tenth.

A sparse survey has no small part of that kind. So it stays whole, however few points it has.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bevseg.core.grid import STEPS, floor_cell, in_steps
from bevseg.core.pointcloud import PointCloud

GAP = 250.0
"""Side of the cells whose neighbourhood connects points, m."""

LARGE = 4e6
"""Extent from which on points can be far, m2."""

_SHARE, _SHRINKS = 100, 10
_CHUNK = 1 << 20
_DENSE = 1 << 20
_ROW = 0xFFFFFFFF
_OFFSET, _FARTHEST = 1 << 30, float(1 << 29)
"""Makes the index of a column positive; the farthest column is beyond any coordinate."""


def find_far_points(cloud: PointCloud) -> NDArray[np.bool_] | None:
    """Return which points are far, (N,); None if none are."""
    bounds = cloud.bounds()
    if bounds is None or _area(*bounds[:2]) <= LARGE:
        return None
    keys = np.concatenate([_keys(cloud, start) for start in range(0, len(cloud), _CHUNK)])
    far = far_cells(*count_cells(cloud, keys), bounds[:2])
    return None if len(far) == 0 else np.isin(keys, far)


def count_cells(
    cloud: PointCloud, keys: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the cells that hold points that take part, a number for each, sorted; and how many points each holds."""
    if keys is None:
        keys = _keys(cloud, 0, len(cloud))
    used = keys[keys >= 0]
    if len(used) == 0:
        return used, used
    first, most = int(used.min()), int(used.max())
    columns = (most >> 32) - (first >> 32) + 1
    low, high = int((used & _ROW).min()), int((used & _ROW).max())
    rows = high - low + 1
    if columns * rows > _DENSE:  # a point far away: few cells of many
        cells, counts = np.unique(used, return_counts=True)
        return cells, counts.astype(np.int64)
    place = ((used >> 32) - (first >> 32)) * rows + ((used & _ROW) - low)
    table = np.bincount(place, minlength=columns * rows)
    held = np.flatnonzero(table)
    return ((held // rows + (first >> 32)) << 32) | (held % rows + low), table[held]


def far_cells(
    cells: NDArray[np.int64],
    counts: NDArray[np.int64],
    bounds: Sequence[tuple[float, float]],
) -> NDArray[np.int64]:
    """Return the cells whose points are far.

    Parameters
    ----------
    cells, counts
        As from `count_cells`, of all points together.
    bounds
        Smallest and largest x and y of the points, m.
    """
    none = np.empty(0, np.int64)
    extent = _area(bounds[0], bounds[1])
    if extent <= LARGE or len(cells) == 0:
        return none
    parts = _parts(cells)
    points = np.bincount(parts, counts).astype(np.int64)
    total = int(points.sum())
    order = np.argsort(-points, kind="stable")
    left = total - np.cumsum(points[order])
    far_parts = order[1 + int(np.argmax(left <= max(total // _SHARE, total >= 10))) :]
    is_far = np.isin(parts, far_parts)
    near = cells[~is_far]
    columns, rows = (near >> 32) - _OFFSET, (near & _ROW) - _OFFSET
    kept = _area(*((float(i.min()) * GAP, float(i.max()) * GAP) for i in (columns, rows)))
    return none if kept * _SHRINKS > extent else cells[is_far]


def cells_within(x: tuple[float, float], y: tuple[float, float]) -> set[int]:
    """Return the cells that share something with a rectangle, m; the upper ends do not belong to it."""
    columns, rows = (range(int(low // GAP) + _OFFSET, -int(-high // GAP) + _OFFSET) for low, high in (x, y))
    return {(column << 32) | row for column in columns for row in rows}


def _area(x: tuple[float, float], y: tuple[float, float]) -> float:
    """Return the area of the cells that ranges cover, m2: the same whatever scale and offset the file has."""
    width, height = (float(in_steps(high) - in_steps(low)) / STEPS + GAP for low, high in (x, y))
    return width * height


def _keys(cloud: PointCloud, start: int, size: int = _CHUNK) -> NDArray[np.int64]:
    """Return a number for the cell of each of some points, -1 for one that takes no part."""
    part = slice(start, start + size)
    column, row = (
        np.clip(
            floor_cell(steps[part] * cloud.scale[axis] + cloud.offset[axis], GAP), -_FARTHEST, _FARTHEST
        ).astype(np.int64)
        + _OFFSET
        for axis, steps in enumerate((cloud.x, cloud.y))
    )
    keys: NDArray[np.int64] = (column << 32) | row
    return keys if cloud.used is None else np.where(cloud.used[part], keys, -1)


def _parts(cells: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the number of the connected part that each cell belongs to; `cells` are sorted and unique."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    heads, tails = [], []
    for right, up in ((1, -1), (1, 0), (1, 1), (0, 1)):
        beside = cells + (right << 32) + up
        at = np.minimum(np.searchsorted(cells, beside), len(cells) - 1)
        found = np.flatnonzero((cells[at] == beside) & (cells >= 0))
        heads.append(found)
        tails.append(at[found])
    head, tail = np.concatenate(heads), np.concatenate(tails)
    graph = coo_array((np.ones(len(head), np.bool_), (head, tail)), shape=(len(cells), len(cells)))
    numbers: NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return numbers
