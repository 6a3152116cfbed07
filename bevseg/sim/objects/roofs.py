"""Roofs: shapes that cover a rectangle of walls, with eaves, dormers, chimneys and machinery.

The frame is that of a block: x from 0 to its width, y from 0 to its depth, the top of its walls `height` m up.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, boxes, merge, quads
from bevseg.sim.objects import facades


class Roof(StrEnum):
    """The shape of a roof."""

    FLAT = "flat"
    GABLE = "gable"
    """Ridge along the street."""
    FRONT_GABLE = "front gable"
    """Ridge across: the gable faces the street."""
    HIP = "hip"
    MANSARD = "mansard"
    SHED = "shed"
    """One slope."""


PITCHED = (Roof.GABLE, Roof.FRONT_GABLE, Roof.HIP, Roof.MANSARD)


def roof(
    rng: np.random.Generator, shape: Roof, width: float, depth: float, height: float, material: Material
) -> Mesh:
    """Return the roof of a block with walls of `material`, with chimneys, dormers or machinery."""
    if shape is Roof.FLAT:
        return _flat(rng, width, depth, height, material)
    if shape is Roof.SHED:
        return _shed(rng, width, depth, height, material)
    if shape is Roof.FRONT_GABLE:
        return _gable(rng, depth, width, height, material).turned(-np.pi / 2).at(0, depth)
    if shape is Roof.GABLE:
        return _gable(rng, width, depth, height, material)
    return _hip(rng, width, depth, height, steep=shape is Roof.MANSARD)


def _shed(rng: np.random.Generator, width: float, depth: float, height: float, material: Material) -> Mesh:
    """Return one slope that rises away from the front, and the walls below its sides and its upper edge."""
    rise, over = rng.uniform(0.3, 1.2), 0.2
    top = [(-over, -over, height), (width + over, -over, height)]
    top += [(width + over, depth + over, height + rise), (-over, depth + over, height + rise)]
    ends = [
        [(x, 0, height), (x, depth, height + rise), (x, depth, height), (x, 0, height)] for x in (0, width)
    ]
    back = [
        (0, depth, height),
        (width, depth, height),
        (width, depth, height + rise),
        (0, depth, height + rise),
    ]
    return merge([quads([top], Material.ROOF), quads([*ends, back], material)])


def _flat(rng: np.random.Generator, width: float, depth: float, height: float, material: Material) -> Mesh:
    """Return a level roof with a parapet or a slab over the edge, and some machinery."""
    edge, thick = rng.uniform(0.2, 1.1), 0.3
    parts = [
        quads(
            [[(0, 0, height), (width, 0, height), (width, depth, height), (0, depth, height)]], Material.ROOF
        )
    ]
    if rng.random() < 0.75:
        parts.append(
            boxes(
                [(0, 0, height), (0, depth - thick, height), (0, 0, height), (width - thick, 0, height)],
                [
                    (width, thick, height + edge),
                    (width, depth, height + edge),
                    (thick, depth, height + edge),
                    (width, depth, height + edge),
                ],
                material,
            )
        )
        if rng.random() < 0.5:
            parts.append(
                facades.bands(
                    width, height + edge, rng.uniform(0.1, 0.5), rng.uniform(0.2, 0.6), Material.STONE
                )
            )
    else:
        over = rng.uniform(0.2, 0.9)
        parts.append(
            boxes([(-over, -over, height)], [(width + over, depth + over, height + 0.3)], Material.ROOF)
        )
    if width > 8 and rng.random() < 0.5:
        x, y = rng.uniform(1, width - 5), rng.uniform(1, max(1.1, depth - 4))
        parts.append(
            boxes([(x, y, height)], [(x + rng.uniform(2, 4), y + 2.5, height + 2.4)], Material.BRICK)
        )
    return merge(parts)


def _gable(rng: np.random.Generator, width: float, depth: float, height: float, material: Material) -> Mesh:
    """Return a ridge along x with eaves, gutters and gables, perhaps dormers and a chimney."""
    ridge = depth / 2
    rise = ridge * rng.uniform(0.45, 1.1)
    eave, verge, thick = rng.uniform(0.1, 0.7), rng.uniform(0.0, 0.5), rng.uniform(0.08, 0.22)
    drop = eave * rise / ridge
    a, b = -verge, width + verge
    slopes, fascias = [], []
    for y in (-eave, depth + eave):
        low = height - drop
        slopes.append([(a, y, low), (b, y, low), (b, ridge, height + rise), (a, ridge, height + rise)])
        fascias.append([(a, y, low), (b, y, low), (b, y, low - thick), (a, y, low - thick)])
        wall = 0.0 if y < 0 else depth
        fascias.append(
            [(a, y, low - thick), (b, y, low - thick), (b, wall, low - thick), (a, wall, low - thick)]
        )
    gables = [[(x, 0, height), (x, depth, height), (x, ridge, height + rise)] for x in (0.0, width)]
    parts = [quads([*slopes, *fascias], Material.ROOF), Mesh.of(gables, material)]
    if width > 4 and rng.random() < 0.4:
        for x in np.arange(rng.uniform(0.6, 1.4), width - 2.2, rng.uniform(2.8, 5.0)):
            y = rng.uniform(0.4, 0.8)
            parts.append(boxes([(x, y, height)], [(x + 1.6, ridge, height + 1.7)], material))
            peak = [(x - 0.2, y - 0.2, height + 1.7), (x + 1.8, y - 0.2, height + 1.7)]
            parts.append(
                quads([[*peak, (x + 0.8, ridge, height + 2.4), (x + 0.8, y, height + 2.4)]], Material.ROOF)
            )
    if rng.random() < 0.6:
        parts.append(_chimney(rng, rng.uniform(0, width - 0.8), ridge, height, height + rise))
    return merge(parts)


def _hip(rng: np.random.Generator, width: float, depth: float, height: float, *, steep: bool) -> Mesh:
    """Return four slopes to a ridge, or, `steep`, to a level top."""
    over = rng.uniform(0.1, 0.7)
    a, b, c, d = -over, width + over, -over, depth + over
    inset = min(width, depth) / 2 if not steep else rng.uniform(0.6, 1.4)
    rise = inset * rng.uniform(0.4, 0.9) if not steep else rng.uniform(2.0, 3.2)
    e, f, g, h = a + inset + over, b - inset - over, c + inset + over, d - inset - over
    if f < e:
        e = f = (a + b) / 2
    if h < g:
        g = h = (c + d) / 2
    top, low = height + rise, height - 0.1
    foot = [(a, c, low), (b, c, low), (b, d, low), (a, d, low)]
    head = [(e, g, top), (f, g, top), (f, h, top), (e, h, top)]
    slopes = [[foot[k - 1], foot[k], head[k], head[k - 1]] for k in range(4)]
    edge = boxes([(a, c, low - 0.2)], [(b, d, low)], Material.ROOF)
    parts = [quads([*slopes, head], Material.ROOF), edge]
    if rng.random() < 0.6:
        parts.append(_chimney(rng, rng.uniform(0.2, width - 1), depth * rng.uniform(0.3, 0.7), height, top))
    return merge(parts)


def _chimney(rng: np.random.Generator, x: float, y: float, low: float, high: float) -> Mesh:
    wide, deep = rng.uniform(0.5, 1.1), rng.uniform(0.5, 0.9)
    return boxes(
        [(x, y - deep / 2, low)], [(x + wide, y + deep / 2, high + rng.uniform(0.5, 1.6))], Material.BRICK
    )
