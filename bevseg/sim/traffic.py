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
from bevseg.sim.objects import clutter
from bevseg.sim.objects.cars import car
from bevseg.sim.scene import Mover, Scene
from bevseg.sim.town.street import Street
from bevseg.sim.town.style import Style

Array = NDArray[np.float64]

_HEADWAY = 8.0
"""Least distance between the middles of two vehicles of a lane, m, on top of the length of a bus."""
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
_CAR, _PERSON = (0.9, 2.6), (0.3, 2.2)
"""Half the width and the height that must be free along a way, m."""


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
    m/s. People walk along the pavements at 0.7 to 1.8 m/s. Nothing moves through objects, or into the scanner.

    Parameters
    ----------
    street, scene, style
        The street, its triangles, and the kind of town, which says what vehicles there are.
    sensor, passes
        The scanner and its drives.
    density
        Vehicles per m of a lane, and people per m of a pavement. Each lane and pavement has zero to twice as many.
    rng
        Draws them.
    """
    found = []
    for one in passes:
        near = _Near(street, scene, sensor, one)
        for t, way in street.lanes:
            many = density * rng.uniform(0.0, 2.0)
            blocked = near.blocked(t, *_CAR)
            if near.is_in(t, way):
                ways = near.followed(way, many, rng)
            else:
                ways = near.streamed(way * rng.uniform(3.0, 15.0), many, rng)
            for time, s in ways:
                found += near.mover(lambda: car(rng, style.fleet), time, s, t, way, blocked)
        for sign in (1, -1):
            side = street.terrain.side(sign)
            for way in (1, -1):
                t = sign * between(rng, side.front - side.pavement + 0.2, side.front - 0.2)
                blocked = near.blocked(t, *_PERSON)
                for time, s in near.streamed(way * rng.uniform(0.7, 1.8), density * rng.random(), rng):
                    found += near.mover(lambda: clutter.person(rng), time, s, t, way, blocked, level=True)
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

    def blocked(self, t: float, half: float, height: float) -> Array:
        """Return where along the street objects stand in the way of what moves at `t`, m."""
        on = self._ground(self.along, t)
        course = np.interp(self.along, self.street.centreline.s, self.street.centreline.heading)
        return self.along[~routes.free(self.scene, on, course, height=height, half=half)]

    def streamed(self, speed: float, many: float, rng: np.random.Generator) -> Iterator[tuple[Array, Array]]:
        """Yield times and s of things that come into reach at a speed along s, m/s, `many` of them on a m."""
        at_start = self.s - speed * self.time
        duration = float(np.ptp(self.time))
        time = np.linspace(self.time[0], self.time[-1], 2 + int(duration * abs(speed) / _KNOT))
        for start in _spread(at_start.min() - self.reach, at_start.max() + self.reach, many, rng):
            yield time, start + speed * time

    def followed(self, way: int, many: float, rng: np.random.Generator) -> Iterator[tuple[Array, Array]]:
        """Yield times and s of vehicles that drive before and behind the scanner at about its pace."""
        share = (self.time - self.time[0]) / max(float(np.ptp(self.time)), 1e-9)
        for ahead in (way, -way):
            closing = rng.uniform(0.85, 1.15)  # the whole queue falls back or catches up
            for gap in _spread(0.0, _FOLLOWED, many, rng):
                yield self.time, self.s + ahead * gap * (1 + (closing - 1) * share)

    def mover(
        self,
        make: Callable[[], Mesh],
        time: Array,
        s: Array,
        t: float,
        way: int,
        blocked: Array,
        *,
        level: bool = False,
    ) -> list[Mover]:
        """Return a thing on its way at `t`, while it is in reach; nothing if it would meet an object or the scanner.

        `level` things stay upright; others are tilted like the ground.
        """
        there = (s > self.along[0]) & (s < self.along[-1])
        there &= np.abs(s - np.interp(time, self.time, self.s)) < self.reach
        if there.sum() < 2:
            return []
        first, last = np.flatnonzero(there)[[0, -1]]
        time, s = time[first : last + 1], s[first : last + 1]
        mesh = make()
        half = float(np.ptp(mesh.corners[..., 0])) / 2
        if ((blocked > s.min() - half) & (blocked < s.max() + half)).any():
            return []
        ahead = way * (self._ground(s + _BASE / 2, t) - self._ground(s - _BASE / 2, t))
        if level:
            ahead[:, 2] = 0.0
        ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
        found = Mover(mesh, time, self._ground(s, t), ahead)
        during = self.time[(self.time >= time[0]) & (self.time <= time[-1])]
        scanner = np.stack([np.interp(during, self.time, axis) for axis in self.place.T], axis=1)
        x, y, _ = np.einsum("nij,nj->in", found.axes(during), scanner - found.places(during))
        return [] if ((np.abs(x) < half + _TOUCHES) & (np.abs(y) < _TOUCHES)).any() else [found]

    def _ground(self, s: Array, t: float) -> Array:
        """Return the places (N, 3) of the ground at street coordinates, m."""
        height = self.street.terrain.height(s, t)
        return self.street.centreline.to_plane(np.column_stack([s, np.full_like(s, t), height]))


def _spread(low: float, high: float, many: float, rng: np.random.Generator) -> Iterator[float]:
    """Yield random places from low to high, about `many` on a m, none nearer to another than two vehicles can be."""
    place = low
    while many > 0:
        place += _HEADWAY + rng.exponential(1 / many)
        if place > high:
            return
        yield place
