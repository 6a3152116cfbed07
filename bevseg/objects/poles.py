"""Cells of poles -> the place and height of each pole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from bevseg.objects.cells import Cells
from bevseg.objects.ground_heights import GroundHeights
from bevseg.objects.objects import Pole
from bevseg.objects.pieces import groups, pieces_of

REACH = 1
"""Cells by which the cells of a pole grow to be one piece: an arm is seen with gaps."""

ARM = 3.0
"""Distance (m) from a shaft at which parts that do not reach the ground belong to it: the length of an arm."""

HANGING = 2.0
"""Height above ground (m) at which the lowest point of a piece says that it hangs: parked cars hide less."""

LEAST_POINTS = 10
"""Points of a pole at least."""

LEAST_HEIGHT = 0.5
"""Height (m) of a pole at least: bollards are lower than anything else of the class, and higher than this."""


def find_poles(cells: Cells, ground: GroundHeights) -> list[Pole]:
    """Return the poles among the cells of poles.

    Parameters
    ----------
    cells
        Cells of the class pole.
    ground
        Height of the ground.
    """
    if len(cells) == 0:
        return []
    under = ground.under(cells.x, cells.y)
    floor = np.where(np.isnan(under), cells.lowest.min(), under)
    pieces = list(groups(pieces_of(cells, REACH)))
    standing = [piece for piece in pieces if (cells.lowest - floor)[piece].min() < HANGING]
    if not standing:
        return []
    shafts = [_shaft(cells, piece) for piece in standing]
    parts = [[piece] for piece in standing]
    tree = cKDTree([(cells.x[shaft], cells.y[shaft]) for shaft in shafts])
    for piece in pieces:
        if (cells.lowest - floor)[piece].min() >= HANGING:
            distances, nearest = tree.query(np.stack([cells.x[piece], cells.y[piece]], axis=1))
            if distances.min() < ARM:
                parts[int(nearest[distances.argmin()])].append(piece)
    poles = []
    for shaft, pieces_of_pole in zip(shafts, parts, strict=True):
        own = cells.only(np.concatenate(pieces_of_pole))
        points, height = int(own.points.sum()), float(own.highest.max() - floor[shaft])
        if points >= LEAST_POINTS and height >= LEAST_HEIGHT:
            known = None if np.isnan(under[shaft]) else float(under[shaft])
            place = float(cells.x[shaft]), float(cells.y[shaft])
            poles.append(Pole(*place, height, known, points, own.mean_confidence()))
    return poles


def _shaft(cells: Cells, piece: NDArray[np.intp]) -> int:
    """Return the cell of a piece that reaches over most heights; of equal ones that with most points."""
    extents = cells.high[piece] - cells.low[piece]
    return int(piece[np.lexsort((cells.points[piece], extents))[-1]])
