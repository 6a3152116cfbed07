"""A route and a pace -> the pose of the instrument over time, with the errors that registration leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.instrument.sensors import Sensor

Array = NDArray[np.float64]

KNOTS = 0.25
"""Spacing of the knots of a route, m."""
KEPT = 3.0
"""Way along which the error of registration of a sweep becomes another one, m."""


@dataclass(frozen=True)
class Pass:
    """One drive, or one station: the pose of the instrument as a table over the sweeps.

    Attributes
    ----------
    number
        (K,) number of the sweep, from 0, in ascending order. The pass ends at the last one.
    place
        (K, 3) position of the instrument in the frame of the street, m.
    heading, pitch, roll
        (K,) rad: from x towards y, nose up, left side up.
    shift
        (3,) error that registration leaves in all returns of this pass, m.
    start
        Time of sweep 0, s.
    wander
        (K, 3) error that registration leaves in the returns of single sweeps, m; None: none.
    """

    number: Array
    place: Array
    heading: Array
    pitch: Array
    roll: Array
    shift: Array
    start: float = 0.0
    wander: Array | None = None

    @property
    def sweeps(self) -> int:
        """Number of whole sweeps."""
        return int(self.number[-1] + 1e-9)

    def pose(self, number: Array) -> tuple[Array, Array, Array, Array]:
        """Return place (..., 3), heading, pitch and roll at sweep numbers of any shape, which may have fractions."""
        place = np.stack([np.interp(number, self.number, axis) for axis in self.place.T], axis=-1)
        heading, pitch, roll = (
            np.interp(number, self.number, angle) for angle in (self.heading, self.pitch, self.roll)
        )
        return place, heading, pitch, roll

    def error(self, number: Array) -> Array:
        """Return the error (..., 3) of returns at sweep numbers, m: that of a sweep is the same for all of it."""
        if self.wander is None:
            return self.shift
        sweep = np.floor(number)
        return self.shift + np.stack([np.interp(sweep, self.number, axis) for axis in self.wander.T], axis=-1)


@dataclass(frozen=True)
class Route:
    """A line along which a vehicle drives.

    Attributes
    ----------
    along
        (K,) distance driven, m, from 0.
    place
        (K, 3) the road below the instrument, m in the frame of the street.
    heading, pitch, roll
        (K,) of the vehicle, rad.
    curvature
        (K,) of the line, 1 / m.
    through
        Position that a drive along a part of the route must pass, as a share of the route; None: any part will do.
    back
        Whether the route leads from the end of the street to its start.
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
        """Length of the route, m."""
        return float(self.along[-1])


@dataclass(frozen=True)
class Pace:
    """How evenly a vehicle drives."""

    swing: float = 0.0
    """Standard deviation of the logarithm of the speed; a new speed is drawn every 15 m."""
    slowing: float = 0.0
    """Share of its speed that the vehicle loses in a sharp turn."""
    stops: float = 0.0
    """Chance of a stop, with 3 to 12 sweeps at one place."""
    sway: float = 0.0
    """Standard deviation of the pitch and roll that shake the instrument, drawn anew every 0.25 m, rad."""


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
    drift: float = 0.0,
) -> Pass:
    """Drive a route from `first` to `last` m.

    Parameters
    ----------
    route, sensor, pace
        The line, the spacing of the sweeps along it, and how even the drive is.
    rng
        Draws the speed and the error, independently of `first`, `last` and the spacing.
    first, last
        Begin and end of the drive along the route, m.
    start
        Time of the first sweep, s.
    error
        Standard deviation of the error of registration of the whole drive, m in x and y; half of it in z.
    drift
        Likewise of single sweeps; the error changes along `KEPT`.
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
    wander = None
    if drift:
        knots = np.arange(0.0, route.length + KEPT, KEPT)
        off = drift * rng.standard_normal((3, len(knots))) * np.array([[1.0], [1.0], [0.5]])
        wander = np.stack([np.interp(route.along, knots, axis) for axis in off], axis=1)[kept]
    return Pass(
        number=number[kept] - number[kept][0],
        place=place[kept],
        heading=route.heading[kept],
        pitch=(route.pitch + pitch)[kept],
        roll=(route.roll + roll)[kept],
        shift=shift,
        start=start,
        wander=wander,
    )


def station(
    place: Array, sensor: Sensor, rng: np.random.Generator, *, start: float = 0.0, error: float = 0.0
) -> Pass:
    """Return a full scan from a tripod over `place` (3,), m on the ground: half a turn about its axis."""
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
