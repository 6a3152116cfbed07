"""Class rasters -> class rasters without impossible cars.

A network sees its slice through a window of cells. Two of its errors can be found afterwards:

- No car stands inside a façade. A cell whose high slice is a building and whose low slice is a car is a wall.
- No car is knee-high. A car that is lower than LOWEST_CAR over most of its cells is a raised bed, a bank or a kerb
  under a bad DEM: terrain above the ground band.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bevseg.core.labels import BUILDING, CAR, GROUND
from bevseg.core.raster import Raster

REACH = 32
"""Cells around those that are asked for whose classes have a say: a car is no longer than this, a lorry twice."""

LOWEST_CAR = 0.5
"""Height above ground (m) that the highest points of half the cells of a car reach."""

OVERRULED = 51
"""Confidence of a cell whose car is no car: one fifth, what a guess among five classes is worth.

On simulated streets hardly any such point is ground (`benchmarks/rule_confidence.py`); they have few raised beds."""


def consistent(classes: Mapping[str, Raster], bands: Mapping[str, Raster]) -> dict[str, Raster]:
    """Return the class rasters with impossible cars put right.

    Parameters
    ----------
    classes
        Slice name -> raster with bands `class` and `confidence`, and perhaps `PROBABILITY_BANDS`. A wall gets those
        of the high slice. Where the rules leave no better than a guess, all classes are as probable.
    bands
        Slice name -> raster of features on the same grid; the low one has `h_max`, m.
    """
    low, high = classes["low"], classes["high"]
    values = low.values.copy()
    found, probabilities = values[0], values[1:]  # the confidence is the first
    walls = (found == CAR) & (high["class"] == BUILDING)
    found[walls], probabilities[:, walls] = BUILDING, high.values[1:, walls]
    flat = _lower_than(LOWEST_CAR, found == CAR, bands["low"]["h_max"])
    found[flat], probabilities[:, flat] = GROUND, OVERRULED
    return {"low": dataclasses.replace(low, values=values), "high": high}


def _lower_than(limit: float, cells: NDArray[np.bool_], heights: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Return the cells of those connected regions (8 neighbours) whose median height is below the limit."""
    regions, count = ndimage.label(cells, np.ones((3, 3)))
    if count == 0:
        return cells
    numbers = np.arange(1, count + 1)
    medians = ndimage.median(heights[cells], regions[cells], numbers)
    return np.concatenate([[False], np.asarray(medians) < limit])[regions]
