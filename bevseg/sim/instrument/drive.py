"""Where the instrument is at a time: lanes, turns, speed changes, passes and stations, and what registration leaves.

A route is laid out in street coordinates and driven in the plane.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.instrument.sensors import Sensor
from bevseg.sim.town.street import Street

Array = NDArray[np.float64]

_STEP = 0.25
"""Between two knots of a route, m."""
_WHEELBASE = 3.0
"""Length over which a vehicle takes up the slope of the road, m."""
_TRACK = 1.6
"""From the wheels of one side to those of the other, m."""
_BEYOND = 38.0
"""How far a route goes into a cross street, m."""


@dataclass(frozen=True)
class Pass:
    """One drive, or one station: the pose of the instrument as a table over the sweeps.

    Attributes
    ----------
    number
        (K,) number of the sweep, rising from 0; the last one is where the pass ends.
    place
        (K, 3) the instrument in the frame of the street, m.
    heading, pitch, roll
        (K,) rad: from x towards y, nose up, left side up.
    shift
        (3,) what registration leaves in all returns of this pass, m.
    start
        Time of sweep 0, s.
    """

    number: Array
    place: Array
    heading: Array
    pitch: Array
    roll: Array
    shift: Array
    start: float = 0.0

    @property
    def sweeps(self) -> int:
        """Number of whole sweeps."""
        return int(self.number[-1] + 1e-9)

    def pose(self, number: Array) -> tuple[Array, Array, Array, Array]:
        """Return place (..., 3), heading, pitch and roll at (fractions of) sweep numbers of any shape."""
        place = np.stack([np.interp(number, self.number, axis) for axis in self.place.T], axis=-1)
        heading, pitch, roll = (
            np.interp(number, self.number, angle) for angle in (self.heading, self.pitch, self.roll)
        )
        return place, heading, pitch, roll


@dataclass(frozen=True)
class Route:
    """A line that is driven.

    Attributes
    ----------
    along
        (K,) distance driven, m, from 0.
    place
        (K, 3) the road below the instrument, m in the frame of the street.
    heading, pitch, roll
        (K,) rad, of the vehicle.
    curvature
        (K,) 1 / m, how sharply it turns.
    through
        Where a drive along a part of the route has to come through, as a share of it; None: anywhere.
    back
        Whether it leads from the end of the street to its start.
    """

    along: Array
    place: Array
    heading: Array
    pitch: Array
    roll: Array
    curvature: Array
    through: float | None = None
    back: bool = False

    @property
    def length(self) -> float:
        """Of the route, m."""
        return float(self.along[-1])


def straight(street: Street, *, back: bool = False, aside: float = 0.0) -> Route:
    """Return the route down the lane of a street, or back in the opposite lane; `aside` m to the left of it."""
    s = np.arange(0.0, street.terrain.length + _STEP / 2, _STEP)
    t = np.full_like(s, street.lane + aside) + 0.12 * np.sin(s / 9.0)
    if back:
        s, t = s[::-1], -t[::-1]
    return _route(street, s, t, back=back)


def turning(street: Street, rng: np.random.Generator, *, least: float) -> Route | None:
    """Return a route that turns off into a cross street, to either side; None if there is none to turn into.

    It begins at the start of the street, ends 38 m beside it, and is about `least` m long or longer.
    """
    terrain = street.terrain
    open_to = [c for c in terrain.crossings if least - _BEYOND < c.s < terrain.length - 5.0]
    if not open_to:
        return None
    crossing = open_to[int(rng.integers(len(open_to)))]
    side = int(rng.choice(crossing.arms))
    right = side < 0
    radius = rng.uniform(4.5, 6.5) if right else rng.uniform(7.0, 9.5)
    lane = crossing.s + side * crossing.half / 2
    s0 = np.arange(0.0, lane - radius, _STEP)
    angle = np.arange(0.0, np.pi / 2, _STEP / radius)
    end = np.arange(radius, _BEYOND + abs(street.lane), _STEP)
    s = np.concatenate([s0, lane - radius + radius * np.sin(angle), np.full(len(end), lane)])
    t = street.lane + side * np.concatenate([np.zeros(len(s0)), radius - radius * np.cos(angle), end])
    middle = (len(s0) + len(angle) / 2) / len(s)
    return _route(street, s, t, through=middle)


def _route(street: Street, s: Array, t: Array, *, through: float | None = None, back: bool = False) -> Route:
    """Follow street coordinates over the ground of the street, with knots `_STEP` apart."""
    _, driven = _steps(street.centreline.to_plane(np.column_stack([s, t, np.zeros_like(s)])))
    even = np.linspace(0.0, driven[-1], max(2, round(driven[-1] / _STEP)))
    s, t = np.interp(even, driven, s), np.interp(even, driven, t)
    place = street.centreline.to_plane(np.column_stack([s, t, street.terrain.height(s, t)]))
    steps, along = _steps(place)
    course = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    heading = np.interp(along, (along[1:] + along[:-1]) / 2, course)
    heading = _smooth(heading, _WHEELBASE)
    place[:, 2] = _smooth(place[:, 2], _WHEELBASE)
    return Route(
        along=along,
        place=place,
        heading=heading,
        pitch=np.arctan(np.gradient(place[:, 2], along)),
        roll=np.arctan(_smooth(_fall(street, s, t), _WHEELBASE)),
        curvature=np.abs(np.gradient(heading, along)),
        through=through,
        back=back,
    )


def _steps(place: Array) -> tuple[Array, Array]:
    """Return the steps between places (K - 1, 2) and the distance driven at each (K,), m, both level."""
    steps = np.diff(place[:, :2], axis=0)
    return steps, np.concatenate([[0.0], np.cumsum(np.hypot(*steps.T))])


def _fall(street: Street, s: Array, t: Array) -> Array:
    """Return how steeply the road rises to the left of a vehicle that follows street coordinates, m per m."""
    ahead = np.column_stack([np.gradient(s), np.gradient(t)])
    ahead *= _TRACK / 2 / np.linalg.norm(ahead, axis=1, keepdims=True)
    height = street.terrain.height
    return (height(s - ahead[:, 1], t + ahead[:, 0]) - height(s + ahead[:, 1], t - ahead[:, 0])) / _TRACK


def _smooth(values: Array, reach: float) -> Array:
    """Return running means over about `reach` m."""
    half = max(1, round(reach / _STEP / 2))
    padded = np.concatenate([np.full(half, values[0]), values, np.full(half, values[-1])])
    return np.convolve(padded, np.full(2 * half + 1, 1 / (2 * half + 1)), mode="valid")


@dataclass(frozen=True)
class Pace:
    """How evenly a vehicle is driven; drawn once for a drive."""

    swing: float = 0.0
    """Standard deviation of the logarithm of the speed, from one 15 m to the next."""
    slowing: float = 0.0
    """Share of the speed that a sharp turn takes."""
    stops: float = 0.0
    """Chance of a stop; it leaves 3 to 12 sweeps at one place."""
    sway: float = 0.0
    """Standard deviation of pitch and of roll that shake the instrument from one 0.25 m to the next, rad."""


def drive(
    route: Route,
    sensor: Sensor,
    pace: Pace,
    rng: np.random.Generator,
    *,
    first: float = 0.0,
    last: float = np.inf,
    start: float = 0.0,
    error: float = 0.0,
) -> Pass:
    """Drive a route from `first` to `last` m.

    Parameters
    ----------
    route, sensor, pace
        The line, the spacing of the sweeps on it, and how even it is.
    rng
        Draws the speed and the error; the draw does not depend on `first`, `last` and the spacing.
    first, last
        Ends of the drive along the route, m.
    start
        Time of its first sweep, s.
    error
        Standard deviation of the error of registration, m in x and y; half of it in z.
    """
    knots = np.arange(0.0, route.length + 15.0, 15.0)
    faster = np.exp(pace.swing * rng.standard_normal(len(knots)))
    speed = np.interp(route.along, knots, faster) * (1 - pace.slowing * np.clip(6.0 * route.curvature, 0, 1))
    stop = route.length * rng.random() if rng.random() < pace.stops else np.inf
    held = float(rng.integers(3, 13))
    shift = error * rng.standard_normal(3) * (1.0, 1.0, 0.5)
    pitch, roll = pace.sway * rng.standard_normal((2, len(route.along)))
    spacing = sensor.spacing * np.clip(speed, 0.4, 2.0)
    number = np.concatenate([[0.0], np.cumsum(np.diff(route.along) * 2 / (spacing[1:] + spacing[:-1]))])
    number += held * (route.along > stop)
    kept = (route.along >= first) & (route.along <= last)
    place = route.place + np.array((0.0, 0.0, sensor.height))
    return Pass(
        number=number[kept] - number[kept][0],
        place=place[kept],
        heading=route.heading[kept],
        pitch=(route.pitch + pitch)[kept],
        roll=(route.roll + roll)[kept],
        shift=shift,
        start=start,
    )


def station(
    place: Array, sensor: Sensor, rng: np.random.Generator, *, start: float = 0.0, error: float = 0.0
) -> Pass:
    """Return a scan of the full dome from a tripod over `place` (3,), m on the ground: half a turn about its axis."""
    sweeps = max(2, round(180.0 / sensor.spacing))
    heading = rng.uniform(0, 2 * np.pi) + np.array([0.0, np.pi])
    still = np.zeros(2)
    shift = error * rng.standard_normal(3) * (1.0, 1.0, 0.5)
    return Pass(
        number=np.array([0.0, sweeps]),
        place=np.repeat((place + np.array((0.0, 0.0, sensor.height)))[None], 2, axis=0),
        heading=heading,
        pitch=still,
        roll=still,
        shift=shift,
        start=start,
    )


def standpoints(
    street: Street, count: int, gap: float, rng: np.random.Generator, room: Callable[[Array], float]
) -> list[Array]:
    """Return places for tripods, (3,) m on the ground each, in turn on either pavement of a street.

    Parameters
    ----------
    street
        The street.
    count, gap
        How many, and how far apart along the street, m.
    rng
        Draws where each stands: of six places the one with the most room.
    room
        A place on the ground -> how much room there is around, the more the better.
    """
    found = []
    for index in range(count):
        candidates = []
        for _ in range(6):
            sign = int(rng.choice([1, -1]))
            side = street.terrain.side(sign)
            s = (index + 0.5) * gap + rng.uniform(-0.3, 0.3) * gap
            t = sign * rng.uniform(side.front - side.pavement + 0.3, side.front - 0.3)
            z = float(street.terrain.height(s, t))
            candidates.append(street.centreline.to_plane(np.array([[s, t, z]]))[0])
        found.append(max(candidates, key=room))
    return found
