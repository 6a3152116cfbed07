"""Masts and arms, as they are or as parts of other poles."""

from __future__ import annotations

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, box, merge, polyline

STEEL = Material.STEEL


def tapering_mast(rng: np.random.Generator, height: float, thick: float) -> Mesh:
    """Return a tapering mast on a foot."""
    parts = [beam((0, 0, -0.3), (0, 0, height), thick, STEEL, sides=8, tip=rng.uniform(0.5, 0.9))]
    if rng.random() < 0.6:
        high = rng.uniform(0.2, 1.3)
        parts.append(beam((0, 0, -0.3), (0, 0, high), rng.uniform(1.2, 1.7) * thick, STEEL, sides=8))
    return merge(parts)


def curved_arm(height: float, reach: float, rise: float, side: int = 1) -> Mesh:
    """Return an arm that curves up and outward from a mast, with a flat head."""
    share = np.linspace(0, 1, 5)
    points = [(0.0, side * reach * u, height + rise * np.sin(np.pi / 2 * u)) for u in share]
    tip = height + rise
    head = box(
        (-0.14, min(side * (reach - 0.1), side * (reach + 0.5)), tip - 0.06),
        (0.14, max(side * (reach - 0.1), side * (reach + 0.5)), tip + 0.09),
        STEEL,
    )
    return merge([polyline(points, 0.04, STEEL), head])


def span_mast(rng: np.random.Generator, height: float) -> Mesh:
    """Return the mast, `height` m high, that holds a wire over a crossing."""
    material = Material.TIMBER if rng.random() < 0.5 else STEEL
    return beam((0, 0, -0.3), (0, 0, height), rng.uniform(0.1, 0.19), material, sides=8, tip=0.75)


def catenary_mast(rng: np.random.Generator, high: float, reach: float) -> Mesh:
    """Return a mast between two tracks, with an arm to the wire over each: `high` m up and `reach` m away."""
    parts = [
        beam(
            (0, 0, -0.3),
            (0, 0, high + rng.uniform(0.8, 2.0)),
            rng.uniform(0.09, 0.16),
            STEEL,
            sides=8,
            tip=0.8,
        )
    ]
    for side in (-1, 1):
        parts.append(beam((0, 0, high + 0.5), (0, side * reach, high), 0.03, STEEL))
    return merge(parts)
