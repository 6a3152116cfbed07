"""Class of a cell -> class of its points.

A point within the ground band is ground, unless it is the foot of an object: in a cell whose low slice is a
building, say, the wall goes on below the band, so ground ends at `SliceConfig.foot` there. Any other point takes
class and confidence of its cell in the raster of its slice, through the very index that put it there. It is 0
(undefined) where that raster says nothing, and where its own coordinates are not finite.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bevseg.bev.binning import Frame, cell_of_step, compiled, finite_mask
from bevseg.bev.slices import GROUND_SLAB, HIGH, LOW, cut_of, slab_and_height
from bevseg.config import SliceConfig
from bevseg.labels import GROUND
from bevseg.pointcloud import Labelling, PointCloud
from bevseg.raster import Raster

UNSURE_DISTANCE = 10.0
"""So far (m) from a measured cell, the DEM is a guess: ground is then claimed with confidence 1/2."""


def backproject(
    cloud: PointCloud, dem: Raster, classes: Mapping[str, Raster], slices: SliceConfig
) -> Labelling:
    """Return class and confidence of every point, in the order of the cloud.

    Parameters
    ----------
    cloud, dem, slices
        As for `rasterize`.
    classes
        Slice name -> raster with bands `class` (train ids, 0 = nothing known) and `confidence` (0 to 255).

    Raises
    ------
    ValueError
        If a class raster lies on another grid than the DEM.
    """
    for name, raster in classes.items():
        if raster.grid != dem.grid:
            raise ValueError(f"class raster {name!r} on {raster.grid}, DEM on {dem.grid}")
    found = np.zeros((2, len(cloud)), np.uint8)
    _gather(
        cloud.x,
        cloud.y,
        cloud.z,
        finite_mask(cloud),
        Frame.of(cloud, dem.grid),
        dem["height"].ravel(),
        cut_of(cloud, slices),
        slices.foot,
        _ground_confidence(dem),
        *(classes[name][band].ravel() for name in ("low", "high") for band in ("class", "confidence")),
        found,
    )
    return Labelling(found[0], found[1])


def _ground_confidence(dem: Raster) -> np.ndarray:
    """Return the confidence of ground per cell, uint8: full where measured, half from UNSURE_DISTANCE on."""
    share = np.minimum(np.nan_to_num(dem["distance"].ravel(), nan=UNSURE_DISTANCE) / UNSURE_DISTANCE, 1)
    return np.rint(255 * (1 - share / 2)).astype(np.uint8)


@compiled
def _gather(  # type: ignore[no-untyped-def]
    x, y, z, finite, frame, dem, cut, foot, ground, low_class, low_confidence, high_class, high_confidence, found
):
    for i in range(len(x)):
        if len(finite) > 0 and not finite[i]:
            continue
        k = cell_of_step(x[i], y[i], frame)
        if k < 0:
            continue
        height = z[i] * frame.scale[2] + frame.offset[2]
        slab, _ = slab_and_height(height, dem[k], cut)
        if slab == GROUND_SLAB and height - dem[k] >= foot and low_class[k] not in (0, GROUND):
            slab = LOW
        if slab == GROUND_SLAB:
            found[0, i] = GROUND
            found[1, i] = ground[k]
        elif slab == HIGH:
            found[0, i] = high_class[k]
            found[1, i] = high_confidence[k]
        else:
            found[0, i] = low_class[k]
            found[1, i] = low_confidence[k]
