"""The ground of the street: slope, camber, kerbs, pavements, plots at their own levels, side streets.

Coordinates are street coordinates, in m: s along the centreline, t to the left of it. The road bends only when the
finished street is mapped to the plane. `Terrain.height` is linear on each triangle of the ground, so it is the height
of the mesh everywhere, not only at the knots.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, surface
from bevseg.sim.town.layout import WALL, Crossing, Plot, Ramp, Side

Array = NDArray[np.float64]

KERB = 0.12
"""Usual height of a kerb, m."""
AHEAD = 22.0
"""Length of street with objects before the start and after the end of the drive, m."""
ARM = 62.0
"""Length of a side street with objects, from the pavement of the street, m."""
_KERB_WIDTH = 0.03
_OPEN = 1.0
"""Distance from the pavements of a cross street at which the median ends, m."""
_RAMP = 1.2
"""Depth of the ramp behind a dropped kerb, m."""
_BEYOND = 30.0
"""Length of the ground before the start and after the end of the drive, m: the scanner sees ahead and back."""
_REACH = 60.0
"""Ground to either side of the centreline, m."""
_ARM_REACH = 96.0
"""Ground to either side of the centreline in and beside a side street, m."""
_ARM_WIDTH = 34.0
"""Half the width of that ground, m."""
_OWN = (24.0, 42.0)
"""Distances from the pavement, m: up to the first, plots have their own levels; from the second on, one level."""
_UNEVEN = 0.015
"""Standard deviation of the height of grass, m."""


@dataclass(frozen=True)
class Relief:
    """Heights at knots, and the material of the patches between them.

    Attributes
    ----------
    s, t
        (A,) and (B,) knots in ascending order, m.
    z
        (A, B) heights, m.
    materials
        (A - 1, B - 1) ids of `Material`.
    built
        (A - 1, B - 1), which patches exist.
    """

    s: Array
    t: Array
    z: Array
    materials: NDArray[np.uint8]
    built: NDArray[np.bool_]

    def patch(self, s: Array, t: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the indices of the patches at street coordinates."""
        i = np.clip(np.searchsorted(self.s, s, side="right") - 1, 0, len(self.s) - 2)
        j = np.clip(np.searchsorted(self.t, t, side="right") - 1, 0, len(self.t) - 2)
        return i, j

    def height(self, s: Array, t: Array) -> Array:
        """Return the height at street coordinates, m; that of the nearest edge where there is no ground."""
        i, j = self.patch(s, t)
        f = np.clip((s - self.s[i]) / (self.s[i + 1] - self.s[i]), 0, 1)
        g = np.clip((t - self.t[j]) / (self.t[j + 1] - self.t[j]), 0, 1)
        here, there = self.z[i, j], self.z[i + 1, j + 1]
        first = here + f * (self.z[i + 1, j] - here) + g * (there - self.z[i + 1, j])
        second = here + g * (self.z[i, j + 1] - here) + f * (there - self.z[i, j + 1])
        return np.asarray(np.where(f >= g, first, second))


