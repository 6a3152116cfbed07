"""People who stand, walk, or moved while they were scanned. No class names them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, box, merge

CLOTH = Material.CLOTH


def person(rng: np.random.Generator) -> Mesh:
    """Return a person who walks or stands towards x, some with a bag, a few of them children."""
    height, stride = rng.uniform(1.5, 1.95), rng.uniform(0.0, 0.32)
    if rng.random() < 0.1:
        height *= rng.uniform(0.55, 0.8)
    hip, neck, half = 0.5 * height, 0.84 * height, 0.115 * height
    legs = [beam((x, y, 0), (0, y, hip), 0.045 * height, CLOTH) for x, y in ((stride, 0.1), (-stride, -0.1))]
    swing = rng.uniform(0.3, 1.0) * stride
    arms = [
        beam((x, y, hip), (0, 0.85 * y, neck), 0.03 * height, CLOTH)
        for x, y in ((-swing, half + 0.06), (swing, -half - 0.06))
    ]
    lean = rng.normal(scale=0.04)
    trunk = beam((0, 0, 0.95 * hip), (lean, 0, neck), 0.8 * half, CLOTH, sides=8, tip=1.2)
    head = beam((lean, 0, neck), (lean, 0, height), 0.055 * height, CLOTH, sides=8)
    parts = [*legs, *arms, trunk, head]
    if rng.random() < 0.25:
        parts.append(box((-0.4, -0.15, hip + 0.1), (-0.14, 0.15, neck - 0.02), CLOTH))
    return merge(parts)


def standing(rng: np.random.Generator) -> Mesh:
    """Return a person who looks in any direction."""
    return person(rng).turned(rng.uniform(0, 2 * np.pi))


def people(rng: np.random.Generator) -> Mesh:
    """Return two to five people who stand or walk together; each is an instance of its own."""
    return merge(
        standing(rng).at(*rng.normal(scale=0.6, size=2)).numbered(index)
        for index in range(int(rng.integers(2, 6)))
    )


def ghost(rng: np.random.Generator) -> Mesh:
    """Return a person who moved during the scan: stretched or squeezed, slanted, with gaps, even twice."""
    stretch, slant = np.exp(rng.normal(scale=0.7)), rng.normal(scale=0.5)

    def smeared(points: NDArray[np.float64]) -> NDArray[np.float64]:
        along = stretch * points[:, 0] + slant * points[:, 2]
        return np.column_stack([along, points[:, 1], points[:, 2]])

    body = standing(rng).mapped(smeared)
    copies = [
        body.at(rng.uniform(0.3, 1.5) * index)
        for index in range(int(rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15])))
    ]
    low, high = np.sort(rng.uniform(0.0, 1.9, 2))
    whole = merge(copies)
    level = whole.corners[..., 2].mean(axis=1)
    tattered = (rng.random(len(level)) < rng.uniform(0.4, 0.95)) & ~(
        (level > low) & (level < high) & (low > 0.5)
    )
    return whole.only(tattered)
