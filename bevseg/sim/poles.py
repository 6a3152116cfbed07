"""Poles of all kinds. A frame has its origin on the ground; arms point along y, towards the road, plates along x."""

from __future__ import annotations

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, box, merge, polyline

WIRES = 7.4
"""Height at which wires leave a wooden mast, m."""


def lamp_post(rng: np.random.Generator) -> Mesh:
    """Return a lamp post with an arm over the road, or a shorter one with its lamp on top."""
    if rng.random() < 0.35:
        height = rng.uniform(3.5, 5.0)
        lamp = beam((0, 0, height), (0, 0, height + 0.5), 0.22, Material.STEEL, sides=8, tip=0.6)
        return merge([beam((0, 0, -0.3), (0, 0, height), 0.07, Material.STEEL, sides=8), lamp])
    height, reach = rng.uniform(6.0, 9.5), rng.uniform(0.8, 2.0)
    thick = rng.uniform(0.08, 0.12)
    mast = beam((0, 0, 0), (0, 0, height), thick, Material.STEEL, sides=8, tip=0.6)
    foot = beam((0, 0, -0.3), (0, 0, 1.2), 1.4 * thick, Material.STEEL, sides=8)
    arm = beam((0, 0, height), (0, reach, height + 0.3), 0.04, Material.STEEL)
    lamp = box((-0.15, reach - 0.2, height + 0.22), (0.15, reach + 0.5, height + 0.36), Material.STEEL)
    return merge([mast, foot, arm, lamp])


def sign(rng: np.random.Generator) -> Mesh:
    """Return a traffic sign: a thin pole with one or two plates."""
    height = rng.uniform(2.2, 3.2)
    radius = rng.uniform(0.025, 0.045)
    parts = [beam((0, 0, -0.3), (0, 0, height), radius, Material.STEEL)]
    for index in range(int(rng.integers(1, 3))):
        size, middle = rng.uniform(0.2, 0.35), height - 0.3 - 0.65 * index
        # A round, thick plate that faces the traffic (x).
        parts.append(
            beam((0.04, 0, middle), (0.06, 0, middle), size, Material.PLATE, sides=int(rng.choice([4, 8])))
        )
    return merge(parts)


def bollard(rng: np.random.Generator) -> Mesh:
    """Return a bollard."""
    return beam((0, 0, -0.2), (0, 0, rng.uniform(0.7, 1.1)), rng.uniform(0.06, 0.11), Material.STEEL, sides=8)


def traffic_light(rng: np.random.Generator) -> Mesh:
    """Return a traffic light, some with an arm over the road."""
    height = rng.uniform(3.0, 3.6)
    parts = [
        beam((0, 0, -0.3), (0, 0, height), 0.07, Material.STEEL, sides=8),
        box((0.05, -0.17, height - 1.0), (0.3, 0.17, height - 0.05), Material.STEEL),
    ]
    if rng.random() < 0.4:
        reach, top = rng.uniform(2.5, 4.0), rng.uniform(5.2, 5.8)
        parts.append(polyline([(0, 0, height), (0, 0, top), (0, reach, top)], 0.07, Material.STEEL))
        parts.append(box((0.05, reach - 0.17, top - 1.0), (0.3, reach + 0.17, top), Material.STEEL))
    return merge(parts)


def utility_pole(rng: np.random.Generator) -> Mesh:
    """Return a wooden mast with a crossarm; the wires hang elsewhere."""
    height = WIRES + 0.6
    mast = beam((0, 0, -0.3), (0, 0, height), rng.uniform(0.12, 0.17), Material.STEEL, sides=8, tip=0.7)
    return merge([mast, box((-0.06, -0.9, height - 0.75), (0.06, 0.9, height - 0.6), Material.STEEL)])
