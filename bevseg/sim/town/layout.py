"""How a street is laid out, in street coordinates: the section of its sides, plots, cross streets, dropped kerbs.

The ground is made of it in `terrain`. s runs along the centreline, t to the left of it, in m.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.materials import Material

Array = NDArray[np.float64]

WALL = 0.25
"""Thickness of a retaining wall: the ground steps up inside it, m."""


@dataclass(frozen=True)
class Side:
    """One side of the street: distances from the centreline outward, m."""

    kerb: float
    """Edge of the carriageway, the parking lane included."""
    verge: float
    """Width of the grass between kerb and pavement."""
    pavement: float
    """Width of the pavement."""
    garden: float
    """From the pavement to the usual front of the houses."""
    bank: float = 0.0
    """Slope of the ground behind the pavement, m per m: for streets without plots, whose profiles have their own."""
    bank_width: float = 1.0
    """Width over which it rises or falls; level behind."""
    hill: float = 0.0
    """Slope of the land away from the street, its side streets included, m per m."""

    @property
    def front(self) -> float:
        """Outer edge of the pavement."""
        return self.kerb + self.verge + self.pavement

    @property
    def facade(self) -> float:
        """Usual front of the houses."""
        return self.front + self.garden

    def rise(self, distance: Array) -> Array:
        """Height over the top of the kerb, m, at a distance from the centreline."""
        return (
            0.02 * np.clip(distance - self.kerb, 0, self.front - self.kerb)
            + self.bank * np.clip(distance - self.front, 0, self.bank_width)
            + self.hill * np.maximum(distance - self.front - 4.0, 0)
        )


@dataclass(frozen=True)
class Plot:
    """A stretch of the ground behind the pavement that has a level of its own."""

    low: float
    """s of its two ends, m."""
    high: float
    profile: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    """(distance from the pavement, height over what would be there), m; linear in between, level after the last."""
    level: float = 0.0
    """How far the ground is level along the street: 0 as steep as it, 1 level."""
    step: float = 0.0
    """Distance from the pavement behind which it is."""
    soil: Material = Material.GRASS
    seams: tuple[float, float] = (3.0, 3.0)
    """Widths over which it passes into its neighbours, m."""

    def share(self, s: Array) -> Array:
        """How much of the plot there is at s: 1 within, 0 outside, and in between at its seams."""
        a, b = self.seams
        return np.clip((s - self.low) / a + 0.5, 0, 1) * np.clip((self.high - s) / b + 0.5, 0, 1)

    def rise(self, distance: Array) -> Array:
        """Height over what would be there, m, at distances from the pavement."""
        u, rise = np.array(self.profile).T
        return np.asarray(np.interp(distance, u, rise))

    def edges(self) -> list[float]:
        """Distances from the pavement between which the ground is steep."""
        u = np.array([u for u, _ in self.profile])
        near = np.flatnonzero(np.diff(u) < 0.6)
        return [*u[near], *u[near + 1]]


@dataclass(frozen=True)
class Crossing:
    """A cross street: where it meets the street, half the width of its carriageway, and what is beside it, m."""

    s: float
    half: float
    pavement: float = 0.0
    arms: tuple[int, ...] = (1, -1)
    """The sides that it goes off to: 1 left, -1 right."""
    kerb: float = 0.0
    """Height of its kerbs."""

    def margin(self, s: Array) -> Array:
        """Distance from the edge of its carriageway; negative on it."""
        return np.abs(s - self.s) - self.half


@dataclass(frozen=True)
class Ramp:
    """A dropped kerb: on which side, and where along the street, m."""

    sign: int
    s: float
    half: float

    def share(self, s: Array) -> Array:
        """How much of the kerb is taken away at s."""
        return np.clip(1 + (self.half - np.abs(s - self.s)) / 0.6, 0, 1)
