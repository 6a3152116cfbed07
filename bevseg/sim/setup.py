"""How a street is scanned: the scanner, its drive and the kind of town."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from bevseg.sim.instrument.drive import Pace
from bevseg.sim.instrument.sensors import Sensor


@dataclass(frozen=True)
class Setup:
    """How one street is scanned."""

    sensor: Sensor
    style: str
    """Kind of town, a key of `town.styles.STYLES`."""
    pace: Pace = field(default_factory=Pace)
    passes: int = 1
    """Number of drives. Every second one returns in the opposite lane, where that is free."""
    error: float = 0.0
    """Standard deviation of the error that registration leaves in a pass or station, m."""
    drift: float = 0.0
    """Standard deviation of the error that registration leaves in a single sweep, m."""
    traffic: float | None = None
    """Vehicles per m of a lane, and people per m of a pavement, that move while a turning head scans them: in the
    style `shrec20`, others have more or fewer. None: what moves is a part of the street, distorted as a line scanner
    draws it."""
    walks: bool = False
    """Whether the scanner is carried along a pavement or verge; otherwise it is driven in a lane."""
    turns: float = 0.0
    """Chance that the drive turns into a cross street, if there is one."""
    shortest: float = 40.0
    """Least length of a drive, m. Fewer points than the sensor measures there lie further apart."""
    longest: float = 1000.0
    """Greatest length of a drive, m. More points lie closer together. Tripods have no greatest length."""
    resolution: float = 0.001
    """Step of the coordinates, m."""


@dataclass(frozen=True)
class Preset:
    """A named way to scan a street."""

    draw: Callable[[np.random.Generator], Setup]
    """Draws how one street is scanned."""
    points: int
    """Default number of points of a cloud."""
