"""Posts without a sign or a lamp: bollards, delineators, flag poles, masts with cameras."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, box, merge, quads
from bevseg.sim.objects.poles.masts import tapering_mast

STEEL = Material.STEEL


def bollard(rng: np.random.Generator) -> Mesh:
    """Return a bollard: thin or thick, some with a wider head."""
    height, thick = rng.uniform(0.6, 1.15), rng.uniform(0.035, 0.13)
    parts = [beam((0, 0, -0.2), (0, 0, height), thick, STEEL, sides=8)]
    if rng.random() < 0.3:
        parts.append(beam((0, 0, height), (0, 0, height + 0.15), 1.3 * thick, STEEL, sides=8, tip=0.5))
    return merge(parts)


def post(rng: np.random.Generator) -> Mesh:
    """Return a wooden or steel post without a plate."""
    material = Material.TIMBER if rng.random() < 0.5 else STEEL
    return beam((0, 0, -0.2), (0, 0, rng.uniform(0.9, 2.4)), rng.uniform(0.025, 0.07), material)


def delineator(rng: np.random.Generator) -> Mesh:
    """Return a post that marks the edge of a road, 0.75 to 1.1 m high, flat or three-sided."""
    high, wide = rng.uniform(0.75, 1.1), rng.uniform(0.04, 0.07)
    return beam(
        (0, 0, -0.2), (0, 0, high), wide, STEEL, sides=int(rng.choice([3, 4, 8])), tip=rng.uniform(0.6, 1.0)
    )


def flag_pole(rng: np.random.Generator) -> Mesh:
    """Return a pole of 6 to 12 m, half of them with a flag."""
    height = rng.uniform(6, 12)
    parts = [beam((0, 0, -0.3), (0, 0, height), rng.uniform(0.04, 0.08), STEEL, sides=8, tip=0.6)]
    if rng.random() < 0.5:
        wide, low = rng.uniform(1.2, 2.4), height - rng.uniform(1.0, 1.6)
        waves = [(wide * u, 0.15 * np.sin(5 * u), 0.0) for u in np.linspace(0.03, 1, 5)]
        cloth = [
            [(*a[:2], low), (*b[:2], low), (*b[:2], height), (*a[:2], height)] for a, b in pairwise(waves)
        ]
        parts.append(quads(cloth, Material.CLOTH).turned(rng.uniform(0, 6)))
    return merge(parts)


def camera(rng: np.random.Generator) -> Mesh:
    """Return a mast with cameras on a short arm, 3 to 8 m high, some with a box at breast height."""
    height, thick = rng.uniform(3.0, 8.0), rng.uniform(0.05, 0.1)
    parts = [tapering_mast(rng, height, thick)]
    reach = rng.uniform(0.3, 1.5)
    parts.append(beam((0, 0, height - 0.15), (0, reach, height - 0.05), 0.03, STEEL))
    for y in (reach, 0.5 * reach)[: int(rng.integers(1, 3))]:
        parts.append(box((-0.2, y - 0.07, height - 0.3), (0.2, y + 0.07, height - 0.12), STEEL))
    if rng.random() < 0.4:
        parts.append(box((thick, -0.2, 1.1), (thick + 0.25, 0.2, 1.8), STEEL))
    return merge(parts)
