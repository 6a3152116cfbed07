"""Trees with crowns cut to boxes, alone or grown together to a hedge on stems, as beside fronts and along pavements.

Their faces are as upright and as plain as walls; their returns lie as deep as those of a hedge. The frame: along x
from 0, the stems at y = 0, z from the ground. Sizes are chosen.
"""

from __future__ import annotations

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, leaves, merge, quads
from bevseg.sim.objects import shrubs


def row(rng: np.random.Generator, length: float, widest: float) -> Mesh:
    """Return a row of such trees of about `length` m; crowns are at most `widest` m thick. Each is an instance."""
    wide = min(rng.uniform(0.4, 2.6), widest)
    clear, tall = rng.uniform(1.7, 3.6), rng.uniform(1.0, 4.0)
    pitch = rng.uniform(1.5, 5.0)
    gap = 0.0 if rng.random() < 0.5 else rng.uniform(0.1, 0.5) * pitch
    stem, count = rng.uniform(0.04, 0.16), max(1, int(length // pitch))
    ragged = 0.0 if rng.random() < 0.7 else rng.uniform(0.08, 0.2)
    parts = []
    for k in range(count):
        high = tall * rng.uniform(0.95, 1.05)
        crown = shrubs.hedge(rng, pitch - gap, wide, high, ragged=ragged)
        crown = merge([crown, _underside(rng, pitch - gap, wide)]).at(0.0, 0.0, clear)
        middle = (pitch - gap) / 2
        trunk = beam((middle, 0, -0.3), (middle, 0, clear + 0.3 * tall), stem, Material.BARK)
        parts.append(merge([crown, trunk]).at(k * pitch + gap / 2).numbered(k))
    return merge(parts)


def _underside(rng: np.random.Generator, length: float, wide: float) -> Mesh:
    """Return the underside of a crown at z = 0: leaves below a closed face."""
    count, half, up = int(30 * length * wide), 0.45 * wide, 0.15
    face = quads([[(0.05, -half, up), (length - 0.05, -half, up), (length - 0.05, half, up), (0.05, half, up)]],
                 Material.LEAF)  # fmt: skip
    at = np.column_stack(
        [rng.uniform(0, length, count), rng.uniform(-half, half, count), rng.normal(0.03, 0.07, count)]
    )
    return merge([face, leaves(at, rng.uniform(0.09, 0.15), rng)])
