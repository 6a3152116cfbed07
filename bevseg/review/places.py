"""Labelled points -> the places where a look of a person teaches most, most valuable first.

A place is one connected piece of one class: what one click can answer. It is worth more, the more it is in doubt, the
more it shows, and the rarer its class is. A place that is like those chosen before is worth less: a person who has
answered three hedges need not look at a fourth one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.core.connected import connected
from bevseg.core.grid import floor_cell
from bevseg.core.labels import BUILDING, CAR, CLASS_NAMES, POLE, VEGETATION
from bevseg.core.reasons import NONE, REASON_NAMES

CELL = 0.4
"""Side of the cells that are connected, m: two cells of the network. Scan lines on one wall lie closer together, and
two cars farther apart."""

LONGEST = 12.0
"""Longest side of a piece, m: about a bus. What is longer (a hedge, a row of houses) is cut into squares of this
side: it is more than one thing, and no one answer fits all of it."""

FEWEST = 10
"""Points of a piece at least: fewer show nothing to a person."""

NEAR = 10.0
"""Places closer than this, m, are taken for parts of one scene: the second one teaches less."""

MOST = 100
"""Places that are returned unless more are asked for: some twenty minutes of a person."""

OBJECTS = (BUILDING, CAR, POLE, VEGETATION)
"""Classes whose pieces can be places. Ground is a rule: the networks do not learn it."""

SIZES = (1.0, 4.0, 16.0)
"""Areas, m², that tell pieces of different kinds: a post, a bush, a car, more."""

HEIGHTS = (1.0, 3.0)
"""Heights above ground, m, that do: a low wall, a car, a pole."""


@dataclass(frozen=True)
class Place:
    """One connected piece of a class, to be looked at.

    Attributes
    ----------
    x, y
        Mean of its points, m.
    west, south, east, north
        Its bounds, m.
    label
        Train id of its points.
    confidence
        Their mean confidence, 0 to 1; 0 where none is known.
    points
        Their number.
    reason
        Their most frequent reason to doubt it (`core.reasons`); NONE where none has one.
    doubt
        Share of its points that is expected to be wrong, 0 to 1.
    height
        Height of its highest point above the ground, m; NaN where heights are not known.
    area
        Area of its cells, m².
    index
        One of its points in the cloud: the piece is all points of the label that are connected with it.
    cloud
        Name of the cloud.
    score
        What a look at it is worth after those at the places before it; the first place has 1. 0 before `choose`.
    """

    x: float
    y: float
    west: float
    south: float
    east: float
    north: float
    label: int
    confidence: float
    points: int
    reason: int
    doubt: float
    height: float
    area: float
    index: int
    cloud: str = ""
    score: float = 0.0

    @property
    def kind(self) -> tuple[int, int, int]:
        """What it has in common with other places: class, size, height; places of one kind teach alike."""
        size = int(np.searchsorted(SIZES, self.area, side="right"))
        height = -1 if np.isnan(self.height) else int(np.searchsorted(HEIGHTS, self.height, side="right"))
        return self.label, size, height


def candidates(
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    classes: NDArray[np.uint8],
    confidence: NDArray[np.uint8] | None = None,
    reasons: NDArray[np.uint8] | None = None,
    *,
    above: NDArray[np.floating] | None = None,
    disagreement: NDArray[np.floating] | None = None,
    spoken: NDArray[np.bool_] | None = None,
    labels: Collection[int] = OBJECTS,
    cloud: str = "",
) -> list[Place]:
    """Return all pieces of a cloud that a person can answer; `choose` says which ones are worth it.

    Parameters
    ----------
    x, y
        (N,) coordinates, m.
    classes
        (N,) train ids, as they stand.
    confidence
        (N,) 0 to 255; None: not known, then every point is in doubt alike.
    reasons
        (N,) codes of `core.reasons`; None: none is known.
    above
        (N,) height above the ground, m; None: not known.
    disagreement
        (N,) probability that the mean of test-time symmetries gives to other classes than the one that stands, 0 to
        1. It takes the place of the confidence. None: nobody has asked them.
    spoken
        (N,) whether a person has spoken about the point; a piece with such points is no place. None: nobody has.
    labels
        Classes whose pieces can be places.
    cloud
        Its name.

    Returns
    -------
    list of Place
        In the order of their pieces (`core.connected`), with score 0.

    Raises
    ------
    ValueError
        If arrays differ in length.
    """
    given = (x, y, classes, confidence, reasons, above, disagreement, spoken)
    lengths = {len(values) for values in given if values is not None}
    if len(lengths) > 1:
        raise ValueError(f"arrays of one cloud differ in length: {sorted(lengths)}")
    chosen = np.flatnonzero(np.isin(classes, list(labels)))
    if not len(chosen):
        return []
    cells = _Cells(x[chosen], y[chosen], classes[chosen])
    pieces = cells.pieces
    parts = int(pieces.max()) + 1

    def total(values: NDArray[Any] | None = None) -> NDArray[np.float64]:
        return _sums(pieces, cells.total(None if values is None else values[chosen]), parts)

    def ends(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        return _extremes(values, pieces)

    points = total()
    west, east = ends(cells.cols)
    south, north = ends(cells.rows)
    first = np.zeros(parts, np.int64)
    first[pieces[::-1]] = chosen[cells.first[::-1]]
    doubt = _doubt(len(classes), confidence, disagreement)
    kept = points >= FEWEST
    if spoken is not None:
        kept &= total(spoken) == 0
    columns: dict[str, NDArray[Any]] = {
        "x": np.bincount(pieces, cells.total(x[chosen] - cells.west)) / points + cells.west,
        "y": np.bincount(pieces, cells.total(y[chosen] - cells.south)) / points + cells.south,
        "west": cells.west + CELL * west,
        "south": cells.south + CELL * south,
        "east": cells.west + CELL * (east + 1),
        "north": cells.south + CELL * (north + 1),
        "label": classes[first],
        "confidence": np.zeros(parts) if confidence is None else total(confidence) / (255 * points),
        "points": points.astype(np.int64),
        "reason": _most_frequent(total, reasons, parts),
        "doubt": total(doubt) / points,
        "height": np.full(parts, np.nan) if above is None else ends(cells.highest(above[chosen]))[1],
        "area": CELL**2 * np.bincount(pieces),
        "index": first,
    }
    rows = zip(*(column[kept].tolist() for column in columns.values()), strict=True)
    return [Place(**dict(zip(columns, row, strict=True)), cloud=cloud) for row in rows]


def choose(found: Sequence[Place], most: int = MOST) -> list[Place]:
    """Return the most valuable places of one or more clouds, each with its score, the most valuable first.

    One is chosen after the other. What a place is worth is divided by one more than the number of those before it
    that are of its kind or near it: by the rule of D'Hondt each kind gets places in proportion to its worth.

    Parameters
    ----------
    found
        From `candidates`, of all clouds.
    most
        Number of places at most.
    """
    if not found:
        return []
    worth = _worth(found)
    _, kinds = np.unique([place.kind for place in found], axis=0, return_inverse=True)
    kinds = kinds.ravel()
    _, clouds = np.unique([place.cloud for place in found], return_inverse=True)
    x, y = (np.array([getattr(place, axis) for place in found]) for axis in "xy")
    alike, left = np.ones(len(found)), np.ones(len(found), bool)
    chosen = []
    for _ in range(min(most, len(found))):
        score = np.where(left, worth / alike, -1.0)
        best = int(np.argmax(score))
        chosen.append(dataclasses.replace(found[best], score=float(score[best])))
        left[best] = False
        near = (clouds == clouds[best]) & (np.hypot(x - x[best], y - y[best]) < NEAR)
        alike += (kinds == kinds[best]).astype(float) + near
    scale = chosen[0].score or 1.0
    return [dataclasses.replace(place, score=place.score / scale) for place in chosen]


def _worth(found: Sequence[Place]) -> NDArray[np.float64]:
    """Return what each place would be worth if it were the first.

    That is its doubt times the root of its share in its class. All points would let the largest pieces win, which are
    walls and hedges; none, the smallest, which are leftovers.
    """
    labels = np.array([place.label for place in found])
    points, doubt = (
        np.array([getattr(place, name) for place in found], float) for name in ("points", "doubt")
    )
    of_class = np.bincount(labels, points, minlength=len(CLASS_NAMES))
    return doubt * np.sqrt(points / of_class[labels])


def find_pieces(
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    classes: NDArray[np.uint8],
    labels: Collection[int] = OBJECTS,
) -> NDArray[np.int32]:
    """Return the number of the piece of each point, (N,) int32, -1 where its class is none of `labels`.

    Parameters
    ----------
    x, y, classes, labels
        As for `candidates`: the piece of a place is that of its point `Place.index`.
    """
    chosen = np.isin(classes, list(labels))
    found = np.full(len(classes), -1, np.int32)
    if chosen.any():
        cells = _Cells(x[chosen], y[chosen], classes[chosen])
        found[chosen] = cells.pieces[cells.of_point]
    return found


class _Cells:
    """The cells of some points, one for each class that has points in it, and their connected pieces.

    Parameters
    ----------
    x, y
        (N,) coordinates, m.
    classes
        (N,) train ids.

    Attributes
    ----------
    west, south
        Corner that columns and rows are counted from, m: whole cells, so that a part of a cloud has the same ones.
    cols, rows, kinds
        (M,) the cells and their classes.
    of_point
        (N,) the cell of each point.
    first
        (M,) the first point of each cell.
    pieces
        (M,) the piece of each cell.
    """

    def __init__(self, x: NDArray[np.floating], y: NDArray[np.floating], classes: NDArray[np.uint8]) -> None:
        cols, rows = (floor_cell(metres, CELL).astype(np.int64) for metres in (x, y))
        self.west, self.south = CELL * float(cols.min()), CELL * float(rows.min())
        cols, rows = cols - cols.min(), rows - rows.min()
        width = int(cols.max()) + 1
        keys = (rows * width + cols) * len(CLASS_NAMES) + classes
        places, self.first, self.of_point = np.unique(keys, return_index=True, return_inverse=True)
        cells, self.kinds = np.divmod(places, len(CLASS_NAMES))
        self.rows, self.cols = np.divmod(cells, width)
        self.pieces = _pieces(self.cols, self.rows, self.kinds)

    def total(self, values: NDArray[Any] | None = None) -> NDArray[np.float64]:
        """Return the sum over the points of each cell; None: their number."""
        return _sums(self.of_point, values, len(self.cols))

    def highest(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the highest value of the points of each cell."""
        return _extremes(values, self.of_point)[1]


