"""Objects of a cloud -> what is drawn of them on its map."""

from __future__ import annotations

from dataclasses import dataclass

from bevseg.objects.objects import Objects, Polygon
from bevseg.report.frame import Frame

RADIUS = 4.5
"""Radius of the mark of a pole, units of the drawing: it is seen however small the map is."""

MOST = 3000
"""Marks of a kind at most: more of them hide the map, and make a large file. The tallest are drawn."""


@dataclass(frozen=True)
class Marks:
    """What is drawn on a map; coordinates count in m from the corner of the maps, to the east and south.

    Attributes
    ----------
    poles
        (x, y) of each.
    cars, crowns
        The path of each outline.
    radius
        Of the mark of a pole, m.
    """

    poles: tuple[tuple[float, float], ...] = ()
    cars: tuple[str, ...] = ()
    crowns: tuple[str, ...] = ()
    radius: float = 0.0


def marks_of(objects: Objects | None, frame: Frame) -> Marks:
    """Return what is drawn of objects; None: there are none."""
    if objects is None:
        return Marks()
    tallest = sorted(objects.poles, key=lambda pole: -pole.height)[:MOST]
    poles = tuple((round(pole.x - frame.left, 2), round(frame.top - pole.y, 2)) for pole in tallest)
    cars = tuple(_path(car.outline, frame) for car in objects.cars[:MOST])
    trees = sorted(
        (crown for crown in objects.crowns if crown.plant == "tree"), key=lambda tree: -tree.height
    )
    return Marks(poles, cars, tuple(_path(tree.outline, frame) for tree in trees[:MOST]), RADIUS * frame.unit)


def _path(polygon: Polygon, frame: Frame) -> str:
    """Return the path of the rings of a polygon."""
    rings = []
    for ring in polygon:
        corners = (f"{x - frame.left:.1f} {frame.top - y:.1f}" for x, y in ring[:-1])
        rings.append(f"M{'L'.join(corners)}Z")
    return "".join(rings)
