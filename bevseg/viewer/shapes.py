"""Shapes that a person draws, from JSON: checked, and asked which points they hold.

All coordinates are relative to the origin of the scene, in metres.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bevseg.errors import UsageError
from bevseg.runtime.kernels import compiled

MOST_VERTICES = 5000
"""Of a polygon, and of the path of a brush."""

FARTHEST = 1e8
"""Largest coordinate, m."""

WIDEST = 1000.0
"""Largest radius of a brush and width of a section, m."""

Floats = NDArray[np.float64]


class Shape(Protocol):
    """Something drawn, seen from above or in a section."""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east and north end, m."""

    def holds(self, x: Floats, y: Floats, z: Floats) -> NDArray[np.bool_]:
        """Return which points lie in it, (N,)."""


@dataclass(frozen=True)
class Polygon:
    """A polygon seen from above; its vertices are (V, 2). Where it crosses itself, the even-odd rule decides."""

    vertices: Floats

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east and north end, m."""
        return _box(self.vertices, 0.0)

    def holds(self, x: Floats, y: Floats, z: Floats) -> NDArray[np.bool_]:
        """Return which points lie in it, at any height."""
        return _in_polygon(x, y, self.vertices)


@dataclass(frozen=True)
class Brush:
    """All that lies within a radius of a path seen from above; its vertices are (V, 2)."""

    path: Floats
    radius: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east and north end, m."""
        return _box(self.path, self.radius)

    def holds(self, x: Floats, y: Floats, z: Floats) -> NDArray[np.bool_]:
        """Return which points lie in it, at any height."""
        return _near_path(x, y, self.path, self.radius)


@dataclass(frozen=True)
class Section:
    """What is drawn in a vertical section along a line, through all points within half a width of the line.

    Attributes
    ----------
    line
        (2, 2) start and end, seen from above.
    width
        Of the slab, m.
    drawn
        In the plane of the section: its x is the distance along the line from the start, its y is z.
    """

    line: Floats
    width: float
    drawn: Polygon | Brush

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east and north end, m."""
        return _box(self.line, self.width / 2)

    def holds(self, x: Floats, y: Floats, z: Floats) -> NDArray[np.bool_]:
        """Return which points lie in the slab, between the ends of the line, and in what is drawn."""
        start, end = self.line
        length = math.hypot(*(end - start))
        east, north = (end - start) / length
        along = (x - start[0]) * east + (y - start[1]) * north
        aside = (y - start[1]) * east - (x - start[0]) * north
        held = (np.abs(aside) <= self.width / 2) & (along >= 0) & (along <= length)
        held[held] = self.drawn.holds(along[held], z[held], z[held])
        return held


@dataclass(frozen=True)
class Piece:
    """The connected piece that a point belongs to.

    Attributes
    ----------
    cloud, index
        Name of its cloud, and its index there.
    within
        West, south, east and north end of a doubtful place, whose piece is meant: coarser cells, and none outside.
        None: the whole piece.
    """

    cloud: str
    index: int
    within: tuple[float, float, float, float] | None = None


def parse_shape(value: object) -> Polygon | Brush | Section | Piece:
    """Read a shape from JSON.

    Raises
    ------
    UsageError
        If it is no shape, has too many vertices, or a number that is not finite or too large.
    """
    table = as_table(value, "shape")
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise UsageError("Not a shape", where="shape.kind", why=f"expected one of {', '.join(_KINDS)}")
    return _KINDS[kind](table)


def as_table(value: object, name: str) -> Mapping[str, Any]:
    """Return a JSON object as it is; UsageError for anything else."""
    if not isinstance(value, Mapping):
        raise UsageError("Not a JSON object", where=name, why=f"expected an object named {name!r}")
    return value


def as_number(value: object, name: str, *, least: float = -FARTHEST, most: float = FARTHEST) -> float:
    """Return a finite number in a range; UsageError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise UsageError("Not a number in range", where=name, why=f"expected {least:g} to {most:g}")
    return float(value)


