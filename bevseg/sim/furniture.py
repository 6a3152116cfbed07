"""Street furniture: poles of all kinds, and the things that no class of ours names.

Frames have their origin on the ground under the thing; arms and plates point along y, towards the road.
"""

from __future__ import annotations

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, box, merge, polyline


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
    height = wire_height(0.0) + 0.6
    mast = beam((0, 0, -0.3), (0, 0, height), rng.uniform(0.12, 0.17), Material.STEEL, sides=8, tip=0.7)
    return merge([mast, box((-0.06, -0.9, height - 0.75), (0.06, 0.9, height - 0.6), Material.STEEL)])


def wire_height(share: float) -> float:
    """Height of a wire over the ground, m, at a share of the way from one mast to the next."""
    return 7.4 - 3.2 * share * (1 - share)


def wires(span: float) -> Mesh:
    """Return three sagging wires along x from 0 to `span` m."""
    shares = np.linspace(0, 1, 9)
    return merge(
        polyline([(span * share, y, wire_height(share)) for share in shares], 0.015, Material.WIRE)
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
