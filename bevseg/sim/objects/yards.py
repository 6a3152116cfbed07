"""Small built objects that stand before and between houses: planters, sign walls, enclosures, pergolas, monuments.

They are walls and columns, and so building, of the size of a car or of a pole. The frame of each: its origin on the
ground, x along the street, y away from it. Sizes are chosen.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, boxes, leaves, merge, quads
from bevseg.sim.objects import facades

_DEEP = 0.8
"""Depth in the ground, m."""


def yard_object(rng: np.random.Generator) -> Mesh:
    """Return a random one of the objects."""
    return KINDS[str(rng.choice(list(KINDS)))](rng)


def _stone(rng: np.random.Generator) -> Material:
    return Material.STONE if rng.random() < 0.6 else Material.BRICK


def planter(rng: np.random.Generator) -> Mesh:
    """Return a raised bed between low walls, some with plants."""
    long, deep, tall, thick = rng.uniform(1.5, 7.0), rng.uniform(0.8, 2.2), rng.uniform(0.35, 1.1), 0.25
    lows = [(0, 0, -_DEEP), (0, deep - thick, -_DEEP), (0, 0, -_DEEP), (long - thick, 0, -_DEEP)]
    highs = [(long, thick, tall), (long, deep, tall), (thick, deep, tall), (long, deep, tall)]
    parts = [boxes(lows, highs, _stone(rng))]
    bed = tall - 0.1
    if rng.random() < 0.7:
        count = int(90 * long * deep)
        where = rng.uniform(
            (0.2, 0.2, bed - 0.1), (long - 0.2, deep - 0.2, bed + rng.uniform(0.2, 0.9)), (count, 3)
        )
        parts.append(leaves(where, 0.14, rng).numbered(1))
    parts.append(
        quads([[(0, 0, bed), (long, 0, bed), (long, deep, bed), (0, deep, bed)]], Material.BARK).numbered(1)
    )
    return merge(parts)


def sign_wall(rng: np.random.Generator) -> Mesh:
    """Return a low sign wall between two piers."""
    long, tall, thick = rng.uniform(1.6, 5.0), rng.uniform(0.8, 1.9), rng.uniform(0.25, 0.6)
    stone = _stone(rng)
    parts = [boxes([(0, 0, -_DEEP)], [(long, thick, tall)], stone)]
    if rng.random() < 0.6:
        out, over = rng.uniform(0.05, 0.2), rng.uniform(0.1, 0.4)
        lows = [(-0.4, -out, -_DEEP), (long, -out, -_DEEP)]
        parts.append(
            boxes(lows, [(0.0, thick + out, tall + over), (long + 0.4, thick + out, tall + over)], stone)
        )
    return merge(parts).turned(rng.normal(scale=0.3))


def enclosure(rng: np.random.Generator) -> Mesh:
    """Return three walls round bins or machines, open to one side."""
    long, deep, tall, thick = rng.uniform(2.0, 6.0), rng.uniform(1.5, 3.5), rng.uniform(1.2, 2.4), 0.22
    lows = [(0, deep - thick, -_DEEP), (0, 0, -_DEEP), (long - thick, 0, -_DEEP)]
    highs = [(long, deep, tall), (thick, deep, tall), (long, deep, tall)]
    parts = [boxes(lows, highs, _stone(rng))]
    if rng.random() < 0.5:
        parts.append(boxes([(0.5, 0.4, 0.05)], [(1.7, 1.3, 1.3)], Material.METAL).numbered(1))
    return merge(parts).turned(float(rng.choice([0.0, np.pi / 2, np.pi])))


def pergola(rng: np.random.Generator) -> Mesh:
    """Return two rows of columns under beams."""
    count, pitch, deep = int(rng.integers(2, 6)), rng.uniform(1.6, 3.2), rng.uniform(1.6, 3.0)
    tall, thick = rng.uniform(2.2, 3.4), rng.uniform(0.15, 0.5)
    at, round_, stone = pitch * np.arange(count), bool(rng.random() < 0.5), _stone(rng)
    parts = [facades.columns(at, y, -_DEEP, tall, thick, stone, round_=round_) for y in (0.0, deep)]
    long = float(at[-1])
    beams_low = [(-0.4, y - 0.1, tall) for y in (0.0, deep)]
    parts.append(boxes(beams_low, [(long + 0.4, y + 0.1, tall + 0.25) for y in (0.0, deep)], stone))
    across = np.arange(0, long, 0.7)
    zero = np.zeros(len(across))
    low = np.column_stack([across, zero - 0.3, zero + tall + 0.25])
    high = np.column_stack([across + 0.1, zero + deep + 0.3, zero + tall + 0.4])
    return merge([*parts, boxes(low, high, Material.SIDING)])


def monument(rng: np.random.Generator) -> Mesh:
    """Return a pedestal on steps with a block or a shaft on it."""
    wide = rng.uniform(0.8, 2.0)
    lows, highs, z = [], [], 0.0
    for step in range(int(rng.integers(0, 4)), -1, -1):
        half = wide / 2 + 0.35 * step
        lows.append((-half, -half, z - (_DEEP if z == 0 else 0.0)))
        z += 0.18 if step else rng.uniform(0.6, 2.0)
        highs.append((half, half, z))
    parts = [boxes(lows, highs, Material.STONE)]
    thick, more = wide * rng.uniform(0.25, 0.6), rng.uniform(0.5, 3.5)
    parts.append(
        facades.columns([0.0], 0.0, z, z + more, thick, Material.STONE, round_=bool(rng.random() < 0.5))
    )
    return merge(parts).turned(rng.uniform(0, 1.5))


def gateway(rng: np.random.Generator) -> Mesh:
    """Return two or four gate piers, some with a piece of wall beside each or a lintel over them."""
    gap, wide, tall = rng.uniform(1.2, 4.5), rng.uniform(0.35, 0.9), rng.uniform(1.0, 2.8)
    stone = _stone(rng)
    at = [0.0, gap + wide] if rng.random() < 0.7 else [0.0, gap + wide, -2.0, gap + wide + 2.0]
    parts = [facades.columns(at, 0.0, -_DEEP, tall, wide, stone, round_=False)]
    if rng.random() < 0.5:
        long, low = rng.uniform(0.8, 3.5), tall * rng.uniform(0.4, 0.9)
        a = gap + wide
        parts.append(
            boxes(
                [(-long, -0.15, -_DEEP), (a, -0.15, -_DEEP)], [(0, 0.15, low), (a + long, 0.15, low)], stone
            )
        )
    elif tall > 2.1:
        parts.append(boxes([(-wide, -0.2, tall)], [(gap + 2 * wide, 0.2, tall + 0.4)], stone))
    return merge(parts)


def seat(rng: np.random.Generator) -> Mesh:
    """Return a low wall to sit on, straight, in an L or in a U."""
    tall, thick = rng.uniform(0.4, 0.65), rng.uniform(0.3, 0.6)
    long, deep = rng.uniform(1.5, 6.0), rng.uniform(1.0, 3.0)
    lows, highs = [(0.0, 0.0, -_DEEP)], [(long, thick, tall)]
    for side in range(int(rng.integers(0, 3))):
        x = 0.0 if side == 0 else long - thick
        lows.append((x, 0.0, -_DEEP))
        highs.append((x + thick, deep, tall))
    return boxes(lows, highs, _stone(rng)).turned(rng.normal(scale=0.2))


KINDS: dict[str, Callable[[np.random.Generator], Mesh]] = {
    "planter": planter,
    "sign wall": sign_wall,
    "enclosure": enclosure,
    "pergola": pergola,
    "monument": monument,
    "gateway": gateway,
    "seat": seat,
}
"""Name -> function that returns the object."""
