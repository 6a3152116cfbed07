"""Classes and bands of the cells -> why the class of a cell is in doubt.

It takes no networks to see where a class per cell and slice cannot serve all points, or has little to stand on:

- *stacked*: both slices of the column hold objects, and of different classes. The split between the slices is a
  height, not the end of the one and the beginning of the other.
- *few points*: the cell has fewer than `FEW_POINTS` points of the slice.
- *edge*: one of the eight neighbours has another class in the slice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bevseg.core.labels import GROUND, UNDEFINED
from bevseg.core.raster import Raster
from bevseg.core.reasons import EDGE, FEW, STACKED

FEW_POINTS = 3
"""Points of a cell from which on they are not few."""


def with_reasons(classes: Mapping[str, Raster], bands: Mapping[str, Raster]) -> dict[str, Raster]:
    """Return the class rasters with one more band, `reason`: a code of `core.reasons`, 0 in cells without a class.

    Parameters
    ----------
    classes
        Slice name -> raster with a band `class`, and others.
    bands
        Slice name -> raster of features on the same grid. Without a band `density` no cell has few points.
    """
    low, high = (classes[name]["class"] for name in ("low", "high"))
    stacked = (low != high) & ~np.isin(low, (UNDEFINED, GROUND)) & ~np.isin(high, (UNDEFINED, GROUND))
    found = {}
    for name, raster in classes.items():
        here = raster["class"]
        reasons = np.where(_at_edge(here), EDGE, 0).astype(np.uint8)
        if "density" in bands[name].names:  # the logarithm of 1 + points
            reasons[bands[name]["density"] < np.log(FEW_POINTS + 0.5)] = FEW
        reasons[stacked] = STACKED
        reasons[here == UNDEFINED] = 0
        found[name] = dataclasses.replace(
            raster,
            names=(*raster.names, "reason"),
            values=np.concatenate([raster.values, reasons[None]]),
        )
    return found


def _at_edge(classes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which cells have a neighbour of another class; cells without one do not count."""
    lowest = np.where(classes == UNDEFINED, 255, classes).astype(np.uint8)
    around = (
        ndimage.minimum_filter(lowest, 3, mode="nearest"),
        ndimage.maximum_filter(classes, 3, mode="nearest"),
    )
    return np.asarray((around[0] != classes) | (around[1] != classes))
