"""Fences and gates along x from 0 to `length` m. No class names them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beams, box, merge, polyline, uprights

METAL, WOOD = Material.METAL, Material.WOOD


def fence(rng: np.random.Generator, length: float, kind: str | None = None) -> Mesh:
    """Return a fence of one of the `FENCES`; None draws one."""
    return FENCES[kind or str(rng.choice(list(FENCES)))](rng, length)


def _pickets(rng: np.random.Generator, length: float) -> Mesh:
    """Return slats with gaps on two rails."""
    height, gap, wide = rng.uniform(0.7, 1.4), rng.uniform(0.12, 0.3), rng.uniform(0.05, 0.09)
    slats = uprights(np.arange(0.05, length, gap), wide, -0.2, np.array(height), WOOD)
    rails = [box((0, 0.0, z), (length, 0.04, z + 0.06), WOOD) for z in (0.25, height - 0.2)]
    return merge([slats, *rails])


def _boards(rng: np.random.Generator, length: float) -> Mesh:
    """Return boards without gaps, 1.2 to 2 m high."""
    height = rng.uniform(1.2, 2.0)
    x = np.arange(0.07, length, 0.145)
    return uprights(x, 0.142, -0.2, height + rng.normal(scale=0.01, size=len(x)), WOOD)


def _railing(rng: np.random.Generator, length: float) -> Mesh:
    """Return iron bars between two rails, some on a plinth."""
    height, low = rng.uniform(0.8, 1.8), rng.choice([0.0, 0.3])
    bars = uprights(np.arange(0.06, length, rng.uniform(0.1, 0.15)), 0.02, low, np.array(height), METAL)
    rails = [polyline([(0, 0, z), (length, 0, z)], 0.02, METAL) for z in (low + 0.1, height - 0.12)]
    plinth = [box((0, -0.12, -0.3), (length, 0.12, low), Material.BRICK)] if low else []
    return merge([bars, *rails, *plinth])


def _chain_link(rng: np.random.Generator, length: float) -> Mesh:
    """Return wire mesh between posts: one beam in six to ten meets a wire (2.5 to 4 mm wires 50 mm apart)."""
    height = rng.uniform(1.0, 2.4)
    x = np.arange(0, length + 0.1, 2.5)
    posts = beams(
        np.column_stack([x, np.zeros_like(x), np.full_like(x, -0.2)]),
        np.column_stack([x, np.zeros_like(x), np.full_like(x, height)]),
        0.03,
        METAL,
    )
    count = int(140 * length * height * rng.uniform(0.7, 1.3))
    centres = np.column_stack(
        [rng.uniform(0, length, count), np.zeros(count), rng.uniform(0.05, height, count)]
    )
    corners = centres[:, None] + rng.normal(scale=0.02, size=(count, 3, 3)) * (1, 0.05, 1)
    top = polyline([(0, 0, height), (length, 0, height)], 0.025, METAL)
    return merge([posts, top, Mesh.of(corners, METAL)])


def _rails(rng: np.random.Generator, length: float) -> Mesh:
    """Return posts with two or three rails."""
    x = np.arange(0, length + 0.1, rng.uniform(1.6, 2.5))
    height = rng.uniform(0.6, 1.2)
    uprights = [box((u - 0.05, -0.05, -0.2), (u + 0.05, 0.05, height), WOOD) for u in x]
    levels = np.linspace(0.4, 0.95, int(rng.integers(2, 4))) * height
    return merge([*uprights, *(box((0, 0.04, z), (length, 0.08, z + 0.1), WOOD) for z in levels)])


FENCES: dict[str, Callable[[np.random.Generator, float], Mesh]] = {
    "pickets": _pickets,
    "boards": _boards,
    "railing": _railing,
    "chain link": _chain_link,
    "rails": _rails,
}


def gate(rng: np.random.Generator, length: float) -> Mesh:
    """Return two leaves of bars in a frame, one of them ajar."""
    half, height = length / 2, rng.uniform(1.0, 2.0)
    leaf = merge(
        [
            uprights(np.arange(0.1, half, 0.13), 0.02, 0.1, np.array(height), METAL),
            *(polyline([(0, 0, z), (half, 0, z)], 0.025, METAL) for z in (0.12, height)),
        ]
    )
    other = leaf.turned(np.pi + rng.uniform(-0.9, 0.0)).at(length)
    return merge([leaf, other])
