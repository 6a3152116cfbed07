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
    pillared: bool = False
    """Whether the ground storey is open, on pillars."""

    @property
    def eaves(self) -> float:
        """Height of the walls."""
        return self._ground + self.storey * (self.storeys - 1)

    def mesh(self, rng: np.random.Generator) -> Mesh:
        """Return walls, rooms and roof."""
        width, depth = self.width, self.depth
        sides = replace(self.rhythm, blind=min(0.8, self.rhythm.blind + 0.35), pitch=self.rhythm.pitch * 1.2)
        low = self._ground if self.pillared else 0.0
        parts = [self._front(rng)]
        for long, angle, x, y in (
            (depth, np.pi / 2, width, 0.0),
            (width, np.pi, width, depth),
            (depth, -np.pi / 2, 0.0, depth),
        ):
            if self.pillared and self.storeys == 1:
                continue
            if self.pillared:
                wall = facade(rng, long, self.storeys - 1, self.storey, sides).above(-0.1).at(z=low)
            else:
                wall = facade(rng, long, self.storeys, self.storey, sides, ground=self.ground)
            parts.append(wall.turned(angle).at(x, y))
        if self.pillared:
            parts.append(facades.open_floor(rng, width, depth, low, self.rhythm.material))
        top = roof(rng, self.roof, width, depth, self.eaves, self.rhythm.material)
        return merge([*parts, self._rooms(), top])

    @property
    def _ground(self) -> float:
        """Height of the ground storey, m."""
        return self.ground or self.storey

    def _front(self, rng: np.random.Generator) -> Mesh:
        """Return the façade to the street, with its relief, over an arcade or an open floor where there is one."""
        ground, rhythm = self._ground, self.rhythm
        upper = self.storeys - 1
        low = ground if self.recess or self.pillared else 0.2 - facades.PLINTH
        parts = []
        if self.recess:
            parts.append(facades.arcade(rng, self.width, self.recess, ground, rhythm.material))
        if rhythm.curtain and not self.shop:
            first = ground if self.recess or self.pillared else 0.35
            floors = np.array([first, *(ground + self.storey * np.arange(self.storeys))])
            glass = facades.curtain(rng, self.width, np.unique(floors), rhythm.material)
            parts.append(glass.above(ground - 0.6) if low > 0 else glass)
        elif low < 0:
            front = facade(
                rng,
                self.width,
                self.storeys,
                self.storey,
                rhythm,
                shop=self.shop,
                door=self.door,
                ground=ground,
            )
            parts.append(front)
        elif upper:
            wall = facade(rng, self.width, upper, self.storey, rhythm)
            parts.append(wall.above(-0.1).at(0, 0, ground))
        if rhythm.relief and not rhythm.curtain and self.eaves > low + 1.0:
            pitch = self.width / max(1, round(self.width / rhythm.pitch))
            parts.append(facades.relief(rhythm.relief, self.width, pitch, low, self.eaves, rhythm.material))
        return merge(parts)

    def _rooms(self) -> Mesh:
        """Return floors, and walls that an open window shows."""
        low = self._ground if self.recess or self.pillared else 0.0
        deep = min(4.0, self.depth / 3, self.width / 3)
        a, b, c, d = deep, self.width - deep, deep, self.depth - deep
        inner = [((a, c), (b, c)), ((b, c), (b, d)), ((b, d), (a, d)), ((a, d), (a, c))]
        walls = [[(*p, low), (*q, low), (*q, self.eaves), (*p, self.eaves)] for p, q in inner]
        heights = self._ground + self.storey * np.arange(self.storeys) - 0.1
        e, w, h = 0.5, self.width, self.depth
        floors = [
            [(e, e, z), (w - e, e, z), (w - e, h - e, z), (e, h - e, z)] for z in (*heights, low + 0.05)
        ]
        return quads([*walls, *floors], Material.ROOM)
