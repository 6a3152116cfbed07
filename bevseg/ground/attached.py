"""Suspect cells -> those that hang together with the ground: crests, embankments, terraces.

An opening takes off whatever is narrower than its window, a dike as well as a house. But a house ends in walls, and
a dike in slopes: the border of a flat zone of suspect cells tells the one from the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.ground.zones import flat_zones
from bevseg.runtime.kernels import compiled

Heights = NDArray[np.float32]
Mask = NDArray[np.bool_]


def attached(
    surface: Heights, suspect: Mask, blind: Mask, *, step: float, share: float, others: float, least: int
) -> Mask:
    """Return the suspect cells that belong to the ground.

    The suspect cells fall into lambda-flat zones. Of the edges of a zone some lead to ground by a small step, some
    fall to it by a larger one; the rest lead to other suspect cells, or to where nothing is known.

    Parameters
    ----------
    surface
        (rows, cols) heights without gaps, m; what is small should have been taken off.
    suspect
        Cells that an opening has taken off.
    blind
        Cells of which nothing is known, whatever the surface says there.
    step
        Highest step between neighbours that still joins them, m.
    share
        A zone is ground if at least this share of its edges leads to ground by small steps.
    others
        Weight of an edge to a suspect or blind cell in that share.
    least
        And if there are at least so many of them.
    """
    zones = flat_zones(np.where(suspect, surface, np.float32(np.nan)), step)
    joined, falls, rest = _edges(zones, surface, blind, float(step), zones.max(initial=0) + 1).T
    is_ground = (joined >= share * (joined + falls + others * rest)) & (joined >= least)
    is_ground[0] = False
    return is_ground[zones]


@compiled
def _edges(zones, surface, blind, step, count):  # type: ignore[no-untyped-def]
    """Count for each zone the edges that join it to ground, those that fall to ground, and the others."""
    edges = np.zeros((count, 3), np.int64)
    rows, cols = zones.shape
    for row in range(rows):
        for col in range(cols):
            zone = zones[row, col]
            if zone == 0:
                continue
            for k in range(4):
                i, j = row + (k == 0) - (k == 1), col + (k == 2) - (k == 3)
                if i < 0 or i >= rows or j < 0 or j >= cols or zones[i, j] == zone:
                    continue
                fall = np.float64(surface[row, col]) - np.float64(surface[i, j])
                if zones[i, j] > 0 or blind[i, j] or blind[row, col]:
                    edges[zone, 2] += 1
                elif abs(fall) <= step:
                    edges[zone, 0] += 1
                elif fall > step:
                    edges[zone, 1] += 1
    return edges