def _pieces(cols: NDArray[np.int64], rows: NDArray[np.int64], kinds: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the number of the piece of each cell, long ones cut into squares."""
    pieces = connected(cols, rows, kinds.astype(np.uint8))
    side = round(LONGEST / CELL)
    extents = [high - low for low, high in (_extremes(cols, pieces), _extremes(rows, pieces))]
    long = (np.maximum(*extents) >= side)[pieces]
    if long.any():
        # Four colours, so that squares side by side are of different ones.
        colours = cols[long] // side % 2 * 2 + rows[long] // side % 2
        parts = connected(cols[long], rows[long], (kinds[long] * 4 + colours).astype(np.uint8))
        pieces[long] = parts + int(pieces.max()) + 1
        pieces = np.unique(pieces, return_inverse=True)[1].astype(np.int32)
    return pieces


def _sums(groups: NDArray[np.integer], values: NDArray[Any] | None, count: int) -> NDArray[np.float64]:
    """Return the sum of the values of each of `count` groups; None: their numbers."""
    return np.asarray(np.bincount(groups, values, count), np.float64)


def _extremes(values: NDArray[Any], groups: NDArray[np.integer]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the lowest and the highest value of each group, whose numbers have no gaps."""
    lowest, highest = (np.zeros(int(groups.max()) + 1, values.dtype) for _ in range(2))
    lowest[groups], highest[groups] = values, values  # any value of the group to begin with
    np.minimum.at(lowest, groups, values)
    np.maximum.at(highest, groups, values)
    return lowest, highest


def _doubt(
    count: int,
    confidence: NDArray[np.uint8] | None,
    disagreement: NDArray[np.floating] | None,
) -> NDArray[np.float32]:
    """Return the probability that each point is wrong, 0 to 1.

    On simulated streets, symmetries say it a little better than the confidence. Reasons play no part: points of one
    confidence are as often wrong with a reason as without.
    """
    doubt = np.full(count, 0.5, np.float32)
    if confidence is not None:
        doubt = (1 - confidence / np.float32(255)).astype(np.float32)
    return doubt if disagreement is None else np.maximum(doubt, np.asarray(disagreement, np.float32))


def _most_frequent(
    total: Callable[[NDArray[Any]], NDArray[np.float64]],
    reasons: NDArray[np.uint8] | None,
    pieces: int,
) -> NDArray[np.int64]:
    """Return the most frequent reason of each piece; NONE where no point has another one."""
    if reasons is None:
        return np.full(pieces, NONE)
    votes = np.array(
        [total(reasons == code) if code != NONE else np.zeros(pieces) for code in range(len(REASON_NAMES))]
    )
    return np.asarray(np.argmax(votes, axis=0))
