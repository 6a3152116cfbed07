"""Trees, bushes and hedges: leaves are small loose triangles, so that beams get between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, box, leaves, merge


def tree(rng: np.random.Generator, *, height: float, radius: float, clear: float) -> Mesh:
    """Return a tree of `height` m, with a crown of `radius` m that begins `clear` m over the ground."""
    thick = 0.012 * height + rng.uniform(0.04, 0.16)
    lean = rng.normal(scale=0.02 * height, size=2)
    top = (lean[0], lean[1], clear + 0.5 * (height - clear))
    trunk = beam((0, 0, -0.3), top, thick, Material.BARK, sides=8, tip=0.4)
    tips = _clumps(rng, height, radius, clear) + np.array((*lean, 0))
    branches = [
        beam(
            (lean[0] * 0.7, lean[1] * 0.7, min(0.85 * clear + 0.2, top[2])),
            tuple(tip),
            0.3 * thick,
            Material.BARK,
            sides=4,
            tip=0.3,
        )
        for tip in tips[: rng.integers(3, 7)]
    ]
    density = rng.uniform(60, 150)
    count = int(np.clip(density * radius**2 * (height - clear), 400, 9000))
    spread = 0.30 * radius + 0.15
    centres = tips[rng.integers(len(tips), size=count)] + rng.normal(size=(count, 3)) * (
        spread,
        spread,
        0.8 * spread,
    )
    centres = centres[centres[:, 2] > clear - 0.5]
    return merge([trunk, *branches, leaves(centres, rng.uniform(0.15, 0.26), rng)])


def _clumps(rng: np.random.Generator, height: float, radius: float, clear: float) -> NDArray[np.float64]:
    """Return (N, 3) middles of the clumps of leaves that make up a crown: round, conical or columnar."""
    count = int(rng.integers(14, 30))
    direction = rng.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    unit = direction * rng.uniform(0.2, 1.0, size=(count, 1)) ** 0.5
    shape = rng.choice(3, p=[0.6, 0.2, 0.2])
    level = (unit[:, 2] + 1) / 2
    taper = (np.ones(count), 1.1 - 0.9 * level, np.full(count, 0.6))[shape]
    z = clear + (height - clear) * (0.1 + 0.8 * level)
    return np.column_stack([0.75 * radius * unit[:, :2] * taper[:, None], z])


def bush(rng: np.random.Generator, radius: float, height: float) -> Mesh:
    """Return a bush that stands on the ground."""
    count = int(np.clip(500 * radius**2 * height, 60, 2500))
    direction = rng.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    shell = direction * rng.uniform(0.4, 1.0, size=(count, 1)) ** 0.4
    centres = np.abs(shell) * (0, 0, 1) * height * 0.95 + shell * (radius, radius, 0)
    return leaves(centres + np.array((0, 0, 0.05)), 0.14, rng)


def hedge(rng: np.random.Generator, length: float, width: float, height: float) -> Mesh:
    """Return a clipped hedge along x from 0 to `length` m: leaves over a core that beams do not pass."""
    count = int(160 * length * (height + width / 2))
    half = width / 2
    centres = np.column_stack(
        [rng.uniform(0, length, count), rng.uniform(-half, half, count), rng.uniform(0.05, height, count)]
    )
    face = rng.integers(3, size=count)
    centres[face < 2, 1] = np.where(face[face < 2] == 0, -half, half)
    centres[face == 2, 2] = height
    centres += rng.normal(scale=0.06, size=centres.shape)
    margin = min(0.12, width / 4)
    core = box((margin, -half + margin, -0.3), (length - margin, half - margin, height - 0.15), Material.LEAF)
    return merge([core, leaves(centres, 0.13, rng)])
