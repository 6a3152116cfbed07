"""The materials of surfaces: class, reflectance, chance of a return, roughness."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from bevseg.core.labels import BUILDING, CAR, GROUND, POLE, UNDEFINED, VEGETATION


class Material(IntEnum):
    """Id of the material of a triangle."""

    ASPHALT = 0
    PAVING = 1
    GRASS = 2
    BRICK = 3
    ROOF = 4
    PANE = 5
    ROOM = 6
    PAINT = 7
    CAR_GLASS = 8
    TYRE = 9
    STEEL = 10
    PLATE = 11
    LEAF = 12
    BARK = 13
    WOOD = 14
    CLOTH = 15
    WIRE = 16
    TIMBER = 17
    """Wooden masts and posts."""
    METAL = 18
    """Bins, boxes, racks, railings: metal without a class."""
    SCREEN = 19
    """Glass of shelters."""
    SEAT = 20
    """The inside of a car, seen through its windows."""
    STONE = 21
    """Walls along gardens, columns, steps, concrete."""
    SIDING = 22
    """Boards and plaster of houses, porches."""


class Response(NamedTuple):
    """How a material responds to a laser beam."""

    label: int
    """Train id."""
    reflectance: float
    """Share of the light that is reflected at normal incidence."""
    detection: float
    """Chance of a return at normal incidence."""
    roughness: float
    """Standard deviation added to the range, m."""


RESPONSES = {
    Material.ASPHALT: Response(GROUND, 0.15, 0.98, 0.002),
    Material.PAVING: Response(GROUND, 0.35, 0.99, 0.003),
    Material.GRASS: Response(GROUND, 0.45, 0.97, 0.008),
    Material.BRICK: Response(BUILDING, 0.40, 0.99, 0.005),
    Material.STONE: Response(BUILDING, 0.35, 0.99, 0.008),
    Material.SIDING: Response(BUILDING, 0.55, 0.99, 0.004),
    Material.ROOF: Response(BUILDING, 0.25, 0.97, 0.010),
    Material.PANE: Response(BUILDING, 0.10, 0.30, 0.005),
    Material.ROOM: Response(BUILDING, 0.30, 0.30, 0.010),
    Material.PAINT: Response(CAR, 0.50, 0.93, 0.003),
    Material.CAR_GLASS: Response(CAR, 0.08, 0.25, 0.010),
    Material.TYRE: Response(CAR, 0.06, 0.80, 0.005),
    Material.STEEL: Response(POLE, 0.45, 0.97, 0.002),
    Material.PLATE: Response(POLE, 0.95, 0.99, 0.002),
    Material.LEAF: Response(VEGETATION, 0.50, 0.93, 0.010),
    Material.BARK: Response(VEGETATION, 0.30, 0.98, 0.008),
    Material.WOOD: Response(UNDEFINED, 0.40, 0.98, 0.004),
    Material.CLOTH: Response(UNDEFINED, 0.30, 0.95, 0.010),
    Material.WIRE: Response(UNDEFINED, 0.20, 0.30, 0.003),
    Material.TIMBER: Response(POLE, 0.35, 0.98, 0.004),
    Material.METAL: Response(UNDEFINED, 0.40, 0.95, 0.004),
    Material.SCREEN: Response(UNDEFINED, 0.08, 0.25, 0.010),
    Material.SEAT: Response(CAR, 0.10, 0.60, 0.010),
}

_IN_ORDER = [RESPONSES[material] for material in Material]
LABELS = np.array([response.label for response in _IN_ORDER], np.uint8)
REFLECTANCE = np.array([response.reflectance for response in _IN_ORDER], np.float32)
DETECTION = np.array([response.detection for response in _IN_ORDER], np.float32)
ROUGHNESS = np.array([response.roughness for response in _IN_ORDER], np.float32)
