"""The ground of the street: slope, camber, kerbs, pavements, gardens and banks, a cross street.

Everything is laid out in street coordinates: s along the centre line, t to the left of it, in m. The road bends only
when the finished street is mapped to the plane.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, surface

KERB = 0.12
"""Height of a kerb, m."""
_KERB_WIDTH = 0.03
_BEYOND = 30.0
"""Ground before the start and after the end of the drive, m: the scanner looks ahead and back."""
_REACH = 55.0
"""Ground to either side of the centre line, m."""


@dataclass(frozen=True)
class Side:
    """One side of the street: distances from the centre line outward, m."""

    kerb: float
    """Edge of the carriageway, the parking lane included."""
    verge: float
    """Width of the grass between kerb and pavement."""
    pavement: float
    """Width of the pavement."""
    garden: float
    """From the pavement to the front of the houses."""
    bank: float
    """Slope of the ground behind the pavement, m per m."""
    bank_width: float
    """Width over which it rises or falls; level behind."""

    @property
    def front(self) -> float:
        """Outer edge of the pavement."""
        return self.kerb + self.verge + self.pavement

    @property
    def facade(self) -> float:
        """Front of the houses."""
        return self.front + self.garden

    def rise(self, distance: NDArray[np.float64]) -> NDArray[np.float64]:
        """Height over the top of the kerb, m, at a distance from the centre line."""
        return 0.02 * np.clip(distance - self.kerb, 0, self.front - self.kerb) + self.bank * np.clip(
            distance - self.front, 0, self.bank_width
        )


@dataclass(frozen=True)
class Crossing:
    """A cross street: where it meets the street, and half its width, m."""

    s: float
    half: float


@dataclass(frozen=True)
class Terrain:
    """The ground as a height function and as a mesh.

    Attributes
    ----------
    length
        Of the drive, m; s runs from 0 to `length`.
    slope
        Of the street along s, m per m.
    wave
        (amplitude m, wavelength m, phase rad) of the undulation on top of the slope.
    camber
        Fall of the road from its crown, m per m.
    left, right
        The side with t > 0 and the side with t < 0.
    crossings
        Cross streets.
    """

    length: float
    slope: float
    wave: tuple[float, float, float]
    camber: float
    left: Side
    right: Side
    crossings: tuple[Crossing, ...]

    def side(self, sign: int) -> Side:
        """Return the left (1) or the right (-1) side."""
        return self.left if sign > 0 else self.right

    def in_crossing(self, s: ArrayLike, margin: float = 0.0) -> NDArray[np.bool_]:
        """Whether `s` lies in a cross street or within `margin` m of one."""
        inside = np.zeros(np.shape(s), bool)
        for crossing in self.crossings:
            inside |= np.abs(np.asarray(s) - crossing.s) < crossing.half + margin
        return inside

    def height(self, s: ArrayLike, t: ArrayLike) -> NDArray[np.float64]:
        """Height of the ground, m, at street coordinates of any shape."""
        s, t = np.broadcast_arrays(np.asarray(s, np.float64), np.asarray(t, np.float64))
        amplitude, wavelength, phase = self.wave
        along = self.slope * s + amplitude * np.sin(2 * np.pi * s / wavelength + phase)
        distance = np.abs(t)
        across = np.where(t > 0, self._across(s, distance, self.left), self._across(s, distance, self.right))
        return np.asarray(along + across)

    def _across(
        self, s: NDArray[np.float64], distance: NDArray[np.float64], side: Side
    ) -> NDArray[np.float64]:
        """Height over the crown of the road, m."""
        gap = np.full(s.shape, np.inf)
        for crossing in self.crossings:
            gap = np.minimum(gap, np.abs(s - crossing.s) - crossing.half)
        kerb = KERB * np.clip((distance - side.kerb) / _KERB_WIDTH, 0, 1) * np.clip(gap / _KERB_WIDTH, 0, 1)
        return (
            kerb
            + side.rise(distance) * np.clip(gap / 4.0, 0, 1)
            - self.camber * np.minimum(distance, side.kerb)
        )

    def mesh(self, rng: np.random.Generator) -> Mesh:
        """Return the ground as triangles; grass is uneven."""
        s = _knots(
            np.arange(-_BEYOND, self.length + _BEYOND + 1, 1.0),
            [e for c in self.crossings for e in _edges(c)],
        )
        near = np.arange(-16, 16.5, 0.5)
        far = np.arange(18, _REACH + 2, 2.0)
        t = _knots(np.concatenate([-far[::-1], near, far]), [self.left.kerb, -self.right.kerb])
        z = self.height(s[:, None], t[None, :])
        materials = self._materials((s[:-1, None] + s[1:, None]) / 2, (t[None, :-1] + t[None, 1:]) / 2)
        soft = np.zeros(z.shape, bool)
        soft[1:, 1:] = materials == Material.GRASS
        z += np.where(soft, rng.normal(scale=0.03, size=z.shape), 0.0)
        return surface(s, t, z, materials)

    def _materials(self, s: NDArray[np.float64], t: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Material of the ground around street coordinates, broadcast together."""
        s, t = np.broadcast_arrays(s, t)
        distance = np.abs(t)
        table = np.full(s.shape, Material.GRASS, np.uint8)
        for sign in (1, -1):
            side, here = self.side(sign), np.sign(t) == sign
            table[here & (distance < side.front)] = Material.PAVING
            table[here & (distance < side.kerb + side.verge)] = Material.GRASS
            table[here & (distance < side.kerb)] = Material.ASPHALT
        table[self.in_crossing(s)] = Material.ASPHALT
        return table


def _edges(crossing: Crossing) -> tuple[float, float]:
    return crossing.s - crossing.half, crossing.s + crossing.half


def _knots(regular: NDArray[np.float64], steps: list[float]) -> NDArray[np.float64]:
    """Add both edges of every step to regular knots, so that a kerb is steep and not a ramp."""
    edges = [e + shift for e in steps for shift in (-_KERB_WIDTH, 0.0, _KERB_WIDTH)]
    return np.unique(np.concatenate([regular, np.asarray(edges, np.float64)]))
