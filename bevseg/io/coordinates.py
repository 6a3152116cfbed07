"""Coordinates of a cloud in the units of its file: metres only where the file has metres."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import Crs, PointCloud


def units(cloud: PointCloud) -> tuple[float, float, float]:
    """Return metres per unit of the file for x, y and z."""
    crs = cloud.crs or Crs("")
    return crs.horizontal, crs.horizontal, crs.vertical


def in_file_units(cloud: PointCloud) -> Iterator[NDArray[np.float64]]:
    """Yield x, y and z in the units of the file, NaN for points that are not finite."""
    steps = (cloud.x, cloud.y, cloud.z)
    for values, scale, offset, unit in zip(steps, cloud.scale, cloud.offset, units(cloud), strict=True):
        world = np.multiply(values, scale / unit, dtype=np.float64) + offset / unit
        if cloud.finite is not None:
            world[~cloud.finite] = np.nan
        yield world
