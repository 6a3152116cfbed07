"""The things of a street that no class of ours names, and garden walls. A frame has its origin on the ground."""

from __future__ import annotations

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, box, merge, polyline


def wires(span: float, height: float) -> Mesh:
    """Return three sagging wires along x from 0 to `span` m, hung `height` m over the ground."""
    shares = np.linspace(0, 1, 9)
    return merge(
        polyline(
            [(span * share, y, height - 3.2 * share * (1 - share)) for share in shares], 0.015, Material.WIRE
        )
        for y in (-0.8, 0.0, 0.8)
    )


def bench(rng: np.random.Generator) -> Mesh:
    """Return a bench with a back."""
    length = rng.uniform(1.4, 2.0)
    seat = box((0, -0.25, 0.42), (length, 0.25, 0.48), Material.WOOD)
    back = box((0, -0.28, 0.5), (length, -0.22, 0.9), Material.WOOD)
    legs = [box((x, -0.2, -0.2), (x + 0.08, 0.2, 0.42), Material.WOOD) for x in (0.1, length - 0.2)]
    return merge([seat, back, *legs])


def bins(rng: np.random.Generator) -> Mesh:
    """Return one to three wheeled bins."""
    return merge(
        box((0.75 * i, -0.3, 0.05), (0.75 * i + 0.58, 0.35, rng.uniform(0.95, 1.15)), Material.WOOD)
        for i in range(int(rng.integers(1, 4)))
    )


def person(rng: np.random.Generator) -> Mesh:
    """Return somebody walking."""
    height, stride = rng.uniform(1.55, 1.95), rng.uniform(0.1, 0.3)
    hip, neck = 0.5 * height, 0.85 * height
    legs = [beam((x, y, 0), (0, y, hip), 0.08, Material.CLOTH) for x, y in ((stride, 0.1), (-stride, -0.1))]
    arms = [
        beam((x, y, hip), (0, y, neck), 0.05, Material.CLOTH) for x, y in ((-stride, 0.24), (stride, -0.24))
    ]
    trunk = box((-0.12, -0.2, hip), (0.12, 0.2, neck), Material.CLOTH)
    head = beam((0, 0, neck), (0, 0, height), 0.1, Material.CLOTH)
    return merge([*legs, *arms, trunk, head])


def bicycle(rng: np.random.Generator) -> Mesh:
    """Return a parked bicycle."""
    rims = []
    for x in (0.0, 1.05):
        angle = np.linspace(0, 2 * np.pi, 11)
        ring = [(x + 0.34 * np.cos(a), 0.0, 0.35 + 0.34 * np.sin(a)) for a in angle]
        rims.append(polyline(ring, 0.025, Material.WIRE))
    frame = [
        (0, 0, 0.35),
        (0.35, 0, 0.85),
        (0.85, 0, 0.85),
        (1.05, 0, 0.35),
        (0.45, 0, 0.35),
        (0.35, 0, 0.85),
    ]
    bars = polyline([(0.85, -0.28, 1.0), (0.85, 0.28, 1.0)], 0.02, Material.WIRE)
    return merge([*rims, polyline(frame, 0.025, Material.WIRE), bars]).turned(rng.uniform(-0.3, 0.3))


def fence(rng: np.random.Generator, length: float) -> Mesh:
    """Return a fence of slats along x from 0 to `length` m."""
    height, gap = rng.uniform(0.8, 1.3), rng.uniform(0.15, 0.3)
    slats = [
        box((x, -0.01, -0.2), (x + 0.07, 0.01, height), Material.WOOD) for x in np.arange(0, length, gap)
    ]
    rails = [box((0, -0.03, z), (length, 0.01, z + 0.05), Material.WOOD) for z in (0.25, height - 0.2)]
    return merge([*slats, *rails])


def garden_wall(rng: np.random.Generator, length: float) -> Mesh:
    """Return a low wall of brick along x from 0 to `length` m."""
    return box((0, -0.1, -0.4), (length, 0.12, rng.uniform(0.5, 1.4)), Material.BRICK)
