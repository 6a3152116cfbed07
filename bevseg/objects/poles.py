"""Cells of poles -> the place and height of each pole.

A pole stands where its foot is. So a row of bollards, or a sign beside a lamp, is several poles, although their cells
touch. What hangs belongs to the nearest foot. The constants were chosen on simulated streets with the seeds 501 to
506 (`benchmarks/objects.py`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from bevseg.core.grid import STEPS
from bevseg.objects.cells import Cells
from bevseg.objects.ground_heights import GroundHeights
from bevseg.objects.objects import Pole
from bevseg.objects.pieces import groups, pieces_of

REACH = 1
"""Cells by which the cells of a pole grow to be one piece: an arm is seen with gaps."""

FOOT = 0.7
"""Height above ground (m) below which the foot of a pole is seen, and hardly a board or an arm hangs."""

ARM = 3.0
"""Distance (m) from a pole at which parts that do not reach the ground belong to it: the length of an arm."""

HANGING = 2.0
"""Height above ground (m) at which the lowest point of a piece says that it hangs: parked cars hide less."""

LEAST_EXTENT = 0.4
"""Height (m) over which a cell of a foot holds points at least: a lone return near the ground is no pole."""

LEAST_POINTS = 15
"""Points of a pole at least."""

LEAST_HEIGHT = 0.5
"""Height (m) of a pole at least: bollards, the lowest of the class, are higher."""


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
    feet = _feet(cells, cells.lowest - floor)
    if not feet:
        return []
    owner = np.repeat(np.arange(len(feet)), [len(foot) for foot in feet])
    places = np.stack([cells.x, cells.y], axis=1)
    distances, nearest = cKDTree(places[np.concatenate(feet)]).query(places)
    owners = np.where(distances < ARM, owner[nearest], -1)
    poles = []
    for foot, which in zip(feet, groups(owners), strict=True):
        own, shaft = cells.only(which), _shaft(cells, foot)
        points, height = int(own.points.sum()), float(own.highest.max() - floor[shaft])
        if points >= LEAST_POINTS and height >= LEAST_HEIGHT:
            known = None if np.isnan(under[shaft]) else float(under[shaft])
            x, y = places[shaft].tolist()
            poles.append(Pole(x, y, height, known, points, own.mean_confidence()))
    return poles


def _feet(cells: Cells, heights: NDArray[np.float64]) -> list[NDArray[np.intp]]:
    """Return the cells of the foot of each pole: those of a piece that touch and reach down to the ground.

    Rows of bollards and signs beside lamps are one piece with a foot each. A piece whose foot is hidden is one pole.
    """
    low = np.flatnonzero(heights < FOOT)
    low_piece = np.full(len(cells), -1)
    low_piece[low] = pieces_of(cells.only(low), 0)
    feet = []
    for piece in groups(pieces_of(cells, REACH)):
        own = [piece[foot] for foot in groups(low_piece[piece])]
        own = [foot for foot in own if (cells.high - cells.low)[foot].max() >= LEAST_EXTENT * STEPS]
        if own:
            feet += own
        elif heights[piece].min() < HANGING:
            feet.append(piece)
    return feet


def _shaft(cells: Cells, piece: NDArray[np.intp]) -> int:
    """Return the cell of a piece that reaches over most heights; of equal ones that with most points."""
    extents = cells.high[piece] - cells.low[piece]
    return int(piece[np.lexsort((cells.points[piece], extents))[-1]])
