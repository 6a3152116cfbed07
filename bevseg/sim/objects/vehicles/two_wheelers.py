"""Bicycles and motor scooters, alone and in rows. No class names them."""

from __future__ import annotations

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, box, merge, polyline, quads

METAL, WIRE = Material.METAL, Material.WIRE


def bicycle(rng: np.random.Generator) -> Mesh:
    """Return a parked bicycle."""
    rims = []
    for x in (0.0, 1.05):
        angle = np.linspace(0, 2 * np.pi, 11)
        ring = [(x + 0.34 * np.cos(a), 0.0, 0.35 + 0.34 * np.sin(a)) for a in angle]
        rims.append(polyline(ring, 0.025, WIRE))
    frame = [
        (0, 0, 0.35),
        (0.35, 0, 0.85),
        (0.85, 0, 0.85),
        (1.05, 0, 0.35),
        (0.45, 0, 0.35),
        (0.35, 0, 0.85),
    ]
    bars = polyline([(0.85, -0.28, 1.0), (0.85, 0.28, 1.0)], 0.02, WIRE)
    return merge([*rims, polyline(frame, 0.025, WIRE), bars]).turned(rng.uniform(-0.3, 0.3))


def bicycle_rack(rng: np.random.Generator) -> Mesh:
    """Return a row of hoops along x with bicycles at some of them."""
    parts = []
    for index in range(int(rng.integers(2, 7))):
        x = 0.8 * index
        hoop = [(x, -0.35, 0.0), (x, -0.35, 0.8), (x, 0.35, 0.8), (x, 0.35, 0.0)]
        parts.append(polyline(hoop, 0.025, METAL))
        if rng.random() < 0.5:
            parts.append(bicycle(rng).at(-0.5).turned(np.pi / 2).at(x + 0.1).numbered(index + 1))
    return merge(parts)


def scooter(rng: np.random.Generator) -> Mesh:
    """Return a motor scooter or a motorcycle."""
    wheels = [
        beam((x, -0.06, 0.27), (x, 0.06, 0.27), rng.uniform(0.22, 0.32), METAL, sides=10) for x in (0.0, 1.3)
    ]
    seat = box((-0.2, -0.16, 0.4), (0.6, 0.16, rng.uniform(0.72, 0.85)), METAL)
    shield = quads([[(1.05, -0.2, 0.25), (1.05, 0.2, 0.25), (0.9, 0.2, 1.0), (0.9, -0.2, 1.0)]], METAL)
    bars = polyline([(0.9, -0.33, 1.05), (0.9, 0.33, 1.05)], 0.02, METAL)
    return merge([*wheels, seat, shield, bars, box((0.5, -0.15, 0.25), (1.0, 0.15, 0.33), METAL)])


def scooters(rng: np.random.Generator) -> Mesh:
    """Return a row of two to seven parked scooters side by side, each an instance."""
    lean = rng.uniform(-0.4, 0.4)
    return merge(
        scooter(rng).at(-0.6).turned(np.pi / 2 + lean).at(0.8 * i).numbered(i)
        for i in range(int(rng.integers(2, 8)))
    )
