"""The surface of the ground on the grid of the search: its height, and how far from it a point is still ground."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bevseg.core.distance import to_nearest
from bevseg.ground.fill_holes import fill_holes

Heights = NDArray[np.float32]
Mask = NDArray[np.bool_]

NO_DATA = 3.0
"""A cell has no data if it is this many times the spacing of the known cells away from any of them."""


class Surface(NamedTuple):
    """A surface without gaps, (rows, cols).

    Attributes
    ----------
    height
        m.
    tolerance
        A point of the cell is ground if it lies no further above or below the surface than this, m.
    """

    height: Heights
    tolerance: Heights


def no_data_mask(heights: Heights, cell: float) -> Mask:
    """Return the cells too far from any known one to say anything of them.

    Parameters
    ----------
    heights
        (rows, cols), m; NaN where unknown. At least one is known.
    cell
        Side of a cell, m.

    Returns
    -------
    NDArray
        (rows, cols) bool.
    """
    known = ~np.isnan(heights)
    spacing = cell / np.sqrt(known.mean())
    return to_nearest(known) * np.float32(cell) > NO_DATA * spacing


def interpolate(heights: Heights, cells: Mask) -> Heights:
    """Return the surface through the heights of some cells, (rows, cols); through all known if none is chosen."""
    known = np.where(cells, heights, np.float32(np.nan))
    return fill_holes(heights if np.isnan(known).all() else known)


def slope_of(surface: Heights, cell: float) -> Heights:
    """Return the slope of each cell, m per m (Horn 1981)."""
    down, right = (ndimage.sobel(surface, axis, mode="nearest") for axis in (0, 1))
    return np.hypot(down, right) / np.float32(8 * cell)
