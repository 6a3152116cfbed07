"""Small masonry beside gates and drives: stores for bins, piers with wings. Lower than a hut, as high as a car.

All of it is building. The frame: x along its front from 0, y from the front (0) away from the street, z from the
ground. Sizes are chosen.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, boxes, merge, quads

_DEEP = 0.6
"""Depth in the ground, m."""


def _stone(rng: np.random.Generator) -> Material:
    return (Material.BRICK, Material.STONE, Material.SIDING)[int(rng.integers(3))]


def store(rng: np.random.Generator) -> Mesh:
    """Return a store for bins, 1.1 to 2 m high: walls on three sides or four, some under a level or slanting lid."""
    wide, deep, tall = rng.uniform(1.0, 5.0), rng.uniform(0.8, 1.8), rng.uniform(1.1, 2.0)
    thick, stone = rng.uniform(0.08, 0.24), _stone(rng)
    low = [(0.0, 0.0, -_DEEP), (wide - thick, 0.0, -_DEEP), (0.0, deep - thick, -_DEEP)]
    high = [(thick, deep, tall), (wide, deep, tall), (wide, deep, tall)]
    draw = rng.random()
    if draw < 0.6:  # doors, or a fourth wall
        low.append((0.0, rng.uniform(0.0, 0.1), -_DEEP))
        high.append((wide, 0.12, tall - rng.uniform(0.0, 0.3)))
    elif wide > 2.0:  # bays
        at = np.arange(1.0, wide - 0.5, rng.uniform(0.8, 1.4))
        low += [(float(x), 0.05, -_DEEP) for x in at]
        high += [(float(x) + thick, deep, tall) for x in at]
    parts = [boxes(low, high, stone)]
    if rng.random() < 0.6:
        over, fall = rng.uniform(0.0, 0.15), rng.uniform(0.0, 0.4)
        a, b, c, d = -over, wide + over, -over, deep + over
        lid = [(a, c, tall + 0.02), (b, c, tall + 0.02), (b, d, tall + fall), (a, d, tall + fall)]
        parts.append(quads([lid], Material.ROOF))
    return merge(parts)


def gateway(rng: np.random.Generator) -> Mesh:
    """Return two piers beside a gate, with a short wall beside one of them or both, some under a lintel or a roof."""
    gap, pier, tall = rng.uniform(0.9, 4.0), rng.uniform(0.3, 0.8), rng.uniform(1.2, 2.6)
    stone, wing = _stone(rng), rng.uniform(0.5, 4.0, 2) * (rng.random(2) < 0.75)
    lower, thick = tall * rng.uniform(0.5, 1.0), rng.uniform(0.15, 0.35)
    first = float(wing[0])
    second = first + pier + gap
    end = second + pier
    low = [(first, 0.0, -_DEEP), (second, 0.0, -_DEEP)]
    high = [(first + pier, pier, tall), (end, pier, tall)]
    if first:
        low.append((0.0, 0.05, -_DEEP))
        high.append((first, 0.05 + thick, lower))
    if wing[1]:
        low.append((end, 0.05, -_DEEP))
        high.append((end + float(wing[1]), 0.05 + thick, lower))
    if tall > 2.1 and rng.random() < 0.4:
        low.append((first, 0.0, tall))
        high.append((end, pier, tall + rng.uniform(0.15, 0.6)))
    return boxes(low, high, stone)


KINDS: dict[str, Callable[[np.random.Generator], Mesh]] = {"store": store, "gateway": gateway}
"""Name -> the function that returns the masonry. None is longer than 14 m."""
