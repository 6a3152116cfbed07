"""Cells of cars -> one box for each vehicle.

Vehicles that touch from above are told apart by their roofs. A roof is higher than any bonnet, so between the roofs
of two cars lies a gap, whether they stand in a row or side by side. The constants were chosen on simulated streets
with the seeds 501 to 506 (`benchmarks/objects.py`).
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

REACH = 2
"""Cells by which the cells of a car grow to be one piece: rays of coarse scanners lie up to 0.8 m apart."""

ROOF = 1.2
"""Height above ground (m) between bonnets (0.7 to 1.1 m) and roofs (from 1.35 m)."""

ROOF_GAP = 1.2
"""Gap (m) between parts of one roof at most: less than a bonnet and the gap to the next car."""

ROOF_PART = 2.0
"""Area (m²) of a part of a roof at most: that of a small car. Of two larger ones, each is a roof of its own."""

ROOF_LENGTH, ROOF_WIDTH = 6.0, 2.4
"""Sides (m) of a roof at most that was seen in parts: those of a van. What is seen in one piece can be longer."""

LEAST_POINTS = 30
"""Points of a car at least: fewer are most often a lone part of one, such as a mirror."""

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
    roofs = _joined_roofs([high[each] for each in groups(pieces_of(cells.only(high), 0))], places)
    if len(roofs) < 2:
        yield np.arange(len(cells))
        return
    owner = np.repeat(np.arange(len(roofs)), [len(roof) for roof in roofs])
    _, nearest = cKDTree(places[np.concatenate(roofs)]).query(places)
    yield from groups(owner[nearest].astype(np.int64))


def _joined_roofs(roofs: list[NDArray[np.intp]], places: NDArray[np.float64]) -> list[NDArray[np.intp]]:
    """Return the roofs, those joined that are parts of one, the pair with the narrowest gap first."""
    roofs = list(roofs)
    gaps = np.full((len(roofs), len(roofs)), np.inf)
    for one, roof in enumerate(roofs):
        tree = cKDTree(places[roof])
        for other in range(one):
            gaps[one, other] = tree.query(places[roofs[other]])[0].min()
    while gaps.size and gaps.min() <= ROOF_GAP:
        one, other = divmod(int(gaps.argmin()), len(roofs))
        if not _is_one_roof(places[roofs[one]], places[roofs[other]]):
            gaps[one, other] = np.inf
            continue
        roofs[other] = np.concatenate([roofs[other], roofs.pop(one)])
        near = np.minimum(np.minimum(gaps[one], gaps[:, one]), np.minimum(gaps[other], gaps[:, other]))
        gaps[other, :other], gaps[other + 1 :, other] = near[:other], near[other + 1 :]
        gaps = np.delete(np.delete(gaps, one, 0), one, 1)
    return roofs


def _is_one_roof(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Return whether a part of a roof and another one fit into a roof."""
    boxes = [smallest_box(*places.T) for places in (one, other)]
    both = smallest_box(*np.concatenate([one, other]).T)
    is_part = min(box.length * box.width for box in boxes) <= ROOF_PART
    return is_part and both.length <= ROOF_LENGTH and both.width <= ROOF_WIDTH


def _car(cells: Cells, ground: GroundHeights) -> Car | None:
    """Return the box around the cells of a vehicle; None for too little of one."""
    box, points = smallest_box(cells.x, cells.y), int(cells.points.sum())
    if points < LEAST_POINTS or box.length < LEAST_LENGTH:
        return None
    under = float(ground.under(np.array([box.x]), np.array([box.y]))[0])
    known = not np.isnan(under)
    height = float(cells.highest.max()) - (under if known else float(cells.lowest.min()))
    return Car(*box, height, under if known else None, points, cells.mean_confidence())
