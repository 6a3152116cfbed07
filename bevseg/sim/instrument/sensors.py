"""The scanners: the directions of their rays, and how they measure.

A sweep is one turn of a mirror or of a spinning head. Directions are in the frame of the instrument: x ahead, y left,
z up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.instrument.drums import DRUMS

Array = NDArray[np.float64]

FULL_TURN = 360.0
TERRESTRIAL = "terrestrial"
"""Kind of a sensor that stands on a tripod; the others are driven."""
SPARSE = 1.5
"""Greatest distance between two sweeps, m or degrees."""


@dataclass(frozen=True)
class Pattern:
    """The rays of one sweep.

    Attributes
    ----------
    directions
        (H, R, 3) unit directions of the R rays of each of H heads.
    share
        (R,) time at which a ray is sent, as a share of the sweep from 0 to 1, in ascending order.
    offsets
        (H, 3) positions of the heads in the frame of the instrument, m.
    ring
        How many rays after a ray its neighbour is sent. In a spinning scanner that is the next ray of the same beam.
    hidden
        (H, R) whether something on the vehicle is in the way of a ray, which then measures nothing. None: of no ray.
    """

    directions: Array
    share: Array
    offsets: Array
    ring: int = 1
    hidden: NDArray[np.bool_] | None = None

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
    """How ranges are measured, and which are lost."""

    noise: float = 0.010
    """Standard deviation of a range, m. The roughness of the surface adds to it."""
    step: float = 0.0
    """Ranges are rounded to multiples of this, m; 0: not rounded."""
    reach: float = 45.0
    """Range at which half the returns are lost, m."""
    farthest: float = 90.0
    """Greatest range, m."""
    nearest: float = 1.2
    """Least range, m: nearer returns are of the vehicle itself."""
    grazing: float = 0.3
    """Share of the returns that is measured where the beam only grazes the surface."""
    kept: float = 1.0
    """Share of the returns that is kept, on every material."""
    divergence: float = 0.0
    """Full angle of the beam, rad. It decides how often a beam straddles an edge."""
    returns: int = 1
    """Greatest number of returns of a beam, 1 or 2."""
    multipath: float = 0.0
    """Factor on the chance that a surface mirrors the beam: 1 for that of its material, 0 for never."""
    bloom: float = 0.0
    """Beams that pass a retro-reflector at less than this may return from about its range, m."""
    through: float = 1.0
    """Factor on the chance that a beam passes through glass: 1 for that of the material, 0 for never."""


@dataclass(frozen=True)
class Sensor:
    """A scanner, as it is mounted and set."""

    kind: str
    """A key of `PATTERNS`: `line_scanner`, `profiler`, `spinning` or `terrestrial`."""
    height: float
    """Height over the ground, m."""
    step: float
    """Angle between two rays, degrees."""
    spacing: float
    """Distance between two sweeps along the road, m; for a terrestrial scanner the angle between them, degrees."""
    rate: float
    """Sweeps per second."""
    yaw: tuple[float, ...] = (0.0,)
    """Direction of the scan plane of a line scanner, of the axis of a profiler, or of the tilt of a spinning scanner:
    degrees to the left of ahead, one number for each head."""
    pitch: float | tuple[float, ...] = 0.0
    """Angle of the axis of a profiler below the horizon, or of a spinning scanner off the vertical, degrees: of all
    heads, or one number for each."""
    apart: float = 0.5
    """Distance of each of two spinning heads from the middle, towards its `yaw`, m."""
    beams: tuple[float, ...] = DRUMS["HDL-32E"].elevations
    """Angles of the beams of a spinning scanner above the horizon, degrees."""
    duty: float = 1.0
    """Share of the time between two sweeps of a spinning scanner that a turn takes: less if turns are left out."""
    blind: float = 0.0
    """Angle off straight down in which a line scanner measures nothing, degrees: the vehicle is there."""
    hidden: tuple[tuple[float, float], ...] = ()
    """Azimuths in which a spinning scanner sees nothing, however it leans, from and to, degrees to the right of
    ahead."""
    optics: Optics = Optics()

    @property
    def stands(self) -> bool:
        """Whether the scanner stands on tripods; otherwise it is driven."""
        return self.kind == TERRESTRIAL

    def pattern(self) -> Pattern:
        """Return the rays of a sweep."""
        return PATTERNS[self.kind](self)

    def denser(self, factor: float) -> Self:
        """Return the sensor with about `factor` times as many rays per metre, spread over both directions.

        Sweeps lie at most 1.5 m apart (1.5 degrees for a terrestrial scanner), unless they did so before.
        """
        spacing = min(self.spacing / float(np.sqrt(factor)), max(self.spacing, SPARSE))
        return replace(self, step=self.step * self.spacing / (factor * spacing), spacing=spacing)


def _line_scanner(sensor: Sensor) -> Pattern:
    """Return half a turn in a vertical plane, from `blind` degrees off straight down to straight up."""
    opening = 180.0 - sensor.blind
    count = max(2, round(opening / sensor.step) + 1)
    elevation = np.radians(np.linspace(90.0 - opening, 90.0, count))
    return _planes(sensor, elevation, np.linspace(0.0, opening / FULL_TURN, count))


def _terrestrial(sensor: Sensor) -> Pattern:
    """Return a vertical circle without the 28 degrees to either side of straight down, where the tripod is."""
    count = max(2, round(304.0 / sensor.step) + 1)
    return _planes(sensor, np.radians(np.linspace(-62.0, 242.0, count)), np.linspace(0.0, 0.85, count))


def _planes(sensor: Sensor, elevation: Array, share: Array) -> Pattern:
    yaw = np.radians(sensor.yaw)[:, None]
    flat, up = np.cos(elevation), np.sin(elevation)
    directions = np.stack([flat * np.cos(yaw), flat * np.sin(yaw), up + 0 * yaw], axis=2)
    return Pattern(directions, share, np.zeros((len(sensor.yaw), 3)))


def _profiler(sensor: Sensor) -> Pattern:
    """Return circles about axes that are yawed off the driving direction and pitched down; they begin straight up."""
    count = max(8, round(FULL_TURN / sensor.step))
    share = (np.arange(count) + 0.5) / count
    angle = 2 * np.pi * share
    heads = []
    for yaw, pitch in _mounts(sensor):
        axis = np.array([np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), -np.sin(pitch)])
        across = np.cross((0, 0, 1), axis)
        across /= np.linalg.norm(across)
        heads.append(np.outer(np.cos(angle), np.cross(axis, across)) + np.outer(np.sin(angle), across))
    return Pattern(np.stack(heads), share, np.zeros((len(heads), 3)))


def _mounts(sensor: Sensor) -> list[tuple[float, float]]:
    """Return yaw and pitch of each head, rad."""
    yaw, pitch = np.broadcast_arrays(np.radians(sensor.yaw), np.radians(sensor.pitch))
    return list(zip(yaw.tolist(), pitch.tolist(), strict=True))


def _spinning(sensor: Sensor) -> Pattern:
    """Return turns of all beams about axes tilted by `pitch` towards `yaw`; two heads stand `apart`."""
    count = max(4, round(FULL_TURN / sensor.step))
    turned = np.arange(count) / count
    azimuth = 2 * np.pi * turned
    elevation = np.radians(sensor.beams)
    level = np.stack(
        [
            np.outer(np.cos(azimuth), np.cos(elevation)),
            -np.outer(np.sin(azimuth), np.cos(elevation)),
            np.broadcast_to(np.sin(elevation), (len(turned), len(elevation))),
        ],
        axis=2,
    ).reshape(-1, 3)
    share = np.repeat(turned * sensor.duty, len(elevation))
    heads, offsets = [], []
    for yaw, tilt in _mounts(sensor):
        cos, sin = np.cos(yaw), np.sin(yaw)
        turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
        lean = np.array(
            [[np.cos(tilt), 0.0, np.sin(tilt)], [0.0, 1.0, 0.0], [-np.sin(tilt), 0.0, np.cos(tilt)]]
        )
        heads.append(level @ (turn @ lean @ turn.T).T)
        offsets.append(
            (sensor.apart * cos, sensor.apart * sin, 0.0) if len(sensor.yaw) > 1 else (0.0, 0.0, 0.0)
        )
    directions, ring = np.stack(heads), len(elevation)
    if not sensor.hidden:
        return Pattern(directions, share, np.array(offsets), ring)
    hidden = _hidden(directions, sensor.hidden)
    seen = np.repeat(~hidden.reshape(len(heads), count, ring).all(axis=(0, 2)), ring)
    return Pattern(directions[:, seen], share[seen], np.array(offsets), ring, hidden[:, seen])


def _hidden(directions: Array, sectors: tuple[tuple[float, float], ...]) -> NDArray[np.bool_]:
    """Return which directions (..., 3) lie in sectors of azimuth, degrees to the right of ahead."""
    azimuth = np.degrees(np.arctan2(-directions[..., 1], directions[..., 0])).round(6)
    inside = [(azimuth - begin) % FULL_TURN < end - begin for begin, end in sectors]
    found: NDArray[np.bool_] = np.any(inside, axis=0)
    return found


PATTERNS = {
    "line_scanner": _line_scanner,
    "profiler": _profiler,
    "spinning": _spinning,
    TERRESTRIAL: _terrestrial,
}
"""Kind of a sensor -> function that returns its rays."""
