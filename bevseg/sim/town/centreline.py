"""Street coordinates <-> the plane, along a road that is straight, bends gently, or has one sharp bend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_STEP = 1.0
"""Spacing of the table of the centreline, m: that of the knots of the ground."""
_MARGIN = 60.0
"""Length of the table before and after the drive, m."""
GENTLE = 160.0
"""Least radius of a gentle bend, m."""
SHARP = (45.0, 90.0)
"""Least and greatest radius of a sharp bend, m."""


@dataclass(frozen=True)
class Centreline:
    """The centreline as a table. Between two rows, position and normal change linearly.

    Attributes
    ----------
    s
        (K,) distance along the line, m.
    xy
        (K, 2) position in the plane, m; (0, 0) at s = 0.
    heading
        (K,) direction, rad from x towards y.
    """

    s: Array
    xy: Array
    heading: Array

    @classmethod
    def draw(
        cls,
        rng: np.random.Generator,
        length: float,
        kind: str = "gentle",
        straight: Sequence[tuple[float, float]] = (),
    ) -> Self:
        """Draw a centreline.

        Parameters
        ----------
        rng, length
            Random generator, and the length of the drive, m.
        kind
            "straight"; "gentle", of a radius of `GENTLE` and more; or "sharp", with one bend of a radius in `SHARP`.
        straight
            Stretches that do not bend, (from, to) in m: those with a side street.
        """
        s = np.arange(-_MARGIN, np.ceil(length) + _MARGIN + _STEP, _STEP)
        middle = (s[1:] + s[:-1]) / 2
        curvature = np.zeros_like(middle)
        if kind == "gentle":
            wavelength = rng.uniform(150, 400)
            swing = rng.uniform(0, 1) * min(0.35, wavelength / (2 * np.pi * GENTLE))
            turn = 2 * np.pi / wavelength
            curvature = swing * turn * np.cos(turn * middle + rng.uniform(0, 2 * np.pi))
        elif kind == "sharp":
            radius, angle = rng.uniform(*SHARP), rng.choice([-1, 1]) * rng.uniform(0.35, 1.2)
            half, at = abs(angle) * radius / 2, rng.uniform(0.2, 0.8) * length
            curvature = np.sign(angle) / radius * np.clip((half - np.abs(middle - at)) / 8.0 + 0.5, 0, 1)
        for low, high in straight:
            away = np.maximum(low - middle, middle - high)
            curvature = curvature * np.clip(away / 6.0, 0, 1)
        heading = rng.uniform(0, 2 * np.pi) + np.concatenate([[0.0], np.cumsum(_STEP * curvature)])
        between = (heading[1:] + heading[:-1]) / 2
        steps = _STEP * np.column_stack([np.cos(between), np.sin(between)])
        xy = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
        return cls(s, xy - xy[np.searchsorted(s, 0.0)], heading)

    @cached_property
    def _rows(self) -> Array:
        """(K, 4) place of the line and normal to its left."""
        return np.column_stack([self.xy, -np.sin(self.heading), np.cos(self.heading)])

    def reach(self, sign: int) -> float:
        """Return the greatest width of the ground to the left (1) or right (-1) that does not fold over, m."""
        curvature = sign * np.diff(self.heading) / np.diff(self.s)
        return float(1 / max(curvature.max(), 1e-4))

    def to_plane(self, points: Array) -> Array:
        """Map (N, 3) street coordinates (s, t, z) to (N, 3) of the plane."""
        s, t, z = np.asarray(points, np.float64).T
        x, y, left, up = (np.interp(s, self.s, column) for column in self._rows.T)
        return np.column_stack([x + t * left, y + t * up, z])

    def to_street(self, xy: Array) -> Array:
        """Map (N, 2) places in the plane to (N, 2) street coordinates (s, t), m; the inverse of `to_plane`.

        A place that several s lead to gets the one whose point of the line is nearest.
        """
        xy = np.asarray(xy, np.float64).reshape(-1, 2)
        k = self._nearest(xy)
        f, t = np.zeros(len(xy)), np.zeros(len(xy))
        lost = np.arange(len(xy))
        for _ in range(8):  # the row of a place is found from the rows beside it
            at = k[lost]
            here, step = self._rows[at], self._rows[at + 1] - self._rows[at]
            f[lost], t[lost] = _inverse(xy[lost] - here[:, :2], step[:, :2], here[:, 2:], step[:, 2:])
            moved = np.clip(at + np.floor(f[lost]).astype(np.int64), 0, len(self.s) - 2)
            k[lost] = moved
            lost = lost[moved != at]
            if not len(lost):
                break
        return np.column_stack([self.s[k] + f * (self.s[k + 1] - self.s[k]), t])

    def _nearest(self, xy: Array) -> NDArray[np.int64]:
        """Return the row of the table nearest to each place, without the last row."""
        found = np.empty(len(xy), np.int64)
        for start in range(0, len(xy), 20_000):
            part = xy[start : start + 20_000]
            away = np.sum(self.xy**2, axis=1) - 2 * part @ self.xy.T
            found[start : start + 20_000] = away.argmin(axis=1)
        return np.minimum(found, len(self.s) - 2)


def _inverse(offset: Array, step: Array, normal: Array, change: Array) -> tuple[Array, Array]:
    """Solve offset = f * step + t * (normal + f * change) for (f, t), all (N, 2)."""
    f, t = np.zeros(len(offset)), np.sum(offset * normal, axis=1)
    for _ in range(4):
        across = normal + f[:, None] * change
        rest = offset - f[:, None] * step - t[:, None] * across
        along = step + t[:, None] * change
        det = along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0]
        det = np.where(np.abs(det) < 1e-9, 1e-9, det)
        f = f + (rest[:, 0] * across[:, 1] - rest[:, 1] * across[:, 0]) / det
        t = t + (along[:, 0] * rest[:, 1] - along[:, 1] * rest[:, 0]) / det
    return f, t
