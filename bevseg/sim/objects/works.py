"""Road works and building sites: cones, barriers, scaffolds, skips, containers. No class names them."""

from __future__ import annotations

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, beams, box, leaves, merge, polyline, quads

METAL, WOOD = Material.METAL, Material.WOOD


def works(rng: np.random.Generator) -> Mesh:
    """Return cones or barriers of road works along x."""
    parts = []
    for i in range(int(rng.integers(2, 7))):
        x = i * 1.6
        if rng.random() < 0.6:
            parts.append(beam((x, 0, 0), (x, 0, rng.uniform(0.5, 1.0)), 0.16, METAL, sides=8, tip=0.2))
        else:
            legs = [
                polyline([(x + d, -0.2, 0), (x + d, 0, 1.0), (x + d, 0.2, 0)], 0.025, METAL) for d in (0, 1.2)
            ]
            parts += [*legs, box((x, -0.02, 0.75), (x + 1.2, 0.02, 1.0), METAL)]
    return merge(parts)


def scaffold(rng: np.random.Generator, length: float, height: float) -> Mesh:
    """Return a scaffold along x, 1 m deep: tubes and decks every 2 m."""
    x, z = np.arange(0, length + 0.1, 2.5), np.arange(2.0, height + 0.1, 2.0)
    tubes = [(px, y, 0.0, px, y, height + 1) for px in x for y in (0.0, 1.0)]
    tubes += [(0.0, 0.0, pz + d, x[-1], 0.0, pz + d) for pz in z for d in (0.0, 0.5, 1.0)]
    ends = np.array(tubes)
    decks = [box((0, 0, pz), (float(x[-1]), 1.0, pz + 0.05), WOOD) for pz in z if rng.random() < 0.8]
    return merge([beams(ends[:, :3], ends[:, 3:], 0.025, METAL), *decks])


def skip(rng: np.random.Generator) -> Mesh:
    """Return an open container for rubble with slanted ends, 3 to 6 m long, some with a heap in it."""
    long, wide, high = rng.uniform(3.0, 6.0), rng.uniform(1.6, 2.3), rng.uniform(1.2, 2.2)
    slant, half = rng.uniform(0.2, 0.9), wide / 2
    ends = [(slant, 0.1), (0.0, high), (long, high), (long - slant, 0.1)]
    sides = [[(x, y, z) for x, z in ends] for y in (-half, half)]
    across = [
        [(a[0], -half, a[1]), (a[0], half, a[1]), (b[0], half, b[1]), (b[0], -half, b[1])]
        for a, b in ((ends[0], ends[1]), (ends[2], ends[3]), (ends[3], ends[0]))
    ]
    feet = box((slant + 0.1, -half + 0.2, 0.0), (long - slant - 0.1, half - 0.2, 0.12), METAL)
    parts = [quads([*sides, *across], METAL), feet]
    if rng.random() < 0.6:
        heap = np.array((long / 2, 0.0, 0.75 * high)) + rng.normal(size=(150, 3)) * (
            0.18 * long,
            0.22 * wide,
            0.12,
        )
        parts.append(
            leaves(np.clip(heap, (0.3, -half, 0.5), (long - 0.3, half, high + 0.5)), 0.5, rng, METAL)
        )
    return merge(parts)


def container(rng: np.random.Generator) -> Mesh:
    """Return a shipping container or the cabin of a site, 3 to 12 m long; some stand two high."""
    long, wide, high = rng.choice([3.0, 6.06, 6.06, 12.2]), 2.44, rng.uniform(2.4, 2.9)
    floors = 1 if rng.random() < 0.8 else 2
    parts = [
        box((0, -wide / 2, 0.05 + k * high), (long, wide / 2, (k + 1) * high), METAL) for k in range(floors)
    ]
    pitch = np.arange(0.15, long - 0.1, 0.3)
    ribs = [box((x, side * (wide / 2), 0.2), (x + 0.12, side * (wide / 2 + 0.04), high - 0.1), METAL)
            for x in pitch for side in (-1, 1)]  # fmt: skip
    return merge([*parts, *ribs])
