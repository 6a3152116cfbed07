"""The instruments: where their rays go, and how they measure.

A sweep is one turn of a mirror or a drum. Directions are in the frame of the instrument: x ahead, y left, z up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HDL32 = np.linspace(-30.67, 10.67, 32)
"""Elevations of the beams of a Velodyne HDL-32E, degrees (its user's manual, 63-9113)."""
FULL_TURN = 360.0
_SPARSE = 1.5
"""Between two sweeps at most, m or degrees."""


@dataclass(frozen=True)
class Pattern:
    """The rays of one sweep.

    Attributes
    ----------
    directions
        (H, R, 3) unit directions of the R rays of each of H heads.
    share
        (R,) share of the sweep that is over when a ray is sent, from 0 to 1, never falling.
    offsets
        (H, 3) places of the heads in the frame of the instrument, m.
    ring
        How many rays on the neighbour of a ray is: that of the same beam in a drum.
    """

    directions: Array
    share: Array
    offsets: Array
    ring: int = 1

    @property
    def heads(self) -> int:
        """Number of heads."""
        return len(self.directions)

    @property
    def rays(self) -> int:
        """Number of rays of one head in one sweep."""
        return len(self.share)


@dataclass(frozen=True)
class Optics:
    """How ranges are measured, and which are not."""

    noise: float = 0.010
    """Standard deviation of a range, m; the roughness of a surface adds to it."""
    step: float = 0.0
    """Ranges are rounded to multiples of this, m; 0: not at all."""
    reach: float = 45.0
    """Range at which half the returns are lost, m."""
    farthest: float = 90.0
    """No return comes back from beyond, m."""
    nearest: float = 1.2
    """Returns nearer than this are of the vehicle itself, m."""
    grazing: float = 0.3
    """Share of the returns that comes back although the beam just touches a surface."""
    kept: float = 1.0
    """Share of the returns that is kept, whatever they hit."""
    divergence: float = 0.0
    """Full angle of the beam, rad: what it may straddle at an edge."""
    returns: int = 1
    """Returns of one beam at most, 1 or 2."""
    multipath: float = 0.0
    """How often a mirroring surface sends the beam on: 1 for as often as its material tells, 0 for never."""
    through: float = 1.0
    """How often a beam goes on behind glass: 1 for as often as its material tells, 0 for never."""


@dataclass(frozen=True)
class Sensor:
    """An instrument, as it was mounted and set."""

    kind: str
    """A key of `PATTERNS`: `line_scanner`, `profiler`, `spinning` or `terrestrial`."""
    height: float
    """Over the ground, m."""
    step: float
    """Angle between two rays, degrees."""
    spacing: float
    """Between two sweeps along the road, m; for a `terrestrial` scanner the angle between them, degrees."""
    rate: float
    """Sweeps per second."""
    yaw: tuple[float, ...] = (0.0,)
    """Of the plane of a fan, the axis of a profiler, the lean of a drum: left of ahead, degrees; a head each."""
    pitch: float = 0.0
    """Of the axis of a profiler below the horizon, or of that of a drum off the vertical, degrees."""
    blind: float = 0.0
    """Angle off straight down up to which a fan brings nothing home, degrees: the vehicle is there."""
    optics: Optics = Optics()

    def pattern(self) -> Pattern:
        """Return the rays of a sweep."""
        return PATTERNS[self.kind](self)

    def denser(self, factor: float) -> Self:
        """Return the sensor with about `factor` as many rays on a metre: finer in both directions alike.

        Sweeps lie no further apart than 1.5 m (degrees in a dome), unless they did before.
        """
        spacing = min(self.spacing / float(np.sqrt(factor)), max(self.spacing, _SPARSE))
        return replace(self, step=self.step * self.spacing / (factor * spacing), spacing=spacing)


def _line_scanner(sensor: Sensor) -> Pattern:
    """Lay out a push-broom: half a turn in a vertical plane, from `blind` off straight down to straight up."""
    opening = 180.0 - sensor.blind
    count = max(2, round(opening / sensor.step) + 1)
    elevation = np.radians(np.linspace(90.0 - opening, 90.0, count))
    return _planes(sensor, elevation, np.linspace(0.0, opening / FULL_TURN, count))


def _terrestrial(sensor: Sensor) -> Pattern:
    """Lay out a tripod: a vertical circle but for 28 degrees to either side of straight down."""
    count = max(2, round(304.0 / sensor.step) + 1)
    return _planes(sensor, np.radians(np.linspace(-62.0, 242.0, count)), np.linspace(0.0, 0.85, count))


def _planes(sensor: Sensor, elevation: Array, share: Array) -> Pattern:
    yaw = np.radians(sensor.yaw)[:, None]
    flat, up = np.cos(elevation), np.sin(elevation)
    directions = np.stack([flat * np.cos(yaw), flat * np.sin(yaw), up + 0 * yaw], axis=2)
    return Pattern(directions, share, np.zeros((len(sensor.yaw), 3)))


def _profiler(sensor: Sensor) -> Pattern:
    """Mirrors that turn about axes yawed off the driving direction and pitched down, from straight up on."""
    count = max(8, round(FULL_TURN / sensor.step))
    share = (np.arange(count) + 0.5) / count
    angle, pitch = 2 * np.pi * share, np.radians(sensor.pitch)
    heads = []
    for yaw in np.radians(sensor.yaw):
        axis = np.array([np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), -np.sin(pitch)])
        across = np.cross((0, 0, 1), axis)
        across /= np.linalg.norm(across)
        heads.append(np.outer(np.cos(angle), np.cross(axis, across)) + np.outer(np.sin(angle), across))
    return Pattern(np.stack(heads), share, np.zeros((len(heads), 3)))


def _spinning(sensor: Sensor) -> Pattern:
    """Spinning drums of 32 beams, their axes tilted by `pitch` towards `yaw`; heads stand 0.5 m off the middle."""
    count = max(4, round(FULL_TURN / sensor.step))
    azimuth = 2 * np.pi * np.arange(count) / count
    elevation = np.radians(HDL32)
    level = np.stack(
        [
            np.outer(np.cos(azimuth), np.cos(elevation)),
            -np.outer(np.sin(azimuth), np.cos(elevation)),
            np.broadcast_to(np.sin(elevation), (count, len(elevation))),
        ],
        axis=2,
    ).reshape(-1, 3)
    share = np.repeat(np.arange(count) / count, len(elevation))
    tilt = np.radians(sensor.pitch)
    heads, offsets = [], []
    for yaw in np.radians(sensor.yaw):
        cos, sin = np.cos(yaw), np.sin(yaw)
        turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
        lean = np.array(
            [[np.cos(tilt), 0.0, np.sin(tilt)], [0.0, 1.0, 0.0], [-np.sin(tilt), 0.0, np.cos(tilt)]]
        )
        heads.append(level @ (turn @ lean @ turn.T).T)
        offsets.append((0.5 * cos, 0.5 * sin, 0.0) if len(sensor.yaw) > 1 else (0.0, 0.0, 0.0))
    return Pattern(np.stack(heads), share, np.array(offsets), ring=len(elevation))


PATTERNS = {
    "line_scanner": _line_scanner,
    "profiler": _profiler,
    "spinning": _spinning,
    "terrestrial": _terrestrial,
}
"""Kind of a sensor -> what lays out its rays."""
