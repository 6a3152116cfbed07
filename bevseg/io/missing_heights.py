"""Heights that other programs write where they have none: told, for the ground is wrong with many of them."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import PointCloud
from bevseg.io.coordinates import units

MARKS = (-9999.0, -32768.0, -99999.0)
"""Units of the file."""
_LEAST = 2
"""Points with the same mark: one may be an error of measurement."""


class MissingHeights:
    """Points with the heights of marks, gathered batch by batch.

    Parameters
    ----------
    unit
        Metres per unit of heights in the file.
    scale, offset
        Of the steps of z, m.
    """

    def __init__(self, unit: float, scale: float, offset: float) -> None:
        self._unit, self._scale, self._offset = unit, scale, offset
        self._heights = [mark * unit for mark in MARKS]
        self._counts = [0] * len(MARKS)
        self._nearest = [math.inf] * len(MARKS)

    def add(self, z: NDArray[np.int32]) -> None:
        """Take the points of a batch into account: (N,) steps, at least one."""
        lowest = int(z.min()) * self._scale + self._offset
        far_above = lowest > max(self._heights) / 2
        for number, height in enumerate(self._heights):
            distance = lowest - height
            if not far_above:
                marked = z == round((height - self._offset) / self._scale)
                self._counts[number] += int(np.count_nonzero(marked))
                others = z[~marked] * self._scale + self._offset
                distance = float(np.abs(others - height).min(initial=math.inf))
            self._nearest[number] = min(self._nearest[number], distance)

    def warn(self, path: Path) -> None:
        """Warn of two or more points with the height of a mark, far below all others."""
        for height, count, nearest in zip(self._heights, self._counts, self._nearest, strict=True):
            if count >= _LEAST and abs(height) / 10 < nearest < math.inf:
                warnings.warn(
                    f"{path}: {count:,} points have a height of {height / self._unit:g}, which rasters write where "
                    "they have none, far from all others: remove these points if they are no measurements",
                    stacklevel=3,
                )


def warn_of_missing_heights(cloud: PointCloud, path: Path) -> None:
    """Warn of the missing heights of a whole cloud."""
    bounds, unit = cloud.bounds(), units(cloud)[2]
    if bounds is None or bounds[2][0] > max(MARKS) * unit / 2:
        return
    heights = MissingHeights(unit, cloud.scale[2], cloud.offset[2])
    heights.add(cloud.z if cloud.finite is None else cloud.z[cloud.finite])
    heights.warn(path)