@dataclass(frozen=True)
class Terrain:
    """The ground as a height function and as a mesh.

    Attributes
    ----------
    length
        Length of the drive, m; s runs from 0 to `length`.
    slope
        Slope of the street along s, m per m.
    wave
        (amplitude m, wavelength m, phase rad) of the undulation on top of the slope.
    camber
        Fall of the road from its crown, m per m.
    left, right
        The side with t > 0 and the side with t < 0.
    crossings
        Cross streets.
    plots
        Plots of the left and of the right side; plots of a side do not overlap.
    ramps
        Dropped kerbs.
    kerb
        Height of the kerbs, m.
    reach
        Width of the ground to the left and to the right, m.
    rough
        Seed of the roughness of the ground.
    worn
        Standard deviation of the height of roads and pavements, m.
    median
        Half the width of the strip between the two directions, m; it is open at cross streets. 0 for none.
    median_soil
        What that strip is made of.
    """

    length: float
    slope: float
    wave: tuple[float, float, float]
    camber: float
    left: Side
    right: Side
    crossings: tuple[Crossing, ...] = ()
    plots: tuple[tuple[Plot, ...], tuple[Plot, ...]] = ((), ())
    ramps: tuple[Ramp, ...] = ()
    kerb: float = KERB
    reach: tuple[float, float] = (_REACH, _REACH)
    rough: int = 0
    worn: float = 0.0
    median: float = 0.0
    median_soil: Material = Material.GRASS

    @property
    def start(self) -> float:
        """First s that is furnished, m."""
        return -AHEAD

    @property
    def end(self) -> float:
        """Last s that is furnished, m."""
        return self.length + AHEAD

    def side(self, sign: int) -> Side:
        """Return the left (1) or the right (-1) side."""
        return self.left if sign > 0 else self.right

    def plots_of(self, sign: int) -> tuple[Plot, ...]:
        """Return the plots of the left (1) or the right (-1) side."""
        return self.plots[0 if sign > 0 else 1]

    def in_crossing(self, s: ArrayLike, margin: float = 0.0, *, sign: int = 0) -> NDArray[np.bool_]:
        """Whether `s` lies in a cross street, its pavements included, or within `margin` m of one.

        `sign` asks for one side only, 1 for the left and -1 for the right.
        """
        inside = np.zeros(np.shape(s), bool)
        for crossing in self.crossings:
            if not sign or sign in crossing.arms:
                inside |= np.abs(np.asarray(s) - crossing.s) < crossing.half + crossing.pavement + margin
        return inside

    def height(self, s: ArrayLike, t: ArrayLike) -> Array:
        """Height of the ground, m, at street coordinates of any shape."""
        s, t = np.broadcast_arrays(np.asarray(s, np.float64), np.asarray(t, np.float64))
        return self.relief.height(s, t)

    def along(self, s: ArrayLike) -> Array:
        """Height of the crown of the road, m, as it was designed."""
        amplitude, wavelength, phase = self.wave
        s = np.asarray(s, np.float64)
        return np.asarray(self.slope * s + amplitude * np.sin(2 * np.pi * s / wavelength + phase))

    def designed(self, s: Array, t: Array) -> Array:
        """Height of the knots of the ground without its roughness, m."""
        left, right = (self._designed(s, np.abs(t), sign) for sign in (1, -1))
        return np.where(t > 0, left, right)

    def _designed(self, s: Array, distance: Array, sign: int) -> Array:
        """Height at distances from the centreline to one side, m."""
        side = self.side(sign)
        along, behind = self.along(s), distance - side.kerb
        road = along - self.camber * np.minimum(distance, side.kerb)
        steep = np.clip(behind / _KERB_WIDTH, 0, 1)
        drop = np.zeros_like(s)
        for ramp in (ramp for ramp in self.ramps if ramp.sign == sign):
            drop = np.maximum(drop, ramp.share(s))
        kerb = self.kerb * steep * (1 - 0.85 * drop * (1 - np.clip(behind / _RAMP, 0, 1)))
        height = road + kerb + side.rise(distance)
        if self.median:
            height = height + self.kerb * np.clip((self.median - distance) / _KERB_WIDTH, 0, 1) * self._kept(
                s
            )
        if side.service:
            inside = np.minimum(behind - side.verge, side.verge + side.service - behind)
            height = height - 0.85 * self.kerb * np.clip(inside / _KERB_WIDTH, 0, 1)
        for crossing in (crossing for crossing in self.crossings if sign in crossing.arms):
            gap = crossing.margin(s)
            share = np.where(behind > 0, 1 - np.clip((gap - crossing.pavement) / 3.0, 0, 1), 0.0)
            height = height + share * (self._arm(s, distance, sign, crossing) - height)
        away = distance - side.front
        own = np.clip((_OWN[1] - away) / (_OWN[1] - _OWN[0]), 0, 1)
        for plot in self.plots_of(sign):
            level = plot.level * (self.along((plot.low + plot.high) / 2) - along)
            rise = plot.rise(away) + level * np.clip((away - plot.step) / WALL, 0, 1)
            height = height + plot.share(s) * own * rise
        return np.asarray(height)

    def _kept(self, s: Array) -> Array:
        """Return the share of the height of the median that is there at s: none at cross streets."""
        gaps = [crossing.margin(s) - crossing.pavement - _OPEN for crossing in self.crossings]
        return np.clip(np.min(gaps, axis=0) / _KERB_WIDTH, 0, 1) if gaps else np.ones_like(s)

    def _arm(self, s: Array, distance: Array, sign: int, crossing: Crossing) -> Array:
        """Height in and beside a side street, m."""
        side, gap = self.side(sign), crossing.margin(s)
        behind = distance - side.kerb
        far = np.clip(behind / 14.0, 0, 1)
        along = self.along(s) * (1 - far) + self.along(crossing.s) * far
        camber = self.camber * np.minimum(np.abs(s - crossing.s), crossing.half) * far
        kerb = crossing.kerb * np.clip(gap / _KERB_WIDTH, 0, 1) * np.clip(behind / _KERB_WIDTH, 0, 1)
        corner = np.clip(1 - (np.maximum(gap, 0) + np.maximum(behind, 0)) / 3.0, 0, 1)
        pavement = 0.02 * np.clip(gap, 0, crossing.pavement)
        hill = side.hill * np.maximum(behind + side.kerb - side.front - 4.0, 0)
        return np.asarray(
            along - self.camber * side.kerb - camber + kerb * (1 - 0.7 * corner) + pavement + hill
        )

    @cached_property
    def relief(self) -> Relief:
        """The ground at the knots of its triangles."""
        s = _knots(np.arange(-_BEYOND, self.length + _BEYOND + 1, 1.0), *self._steps_along())
        near, middle = np.arange(-12, 12.25, 0.5), np.arange(13, 25, 1.0)
        far, farthest = np.arange(26, _REACH + 1, 2.0), np.arange(_REACH + 4, _ARM_REACH + 1, 4.0)
        beside = np.concatenate([middle, far, farthest] if self.crossings else [middle, far])
        t = _knots(np.concatenate([-beside[::-1], near, beside]), *self._steps_across())
        z = self.designed(s[:, None], t[None, :])
        among = (s[:-1, None] + s[1:, None]) / 2, (t[None, :-1] + t[None, 1:]) / 2
        materials = self._materials(*among)
        soft = np.zeros(z.shape, bool)
        grass = materials == Material.GRASS
        soft[1:-1, 1:-1] = grass[1:, 1:] & grass[1:, :-1] & grass[:-1, 1:] & grass[:-1, :-1]
        uneven = np.random.default_rng([self.rough, 2]).normal(size=z.shape)
        return Relief(s, t, z + np.where(soft, _UNEVEN, self.worn) * uneven, materials, self._built(*among))

    def mesh(self) -> Mesh:
        """Return the ground as triangles."""
        relief = self.relief
        whole = surface(relief.s, relief.t, relief.z, relief.materials)
        return whole.only(np.repeat(relief.built.ravel(), 2))

    def _steps_along(self) -> tuple[list[float], list[float]]:
        """Return s of kerbs, and of all other edges."""
        kerbs = [c.s + way * c.half for c in self.crossings for way in (-1, 1)]
        edges = [c.s + way * (c.half + c.pavement) for c in self.crossings for way in (-1, 1)]
        if self.median:
            kerbs += [c.s + way * (c.half + c.pavement + _OPEN) for c in self.crossings for way in (-1, 1)]
        for plot in (*self.plots[0], *self.plots[1]):
            for end, seam in zip((plot.low, plot.high), plot.seams, strict=True):
                edges += [end - seam / 2, end + seam / 2] if seam < 1 else []
        return kerbs, edges

    def _steps_across(self) -> tuple[list[float], list[float]]:
        """Return t of kerbs, and of all other edges."""
        kerbs, edges = [], []
        for sign in (1, -1):
            side = self.side(sign)
            kerbs.append(sign * side.kerb)
            if self.median:
                kerbs.append(sign * self.median)
            if side.service:
                kerbs += [sign * (side.kerb + side.verge), sign * (side.front - side.pavement)]
            edges += [sign * side.front, sign * (side.kerb + side.verge), sign * (side.kerb + _RAMP)]
            for plot in self.plots_of(sign):
                edges += [sign * (side.front + u) for u in plot.edges()]
        return kerbs, edges

    def _materials(self, s: Array, t: Array) -> NDArray[np.uint8]:
        """Material of the ground around street coordinates, broadcast together."""
        s, t = np.broadcast_arrays(s, t)
        distance = np.abs(t)
        table = np.full(s.shape, Material.GRASS, np.uint8)
        for sign in (1, -1):
            side, here = self.side(sign), np.sign(t) == sign
            for plot in self.plots_of(sign):
                inside = here & (s > plot.low) & (s < plot.high) & (distance < side.front + _OWN[1])
                table[inside] = plot.soil
            table[here & (distance < side.front)] = Material.PAVING
            table[here & (distance < side.front - side.pavement)] = Material.ASPHALT  # a service road
            table[here & (distance < side.kerb + side.verge)] = Material.GRASS
            for crossing in (crossing for crossing in self.crossings if sign in crossing.arms):
                gap = crossing.margin(s)
                table[here & (gap < crossing.pavement)] = Material.PAVING
                table[here & (gap < 0)] = Material.ASPHALT
            table[here & (distance < side.kerb)] = Material.ASPHALT
        if self.median:
            table[(distance < self.median) & (self._kept(s) > 0.5)] = self.median_soil
        return table

    def _built(self, s: Array, t: Array) -> NDArray[np.bool_]:
        """Whether there is ground around street coordinates."""
        s, t = np.broadcast_arrays(s, t)
        built = (t < self.reach[0]) & (t > -self.reach[1])
        for crossing in self.crossings:
            for sign in crossing.arms:
                built |= (sign * t > 0) & (np.abs(s - crossing.s) < _ARM_WIDTH)
        return built

    def arms(self) -> tuple[Arm, ...]:
        """Return every side street."""
        return tuple(Arm(self, crossing, sign) for crossing in self.crossings for sign in crossing.arms)


