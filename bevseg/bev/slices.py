"""Which slab a point belongs to, and the height that its bands are measured in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numba
import numpy as np

from bevseg.config import SliceConfig
from bevseg.core.cells import height_of
from bevseg.core.grid import STEPS, in_steps
from bevseg.core.pointcloud import PointCloud

GROUND_SLAB, LOW, HIGH = range(3)
SLAB_OF = {"low": LOW, "high": HIGH}


class SliceLimits(NamedTuple):
    """The slabs of one cloud.

    Attributes
    ----------
    ground_band
        Points less than this above the DEM are ground, m.
    split
        Lower end of the high slab, m, in the height that the bands are measured in.
    level
        Absolute height that bands are measured from; NaN: from the DEM below each point.
    """

    ground_band: float
    split: float
    level: float


def limits_of(clouds: Sequence[PointCloud], config: SliceConfig) -> SliceLimits:
    """Return the slabs of the clouds of a survey; with `reference="mode"` they lie above their street level."""
    counts = Counter[int]()
    for cloud in clouds if needs_level(config) else ():
        counts.update(count_heights(cloud))
    return limits_above(config, counts)


def needs_level(config: SliceConfig) -> bool:
    """Return whether the slabs lie above the street level of the whole survey."""
    return config.reference == "mode"


def limits_above(config: SliceConfig, heights: Mapping[int, int]) -> SliceLimits:
    """Return the slabs of a survey, given the number of its points by height: the sum of `count_heights`."""
    level = street_level(heights) if needs_level(config) else np.nan
    return SliceLimits(config.ground_band, config.split, level)


def count_heights(cloud: PointCloud) -> dict[int, int]:
    """Return the number of points by their height, in steps of a metre: ceil(z)."""
    z = cloud.z if cloud.used is None else cloud.z[cloud.used]
    metres = np.ceil(in_steps(z * cloud.scale[2] + cloud.offset[2]) / STEPS).astype(np.int64)
    return dict(zip(*(each.tolist() for each in np.unique(metres, return_counts=True)), strict=True))


def street_level(heights: Mapping[int, int]) -> float:
    """Return the height that most points share, in steps of a metre: mode(ceil(z)), m; 0 without points.

    The published slice plane lies a fixed distance above it, one horizontal plane per survey. On a slope it is wrong:
    2 % over 150 m move the plane by 3 m.
    """
    return float(max(sorted(heights), key=heights.__getitem__, default=0))


@numba.njit(inline="always")
def slab_and_height(z, dem, limits):  # type: ignore[no-untyped-def]
    """Return slab and height (m, as the bands measure it) of a point at z above ground at dem."""
    above = z - dem
    height = above if np.isnan(limits.level) else z - limits.level
    slab = (above >= limits.ground_band) * (1 + (height >= limits.split))
    return slab, height


@numba.njit
def find_slabs(block, transform, cells, dem, limits, slabs, heights):  # type: ignore[no-untyped-def]
    """Write slab and height of each point of a block, given their cells; anything where the cell is -1."""
    for j in range(len(cells)):
        z = height_of(block.z[j], transform)
        slabs[j], heights[j] = slab_and_height(z, dem[np.uint32(max(cells[j], np.int32(0)))], limits)
