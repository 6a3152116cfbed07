"""Density of a cloud."""

from __future__ import annotations

import numpy as np

from bevseg.core.grid import floor_cell
from bevseg.core.pointcloud import PointCloud


def points_per_square_metre(cloud: PointCloud) -> float | None:
    """Return the mean number of points in a square metre that holds any; None for a cloud without finite points.

    The squares are those of the world: their corners have whole metres as coordinates.
    """
    kept = slice(None) if cloud.finite is None else cloud.finite
    east, north = (
        floor_cell(steps[kept] * scale + offset, 1.0)
        for steps, scale, offset in zip((cloud.x, cloud.y), cloud.scale, cloud.offset, strict=False)
    )
    if len(east) == 0:
        return None
    # Two whole numbers in one, which is faster to sort: both are below 2**31 in steps of a metre or less.
    keys = (east - east.min()).astype(np.int64) << 32 | (north - north.min()).astype(np.int64)
    return len(keys) / len(np.unique(keys))