def as_index(value: object, name: str, most: int = (1 << 32) - 1) -> int:
    """Return a whole number from 0; UsageError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise UsageError("Not a whole number in range", where=name, why=f"expected 0 to {most}")
    return value


def _vertices(value: object, name: str, least: int, most: int = MOST_VERTICES) -> Floats:
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise UsageError("Not a list of vertices", where=name, why=f"expected {least} to {most:,} vertices")
    for vertex in value:
        if not isinstance(vertex, list) or len(vertex) != 2:
            raise UsageError("Not a vertex", where=name, why="expected two numbers")
    return np.array([[as_number(each, name) for each in vertex] for vertex in value])


def _polygon(table: Mapping[str, Any]) -> Polygon:
    return Polygon(_vertices(table.get("points"), "shape.points", 3))


def _brush(table: Mapping[str, Any]) -> Brush:
    radius = as_number(table.get("radius"), "shape.radius", least=1e-3, most=WIDEST)
    return Brush(_vertices(table.get("path"), "shape.path", 1), radius)


def _section(table: Mapping[str, Any]) -> Section:
    line = _vertices(table.get("line"), "shape.line", 2, 2)
    if math.hypot(*(line[1] - line[0])) < 1e-6:
        raise UsageError("Not a line", where="shape.line", why="its ends are one point")
    width = as_number(table.get("width"), "shape.width", least=1e-3, most=WIDEST)
    if "path" in table:
        return Section(line, width, _brush(table))
    return Section(line, width, Polygon(_vertices(table.get("polygon"), "shape.polygon", 3)))


def _piece(table: Mapping[str, Any]) -> Piece:
    cloud = table.get("cloud")
    if not isinstance(cloud, str):
        raise UsageError("Not the name of a cloud", where="shape.cloud", why="expected a text")
    index, within = as_index(table.get("index"), "shape.index"), table.get("within")
    if within is None:
        return Piece(cloud, index)
    if not isinstance(within, list) or len(within) != 4:
        raise UsageError("Not the box of a place", where="shape.within", why="expected four numbers, or null")
    west, south, east, north = (as_number(each, "shape.within") for each in within)
    return Piece(cloud, index, (west, south, east, north))


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], Polygon | Brush | Section | Piece]] = {
    "polygon": _polygon,
    "brush": _brush,
    "section": _section,
    "piece": _piece,
}


def _box(vertices: Floats, margin: float) -> tuple[float, float, float, float]:
    (west, south), (east, north) = vertices.min(axis=0) - margin, vertices.max(axis=0) + margin
    return float(west), float(south), float(east), float(north)


@compiled
def _in_polygon(x, y, vertices):  # type: ignore[no-untyped-def]
    """Return which points lie in a polygon: a ray to the east crosses its edges an odd number of times."""
    inside = np.zeros(len(x), np.bool_)
    count = len(vertices)
    west, east = vertices[:, 0].min(), vertices[:, 0].max()
    south, north = vertices[:, 1].min(), vertices[:, 1].max()
    for i in range(len(x)):
        if x[i] < west or x[i] > east or y[i] < south or y[i] > north:
            continue
        odd = False
        before = count - 1
        for k in range(count):
            if (vertices[k, 1] > y[i]) != (vertices[before, 1] > y[i]):
                share = (y[i] - vertices[k, 1]) / (vertices[before, 1] - vertices[k, 1])
                if x[i] < vertices[k, 0] + share * (vertices[before, 0] - vertices[k, 0]):
                    odd = not odd
            before = k
        inside[i] = odd
    return inside


@compiled
def _near_path(x, y, path, radius):  # type: ignore[no-untyped-def]
    """Return which points lie within a radius of a path."""
    near = np.zeros(len(x), np.bool_)
    west, east = path[:, 0].min() - radius, path[:, 0].max() + radius
    south, north = path[:, 1].min() - radius, path[:, 1].max() + radius
    for i in range(len(x)):
        if x[i] < west or x[i] > east or y[i] < south or y[i] > north:
            continue
        for k in range(max(len(path) - 1, 1)):
            end = min(k + 1, len(path) - 1)
            run, rise = path[end, 0] - path[k, 0], path[end, 1] - path[k, 1]
            squared = run * run + rise * rise
            share = 0.0
            if squared > 0:
                share = ((x[i] - path[k, 0]) * run + (y[i] - path[k, 1]) * rise) / squared
                share = min(max(share, 0.0), 1.0)
            aside, off = x[i] - path[k, 0] - share * run, y[i] - path[k, 1] - share * rise
            if aside * aside + off * off <= radius * radius:
                near[i] = True
                break
    return near
