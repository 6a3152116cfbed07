"""What lamp posts and masts carry on the way up: banners, baskets, boxes, plates, short arms, mirrors.

All of it is pole, as the post is. The frame is that of the post: its foot at the origin, arms along y, plates face x.
Heights and sizes are chosen.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, beams, box, leaves, merge, quads

_LEAST = 2.6
"""Posts that are lower than this carry nothing, m."""


def dressed(rng: np.random.Generator, post: Mesh, share: float) -> Mesh:
    """Return a post; with the chance `share` it carries one to three things, all of the same instance."""
    top = float(post.corners[..., 2].max())
    if top < _LEAST or rng.random() >= share:
        return post
    kinds = rng.choice(list(KINDS), int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1])), replace=False)
    return merge([post, *(KINDS[str(kind)](rng, top) for kind in kinds)])


def _banner(rng: np.random.Generator, top: float) -> Mesh:
    """Return a cloth between two short arms, on one side or on both."""
    high, wide = rng.uniform(0.8, 2.4), rng.uniform(0.35, 0.9)
    low = rng.uniform(1.6, max(1.7, min(top - high, 5.0)))
    parts = []
    for side in (1, -1)[: int(rng.choice([1, 2], p=[0.6, 0.4]))]:
        ends = np.array([(0.0, side * (wide + 0.1), z) for z in (low, low + high)])
        parts.append(beams(ends * (1, 0, 1), ends, 0.015, Material.STEEL))
        near, away, bulge = side * 0.12, side * (wide + 0.1), rng.normal(scale=0.05)
        middle = (near + away) / 2
        cloth = [
            [(x, y, low), (x1, y1, low), (x1, y1, low + high), (x, y, low + high)]
            for (x, y), (x1, y1) in (((0.0, near), (bulge, middle)), ((bulge, middle), (0.0, away)))
        ]
        parts.append(quads(cloth, Material.PLATE))
    return merge(parts).turned(rng.choice([0.0, np.pi / 2]))


def _baskets(rng: np.random.Generator, top: float) -> Mesh:
    """Return one or two baskets or bowls of flowers on brackets, rough and round."""
    radius, z = rng.uniform(0.18, 0.42), rng.uniform(1.9, max(2.0, min(top - 0.4, 3.6)))
    parts = []
    for side in (1, -1)[: int(rng.choice([1, 2]))]:
        out = side * rng.uniform(0.1, 0.3) + side * radius
        parts.append(beam((0, 0, z + 0.1), (0, out, z + 0.1), 0.015, Material.STEEL, sides=4))
        around = rng.normal(size=(int(rng.integers(50, 110)), 3))
        around /= np.linalg.norm(around, axis=1, keepdims=True)
        around *= radius * rng.uniform(0.6, 1.0, (len(around), 1)) * (1.0, 1.0, rng.uniform(0.7, 1.2))
        parts.append(leaves(around + np.array((0.0, out, z)), 0.12, rng, Material.STEEL))
    return merge(parts)


def _box(rng: np.random.Generator, top: float) -> Mesh:
    """Return a cabinet on the post: a meter, a controller, a letter box."""
    x, y, z = rng.uniform(0.1, 0.3), rng.uniform(0.12, 0.3), rng.uniform(0.3, 1.0)
    low = rng.uniform(0.6, max(0.7, min(top - z, 3.5)))
    return box((0.05, -y, low), (0.05 + x, y, low + z), Material.STEEL).turned(rng.uniform(0, 2 * np.pi))


def _plates(rng: np.random.Generator, top: float) -> Mesh:
    """Return one to three signs below each other, or a wide one with the name of a street."""
    z, parts = min(rng.uniform(2.2, 3.6), top), []
    for _ in range(int(rng.integers(1, 4))):
        wide, high = rng.uniform(0.15, 0.45), rng.uniform(0.2, 0.7)
        if z - high < 0.8:
            break
        shift = rng.choice([0.0, wide + 0.05])
        parts.append(box((0.1, shift - wide, z - high), (0.12, shift + wide, z), Material.PLATE))
        z -= high + rng.uniform(0.02, 0.3)
    return merge(parts).turned(rng.choice([0.0, np.pi / 2, np.pi, -np.pi / 2]))


def _arm(rng: np.random.Generator, top: float) -> Mesh:
    """Return a short arm with a small lamp, a camera or a loudspeaker."""
    z, out = rng.uniform(0.5, 0.95) * top, rng.uniform(0.2, 1.2)
    long, wide = rng.uniform(0.15, 0.5), rng.uniform(0.06, 0.2)
    tip = box((-wide, out - 0.05, z - wide), (wide, out + long, z + wide), Material.STEEL)
    arm = beam((0, 0, z - rng.uniform(0.0, 0.3)), (0, out, z), 0.025, Material.STEEL, sides=4)
    return merge([arm, tip]).turned(rng.choice([0.0, np.pi / 2, np.pi, -np.pi / 2]))


def _mirror(rng: np.random.Generator, top: float) -> Mesh:
    """Return a round traffic mirror, or a tilted panel that feeds a lamp."""
    size, z = rng.uniform(0.25, 0.5), rng.uniform(1.8, max(1.9, top))
    angle = np.linspace(0, 2 * np.pi, 9)
    rim = np.column_stack([np.full(9, 0.15), size * np.cos(angle), z + size * np.sin(angle)])
    rim[:, 0] += rng.uniform(-0.6, 0.6) * (rim[:, 2] - z)
    centre = np.broadcast_to((0.15, 0.0, z), rim[:-1].shape)
    disc = Mesh.of(np.stack([rim[:-1], rim[1:], centre], axis=1), Material.PLATE)
    bar = beam((0, 0, z), (0.15, 0, z), 0.02, Material.STEEL, sides=4)
    return merge([disc, bar]).turned(rng.uniform(0, 2 * np.pi))


KINDS: dict[str, Callable[[np.random.Generator, float], Mesh]] = {
    "banner": _banner,
    "baskets": _baskets,
    "box": _box,
    "plates": _plates,
    "arm": _arm,
    "mirror": _mirror,
}
"""Name -> function of the height of the post, m."""