@dataclass(frozen=True)
class Arm:
    """A side street in its own coordinates, m: s away from the pavement of the street, t to the left.

    It takes the place of the terrain when the side street is furnished.
    """

    terrain: Terrain
    crossing: Crossing
    sign: int

    @property
    def origin(self) -> float:
        """Distance of its beginning from the centreline of the street, m."""
        return self.terrain.side(self.sign).front

    @property
    def length(self) -> float:
        """Length of the side street with objects, m."""
        return ARM

    @property
    def start(self) -> float:
        """First s that is furnished, m."""
        return 2.0

    @property
    def end(self) -> float:
        """Last s that is furnished, m."""
        return ARM

    @property
    def crossings(self) -> tuple[Crossing, ...]:
        """A side street has none."""
        return ()

    @property
    def camber(self) -> float:
        """Fall of the road from its crown, m per m."""
        return self.terrain.camber

    def side(self, sign: int) -> Side:
        """Return a side; both are equal."""
        here, garden = self.crossing, self.terrain.side(self.sign).garden
        return Side(here.half, 0.0, here.pavement, max(1.0, min(garden, 8.0)))

    def plots_of(self, sign: int) -> tuple[Plot, ...]:
        """Return no plots: the ground beside a side street belongs to the plots of the street."""
        return ()

    def in_crossing(self, s: ArrayLike, margin: float = 0.0, *, sign: int = 0) -> NDArray[np.bool_]:
        """Whether `s` lies in a cross street: nowhere."""
        return np.zeros(np.shape(s), bool)

    def on_street(self, s: ArrayLike, t: ArrayLike) -> tuple[Array, Array]:
        """Map coordinates of the side street to those of the street."""
        s, t = np.asarray(s, np.float64), np.asarray(t, np.float64)
        return self.crossing.s - self.sign * t, self.sign * (s + self.origin)

    def height(self, s: ArrayLike, t: ArrayLike) -> Array:
        """Height of the ground, m, at coordinates of any shape."""
        return self.terrain.height(*self.on_street(s, t))

    def placed(self, part: Mesh) -> Mesh:
        """Map a part from the coordinates of the side street to those of the street."""
        return part.turned(self.sign * np.pi / 2).at(self.crossing.s, self.sign * self.origin)


def _knots(regular: Array, steps: Iterable[float], edges: Iterable[float]) -> Array:
    """Add edges to regular knots, and both ends of every step, so that a kerb is steep and not a ramp."""
    both = [e + shift for e in steps for shift in (0.0, _KERB_WIDTH, -_KERB_WIDTH)]
    inside = np.array([e for e in (*both, *edges) if regular[0] < e < regular[-1]], np.float64)
    knots = np.unique(np.concatenate([regular, inside]))
    return knots[np.concatenate([[True], np.diff(knots) > 1e-6])]
