"""Objects -> layers of a vector file, with their fields and styles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bevseg.core.labels import BUILDING, CAR, CLASS_NAMES, COLOURS, POLE, VEGETATION
from bevseg.io import qgis
from bevseg.io.vector import Layer
from bevseg.objects.objects import Objects

SHRUB = "#a5c95b"
"""Colour of plants that are no trees."""

_MEASURED = {"height": float, "ground": float, "points": int, "confidence": float}
"""Fields of all objects -> their type."""


def layers_of(objects: Objects, ending: str = "") -> list[Layer]:
    """Return the layers `cars`, `poles`, `crowns`, `buildings` and `facades`, with an ending of their names.

    Each has the fields `class`, `height` and `ground` (m), `points` and `confidence` (0 to 1).
    """
    plants = {"tree": COLOURS[VEGETATION], "shrub": SHRUB}
    return [
        Layer(
            f"buildings{ending}",
            "Polygon",
            [building.outline for building in objects.buildings],
            _fields(BUILDING, objects.buildings, area=float),
            qgis.polygons(COLOURS[BUILDING]),
            objects.crs,
        ),
        Layer(
            f"crowns{ending}",
            "Polygon",
            [crown.outline for crown in objects.crowns],
            _fields(VEGETATION, objects.crowns, plant=str, area=float),
            qgis.polygons_by("plant", plants),
            objects.crs,
        ),
        Layer(
            f"cars{ending}",
            "Polygon",
            [car.outline for car in objects.cars],
            _fields(CAR, objects.cars, length=float, width=float, heading=float),
            qgis.polygons(COLOURS[CAR]),
            objects.crs,
        ),
        Layer(
            f"facades{ending}",
            "LineString",
            [(facade.start, facade.end) for facade in objects.facades],
            _fields(BUILDING, objects.facades, length=float),
            qgis.lines(COLOURS[BUILDING]),
            objects.crs,
        ),
        Layer(
            f"poles{ending}",
            "Point",
            [(pole.x, pole.y) for pole in objects.poles],
            _fields(POLE, objects.poles),
            qgis.points(COLOURS[POLE]),
            objects.crs,
        ),
    ]


def _fields(label: int, found: Sequence[Any], **own: type) -> dict[str, tuple[type, list[Any]]]:
    """Return name -> (type, values): the class, the fields of this kind of object, and those of all."""
    types = own | _MEASURED
    values = {name: (kind, [_rounded(getattr(each, name)) for each in found]) for name, kind in types.items()}
    return {"class": (str, [CLASS_NAMES[label]] * len(found)), **values}


def _rounded(value: Any) -> Any:
    """Return a measure in whole millimetres: no scanner measures finer."""
    return round(value, 3) if isinstance(value, float) else value
