"""The passes of a turning head -> vehicles and people that move while it scans them.

A line scanner sees a vehicle once, distorted by its motion: the street holds it so. A turning head sees it turn by
turn, each time whole and somewhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from bevseg.sim import routes
from bevseg.sim.distributions import between
from bevseg.sim.instrument.drive import Pass
from bevseg.sim.instrument.sensors import Sensor
from bevseg.sim.mesh import Mesh
from bevseg.sim.objects import people
from bevseg.sim.objects.vehicles.cars import car
from bevseg.sim.scene import Mover, Scene
from bevseg.sim.town.street import Street
from bevseg.sim.town.style import Style
from bevseg.sim.town.styles import STYLES

Array = NDArray[np.float64]
Way = tuple[Mesh, Array, Array]
"""What moves, times, and its s at these times, m."""

_HEADWAY = 2.0
"""Least distance between the ends of two vehicles of a lane, m."""
_FOLLOWED = 45.0
"""Vehicles in the lane of the scanner are at most so far before or behind it, m."""
_IN_LANE = 1.0
"""The scanner drives in a lane if it is nearer to its middle than this, m."""
_TOUCHES = 1.5
"""What comes nearer to the scanner than this would touch the vehicle that carries it, m."""
_BASE = 2.6
"""Length over which a vehicle takes up the slope of the road, m."""
_KNOT = 1.0
"""Distance between two places of a way, m."""
_HEADROOM = 2.2
"""Height that must be free along a way, however low what moves is, m."""


def movers(
    street: Street,
    scene: Scene,
    style: Style,
    sensor: Sensor,
    passes: Sequence[Pass],
    density: float,
    rng: np.random.Generator,
) -> list[Mover]:
    """Draw what moves within the range of a scanner, wherever its drive begins and however short it is.

    Vehicles follow each other along the lanes: in that of the scanner at its pace, give or take, in others at 3 to 15
    m/s. People walk along the pavements at 0.7 to 1.8 m/s. Nothing moves through objects, or into the scanner, and
    no vehicle through the next one of its lane.

    Parameters
    ----------
    street, scene, style
        The street, its triangles, and the kind of town, which says what vehicles there are, and how many.
    sensor, passes
        The scanner and its drives.
    density
        Vehicles per m of a lane, and people per m of a pavement, in the style `shrec20`; in others as many times more
        or fewer as their `Style.traffic` and `Style.people` say. Each lane and pavement has zero to twice as many.
    rng
        Draws them.
    """
    found: list[Mover] = []
    if not density:
        return found
    usual = STYLES["shrec20"]
    vehicles, walkers = density * style.traffic / usual.traffic, density * style.people / usual.people

    def vehicle() -> Mesh:
        return car(rng, style.fleet)

    def person() -> Mesh:
        return people.person(rng)

    for one in passes:
        near = _Near(street, scene, sensor, one)
        for t, way in street.lanes:
            many = vehicles * rng.uniform(0.0, 2.0)
            if near.is_in(t, way):
                ways = near.followed(way, many, vehicle, rng)
            else:
                ways = near.streamed(way * rng.uniform(3.0, 15.0), many, vehicle, rng)
            for mesh, time, s in ways:
                found += near.mover(mesh, time, s, t, way)
        for sign in (1, -1):
            side = street.terrain.side(sign)
            for way in (1, -1):
                speed = way * rng.uniform(0.7, 1.8)
                for mesh, time, s in near.streamed(speed, walkers * rng.random(), person, rng):
                    t = sign * between(rng, side.front - side.pavement + 0.2, side.front - 0.2)
                    found += near.mover(mesh, time, s, t, way, level=True)
    return found


class _Near:
    """What is near the scanner during a pass, in street coordinates."""

    def __init__(self, street: Street, scene: Scene, sensor: Sensor, one: Pass) -> None:
        self.street, self.scene, self.reach, self.place = street, scene, sensor.optics.farthest, one.place
        self.time = one.start + one.number / sensor.rate
        self.s, self.t = street.centreline.to_street(one.place[:, :2]).T
        self.along = np.arange(street.terrain.start, street.terrain.end, 0.5)

    def is_in(self, t: float, way: int) -> bool:
        """Whether the scanner drives in a lane."""
        return bool(abs(np.median(self.t) - t) < _IN_LANE and way * (self.s[-1] - self.s[0]) > 0)

    def streamed(
        self, speed: float, many: float, make: Callable[[], Mesh], rng: np.random.Generator
    ) -> Iterator[Way]:
        """Yield things that come into reach at a speed along s, m/s, `many` of them on a m."""
        at_start = self.s - speed * self.time
        duration = float(np.ptp(self.time))
        time = np.linspace(self.time[0], self.time[-1], 2 + int(duration * abs(speed) / _KNOT))
        low, high = at_start.min() - self.reach, at_start.max() + self.reach
        for mesh, start in _spread(low, high, many, make, rng):
            yield mesh, time, start + speed * time

    def followed(
        self, way: int, many: float, make: Callable[[], Mesh], rng: np.random.Generator
    ) -> Iterator[Way]:
        """Yield vehicles that drive before and behind the scanner at about its pace."""
        share = (self.time - self.time[0]) / max(float(np.ptp(self.time)), 1e-9)
        for ahead in (way, -way):
            closing = rng.uniform(-0.15, 0.15)  # the whole queue falls back or catches up
            first: float | None = None
            for mesh, gap in _spread(0.0, _FOLLOWED, many, make, rng):
                first = gap if first is None else first
                yield mesh, self.time, self.s + ahead * (gap + closing * first * share)

    def mover(
        self,
        mesh: Mesh,
        time: Array,
        s: Array,
        t: float,
        way: int,
        *,
        level: bool = False,
    ) -> list[Mover]:
        """Return a thing on the longest free part of its way at `t` in reach; nothing if it would meet the scanner.

        `level` things stay upright; others are tilted like the ground.
        """
        half, wide, tall = _size(mesh)
        there = (s > self.along[0]) & (s < self.along[-1])
        there &= np.abs(s - np.interp(time, self.time, self.s)) < self.reach
        if there.any():
            blocked = self._blocked(s[there], half, t, wide, max(tall, _HEADROOM))
            there &= ~((s[:, None] > blocked - half - _KNOT) & (s[:, None] < blocked + half + _KNOT)).any(
                axis=1
            )
        first, last = _longest(there)
        if last - first < 2:
            return []
        time, s = time[first:last], s[first:last]
        ahead = way * (self._ground(s + _BASE / 2, t) - self._ground(s - _BASE / 2, t))
        if level:
            ahead[:, 2] = 0.0
        ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
        found = Mover(mesh, time, self._ground(s, t), ahead)
        knots = self.time[(self.time >= time[0]) & (self.time <= time[-1])]
        during = np.union1d(time, knots)  # a stop of the scanner lies between two of its knots
        scanner = np.stack([np.interp(during, self.time, axis) for axis in self.place.T], axis=1)
        x, y, _ = np.einsum("nij,nj->in", found.axes(during), scanner - found.places(during))
        return [] if ((np.abs(x) < half + _TOUCHES) & (np.abs(y) < _TOUCHES)).any() else [found]

    def _blocked(self, s: Array, long: float, t: float, half: float, height: float) -> Array:
        """Return where objects stand in the way of what moves at `t`, up to `long` m before and behind a way."""
        along = self.along[(self.along > s.min() - long - _KNOT) & (self.along < s.max() + long + _KNOT)]
        course = np.interp(along, self.street.centreline.s, self.street.centreline.heading)
        return along[~routes.free(self.scene, self._ground(along, t), course, height=height, half=half)]

    def _ground(self, s: Array, t: float) -> Array:
        """Return the places (N, 3) of the ground at street coordinates, m."""
        height = self.street.terrain.height(s, t)
        return self.street.centreline.to_plane(np.column_stack([s, np.full_like(s, t), height]))


def _size(mesh: Mesh) -> tuple[float, float, float]:
    """Return half the length, half the width and the height of a thing in its own frame, m."""
    half, wide, tall = np.abs(mesh.corners).max(axis=(0, 1))
    return float(half), float(wide), float(tall)


def _longest(there: NDArray[np.bool_]) -> tuple[int, int]:
    """Return where the longest run of True begins, and where it has ended."""
    edges = np.flatnonzero(np.diff(there, prepend=False, append=False))
    if not len(edges):
        return 0, 0
    begins, ends = edges[::2], edges[1::2]
    run = int(np.argmax(ends - begins))
    return int(begins[run]), int(ends[run])


def _spread(
    low: float, high: float, many: float, make: Callable[[], Mesh], rng: np.random.Generator
) -> Iterator[tuple[Mesh, float]]:
    """Yield things at random places from low to high, about `many` on a m, none of which overlaps the next."""
    place = low
    while many > 0:
        mesh = make()
        half = _size(mesh)[0]
        place += half + _HEADWAY + rng.exponential(1 / many)
        if place > high:
            return
        yield mesh, place
        place += half
