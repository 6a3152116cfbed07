"""Suspect cells -> those that are attached to the ground: crests, embankments, terraces.

An opening removes everything narrower than its window, dikes as well as houses. But a house ends in walls, and a
dike in slopes. The border of a flat zone of suspect cells separates the two.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.ground.zones import label_flat_zones
from bevseg.runtime.kernels import compiled

Heights = NDArray[np.float32]
Mask = NDArray[np.bool_]


def attached(
    surface: Heights, suspect: Mask, no_data: Mask, *, step: float, share: float, others: float, least: int
) -> Mask:
    """Return the suspect cells that belong to the ground.

    The suspect cells form lambda-flat zones. Some edges of a zone lead to ground by a small step, some fall to it by
    a larger one. The rest lead to other suspect cells or to cells without data.

    Parameters
    ----------
    surface
        (rows, cols) heights without gaps, m. Small objects should have been removed.
    suspect
        (rows, cols): cells that an opening has removed.
    no_data
        (rows, cols): cells too far from any point. Their values of the surface are not used.
    step
        Highest step between neighbours that still joins them, m.
    share
        A zone is ground if at least this share of its edges leads to ground by small steps, ...
    others
        Weight in that share of an edge to another suspect cell or to one without data.
    least
        ... and if there are at least this many of them.

    Returns
    -------
    NDArray
        (rows, cols) bool.
    """
    zones = label_flat_zones(np.where(suspect, surface, np.float32(np.nan)), step)
    joined, falls, rest = _edges(zones, surface, no_data, float(step), zones.max(initial=0) + 1).T
    is_ground = (joined >= share * (joined + falls + others * rest)) & (joined >= least)
    is_ground[0] = False
    return is_ground[zones]


@compiled
def _edges(zones, surface, no_data, step, count):  # type: ignore[no-untyped-def]
    """Count the edges of each zone: those that join it to ground, those that fall to ground, the others."""
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
                if zones[i, j] > 0 or no_data[i, j] or no_data[row, col]:
                    edges[zone, 2] += 1
                elif abs(fall) <= step:
                    edges[zone, 0] += 1
                elif fall > step:
                    edges[zone, 1] += 1
    return edges
