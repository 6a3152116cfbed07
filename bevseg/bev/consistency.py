"""Class rasters -> class rasters without impossible cars and poles.

A network sees its slice through a window of cells, and not what the other network says. Some of its errors can be
found afterwards, piece by piece: a piece is a connected region (8 neighbours) of cells of one class in one slice.

- No car hangs in the air, and no pole stands on a wall or a crown. A piece of the high slice with something else
  under half of its cells is what is there.
- No car stands inside a façade. A cell whose high slice is a building and whose low slice is a car is a wall.
- A pole stands free. A piece of the low slice with a crown over all of its cells is a trunk, and with a building over
  all of them it is a part of the building. It is not if it ends below, or if the network is SURE: there are bollards
  under crowns, and lamp posts in them.
- No car is knee-high. A piece that is lower than LOWEST_CAR over most of its cells is a raised bed, a bank or a kerb
  under a bad DEM: terrain above the ground band. Of less than LEAST_AREA nobody can tell: a scanner that sees a
  bumper alone sees it there.

No rule changes what one before it has looked at. So the rules of a raster that follows them change nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bevseg.core.labels import BUILDING, CAR, GROUND, POLE, VEGETATION
from bevseg.core.raster import Raster

REACH = 32
"""Cells around those that are asked for whose classes have a say: a car is no longer than this, a lorry twice."""

FIRST = 2
"""First of the probabilities behind class and confidence: that of train id 1."""

Cells = NDArray[np.uint8]
Heights = NDArray[np.floating]
Rule = Callable[[Cells, Cells, Heights, float], None]

NOT_UNDER = {CAR: (BUILDING, POLE, VEGETATION), POLE: (BUILDING, VEGETATION)}
"""Class of a high piece -> what it does not stand on. A lamp may hang over a car, and both over the ground."""

LOWEST_CROWN = 2.0
"""Height above ground (m) that a pole under a crown reaches if it is a trunk; a bollard ends below."""

SURE = 0.8
"""Mean confidence of a pole from which on it is one, whatever is over it.

Hardly a simulated pole under a crown has less than 0.85, and four of five points of trunks that are called pole have
less than 0.8. Any limit from 0.7 to 0.9 is worth the same; without one, a lamp post in a crown costs more than the
trunks of its street give (`benchmarks/rules.py`)."""

LOWEST_CAR = 0.5
"""Height above ground (m) that the highest points of half the cells of a car reach."""

LEAST_AREA = 1.0
"""Area (m²) of a piece from which on it is judged by its height."""

OVERRULED = 51
"""Confidence of a cell whose car is too low: one fifth, what a guess among five classes is worth.

