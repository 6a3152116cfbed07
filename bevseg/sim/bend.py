"""Street coordinates -> the plane: a road that swings gently to either side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

_STEP = 0.5
"""Spacing of the table of the centre line, m."""
_MARGIN = 60.0
"""How far the table goes on before and after the drive, m."""


@dataclass(frozen=True)
class Bend:
    """The centre line as a table.

    Attributes
    ----------
    s
        (K,) distance along the line, m.
    xy
        (K, 2) its place in the plane, m; (0, 0) at s = 0.
    heading
        (K,) its direction, rad from x towards y.
    """

    s: NDArray[np.float64]
    xy: NDArray[np.float64]
    heading: NDArray[np.float64]

    @classmethod
    def draw(cls, rng: np.random.Generator, length: float) -> Self:
        """Draw a line whose radius is never under 160 m."""
        s = np.arange(-_MARGIN, length + _MARGIN + _STEP, _STEP)
        wavelength = rng.uniform(150, 400)
        swing = rng.uniform(0, 1) * min(0.35, wavelength / (2 * np.pi * 160))
        heading = rng.uniform(0, 2 * np.pi) + swing * np.sin(
            2 * np.pi * s / wavelength + rng.uniform(0, 2 * np.pi)
        )
        middle = (heading[1:] + heading[:-1]) / 2
        steps = _STEP * np.column_stack([np.cos(middle), np.sin(middle)])
        xy = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
        return cls(s, xy - xy[np.searchsorted(s, 0.0)], heading)

    def direction(self, s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Heading of the line at `s`, rad."""
        return np.interp(s, self.s, self.heading)

    def plane(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map (N, 3) street coordinates (s, t, z) to (N, 3) of the plane."""
        s, t, z = points.T
        heading = self.direction(s)
        x = np.interp(s, self.s, self.xy[:, 0]) - t * np.sin(heading)
        y = np.interp(s, self.s, self.xy[:, 1]) + t * np.cos(heading)
        return np.column_stack([x, y, z])
