"""Which slab a point belongs to, and the height that its bands are measured in."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from bevseg.config import SliceConfig
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


def limits_of(cloud: PointCloud, config: SliceConfig) -> SliceLimits:
    """Return the slabs of a cloud; with `reference="mode"` they lie above its street level (`street_level`)."""
    level = street_level(cloud) if config.reference == "mode" else np.nan
    return SliceLimits(config.ground_band, config.split, level)


def street_level(cloud: PointCloud) -> float:
    """Return the height that most points share, in steps of a metre: mode(ceil(z)), m.

    The published slice plane lies a fixed distance above it, one horizontal plane per cloud. On a slope it is wrong:
    2 % over 150 m move the plane by 3 m.
    """
    z = cloud.z if cloud.used is None else cloud.z[cloud.used]
    if len(z) == 0:
        return 0.0
    metres = np.ceil(z * cloud.scale[2] + cloud.offset[2]).astype(np.int64)
    low = metres.min()
    return float(np.bincount(metres - low).argmax() + low)


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
        z = block.z[j] * transform.scale[2] + transform.offset[2]
        slabs[j], heights[j] = slab_and_height(z, dem[np.uint32(max(cells[j], np.int32(0)))], limits)
