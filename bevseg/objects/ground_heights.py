"""Cells of the ground -> height of the ground anywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from bevseg.core.grid import STEPS
from bevseg.objects.cells import Cells

NEIGHBOURS = 8
"""Cells of the ground whose median is the height of a place: the cells around one that an object covers."""


class GroundHeights:
    """The height of the ground at any place: the median of the nearest cells of the ground.

    Parameters
    ----------
    cells
        Cells of the ground.
    """

    def __init__(self, cells: Cells) -> None:
        self._side = cells.side
        self._heights = cells.low / STEPS
        self._tree = cKDTree(np.stack([cells.cols, cells.rows], axis=1)) if len(cells) else None

    def under(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the height of the ground (N,) at places, m; NaN if there is no ground at all."""
        if self._tree is None:
            return np.full(len(x), np.nan)
        # Many cells of an object share a cell of the ground: it is looked up once.
        places = np.stack([np.floor(x / self._side), np.floor(y / self._side)], axis=1)
        places, inverse = np.unique(places, axis=0, return_inverse=True)
        count = min(NEIGHBOURS, len(self._heights))
        _, nearest = self._tree.query(places, k=count)
        heights = self._heights[nearest.reshape(len(places), count)]
        found: NDArray[np.float64] = np.median(heights, axis=1)[inverse.reshape(-1)]
        return found
