"""The plan of a street: cross-section of its sides, plots, cross streets, dropped kerbs.

The plan is in street coordinates, in m: s along the centreline, t to the left of it. `terrain` turns it into ground.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.materials import Material

Array = NDArray[np.float64]

WALL = 0.25
"""Thickness of a retaining wall, m. The step of the ground lies inside the wall."""


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
    """Distance from the pavement to the usual front of the houses."""
    bank: float = 0.0
    """Slope of the ground behind the pavement, m per m, for streets without plots. Plots have profiles."""
    bank_width: float = 1.0
    """Width of that slope; behind it the ground is level."""
    hill: float = 0.0
    """Slope of the land away from the street, with its side streets, m per m."""
    service: float = 0.0
    """Width of a service road between verge and pavement; 0 for none."""

    @property
    def front(self) -> float:
        """Outer edge of the pavement."""
        return self.kerb + self.verge + self.service + self.pavement

    @property
    def facade(self) -> float:
        """Usual front of the houses."""
        return self.front + self.garden

    def rise(self, distance: Array) -> Array:
        """Return the height over the top of the kerb, m, at distances from the centreline."""
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
    """(distance from the pavement, height over the ground without the plot), m: linear in between, then level."""
    level: float = 0.0
    """Slope along the street: 0 for that of the street, 1 for level ground."""
    step: float = 0.0
    """Distance from the pavement at which `level` begins."""
    soil: Material = Material.GRASS
    seams: tuple[float, float] = (3.0, 3.0)
    """Widths of the transitions to the neighbours, m."""

    def share(self, s: Array) -> Array:
        """Return the weight of the plot at s: 1 inside, 0 outside, in between at its seams."""
        a, b = self.seams
        return np.clip((s - self.low) / a + 0.5, 0, 1) * np.clip((self.high - s) / b + 0.5, 0, 1)

    def rise(self, distance: Array) -> Array:
        """Return the height over the ground without the plot, m, at distances from the pavement."""
        u, rise = np.array(self.profile).T
        return np.asarray(np.interp(distance, u, rise))

    def edges(self) -> list[float]:
        """Return the distances from the pavement at which steep ground begins and ends."""
        u = np.array([u for u, _ in self.profile])
        near = np.flatnonzero(np.diff(u) < 0.6)
        return [*u[near], *u[near + 1]]


@dataclass(frozen=True)
class Crossing:
    """A cross street: position along the street, half the width of the carriageway, width of the pavements, m."""

    s: float
    half: float
    pavement: float = 0.0
    arms: tuple[int, ...] = (1, -1)
    """The sides to which it leaves: 1 left, -1 right."""
    kerb: float = 0.0
    """Height of its kerbs."""

    def margin(self, s: Array) -> Array:
        """Return the distance from the edge of the carriageway, m; negative on it."""
        return np.abs(s - self.s) - self.half


@dataclass(frozen=True)
class Ramp:
    """A dropped kerb: side, position along the street and half its length, m."""

    sign: int
    s: float
    half: float

    def share(self, s: Array) -> Array:
        """Return the share of the kerb that is removed at s."""
        return np.clip(1 + (self.half - np.abs(s - self.s)) / 0.6, 0, 1)
