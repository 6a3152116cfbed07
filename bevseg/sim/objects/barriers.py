"""Guard rails and noise barriers along x from 0 to `length` m. No class names them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, box, merge, polyline, quads

METAL, SCREEN, WOOD = Material.METAL, Material.SCREEN, Material.WOOD


def guard_rail(rng: np.random.Generator, length: float) -> Mesh:
    """Return a steel rail on posts, one beam or two, that faces -y, or ropes between posts."""
    x = np.linspace(0.0, length, max(2, round(length / rng.choice([1.33, 2.0, 4.0])) + 1))
    high = rng.uniform(0.68, 0.85)
    posts = [box((u - 0.05, 0.0, -0.3), (u + 0.05, 0.12, high), METAL) for u in x]
    if rng.random() < 0.15:
        ropes = [polyline([(u, -0.02, z) for u in x], 0.02, METAL) for z in (high - 0.3, high - 0.15, high)]
        return merge([*posts, *ropes])
    tops = [high] if rng.random() < 0.75 else [high, high + 0.4]
    fold = [(0.0, 0.0), (-0.08, -0.08), (0.0, -0.155), (-0.08, -0.23), (0.0, -0.31)]  # a W in section
    faces = [
        [(a, y0, top + z0), (b, y0, top + z0), (b, y1, top + z1), (a, y1, top + z1)]
        for top in tops
        for (y0, z0), (y1, z1) in pairwise(fold)
        for a, b in pairwise(x)
    ]
    return merge([*posts, quads(faces, METAL)])


def noise_barrier(rng: np.random.Generator, length: float, height: float) -> Mesh:
    """Return panels between posts against noise: wood, metal or glass over wood; `height` m high."""
    at = np.linspace(0.0, length, max(2, round(length / rng.choice([2.0, 4.0, 5.0])) + 1))
    posts = [box((x - 0.08, -0.1, -0.4), (x + 0.08, 0.1, height + 0.05), METAL) for x in at]
    material = WOOD if rng.random() < 0.5 else METAL
    glass = rng.uniform(0.3, 0.8) * height if rng.random() < 0.25 else height
    ribs = np.arange(0.4, glass - 0.1, 0.5)
    parts = []
    for a, b in pairwise(at):
        parts.append(box((a, -0.06, -0.4), (b, 0.06, glass), material))
        parts += [box((a, -0.1, z), (b, 0.1, z + 0.06), material) for z in ribs]
        if glass < height:
            parts.append(quads([[(a, 0, glass), (b, 0, glass), (b, 0, height), (a, 0, height)]], SCREEN))
    return merge([*posts, *parts])
