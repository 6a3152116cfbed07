"""Heights -> heights without returns from below the ground: multipath, mostly.

A courtyard is a pit as well as long as the houses around it stand. So the houses go first: what an opening leaves
dips below its surroundings only where something lies below the ground.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.ground.morphology import opened

Heights = NDArray[np.float32]

STEEPEST = 5.0
"""A cell that lies below its neighbours more steeply than this is one (Pingel et al. 2013, section 2.1), m per m."""

REACH = 6.0
"""And so is a group of cells within this distance, m, ..."""

DEPTH = 2.5
"""... that lies so far below what is left when the objects are gone, m."""


def pits(surface: Heights, cell: float, window: float) -> NDArray[np.bool_]:
    """Return the cells that lie below the ground.

    Parameters
    ----------
    surface
        (rows, cols) lowest heights without gaps, m.
    cell
        Side of a cell, m.
    window
        Objects are narrower than twice this, m.
    """
    bare = opened(surface, round(window / cell), "octagon")
    group = _closed(bare, max(1, round(REACH / cell))) - bare > DEPTH
    single = _closed(surface, 1) - surface > STEEPEST * cell
    return group | single


def _closed(surface: Heights, radius: int) -> Heights:
    """Return the closing of a surface by an octagon: what the opening is from below, from above."""
    return -opened(-surface, radius, "octagon")
