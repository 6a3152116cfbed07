"""Heights that other programs write where they have none: told, for the ground is wrong with many of them."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from bevseg.core.pointcloud import PointCloud
from bevseg.io.coordinates import units

MARKS = (-9999.0, -32768.0, -99999.0)
"""Units of the file."""
_LEAST = 2
"""Points with the same mark: one may be an error of measurement."""


def warn_of_missing_heights(cloud: PointCloud, path: Path) -> None:
    """Warn of two or more points with the height of a mark, far below all others."""
    bounds = cloud.bounds()
    unit, scale, offset = units(cloud)[2], cloud.scale[2], cloud.offset[2]
    if bounds is None or bounds[2][0] > max(MARKS) * unit / 2:
        return
    z = cloud.z if cloud.finite is None else cloud.z[cloud.finite]
    for height in (mark * unit for mark in MARKS):
        marked = z == round((height - offset) / scale)
        count = int(np.count_nonzero(marked))
        if count < _LEAST or count == len(z):
            continue
        if np.abs(z[~marked] * scale + offset - height).min() > abs(height) / 10:
            warnings.warn(
                f"{path}: {count:,} points have a height of {height / unit:g}, which rasters write where they have "
                "none, far from all others: remove these points if they are no measurements",
                stacklevel=4,
            )
