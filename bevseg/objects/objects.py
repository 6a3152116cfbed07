"""The objects of a street: cars, poles, crowns, buildings, façades. All lengths are in metres."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bevseg.core.pointcloud import Crs

Ring = tuple[tuple[float, float], ...]
"""Corners of a closed line; the last is the first."""

Polygon = tuple[Ring, ...]
"""An outer ring, counter-clockwise, and the rings of its holes, clockwise."""


@dataclass(frozen=True)
class Car:
    """A vehicle, as the smallest upright box around its points.

    Attributes
    ----------
    x, y
        Centre of the box.
    length, width
        The longer and the shorter side. A car that was seen in part has the box of this part.
    heading
        Direction of the longer side, degrees clockwise from north, 0 to 180: front and back are not told apart.
    height
        Highest point above the ground.
    ground
        Height of the ground; None where no point is ground.
    points
        Number of points.
    confidence
        Mean confidence, 0 to 1; None if the points have none.
    """

    x: float
    y: float
    length: float
    width: float
    heading: float
    height: float
    ground: float | None
    points: int
    confidence: float | None

    @property
    def outline(self) -> Polygon:
        """The four corners."""
        angle = np.radians(90 - self.heading)
        along = np.array([np.cos(angle), np.sin(angle)]) * self.length / 2
        across = np.array([-np.sin(angle), np.cos(angle)]) * self.width / 2
        centre = np.array([self.x, self.y])
        corners = [centre - along - across, centre + along - across, centre + along + across]
        corners += [centre - along + across, corners[0]]
        return (tuple((float(x), float(y)) for x, y in corners),)


@dataclass(frozen=True)
class Pole:
    """A pole: a post, lamp, sign or mast, with what it carries.

    Attributes
    ----------
    x, y
        Place of its shaft.
    height
        Highest point above the ground.
    ground, points, confidence
        As of `Car`.
    """

    x: float
    y: float
    height: float
    ground: float | None
    points: int
    confidence: float | None


@dataclass(frozen=True)
class Crown:
    """A tree, or plants that are lower than a tree.

    Attributes
    ----------
    plant
        `tree` or `shrub`: bushes, hedges and beds.
    x, y
        Middle of its area.
    outline
        Its edge from above.
    area
        Area of the outline, m².
    height
        Highest point above the ground.
    ground, points, confidence
        As of `Car`.
    """

    plant: str
    x: float
    y: float
    outline: Polygon
    area: float
    height: float
    ground: float | None
    points: int
    confidence: float | None


@dataclass(frozen=True)
class Building:
    """A connected piece of building, as far as it was seen.

    Attributes
    ----------
    outline
        Its edge from above.
    area
        Area of the outline, m².
    height
        Highest point above the ground.
    ground, points, confidence
        As of `Car`.
    """

    outline: Polygon
    area: float
    height: float
    ground: float | None
    points: int
    confidence: float | None


@dataclass(frozen=True)
class Facade:
    """A straight piece of wall.

    Attributes
    ----------
    start, end
        Its ends, (x, y).
    length
        Distance of the ends.
    height
        Highest point above the ground.
    ground, points, confidence
        As of `Car`.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    length: float
    height: float
    ground: float | None
    points: int
    confidence: float | None


@dataclass(frozen=True)
class Objects:
    """All objects of one or more clouds, each list from south to north and from west to east.

    Attributes
    ----------
    cars, poles, crowns, buildings, facades
        The objects.
    crs
        The reference system of the coordinates, which are in metres.
    """

    cars: list[Car] = field(default_factory=list)
    poles: list[Pole] = field(default_factory=list)
    crowns: list[Crown] = field(default_factory=list)
    buildings: list[Building] = field(default_factory=list)
    facades: list[Facade] = field(default_factory=list)
    crs: Crs | None = None

    def counts(self) -> dict[str, int]:
        """Return the number of objects of each kind."""
        trees = sum(crown.plant == "tree" for crown in self.crowns)
        return {
            "cars": len(self.cars),
            "poles": len(self.poles),
            "trees": trees,
            "shrubs": len(self.crowns) - trees,
            "buildings": len(self.buildings),
            "facades": len(self.facades),
        }
