"""The ground on the grid of the search: its height everywhere, and how far off it a point is still ground."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bevseg.core.distance import to_nearest
from bevseg.ground.fill_holes import fill_holes

Heights = NDArray[np.float32]
Mask = NDArray[np.bool_]


BLIND = 3.0
"""Cells this many times the spacing of the known ones away from any are not seen."""


class Surface(NamedTuple):
    """A surface without gaps, (rows, cols).

    Attributes
    ----------
    height
        m.
    tolerance
        A point of the cell that lies no further above or below the surface than this is ground, m.
    """

    height: Heights
    tolerance: Heights


def unseen(heights: Heights, cell: float) -> Mask:
    """Return the cells so far from any known one that nothing can be said of them."""
    known = ~np.isnan(heights)
    spacing = cell / np.sqrt(known.mean())
    return to_nearest(known) * np.float32(cell) > BLIND * spacing


def through(heights: Heights, cells: Mask) -> Heights:
    """Return the surface through the heights of some cells; through all that are known if there are none of these."""
    known = np.where(cells, heights, np.float32(np.nan))
    return fill_holes(heights if np.isnan(known).all() else known)


def steepness(surface: Heights, cell: float) -> Heights:
    """Return the slope of each cell, m per m (Horn 1981)."""
    down, right = (ndimage.sobel(surface, axis, mode="nearest") for axis in (0, 1))
    return np.hypot(down, right) / np.float32(8 * cell)
