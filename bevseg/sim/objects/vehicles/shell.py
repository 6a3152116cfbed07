"""The shell of a vehicle: rounded edges lofted along the side profile, windows, wheel arches, a gap below."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, box, merge, quads
from bevseg.sim.objects.vehicles.bodies import Body


class Shell:
    """Cross-sections of a body along x, and the panels between them."""

    def __init__(
        self,
        rng: np.random.Generator,
        body: Body,
        length: float,
        width: float,
        height: float,
        sill: float,
        wheel: float,
    ) -> None:
        self.rng, self.body, self.length, self.width, self.height = rng, body, length, width, height
        self.sill = sill
        knots, tops = np.array(body.profile).T
        arches = [
            place * length + share * 1.18 * wheel
            for place in body.axles
            for share in (-1.04, -1, -0.7, 0, 0.7, 1, 1.04)
        ]
        self.pillars = np.linspace(*body.glazed, 3 + int(length / 2.2))[1:-1] * length
        posts = (self.pillars[:, None] + np.array((-0.05, 0.05))).ravel()
        even = np.linspace(-0.5, 0.5, max(8, round(min(length, 13.0) / 0.7))) * length
        ends = np.array([-0.5, -0.48, -0.44, 0.44, 0.48, 0.5]) * length
        along = np.clip(np.concatenate([knots * length, arches, posts, even, ends]), -length / 2, length / 2)
        self.x = np.unique(np.round(along, 3))
        self.top = np.interp(self.x, knots * length, tops * height)
        self.level = np.interp(self.x, knots * length, tops)
        self.rim = np.full_like(self.x, sill)
        for place in body.axles:
            square = (1.18 * wheel) ** 2 - (self.x - place * length) ** 2
            self.rim = np.maximum(self.rim, np.where(square > 0, wheel + np.sqrt(np.maximum(square, 0)), 0))
        self.rings = self._rings()

    def _rings(self) -> NDArray[np.float64]:
        """Return y and z (stations, 6, 2) of the left half of every section, from sill to middle of the top."""
        body, height, half = self.body, self.height, self.width / 2
        belt = body.belt * height
        away = np.clip((np.abs(self.x) / self.length - 0.4) / 0.1, 0, 1)
        blunt = 0.1 if body.roof < 0.9 else 0.04
        plan = half * (1 - blunt * away**2)  # rounded corners as seen from above
        waist = np.minimum(belt, self.top - 0.06)
        narrow = 1 - (1 - body.roof) * np.clip((self.top - belt) / (height - belt), 0, 1)
        bevel = 0.07 if body.roof < 0.9 else 0.04
        rim = np.minimum(self.rim, waist - 0.02)
        bulge = np.maximum(rim + 0.01, np.minimum(0.55 * waist, waist - 0.01))
        y = [0.95 * plan, plan, 0.985 * plan, narrow * plan, narrow * plan - bevel, 0 * plan]
        z = [rim, bulge, waist, self.top - 0.6 * bevel, self.top, self.top + 0.012 * self.width]
        z[3] = np.maximum(z[3], z[2])
        rings = np.stack([np.stack(y, axis=1), np.stack(z, axis=1)], axis=2)
        if body.bed is not None:
            open_top = (self.x > body.bed[0] * self.length) & (self.x < body.bed[1] * self.length)
            rings[open_top, 4:, 1] = self.sill + 0.35
        return rings

    def _corner(self, station: NDArray[np.int64], point: int, side: int) -> NDArray[np.float64]:
        ring = self.rings[station, point]
        return np.column_stack([self.x[station], side * ring[:, 0], ring[:, 1]])

    def skin(self) -> Mesh:
        """Sides, bonnet, roof, ends and floor, with windows: each pane whole, broken up or open to the inside."""
        body, rng = self.body, self.rng
        station = np.arange(len(self.x) - 1)
        middle = (self.x[1:] + self.x[:-1]) / (2 * self.length)
        steep = np.abs(np.diff(self.top)) > 0.3 * np.diff(self.x)
        high = np.minimum(self.level[1:], self.level[:-1])
        tall = (self.level[1:] + self.level[:-1]) / 2
        screen = steep & (high > body.belt + 0.01) & (tall < 0.985) & (middle > body.glazed[0] - 0.03)
        window = (middle > body.glazed[0]) & (middle < body.glazed[1]) & (tall > body.belt + 0.16)
        if body.bed is not None:
            window &= middle > body.bed[1]
        near = np.abs(middle[:, None] * self.length - self.pillars[None]).min(axis=1)
        window &= near > 0.05
        panes = _Panes.draw(rng, tinted=0.5 if body.roof > 0.9 else 0.3)
        parts = []
        for side in (1, -1):
            for point in range(5):
                glass = window if point == 2 else screen if point == 4 else np.zeros_like(window)
                corners = np.stack(
                    [
                        self._corner(station, point, side),
                        self._corner(station + 1, point, side),
                        self._corner(station + 1, point + 1, side),
                        self._corner(station, point + 1, side),
                    ],
                    axis=1,
                )
                parts.append(quads(corners[~glass], Material.PAINT))
                parts.append(panes.mesh(rng, corners[glass]))
        return merge([*parts, *self._ends(panes), self._floor()])

    def _ends(self, panes: _Panes) -> list[Mesh]:
        """Rear and front: bands from side to side."""
        parts = []
        for station in (0, len(self.x) - 1):
            at = np.array([station])
            for point in range(5):
                band = np.stack(
                    [
                        self._corner(at, point, -1),
                        self._corner(at, point, 1),
                        self._corner(at, point + 1, 1),
                        self._corner(at, point + 1, -1),
                    ],
                    axis=1,
                )
                height = self.rings[station, point + 1, 1] - self.rings[station, point, 1]
                glazed = point == 2 and height > 0.3 and self.body.glazed[0] < -0.4
                parts.append(panes.mesh(self.rng, band) if glazed else quads(band, Material.PAINT))
        return parts

    def _floor(self) -> Mesh:
        a, b, w, z = self.x[0], self.x[-1], 0.45 * self.width, self.sill
        return quads([[(a, -w, z), (b, -w, z), (b, w, z), (a, w, z)]], Material.PAINT)

    def inside(self) -> Mesh:
        """Seats and dashboard, seen through open panes."""
        body, length = self.body, self.length
        first, last = body.glazed
        low, high = self.sill + 0.15, min(body.belt * self.height + 0.22, 0.9 * self.height)
        w = 0.4 * self.width
        rows = np.arange(min(last - 0.16, 0.12) * length, first * length + 0.3, -0.95 if length < 9 else -1.6)
        seats = [
            box((x - 0.12, y - 0.24, low), (x, y + 0.24, high), Material.SEAT)
            for x in rows[:6]
            for y in (-0.5 * w, 0.5 * w)
        ]
        dash = box(
            (0.21 * length, -w, low), (0.23 * length, w, body.belt * self.height - 0.05), Material.SEAT
        )
        return merge([dash, *seats])


@dataclass(frozen=True)
class _Panes:
    """The windows of one vehicle."""

    material: Material
    """Material of the panes; tinted or covered ones respond like paint."""
    through: float
    """Share of the area of the windows that is open."""

    @classmethod
    def draw(cls, rng: np.random.Generator, tinted: float) -> _Panes:
        """Draw the windows; `tinted` is the chance of opaque ones."""
        if rng.random() < tinted:
            return cls(Material.PAINT, 0.0)
        return cls(Material.CAR_GLASS, rng.uniform(0, 0.8) if rng.random() < 0.7 else 0.0)

    def mesh(self, rng: np.random.Generator, corners: NDArray[np.float64]) -> Mesh:
        """Return panes (N, 4, 3)."""
        if not (len(corners) and self.through):
            return quads(corners, self.material)
        u, v = (axis.ravel() for axis in np.meshgrid([0.0, 0.5], [0.0, 0.5]))
        a, b, c, d = (corners[:, i, None] for i in range(4))

        def at(u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
            u, v = u[None, :, None], v[None, :, None]
            return (1 - u) * (1 - v) * a + u * (1 - v) * b + u * v * c + (1 - u) * v * d

        bits = np.stack([at(u, v), at(u + 0.5, v), at(u + 0.5, v + 0.5), at(u, v + 0.5)], axis=2)
        bits = bits.reshape(-1, 4, 3)
        return quads(bits[rng.random(len(bits)) >= self.through], self.material)
