"""Cells of buildings -> the outline of each connected piece."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from bevseg.objects.cells import Cells
from bevseg.objects.ground_heights import GroundHeights
from bevseg.objects.objects import Building
from bevseg.objects.outlines import area_of, outline_of
from bevseg.objects.pieces import groups, pieces_of
from bevseg.objects.windows import Window

REACH = 2
"""Cells by which the cells of a building grow to be one piece: its walls are seen with gaps of windows and doors."""

LEAST_HEIGHT = 1.0
"""Height above ground (m) of a building at least: free walls of stone are of this class."""

LEAST_AREA = 1.0
"""Area (m²) of a building at least."""


def find_buildings(cells: Cells, ground: GroundHeights) -> list[Building]:
    """Return the connected pieces of the cells of buildings.

    Parameters
    ----------
    cells
        Cells of the class building.
    ground
        Height of the ground.
    """
    buildings = []
    for piece in groups(pieces_of(cells, REACH)):
        own = cells.only(piece)
        if Window.around(own, 0).area < LEAST_AREA:  # a sparse cloud has very many lone points
            continue
        window = Window.around(own, REACH + 1)
        square = np.ones((2 * REACH + 1, 2 * REACH + 1))
        mask = ndimage.binary_closing(window.mask(own), square)
        polygon = outline_of(mask, window)
        area = area_of(polygon)
        under = ground.under(own.x, own.y)
        floor = under if not np.isnan(under).any() else np.full(len(own), own.lowest.min())
        height = float((own.highest - floor).max())
        if area >= LEAST_AREA and height >= LEAST_HEIGHT:
            known = None if np.isnan(under).any() else float(np.median(under))
            points = int(own.points.sum())
            buildings.append(Building(polygon, area, height, known, points, own.mean_confidence()))
    return buildings
