"""Places where a person should look -> small maps and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bevseg.core.labels import CLASS_NAMES, COLOURS
from bevseg.core.reasons import REASON_NAMES
from bevseg.report.frame import Frame, coordinate
from bevseg.report.numbers import count, percent
from bevseg.report.texts import texts
from bevseg.review.places import Place

SMALLEST = 14.0
"""Side of the small map, m, at least."""

ROOM = 1.5
"""It shows this many times the extent of the place."""


@dataclass(frozen=True)
class PlaceShown:
    """A place on a page.

    Attributes
    ----------
    label, colour
        Name and colour of the class that it has.
    x, y
        Its coordinates, as text.
    confidence, points, reason
        As text.
    view
        What the small map shows: x, y, width, height from the corner of the maps, m.
    box
        The place itself, likewise.
    """

    label: str
    colour: str
    x: str
    y: str
    confidence: str
    points: str
    reason: str
    view: tuple[float, float, float, float]
    box: tuple[float, float, float, float]


def places_shown(places: Sequence[Place], frame: Frame) -> tuple[PlaceShown, ...]:
    """Return places as a page shows them, in their order."""
    return tuple(_shown(place, frame) for place in places)


def _shown(place: Place, frame: Frame) -> PlaceShown:
    words = texts()
    wide, high = place.east - place.west, place.north - place.south
    side = max(ROOM * wide, ROOM * high, SMALLEST)
    middle = (place.west + place.east) / 2 - frame.left, frame.top - (place.south + place.north) / 2
    return PlaceShown(
        words.classes[CLASS_NAMES[place.label]],
        COLOURS[place.label],
        coordinate(place.x, 0.1),
        coordinate(place.y, 0.1),
        words.places.confidence.format(confidence=percent(place.confidence, 0)),
        words.places.points.format(points=count(place.points)),
        words.reasons[REASON_NAMES[place.reason]],
        (middle[0] - side / 2, middle[1] - side / 2, side, side),
        (place.west - frame.left, frame.top - place.north, wide, high),
    )
