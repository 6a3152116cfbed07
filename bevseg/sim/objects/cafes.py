"""Tables of cafés, and stalls. No class names them."""

from __future__ import annotations

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, Point, beam, box, merge, quads

CLOTH, METAL, WOOD = Material.CLOTH, Material.METAL, Material.WOOD


def tables(rng: np.random.Generator) -> Mesh:
    """Return a row of one to three tables with chairs, some under a parasol."""
    parts = []
    for x in 1.9 * np.arange(int(rng.integers(1, 4))):
        parts.append(_table(rng).at(float(x)))
        if rng.random() < 0.3:
            parts.append(_parasol(rng, float(x), 0.0))
    return merge(parts)


def terrace(rng: np.random.Generator, length: float, deep: float) -> Mesh:
    """Return the tables of a café on 0 to `length` by 0 to `deep` m: chairs, parasols or an awning on posts, tubs."""
    parts = []
    for x in np.arange(0.8, length - 0.5, rng.uniform(1.5, 1.9)):
        for y in np.arange(0.7, deep - 0.4, 1.6):
            if rng.random() < 0.85:
                parts.append(_table(rng).at(float(x), float(y)))
    if rng.random() < 0.4:
        high = rng.uniform(2.3, 2.9)
        posts = [
            beam((x, y, 0), (x, y, high), 0.04, METAL)
            for x in np.linspace(0.1, length - 0.1, 3)
            for y in (0.1, deep)
        ]
        cloth: list[list[Point]] = [
            [(0, -0.1, high), (length, -0.1, high), (length, deep, high + 0.4), (0, deep, high + 0.4)]
        ]
        parts += [*posts, quads(cloth, CLOTH)]
    else:
        for x in np.arange(1.5, length - 0.5, 3.2):
            parts.append(_parasol(rng, float(x), min(deep / 2, 1.3)))
    return merge(parts)


def _table(rng: np.random.Generator) -> Mesh:
    """Return a table with one to four chairs."""
    parts = [
        beam((0, 0, 0.72), (0, 0, 0.76), rng.uniform(0.3, 0.42), WOOD, sides=8),
        beam((0, 0, 0), (0, 0, 0.72), 0.04, METAL),
    ]
    for a in rng.uniform(0, 2 * np.pi, int(rng.integers(1, 5))):
        seat = [
            box((0.45, -0.2, 0.42), (0.85, 0.2, 0.46), WOOD),
            box((0.82, -0.2, 0.46), (0.86, 0.2, 0.85), WOOD),
        ]
        legs = [beam((x, y, 0), (x, y, 0.42), 0.02, METAL) for x in (0.5, 0.82) for y in (-0.17, 0.17)]
        parts.append(merge([*seat, *legs]).turned(a))
    return merge(parts)


def _parasol(rng: np.random.Generator, x: float, y: float) -> Mesh:
    """Return a parasol over (x, y)."""
    high, wide = rng.uniform(2.1, 2.5), rng.uniform(1.1, 1.7)
    cloth = beam((x, y, high), (x, y, high + 0.45), wide, CLOTH, sides=int(rng.choice([4, 8])), tip=0.03)
    return merge([cloth, beam((x, y, 0), (x, y, high + 0.3), 0.03, METAL)])


def kiosk(rng: np.random.Generator) -> Mesh:
    """Return a stall with a roof that stands out, open or closed, or a pillar for posters."""
    if rng.random() < 0.25:
        radius, high = rng.uniform(0.5, 0.75), rng.uniform(2.2, 2.85)
        cap = beam((0, 0, high), (0, 0, high + 0.3), 1.15 * radius, METAL, sides=12, tip=0.3)
        return merge([beam((0, 0, -0.1), (0, 0, high), radius, METAL, sides=12), cap])
    long, deep, high = rng.uniform(1.8, 4.0), rng.uniform(1.6, 2.6), rng.uniform(2.3, 2.9)
    counter = rng.uniform(1.0, 1.2)
    walls = [box((-long / 2, -deep / 2, -0.1), (long / 2, deep / 2, counter), WOOD)]
    walls.append(box((-long / 2, deep / 2 - 0.08, counter), (long / 2, deep / 2, high), WOOD))
    walls += [
        box((x - 0.05, -deep / 2, counter), (x + 0.05, deep / 2, high), WOOD) for x in (-long / 2, long / 2)
    ]
    if rng.random() < 0.4:
        walls.append(box((-long / 2, -deep / 2, counter), (long / 2, -deep / 2 + 0.06, high), METAL))
    eaves = rng.uniform(0.1, 0.6)
    roof = box(
        (-long / 2 - 0.1, -deep / 2 - eaves, high), (long / 2 + 0.1, deep / 2 + 0.1, high + 0.15), METAL
    )
    return merge([*walls, roof])
