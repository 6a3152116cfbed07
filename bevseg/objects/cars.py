"""Cells of cars -> one box for each vehicle.

Vehicles that touch from above are told apart by their roofs. A roof is higher than any bonnet or boot, so between the
roofs of two cars lies a gap, whether they stand in a row or side by side.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from bevseg.objects.boxes import smallest_box
from bevseg.objects.cells import Cells
from bevseg.objects.ground_heights import GroundHeights
from bevseg.objects.objects import Car
from bevseg.objects.pieces import groups, pieces_of

REACH = 1
"""Cells by which the cells of a car grow to be one piece: rays of coarse scanners lie up to 0.4 m apart."""

ROOF = 1.2
"""Height above ground (m) between bonnets (0.7 to 1.1 m) and roofs (from 1.35 m)."""

ROOF_LENGTH = 3.0
"""Length (m) of the roof of a car: pieces of roof that lie within it are one roof, seen in parts."""

LEAST_POINTS = 20
"""Points of a car at least: fewer are a shadow of one."""

LEAST_LENGTH = 1.0
"""Length (m) of what was seen of a car at least."""


def find_cars(cells: Cells, ground: GroundHeights) -> list[Car]:
    """Return the vehicles among the cells of cars.

    Parameters
    ----------
    cells
        Cells of the class car.
    ground
        Height of the ground.
    """
    heights = cells.highest - ground.under(cells.x, cells.y)
    cars = []
    for piece in groups(pieces_of(cells, REACH)):
        for which in _vehicles(cells.only(piece), heights[piece]):
            car = _car(cells.only(piece[which]), ground)
            if car is not None:
                cars.append(car)
    return cars


def _vehicles(cells: Cells, heights: NDArray[np.float64]) -> Iterator[NDArray[np.intp]]:
    """Yield the cells of each vehicle of a piece: those nearest to its roof."""
    places = np.stack([cells.x, cells.y], axis=1)
    high = np.flatnonzero(heights >= ROOF)
    roofs = _joined_roofs([high[each] for each in groups(pieces_of(cells.only(high), REACH))], places)
    if len(roofs) < 2:
        yield np.arange(len(cells))
        return
    owner = np.repeat(np.arange(len(roofs)), [len(roof) for roof in roofs])
    _, nearest = cKDTree(places[np.concatenate(roofs)]).query(places)
    yield from groups(owner[nearest].astype(np.int64))


def _joined_roofs(roofs: list[NDArray[np.intp]], places: NDArray[np.float64]) -> list[NDArray[np.intp]]:
    """Return the roofs, those joined that fit into one; the pair that fits closest first."""
    boxes = [smallest_box(*places[roof].T) for roof in roofs]
    while len(roofs) > 1:
        best, pair = ROOF_LENGTH, None
        for one in range(len(roofs)):
            for other in range(one):
                apart = np.hypot(boxes[one].x - boxes[other].x, boxes[one].y - boxes[other].y)
                if apart < best:
                    length = smallest_box(*places[np.concatenate([roofs[one], roofs[other]])].T).length
                    if length < best:
                        best, pair = length, (other, one)
        if pair is None:
            break
        roofs[pair[0]] = np.concatenate([roofs[pair[0]], roofs.pop(pair[1])])
        boxes.pop(pair[1])
        boxes[pair[0]] = smallest_box(*places[roofs[pair[0]]].T)
    return roofs


def _car(cells: Cells, ground: GroundHeights) -> Car | None:
    """Return the box around the cells of a vehicle; None for too little of one."""
    box, points = smallest_box(cells.x, cells.y), int(cells.points.sum())
    if points < LEAST_POINTS or box.length < LEAST_LENGTH:
        return None
    under = float(ground.under(np.array([box.x]), np.array([box.y]))[0])
    known = not np.isnan(under)
    height = float(cells.highest.max()) - (under if known else float(cells.lowest.min()))
    return Car(*box, height, under if known else None, points, cells.mean_confidence())
