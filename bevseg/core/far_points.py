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

import numpy as np
from numpy.typing import NDArray

from bevseg.core.grid import floor_cell
from bevseg.core.pointcloud import PointCloud

GAP = 250.0
"""Side of the cells whose neighbourhood connects points, m."""

LARGE = 4e6
"""Extent from which on points can be far, m2."""

_SHARE, _SHRINKS = 100, 10
_CHUNK = 1 << 20
_OFFSET, _FARTHEST = 1 << 30, float(1 << 29)
"""Makes the index of a column positive; the farthest column is beyond any coordinate."""


def find_far_points(cloud: PointCloud) -> NDArray[np.bool_] | None:
    """Return which points are far, (N,); None if none are."""
    bounds = cloud.bounds()
    if bounds is None:
        return None
    extent = _area(*bounds[:2])
    if extent <= LARGE:
        return None
    keys = np.concatenate([_keys(cloud, start) for start in range(0, len(cloud), _CHUNK)])
    cells, counts = np.unique(keys, return_counts=True)
    counts[cells < 0] = 0
    part = _parts(cells)
    points = np.bincount(part, counts).astype(np.int64)
    total = int(points.sum())
    order = np.argsort(-points, kind="stable")
    left = total - np.cumsum(points[order])
    far_parts = order[1 + int(np.argmax(left <= max(total // _SHARE, total >= 10))) :]
    is_far_cell = np.isin(part, far_parts) & (cells >= 0)
    if not is_far_cell.any():
        return None
    near = cells[~is_far_cell & (cells >= 0)]
    columns, rows = (near >> 32) - _OFFSET, (near & 0xFFFFFFFF) - _OFFSET
    kept = _area(*((float(i.min()) * GAP, float(i.max()) * GAP) for i in (columns, rows)))
    if kept * _SHRINKS > extent:
        return None
    return is_far_cell[np.searchsorted(cells, keys)]


def _area(x: tuple[float, float], y: tuple[float, float]) -> float:
    """Return the area of the cells that ranges cover, m2."""
    return (x[1] - x[0] + GAP) * (y[1] - y[0] + GAP)


def _keys(cloud: PointCloud, start: int) -> NDArray[np.int64]:
    """Return a number for the cell of each of some points, -1 for one that takes no part."""
    part = slice(start, start + _CHUNK)
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
