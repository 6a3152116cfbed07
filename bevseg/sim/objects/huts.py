"""Small flat-roofed buildings: garages in rows, sheds, transformer houses, carports, roofs over footways.

They are fixed to the ground; what can be carried away is in `works` and `cafes`. They are as large as a van, with
sharper edges, and 2.2 to 3.5 m tall. The frame of each of the `KINDS`: x along its front from 0, y from the front
(0) away from the street, z from the ground. Sizes are chosen.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, boxes, merge, quads

_DEEP = 1.5
"""Depth in the ground, m."""


def hut(rng: np.random.Generator, longest: float) -> Mesh:
    """Return a random one of the kinds, at most about `longest` m long (or as short as the kind can be)."""
    return KINDS[str(rng.choice(list(KINDS)))](rng, longest)


def _wall(rng: np.random.Generator) -> Material:
    return (Material.BRICK, Material.STONE, Material.SIDING)[int(rng.integers(3))]


def _body(rng: np.random.Generator, wide: float, deep: float, tall: float, material: Material) -> Mesh:
    """Return four plain walls under a level roof, some with a slab over the edge, some that falls to the back."""
    corners = [(0.0, 0.0), (wide, 0.0), (wide, deep), (0.0, deep)]
    fall = rng.uniform(0.05, 0.5) if rng.random() < 0.3 else 0.0
    tops = [(x, y, tall - fall * y / deep) for x, y in corners]
    foot = [(x, y, -_DEEP) for x, y in corners]
    walls = [[foot[k - 1], foot[k], tops[k], tops[k - 1]] for k in range(4)]
    parts = [quads(walls, material), quads([tops], Material.ROOF)]
    if rng.random() < 0.5 and not fall:
        over = rng.uniform(0.03, 0.35)
        thick = rng.uniform(0.08, 0.3)
        slab = boxes([(-over, -over, tall - 0.02)], [(wide + over, deep + over, tall + thick)], Material.ROOF)
        parts.append(slab)
    return merge(parts)


def _doors(starts: ArrayLike, wide: float, high: float, out: float) -> Mesh:
    """Return door leaves that stand `out` m before the front, from each of `starts` on."""
    x = np.asarray(starts, np.float64)
    one = np.ones(len(x))
    low = np.column_stack([x, -max(out, 0.01) * one, 0.03 * one])
    return boxes(low, low + np.array((wide, max(out, 0.01), high)), Material.SIDING)


def garages(rng: np.random.Generator, longest: float) -> Mesh:
    """Return one garage or a row of up to ten under one roof."""
    wide, deep, tall = rng.uniform(2.6, 3.3), rng.uniform(4.8, 6.5), rng.uniform(2.2, 2.9)
    count = int(np.clip(rng.geometric(0.35), 1, min(10, max(1, longest // wide))))
    stone = _wall(rng)
    parts = [_body(rng, count * wide, deep, tall, stone)]
    starts, gate = wide * np.arange(count) + 0.15, wide - 0.3
    if rng.random() < 0.5:  # piers between the gates, or gates before the wall
        at = np.clip(wide * np.arange(count + 1) - 0.15, 0, count * wide - 0.3)
        one = np.ones(len(at))
        low = np.column_stack([at, -rng.uniform(0.08, 0.3) * one, -_DEEP * one])
        parts.append(boxes(low, np.column_stack([at + 0.3, 0 * one, (tall - 0.05) * one]), stone))
    parts.append(_doors(starts, gate, min(2.1, tall - 0.15), rng.uniform(0.01, 0.06)))
    return merge(parts)


def shed(rng: np.random.Generator, longest: float) -> Mesh:
    """Return a shed with a door."""
    wide, deep, tall = (
        min(rng.uniform(2.2, 6.0), max(longest, 2.2)),
        rng.uniform(1.8, 4.0),
        rng.uniform(2.2, 3.0),
    )
    body = _body(rng, wide, deep, tall, _wall(rng))
    return merge([body, _doors([rng.uniform(0.1, wide - 1.1)], 0.9, 1.95, 0.03)])


def transformer(rng: np.random.Generator, longest: float) -> Mesh:
    """Return a transformer house: smooth, on a base, with doors across most of its front."""
    wide, deep, tall = (
        min(rng.uniform(2.0, 5.0), max(longest, 2.0)),
        rng.uniform(1.8, 3.2),
        rng.uniform(2.2, 3.2),
    )
    stone = _wall(rng)
    parts = [_body(rng, wide, deep, tall, stone)]
    leaf = rng.uniform(0.7, 1.0)
    parts.append(_doors(np.arange(0.2, wide - leaf - 0.1, leaf + 0.05), leaf, tall - 0.4, 0.04))
    if rng.random() < 0.5:
        base = rng.uniform(0.05, 0.2)
        parts.append(boxes([(-base, -base, -_DEEP)], [(wide + base, deep + base, 0.25)], stone))
    return merge(parts)


def carport(rng: np.random.Generator, longest: float) -> Mesh:
    """Return a level roof on posts, some with a wall at the back."""
    wide, deep, tall = (
        min(rng.uniform(2.8, 6.0), max(longest, 2.8)),
        rng.uniform(4.5, 6.0),
        rng.uniform(2.2, 2.7),
    )
    thick, stone = rng.uniform(0.09, 0.3), _wall(rng)
    x, y = (at.ravel() for at in np.meshgrid((0.2, wide - 0.2 - thick), (0.3, deep / 2, deep - 0.3 - thick)))
    low = np.column_stack([x, y, np.full(len(x), -_DEEP)])
    posts = boxes(low, low + np.array((thick, thick, tall + _DEEP)), stone)
    roof = boxes([(0, 0, tall)], [(wide, deep, tall + rng.uniform(0.1, 0.3))], Material.ROOF)
    parts = [posts, roof]
    if rng.random() < 0.4:
        parts.append(boxes([(0, deep - 0.15, -_DEEP)], [(wide, deep, tall)], stone))
    return merge(parts)


def walkway(rng: np.random.Generator, length: float) -> Mesh:
    """Return a roof over a footway along x, its middle at y = 0: columns on one side or both, 2.4 to 3.2 m high."""
    wide, high, roof = rng.uniform(1.8, 3.2), rng.uniform(2.4, 3.2), rng.uniform(0.1, 0.3)
    at = np.linspace(0.2, length - 0.2, max(2, round(length / rng.uniform(2.5, 5.0))))
    rows = (0.0,) if rng.random() < 0.4 else (-0.42 * wide, 0.42 * wide)
    thick, stone = rng.uniform(0.05, 0.12), _wall(rng)
    columns = [beam((x, y, -0.3), (x, y, high), thick, stone) for x in at for y in rows]
    low = np.column_stack([at[:-1], np.full(len(at) - 1, -wide / 2), np.full(len(at) - 1, high)])
    top = np.column_stack([at[1:], np.full(len(at) - 1, wide / 2), np.full(len(at) - 1, high + roof)])
    return merge([*columns, boxes(low, top, Material.ROOF)])


KINDS: dict[str, Callable[[np.random.Generator, float], Mesh]] = {
    "garages": garages,
    "shed": shed,
    "transformer": transformer,
    "carport": carport,
}
"""Name -> function of the greatest length, m."""
