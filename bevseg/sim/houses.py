"""Buildings: blocks with façades on all sides, roofs and rooms, put together to houses, halls and sheds.

The frame of a building: x along the street from 0 to its width, y from the front (0) away from the street, z from the
floor of the ground storey; the ground before it lies `raised` m lower.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

import numpy as np

from bevseg.sim import facades, stairs
from bevseg.sim.facades import PLINTH, Rhythm, facade, sheet
from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, boxes, leaves, merge, quads


class Roof(StrEnum):
    """The shape of a roof."""

    FLAT = "flat"
    GABLE = "gable"
    """Ridge along the street."""
    FRONT_GABLE = "front gable"
    """Ridge across: the gable faces the street."""
    HIP = "hip"
    MANSARD = "mansard"
    SHED = "shed"
    """One slope."""


PITCHED = (Roof.GABLE, Roof.FRONT_GABLE, Roof.HIP, Roof.MANSARD)


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
        parts += [self._rooms(), _roof(rng, self)]
        return merge(parts)

    def _front(self, rng: np.random.Generator) -> Mesh:
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
            above = facade(rng, self.width, self.storeys - 1, self.storey, self.rhythm)
            above = above.only(above.corners[..., 2].min(axis=1) > -0.1)
            parts.append(above.at(0, 0, ground))
        return merge(parts)

    def _rooms(self) -> Mesh:
        """Floors, and walls that an open window shows."""
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


def _roof(rng: np.random.Generator, of: Block) -> Mesh:
    """Return the roof of a block, with what stands on it."""
    width, depth, height = of.width, of.depth, of.eaves
    if of.roof is Roof.FLAT:
        return _flat(rng, width, depth, height, of.rhythm.material)
    if of.roof is Roof.SHED:
        rise, over = rng.uniform(0.3, 1.2), 0.2
        top = [(-over, -over, height), (width + over, -over, height)]
        top += [(width + over, depth + over, height + rise), (-over, depth + over, height + rise)]
        ends = [
            [(x, 0, height), (x, depth, height + rise), (x, depth, height), (x, 0, height)]
            for x in (0, width)
        ]
        back = [
            (0, depth, height),
            (width, depth, height),
            (width, depth, height + rise),
            (0, depth, height + rise),
        ]
        return merge([quads([top], Material.ROOF), quads([*ends, back], of.rhythm.material)])
    if of.roof is Roof.FRONT_GABLE:
        return _gable(rng, depth, width, height, of.rhythm.material).turned(-np.pi / 2).at(0, depth)
    if of.roof is Roof.GABLE:
        return _gable(rng, width, depth, height, of.rhythm.material)
    if of.roof is Roof.HIP:
        return _hip(rng, width, depth, height, steep=False)
    return _hip(rng, width, depth, height, steep=True)


def _flat(rng: np.random.Generator, width: float, depth: float, height: float, material: Material) -> Mesh:
    """Return a level roof with a parapet or a slab over the edge, and some machinery."""
    edge, thick = rng.uniform(0.2, 1.1), 0.3
    parts = [
        quads(
            [[(0, 0, height), (width, 0, height), (width, depth, height), (0, depth, height)]], Material.ROOF
        )
    ]
    if rng.random() < 0.75:
        parts.append(
            boxes(
                [(0, 0, height), (0, depth - thick, height), (0, 0, height), (width - thick, 0, height)],
                [
                    (width, thick, height + edge),
                    (width, depth, height + edge),
                    (thick, depth, height + edge),
                    (width, depth, height + edge),
                ],
                material,
            )
        )
        if rng.random() < 0.5:
            parts.append(
                facades.bands(
                    width, height + edge, rng.uniform(0.1, 0.5), rng.uniform(0.2, 0.6), Material.STONE
                )
            )
    else:
        over = rng.uniform(0.2, 0.9)
        parts.append(
            boxes([(-over, -over, height)], [(width + over, depth + over, height + 0.3)], Material.ROOF)
        )
    if width > 8 and rng.random() < 0.5:
        x, y = rng.uniform(1, width - 5), rng.uniform(1, max(1.1, depth - 4))
        parts.append(
            boxes([(x, y, height)], [(x + rng.uniform(2, 4), y + 2.5, height + 2.4)], Material.BRICK)
        )
    return merge(parts)


def _gable(rng: np.random.Generator, width: float, depth: float, height: float, material: Material) -> Mesh:
    """Return a ridge along x with eaves, gutters and gables, perhaps dormers and a chimney."""
    ridge = depth / 2
    rise = ridge * rng.uniform(0.45, 1.1)
    eave, verge, thick = rng.uniform(0.1, 0.7), rng.uniform(0.0, 0.5), rng.uniform(0.08, 0.22)
    drop = eave * rise / ridge
    a, b = -verge, width + verge
    slopes, fascias = [], []
    for y in (-eave, depth + eave):
        low = height - drop
        slopes.append([(a, y, low), (b, y, low), (b, ridge, height + rise), (a, ridge, height + rise)])
        fascias.append([(a, y, low), (b, y, low), (b, y, low - thick), (a, y, low - thick)])
        wall = 0.0 if y < 0 else depth
        fascias.append(
            [(a, y, low - thick), (b, y, low - thick), (b, wall, low - thick), (a, wall, low - thick)]
        )
    gables = [[(x, 0, height), (x, depth, height), (x, ridge, height + rise)] for x in (0.0, width)]
    parts = [quads([*slopes, *fascias], Material.ROOF), Mesh.of(gables, material)]
    if width > 4 and rng.random() < 0.4:
        for x in np.arange(rng.uniform(0.6, 1.4), width - 2.2, rng.uniform(2.8, 5.0)):
            y = rng.uniform(0.4, 0.8)
            parts.append(boxes([(x, y, height)], [(x + 1.6, ridge, height + 1.7)], material))
            peak = [(x - 0.2, y - 0.2, height + 1.7), (x + 1.8, y - 0.2, height + 1.7)]
            parts.append(
                quads([[*peak, (x + 0.8, ridge, height + 2.4), (x + 0.8, y, height + 2.4)]], Material.ROOF)
            )
    if rng.random() < 0.6:
        parts.append(_chimney(rng, rng.uniform(0, width - 0.8), ridge, height, height + rise))
    return merge(parts)


def _hip(rng: np.random.Generator, width: float, depth: float, height: float, *, steep: bool) -> Mesh:
    """Return four slopes to a ridge, or, `steep`, to a level top."""
    over = rng.uniform(0.1, 0.7)
    a, b, c, d = -over, width + over, -over, depth + over
    inset = min(width, depth) / 2 if not steep else rng.uniform(0.6, 1.4)
    rise = inset * rng.uniform(0.4, 0.9) if not steep else rng.uniform(2.0, 3.2)
    e, f, g, h = a + inset + over, b - inset - over, c + inset + over, d - inset - over
    if f < e:
        e = f = (a + b) / 2
    if h < g:
        g = h = (c + d) / 2
    top, low = height + rise, height - 0.1
    foot = [(a, c, low), (b, c, low), (b, d, low), (a, d, low)]
    head = [(e, g, top), (f, g, top), (f, h, top), (e, h, top)]
    slopes = [[foot[k - 1], foot[k], head[k], head[k - 1]] for k in range(4)]
    edge = boxes([(a, c, low - 0.2)], [(b, d, low)], Material.ROOF)
    parts = [quads([*slopes, head], Material.ROOF), edge]
    if rng.random() < 0.6:
        parts.append(_chimney(rng, rng.uniform(0.2, width - 1), depth * rng.uniform(0.3, 0.7), height, top))
    return merge(parts)


def _chimney(rng: np.random.Generator, x: float, y: float, low: float, high: float) -> Mesh:
    wide, deep = rng.uniform(0.5, 1.1), rng.uniform(0.5, 0.9)
    return boxes(
        [(x, y - deep / 2, low)], [(x + wide, y + deep / 2, high + rng.uniform(0.5, 1.6))], Material.BRICK
    )


def detached(rng: np.random.Generator, width: float, storeys: int, raised: float) -> Mesh:
    """Return a house of its own: main block, perhaps a wing, a porch or steps, bays, a garage."""
    rhythm, storey = Rhythm.draw(rng), rng.uniform(2.6, 3.1)
    depth = rng.uniform(7.0, 13.0)
    roof = PITCHED[int(rng.choice(4, p=[0.3, 0.3, 0.3, 0.1]))]
    door = rng.uniform(0.15, 0.85) * width
    main = Block(width, depth, storeys, storey, rhythm, roof, door=door)
    parts = [main.mesh(rng)]
    if rng.random() < 0.4 and width > 6:  # a wing that stands out to the front
        wide, out = width * rng.uniform(0.35, 0.55), rng.uniform(0.8, 3.0)
        x = 0.0 if door > width / 2 else width - wide
        wing = Block(
            wide, out + 2.0, max(1, storeys - int(rng.random() < 0.4)), storey, rhythm, Roof.FRONT_GABLE
        )
        parts.append(wing.mesh(rng).at(x, -out))
        free = (wide, width) if x == 0.0 else (0.0, width - wide)
    else:
        free = (0.0, width)
    parts.append(_entrance(rng, free, door, raised, storey))
    if rng.random() < 0.3:
        wide = rng.uniform(1.8, 3.2)
        x = rng.uniform(wide / 2, width - wide / 2)
        bay = facades.bay(rng, wide, rng.uniform(0.5, 1.1), int(rng.integers(1, storeys + 1)), storey, rhythm)
        parts.append(bay.at(x))
    if rng.random() < 0.25:
        side = facades.bay(rng, rng.uniform(1.8, 3.0), rng.uniform(0.5, 1.0), min(2, storeys), storey, rhythm)
        parts.append(
            side.turned(rng.choice([-1, 1]) * np.pi / 2).at(0 if rng.random() < 0.5 else width, depth / 2)
        )
    if rng.random() < 0.1:
        parts.append(climber(rng, width, storey * storeys))
    return merge(parts)


def _entrance(
    rng: np.random.Generator, free: tuple[float, float], door: float, raised: float, storey: float
) -> Mesh:
    """Return a porch, a stoop with a small roof or plain steps before the door at x = `door`."""
    low, high = free
    door = float(np.clip(door, low + 0.8, max(low + 0.8, high - 0.8)))
    draw = rng.random()
    if draw < 0.6 and high - low > 2.4:
        wide = (high - low) if rng.random() < 0.5 else rng.uniform(2.2, high - low)
        x = np.clip(door, low + wide / 2, high - wide / 2)
        return stairs.porch(rng, wide, rng.uniform(1.5, 3.0), min(storey, rng.uniform(2.4, 2.9)), raised).at(
            x
        )
    out, half = rng.uniform(0.9, 1.5), rng.uniform(0.6, 0.9)
    parts = [boxes([(-half, -out, -raised - 2.0)], [(half, 0, 0)], Material.STONE)]
    if raised > 0.1:
        parts.append(stairs.flight(rng, 2 * half, raised).at(0, -out))
    if draw < 0.8:
        parts.append(boxes([(-half - 0.2, -out, 2.4)], [(half + 0.2, 0, 2.55)], Material.ROOF))
        if rng.random() < 0.5:
            at = [0.1 - half, half - 0.1]
            parts.append(facades.columns(at, 0.1 - out, 0, 2.4, rng.uniform(0.1, 0.25), Material.SIDING))
    return merge(parts).at(door)


def terraced(
    rng: np.random.Generator, width: float, storeys: int, raised: float, *, shop: bool = False
) -> Mesh:
    """Return a house of a row."""
    rhythm, storey = Rhythm.draw(rng), rng.uniform(2.7, 3.3)
    depth = rng.uniform(7.0, 12.0)
    roof = (Roof.GABLE, Roof.FLAT, Roof.MANSARD, Roof.FRONT_GABLE)[
        int(rng.choice(4, p=[0.6, 0.2, 0.12, 0.08]))
    ]
    door = rng.choice([0.15, 0.85]) * width
    main = Block(width, depth, storeys, storey, rhythm, roof, shop=shop, door=door)
    parts = [main.mesh(rng)]
    if shop:
        if rng.random() < 0.6:
            parts.append(facades.awning(rng, width, rng.uniform(2.3, 2.7)))
    elif rng.random() < 0.5:
        parts.append(_entrance(rng, (0.0, width), door, raised, storey))
    elif rng.random() < 0.5:
        away = width - door
        bay = facades.bay(
            rng, min(2.6, width * 0.5), rng.uniform(0.4, 0.9), int(rng.integers(1, 3)), storey, rhythm
        )
        parts.append(bay.at(float(np.clip(away, 1.4, width - 1.4))))
    if storeys > 1 and rng.random() < 0.2:
        parts.append(facades.balconies(rng, width, storey * np.arange(1, storeys), everywhere=False))
    if rng.random() < 0.1:
        parts.append(climber(rng, width, main.eaves))
    return merge(parts)


def flats(rng: np.random.Generator, width: float, storeys: int, raised: float) -> Mesh:
    """Return a block of flats with balconies, bays or fire escapes, and an entrance with a canopy."""
    rhythm, storey = Rhythm.draw(rng), rng.uniform(2.7, 3.2)
    roof = Roof.FLAT if rng.random() < 0.8 else Roof.HIP
    main = Block(width, rng.uniform(9.0, 16.0), storeys, storey, rhythm, roof, door=width / 2)
    parts = [main.mesh(rng)]
    heights = storey * np.arange(1, storeys)
    draw = rng.random()
    if draw < 0.55 and storeys > 1:
        parts.append(facades.balconies(rng, width, heights, everywhere=bool(rng.random() < 0.8)))
    elif draw < 0.75:
        for x in np.arange(2.5, width - 2, rng.uniform(4.5, 8)):
            parts.append(
                facades.bay(rng, rng.uniform(1.8, 3.0), rng.uniform(0.4, 1.0), storeys, storey, rhythm).at(x)
            )
    parts.append(_entrance(rng, (width / 2 - 2, width / 2 + 2), width / 2, raised, storey))
    return merge(parts)


def institute(rng: np.random.Generator, length: float, storeys: int, raised: float) -> Mesh:
    """Return a long public building: a bar, an L or a U, or one with jogs; porticoes, rotundas, arcades."""
    if length > 30 and rng.random() < 0.3:
        return _jogged(rng, length, storeys, raised)
    rhythm, storey = Rhythm.draw(rng, public=True), rng.uniform(3.4, 4.6)
    depth = rng.uniform(12.0, 18.0) if rng.random() < 0.65 else rng.uniform(18.0, 36.0)
    ground = storey * rng.uniform(1.0, 1.3)
    roof = (Roof.FLAT, Roof.HIP, Roof.GABLE, Roof.MANSARD)[int(rng.choice(4, p=[0.6, 0.2, 0.1, 0.1]))]
    recess = rng.uniform(2.0, 4.0) if rng.random() < 0.25 else 0.0
    main = Block(length, depth, storeys, storey, rhythm, roof, door=length / 2, ground=ground, recess=recess)
    parts = [main.mesh(rng)]
    if rng.random() < 0.6:
        heights = ground + storey * np.arange(0, storeys)
        parts.append(
            facades.bands(
                length,
                rng.choice(heights, int(rng.integers(1, storeys + 1)), replace=False),
                rng.uniform(0.05, 0.35),
                rng.uniform(0.15, 0.4),
                Material.STONE,
            )
        )
    if rng.random() < 0.5:
        low = -raised if not recess else ground
        parts.append(
            facades.pilasters(
                length,
                rhythm.pitch * rng.integers(1, 3),
                rng.uniform(0.3, 0.9),
                rng.uniform(0.08, 0.4),
                low,
                main.eaves,
                rhythm.material,
            )
        )
    parts += _dressing(rng, main, -raised)
    for x, wide in _wings(rng, length):
        out = rng.uniform(2.0, 9.0)
        wing = replace(main, width=wide, depth=out + 2.0, door=None, recess=0.0, roof=Roof.FLAT)
        parts.append(wing.mesh(rng).at(x, -out))
    if not recess:
        wide = min(length / 3, rng.uniform(4.0, 14.0))
        if rng.random() < 0.2:
            radius = min(rng.uniform(3.5, 9.0), length / 3)
            parts.append(
                stairs.rotunda(rng, radius, min(main.eaves, ground + rng.uniform(0, 2.5)), raised).at(
                    length / 2
                )
            )
        elif rng.random() < 0.5:
            high = min(main.eaves, ground + storey * int(rng.integers(0, 2))) - 0.2
            parts.append(stairs.portico(rng, wide, rng.uniform(2.0, 4.0), high, raised).at(length / 2))
        else:
            parts.append(stairs.flight(rng, wide * 0.6, max(raised, 0.15)).at(length / 2))
    if length > 14 and rng.random() < 0.12:
        wide = rng.uniform(4, 7)
        tower = Block(wide, wide, storeys + 2, storey, rhythm, Roof.HIP)
        parts.append(tower.mesh(rng).at(rng.uniform(0, length - wide), -0.5))
    return merge(parts)


def _dressing(rng: np.random.Generator, of: Block, low: float) -> list[Mesh]:
    """Return what else a big front has: a base that stands out, a cornice, a storey set back."""
    parts = []
    if rng.random() < 0.4:
        out, top = (
            rng.uniform(0.06, 0.35),
            rng.uniform(0.4, 1.4) if rng.random() < 0.6 else (of.ground or of.storey),
        )
        if not of.recess and not of.shop and top < of.rhythm.sill + 0.1:
            parts.append(boxes([(-out, -out, low - 1.5)], [(of.width + out, 0, top)], Material.STONE))
    if rng.random() < 0.4:
        at = of.eaves - rng.uniform(0.0, 0.9)
        parts.append(
            facades.bands(of.width, at, rng.uniform(0.3, 1.1), rng.uniform(0.25, 0.8), Material.STONE)
        )
    if of.roof is Roof.FLAT and rng.random() < 0.3:
        back = rng.uniform(0.8, 4.0)
        upper = replace(
            of, width=of.width - 2 * back, depth=of.depth - 2 * back, storeys=int(rng.integers(1, 3)), door=None,
            recess=0.0, shop=False, ground=None,
        )  # fmt: skip
        if upper.width > 5:
            storey = upper.mesh(rng)
            parts.append(storey.only(storey.corners[..., 2].min(axis=1) > -0.2).at(back, back, of.eaves))
    return parts


def _jogged(rng: np.random.Generator, length: float, storeys: int, raised: float) -> Mesh:
    """Return two or three public buildings end to end, each with its front further out or in than the last."""
    count = int(rng.integers(2, 4))
    ends = np.concatenate([[0.0], np.sort(rng.uniform(0.25, 0.75, count - 1)), [1.0]]) * length
    parts = []
    for a, b in pairwise(ends):
        if b - a > 6:
            high = max(1, storeys + int(rng.integers(-1, 2)))
            parts.append(institute(rng, min(b - a, 30.0), high, raised).at(a, rng.uniform(0.0, 5.0)))
    return merge(parts)


def _wings(rng: np.random.Generator, length: float) -> list[tuple[float, float]]:
    """Draw where wings stand out to the front: none, one end or both; x and width, m."""
    wide = length * rng.uniform(0.12, 0.25)
    draw = rng.random()
    if draw < 0.5 or length < 24:
        return []
    if draw < 0.75:
        return [(0.0, wide)] if rng.random() < 0.5 else [(length - wide, wide)]
    return [(0.0, wide), (length - wide, wide)]


def downtown(rng: np.random.Generator, length: float, storeys: int) -> Mesh:
    """Return a front on the pavement: shop windows, an arcade or columns below, a regular grid of windows above."""
    rhythm, storey = Rhythm.draw(rng, public=True), rng.uniform(3.2, 4.2)
    ground = rng.uniform(3.6, 5.2)
    recess = rng.uniform(1.5, 4.0) if rng.random() < 0.3 else 0.0
    main = Block(
        length, rng.uniform(12, 20), storeys, storey, rhythm, Roof.FLAT,
        shop=bool(rng.random() < 0.7), door=rng.uniform(1, length - 1), ground=ground, recess=recess,
    )  # fmt: skip
    parts = [main.mesh(rng)]
    if not recess and rng.random() < 0.5:
        count = max(1, round(length / rng.uniform(5, 9)))
        for k in range(count):
            if rng.random() < 0.6:
                parts.append(
                    facades.awning(rng, length / count, rng.uniform(2.4, 3.0)).at(k * length / count)
                )
    if rng.random() < 0.5:
        parts.append(
            facades.bands(length, ground, rng.uniform(0.1, 0.6), rng.uniform(0.2, 0.6), Material.STONE)
        )
    parts += _dressing(rng, main, 0.0)
    if rng.random() < 0.5:
        low = ground if recess else 0.0
        parts.append(
            facades.pilasters(
                length,
                rhythm.pitch * rng.integers(1, 3),
                rng.uniform(0.4, 1.0),
                rng.uniform(0.1, 0.5),
                low,
                main.eaves,
                rhythm.material,
            )
        )
    return merge(parts)


def passage(rng: np.random.Generator, width: float, storeys: int) -> Mesh:
    """Return a gateway below the upper storeys of a row, to a yard with a building at its end; some have a gate."""
    rhythm, storey, high = Rhythm.draw(rng), rng.uniform(2.7, 3.3), rng.uniform(2.8, 4.2)
    depth = rng.uniform(7.0, 12.0)
    parts = [sheet(0, depth, -PLINTH, high, rhythm.material).turned(np.pi / 2).at(x) for x in (0.0, width)]
    parts.append(
        quads([[(0, 0, high), (width, 0, high), (width, depth, high), (0, depth, high)]], rhythm.material)
    )
    if storeys > 1:
        above = Block(
            width, depth, storeys - 1, storey, rhythm, Roof.GABLE if rng.random() < 0.6 else Roof.FLAT
        )
        upper = above.mesh(rng)
        parts.append(upper.only(upper.corners[..., 2].min(axis=1) > -0.2).at(0, 0, high))
    else:
        parts.append(boxes([(0, 0, high)], [(width, 0.4, high + rng.uniform(0.3, 0.8))], rhythm.material))
    if rng.random() < 0.4:  # one leaf of the gate is shut
        bars = np.arange(0.1, width * rng.uniform(0.4, 0.9), 0.14)
        one = np.ones(len(bars))
        parts.append(
            boxes(
                np.column_stack([bars, 0.3 * one, 0.05 * one]),
                np.column_stack([bars + 0.03, 0.33 * one, 0.75 * high * one]),
                Material.METAL,
            )
        )
    far = replace(rhythm, blind=0.2)
    back = Block(width + 4.0, 5.0, int(rng.integers(1, 3)), storey, far, Roof.FLAT, door=width / 2 + 2)
    parts.append(back.mesh(rng).at(-2.0, depth + rng.uniform(4.0, 12.0)))
    return merge(parts)


def garage(rng: np.random.Generator, width: float) -> Mesh:
    """Return a garage or a shed: one low storey with a gate."""
    rhythm = replace(Rhythm.draw(rng), width=0.8, sill=0.0, head=2.1, open=0.05, blind=0.1, pitch=3.0)
    roof = (Roof.FLAT, Roof.SHED, Roof.FRONT_GABLE, Roof.GABLE)[int(rng.integers(4))]
    return Block(width, rng.uniform(4.5, 7.0), 1, rng.uniform(2.3, 2.9), rhythm, roof, door=width / 2).mesh(
        rng
    )


def hall(rng: np.random.Generator, length: float) -> Mesh:
    """Return a supermarket, a workshop or a parking deck: low, long, with few windows or with open floors."""
    if rng.random() < 0.35:
        return deck(rng, length)
    rhythm = replace(Rhythm.draw(rng, public=True), blind=0.6, pitch=rng.uniform(4, 7))
    roof = (Roof.FLAT, Roof.GABLE)[int(rng.random() < 0.3)]
    return Block(length, rng.uniform(14, 24), 1, rng.uniform(4.0, 7.5), rhythm, roof, door=length / 3).mesh(
        rng
    )


def deck(rng: np.random.Generator, length: float) -> Mesh:
    """Return open floors on columns: a parking deck, or a building that is not finished."""
    depth, storeys, storey = rng.uniform(14, 24), int(rng.integers(2, 5)), rng.uniform(2.8, 3.4)
    floors = storey * np.arange(storeys + 1)
    zero = np.zeros(len(floors))
    parts = [
        boxes(
            np.column_stack([zero, zero, floors - 0.3]),
            np.column_stack([zero + length, zero + depth, floors]),
            Material.STONE,
        ),
        sheet(0, length, -PLINTH, -0.3, Material.STONE),
        sheet(0, length, 0, floors[-1], Material.BRICK, y=depth),
    ]
    at = np.linspace(0.4, length - 0.4, max(2, round(length / rng.uniform(4, 7))))
    for y in (0.4, depth / 2):
        parts.append(
            facades.columns(at, y, 0, floors[-1], rng.uniform(0.35, 0.6), Material.STONE, round_=False)
        )
    if rng.random() < 0.6:
        parts.append(
            boxes(
                np.column_stack([zero, zero, floors]),
                np.column_stack([zero + length, zero + 0.2, floors + 1.0]),
                Material.STONE,
            )
        )
    return merge(parts)


def climber(rng: np.random.Generator, width: float, height: float) -> Mesh:
    """Return a climbing plant on the front wall, as a thing of its own."""
    wide, tall = rng.uniform(0.3, 0.7) * width, rng.uniform(0.4, 0.9) * height
    share = rng.random((int(150 * wide * tall), 2))
    share = share[share[:, 1] < 1 - 0.6 * np.abs(2 * share[:, 0] - 1)]
    x = rng.uniform(0, width - wide) + wide * share[:, 0]
    where = np.column_stack([x, -np.abs(rng.normal(scale=0.12, size=len(x))), tall * share[:, 1]])
    return leaves(where, 0.13, rng).numbered(1)
