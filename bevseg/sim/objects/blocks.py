"""Blocks, from which buildings are put together: boxes with façades on all sides, rooms behind them and a roof.

The frame of a building: x along the street from 0 to its width, y from the front (0) away from the street, z from the
floor of the ground storey; the ground before it lies `raised` m lower.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, merge, quads
from bevseg.sim.objects import facades
from bevseg.sim.objects.facades import Rhythm, facade
from bevseg.sim.objects.roofs import Roof, roof


@dataclass(frozen=True)
class Block:
    """A box with façades; lengths in m."""

    width: float
    depth: float
    storeys: int
    storey: float
    rhythm: Rhythm
    roof: Roof
    shop: bool = False
    door: float | None = None
    """x of a door in the front."""
    ground: float | None = None
    """Height of the ground storey, where it is another."""
    recess: float = 0.0
    """How far the ground storey lies behind an arcade."""

    @property
    def eaves(self) -> float:
        """Height of the walls."""
        return (self.ground or self.storey) + self.storey * (self.storeys - 1)

    def mesh(self, rng: np.random.Generator) -> Mesh:
        """Return walls, rooms and roof."""
        width, depth = self.width, self.depth
        sides = replace(self.rhythm, blind=min(0.8, self.rhythm.blind + 0.35), pitch=self.rhythm.pitch * 1.2)
        parts = [self._front(rng)]
        for long, angle, x, y in (
            (depth, np.pi / 2, width, 0.0),
            (width, np.pi, width, depth),
            (depth, -np.pi / 2, 0.0, depth),
        ):
            wall = facade(rng, long, self.storeys, self.storey, sides, ground=self.ground)
            parts.append(wall.turned(angle).at(x, y))
        top = roof(rng, self.roof, width, depth, self.eaves, self.rhythm.material)
        return merge([*parts, self._rooms(), top])

    def _front(self, rng: np.random.Generator) -> Mesh:
        """Return the façade to the street, over an arcade where the ground storey lies back."""
        ground = self.ground or self.storey
        if not self.recess:
            return facade(
                rng,
                self.width,
                self.storeys,
                self.storey,
                self.rhythm,
                shop=self.shop,
                door=self.door,
                ground=ground,
            )
        parts = [facades.arcade(rng, self.width, self.recess, ground, self.rhythm.material)]
        if self.storeys > 1:
            upper = facade(rng, self.width, self.storeys - 1, self.storey, self.rhythm)
            parts.append(upper.above(-0.1).at(0, 0, ground))
        return merge(parts)

    def _rooms(self) -> Mesh:
        """Return floors, and walls that an open window shows."""
        low = 0.0 if not self.recess else (self.ground or self.storey)
        deep = min(4.0, self.depth / 3, self.width / 3)
        a, b, c, d = deep, self.width - deep, deep, self.depth - deep
        inner = [((a, c), (b, c)), ((b, c), (b, d)), ((b, d), (a, d)), ((a, d), (a, c))]
        walls = [[(*p, low), (*q, low), (*q, self.eaves), (*p, self.eaves)] for p, q in inner]
        heights = (self.ground or self.storey) + self.storey * np.arange(self.storeys) - 0.1
        e, w, h = 0.5, self.width, self.depth
        floors = [
            [(e, e, z), (w - e, e, z), (w - e, h - e, z), (e, h - e, z)] for z in (*heights, low + 0.05)
        ]
        return quads([*walls, *floors], Material.ROOM)