Simulated streets have no such beds (`benchmarks/rules.py`)."""


def ground_cars(low: Cells, high: Cells, _heights: Heights, _cell: float) -> None:
    """Take high cars for what is under half of their cells."""
    _overrule(high, low, CAR, NOT_UNDER[CAR], 0.5)


def ground_poles(low: Cells, high: Cells, _heights: Heights, _cell: float) -> None:
    """Take high poles for the wall or crown under half of their cells."""
    _overrule(high, low, POLE, NOT_UNDER[POLE], 0.5)


def close_walls(low: Cells, high: Cells, _heights: Heights, _cell: float) -> None:
    """Take the cells of low cars under a building for its wall."""
    walls = (low[0] == CAR) & (high[0] == BUILDING)
    low[:, walls] = high[:, walls]


def free_poles(low: Cells, high: Cells, heights: Heights, _cell: float) -> None:
    """Take low poles for a part of the wall, or the trunk of the crown, over all of their cells."""
    _overrule(low, high, POLE, NOT_UNDER[POLE], 1.0, heights)


def flatten_beds(low: Cells, _high: Cells, heights: Heights, cell: float) -> None:
    """Take knee-high cars for ground."""
    cars, pieces, count = _pieces(low[0] == CAR)
    if count:
        medians = np.asarray(ndimage.median(heights[cars], pieces, np.arange(count)))
        beds = (medians < LOWEST_CAR) & (np.bincount(pieces) * cell**2 >= LEAST_AREA)
        _set(low, cars, beds[pieces], GROUND, OVERRULED)


RULES = (ground_cars, ground_poles, close_walls, free_poles, flatten_beds)
"""In their order. Each changes the values (bands, rows, cols) of the slices in place: class, confidence and, if there
are any, probabilities."""


def consistent(
    classes: Mapping[str, Raster], bands: Mapping[str, Raster], *, rules: Sequence[Rule] = RULES
) -> dict[str, Raster]:
    """Return the class rasters with impossible cars and poles put right.

    Parameters
    ----------
    classes
        Slice name -> raster with bands `class` and `confidence`, and perhaps `PROBABILITY_BANDS`, uint8. Where a
        rule decides a piece, its other classes share evenly what the confidence leaves.
    bands
        Slice name -> raster of features on the same grid; the low one has `h_max`, m.
    rules
        Those of `RULES` that hold.
    """
    low, high = (classes[name].values.copy() for name in ("low", "high"))
    for rule in rules:
        rule(low, high, bands["low"]["h_max"], classes["low"].grid.cell)
    return {
        name: dataclasses.replace(classes[name], values=values)
        for name, values in (("low", low), ("high", high))
    }


def _overrule(
    own: Cells,
    other: Cells,
    wrong: int,
    right: Sequence[int],
    share: float,
    heights: Heights | None = None,
) -> None:
    """Take pieces of one class for a class that the other slice has in a share of their cells, in place.

    Of several such classes that with most cells wins, then the first. The confidence is the mean of its cells. With
    heights, pieces that end below LOWEST_CROWN stay, and those of which the network is SURE.
    """
    cells, pieces, count = _pieces(own[0] == wrong)
    if not count:
        return
    sizes, found, confidence = np.bincount(pieces), other[0][cells], other[1][cells]
    votes = np.array([np.bincount(pieces[found == k], minlength=count) for k in right])
    sums = np.array([np.bincount(pieces, confidence * (found == k), count) for k in right])
    winner = votes.argmax(axis=0), np.arange(count)
    hit = votes[winner] >= share * sizes
    if heights is not None:
        hit &= np.asarray(ndimage.maximum(heights[cells], pieces, np.arange(count))) >= LOWEST_CROWN
        hit &= np.bincount(pieces, own[1][cells]) < 255 * SURE * sizes
    means = np.rint(sums[winner] / np.maximum(votes[winner], 1))
    changed = hit[pieces]
    _set(own, cells, changed, np.array(right)[winner[0]][pieces][changed], means[pieces][changed])


def _pieces(
    cells: NDArray[np.bool_],
) -> tuple[tuple[NDArray[np.intp], ...], NDArray[np.intp], int]:
    """Return indices of the cells, the number of the piece of each from 0 on, and the number of pieces."""
    found = np.nonzero(cells)
    if not len(found[0]):
        return found, np.empty(0, np.intp), 0
    numbers, count = ndimage.label(cells, np.ones((3, 3)))
    return found, numbers[found].astype(np.intp) - 1, count


def _set(
    values: Cells,
    cells: tuple[NDArray[np.intp], ...],
    chosen: NDArray[np.bool_],
    found: NDArray[np.integer] | int,
    confidence: NDArray[np.floating] | int,
) -> None:
    """Write class and confidence of the chosen cells; if there are probabilities, the others share the rest."""
    rows, cols = (index[chosen] for index in cells)
    values[0, rows, cols], values[1, rows, cols] = found, confidence
    if len(values) > FIRST:
        values[FIRST:, rows, cols] = np.rint((255 - np.asarray(confidence)) / (len(values) - FIRST - 1))
        values[FIRST - 1 + np.asarray(found), rows, cols] = confidence
