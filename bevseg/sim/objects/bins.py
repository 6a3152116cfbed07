"""Bins and containers for waste. No class names them."""

from __future__ import annotations

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, Point, beam, box, leaves, merge, quads

METAL = Material.METAL


def bins(rng: np.random.Generator) -> Mesh:
    """Return one to four wheeled bins of 80 to 360 litres (EN 840), or a heap of sacks."""
    parts = []
    for i in range(int(rng.integers(1, 5))):
        if rng.random() < 0.2:
            centres = np.abs(rng.normal(size=(60, 3))) * (0.25, 0.25, 0.2) + (0.75 * i - 0.2, -0.2, 0.2)
            parts.append(leaves(centres, 0.3, rng, METAL).numbered(i))
            continue
        wide, high = rng.uniform(0.45, 0.65), rng.uniform(0.9, 1.15)
        body = beam((0.75 * i, 0, 0.03), (0.75 * i, 0, high), 0.55 * wide, METAL, tip=1.3)
        parts.append(body.numbered(i))
    return merge(parts)


def litter_bin(rng: np.random.Generator) -> Mesh:
    """Return a bin for litter: a drum, or a basket on a post."""
    if rng.random() < 0.6:
        return beam((0, 0, 0), (0, 0, rng.uniform(0.8, 1.2)), rng.uniform(0.2, 0.35), METAL, sides=8)
    basket = beam((0, 0.15, 0.55), (0, 0.15, 1.05), 0.18, METAL, sides=8, tip=1.2)
    return merge([beam((0, 0, -0.2), (0, 0, 1.2), 0.03, METAL), basket])


def dumpster(rng: np.random.Generator) -> Mesh:
    """Return a large container with a slanted lid, 1.5 to 7.6 m3."""
    long, deep, front = rng.uniform(1.4, 2.2), rng.uniform(1.0, 1.7), rng.uniform(0.9, 1.3)
    parts = [box((0, 0, 0.12), (long, deep, front), METAL)]
    low, high = front, front + 0.4
    faces: list[list[Point]] = [
        [(0, 0, low), (long, 0, low), (long, deep, high), (0, deep, high)],
        [(0, deep, low), (long, deep, low), (long, deep, high), (0, deep, high)],
        *([(x, 0, low), (x, deep, low), (x, deep, high), (x, 0, low)] for x in (0.0, long)),
    ]
    return merge([*parts, quads(faces, METAL)])
