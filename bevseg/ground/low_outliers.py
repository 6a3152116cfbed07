"""Lowest heights -> the cells that lie below the ground: low outliers, mostly multipath.

A courtyard seems to be one while the houses around it stand. So an opening removes the houses first. What it leaves
dips below its surroundings only where something lies below the ground.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.ground.morphology import opening

Heights = NDArray[np.float32]

STEEPEST = 5.0
"""A cell is an outlier if it lies below its neighbours more steeply than this, m per m (Pingel et al. 2013, section
2.1)."""

REACH = 6.0
"""Radius of the closing that finds groups of outliers, m."""

DEPTH = 2.5
"""A group is one if it lies this far below the closing of the surface without objects, m."""


def low_outliers(surface: Heights, cell: float, window: float) -> NDArray[np.bool_]:
    """Return the cells that lie below the ground.

    Parameters
    ----------
    surface
        (rows, cols) lowest heights without gaps, m.
    cell
        Side of a cell, m.
    window
        Objects are narrower than twice this, m.

    Returns
    -------
    NDArray
        (rows, cols) bool.
    """
    bare = opening(surface, round(window / cell), "octagon")
    group = _closing(bare, max(1, round(REACH / cell))) - bare > DEPTH
    single = _closing(surface, 1) - surface > STEEPEST * cell
    return group | single


def _closing(surface: Heights, radius: int) -> Heights:
    """Return the closing of a surface by an octagon: the opening from above."""
    return -opening(-surface, radius, "octagon")
