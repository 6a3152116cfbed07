"""Bridges over the street, and parapets where the street runs over lower ground."""

from __future__ import annotations

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, boxes, merge
from bevseg.sim.objects import facades
from bevseg.sim.objects.walls import wall
from bevseg.sim.town.builder import Builder

CLEAR = (4.3, 5.6)
"""Height of a bridge over the road, m; AASHTO asks for 4.3 (14 feet), and 4.9 over main roads."""


def overhead(builder: Builder, s: float, half: float) -> None:
    """Build a bridge over the street at s, `half` m to either side of it, on abutments and perhaps piers."""
    rng, terrain = builder.rng, builder.terrain
    clear = rng.uniform(*CLEAR)
    ends = [terrain.side(sign).front + rng.uniform(0.3, 4.0) for sign in (1, -1)]
    z = float(np.max(terrain.height(np.linspace(s - half, s + half, 9), 0.0))) + clear
    deck, thick = z + rng.uniform(0.7, 1.5), rng.uniform(2.0, 5.0)
    lows = [
        (s - half, -ends[1] - 25, z),
        (s - half, -ends[1] - 25, deck),
        (s + half - 0.3, -ends[1] - 25, deck),
    ]
    highs = [(s + half, ends[0] + 25, deck), (s - half + 0.3, ends[0] + 25, deck + 1.0)]
    highs.append((s + half, ends[0] + 25, deck + 1.0))
    lows += [(s - half - 1, ends[0], z - clear - 4), (s - half - 1, -ends[1] - thick, z - clear - 4)]
    highs += [(s + half + 1, ends[0] + thick, z), (s + half + 1, -ends[1], z)]
    parts = [boxes(lows, highs, Material.STONE)]
    if rng.random() < 0.4:
        for sign in (1, -1):
            t = sign * (terrain.side(sign).kerb + 0.6)
            at = np.linspace(s - half + 0.8, s + half - 0.8, max(2, round(half / 2)))
            parts.append(facades.columns(at, t, z - clear - 1.5, z, rng.uniform(0.6, 1.0), Material.STONE))
    builder.place(merge(parts))


def parapets(builder: Builder, sign: int, low: float, high: float) -> None:
    """Build the parapet or the railing of a viaduct along one side from `low` to `high`."""
    rng, side = builder.rng, builder.terrain.side(sign)
    t = sign * (side.front + 0.2)
    if rng.random() < 0.5:
        solid = wall(builder.terrain.height, [(low, t), (high, t)], 0.4, over=rng.uniform(0.8, 1.1))
        builder.place(solid)
        return
    builder.place(wall(builder.terrain.height, [(low, t), (high, t)], 0.4, over=0.15))
    builder.place(_railing(builder, t, low, high))


def _railing(builder: Builder, t: float, low: float, high: float) -> Mesh:
    """Return posts and rails."""
    at = np.arange(low, high, 1.5)
    z = builder.terrain.height(at, t - np.sign(t) * 0.4)
    flat = np.full(len(at), t)
    posts = boxes(
        np.column_stack([at - 0.03, flat - 0.03, z]),
        np.column_stack([at + 0.03, flat + 0.03, z + 1.1]),
        Material.METAL,
    )
    rails = [
        boxes(
            np.column_stack([at[:-1], flat[:-1] - 0.02, z[:-1] + up]),
            np.column_stack([at[1:], flat[1:] + 0.02, z[:-1] + up + 0.05]),
            Material.METAL,
        )
        for up in (0.3, 0.6, 1.05)
    ]
    return merge([posts, *rails])
