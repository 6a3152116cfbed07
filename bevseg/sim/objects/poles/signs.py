"""Traffic signs: on a post, on an arm or a frame over the road; boards, and posts of stops."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, box, merge, polyline

STEEL, PLATE = Material.STEEL, Material.PLATE


def sign(rng: np.random.Generator, kind: str | None = None) -> Mesh:
    """Return a traffic sign on a thin post, or a large one on two; `kind` is one of `SIGNS`, None draws one."""
    if kind is None:
        kind = str(rng.choice(list(SIGNS), p=list(SIGNS.values())))
    height, radius = rng.uniform(2.2, 3.2), rng.uniform(0.02, 0.04)
    parts = []
    if kind == "direction":
        wide, high, low = rng.uniform(1.2, 3.0), rng.uniform(0.6, 1.6), rng.uniform(1.4, 2.4)
        for y in (-0.35 * wide, 0.35 * wide):
            parts.append(beam((0, y, -0.3), (0, y, low + high), 1.3 * radius, STEEL))
        parts.append(box((0.04, -wide / 2, low), (0.07, wide / 2, low + high), PLATE))
    elif kind == "name":
        parts.append(beam((0, 0, -0.3), (0, 0, height + 0.5), radius, STEEL))
        parts.append(box((-0.45, -0.015, height), (0.45, 0.015, height + 0.2), PLATE))
        parts.append(box((-0.015, -0.45, height + 0.22), (0.015, 0.45, height + 0.42), PLATE))
        if rng.random() < 0.5:
            parts.append(_plate(0.38, height - 0.45, 8))
    elif kind == "stop":
        parts += [beam((0, 0, -0.3), (0, 0, height), radius, STEEL), _plate(0.4, height - 0.4, 8)]
    elif kind == "parking":
        parts.append(beam((0, 0, -0.3), (0, 0, height), 0.025, STEEL))
        for index in range(int(rng.integers(1, 3))):
            z = height - 0.48 * (index + 1)
            parts.append(box((-0.16, 0.025, z), (0.16, 0.035, z + 0.45), PLATE))
    elif kind == "stopping":  # of buses
        parts.append(beam((0, 0, -0.3), (0, 0, height), radius, STEEL))
        parts.append(box((0.03, -0.05, height - 0.75), (0.05, 0.45, height), PLATE))
        if rng.random() < 0.4:
            parts.append(box((-0.05, -0.2, 1.1), (0.05, 0.2, 1.8), PLATE))
    else:
        parts.append(beam((0, 0, -0.3), (0, 0, height), radius, STEEL))
        sides = {"round": 10, "square": 4, "triangle": 3, "diamond": 4}[kind]
        middle = height
        for _ in range(int(rng.integers(1, 3))):
            size = rng.uniform(0.22, 0.45)
            middle -= size
            parts.append(_plate(size, middle, sides, diamond=kind == "diamond"))
            middle -= size + 0.05
    return merge(parts).turned(rng.normal(scale=0.12))


SIGNS = {
    "round": 0.2, "square": 0.14, "triangle": 0.08, "diamond": 0.1, "stop": 0.1, "parking": 0.2, "name": 0.08,
    "stopping": 0.04, "direction": 0.06,
}  # fmt: skip
"""Kinds of signs and how common each is."""


def _plate(size: float, middle: float, sides: int, *, diamond: bool = False) -> Mesh:
    """Return a plate of `size` m radius at height `middle` that faces x."""
    angle = 2 * np.pi * (np.arange(sides) + (0.0 if diamond or sides == 3 else 0.5)) / sides + np.pi / 2
    rim = np.column_stack([np.full(sides, 0.05), size * np.cos(angle), middle + size * np.sin(angle)])
    centre = np.broadcast_to((0.05, 0.0, middle), rim.shape)
    return Mesh.of(np.stack([rim, np.roll(rim, -1, axis=0), centre], axis=1), PLATE)


def board(rng: np.random.Generator) -> Mesh:
    """Return a large board with directions, 1 to 4 m wide, on one post, on two, or on two trestles."""
    wide, high = rng.uniform(1.0, 4.0), rng.uniform(0.5, 2.6)
    low, thick = rng.uniform(0.8, 2.6), rng.uniform(0.03, 0.09)
    spots = [0.0] if wide < 1.8 and rng.random() < 0.6 else [-0.33 * wide, 0.33 * wide]
    parts = [beam((0, y, -0.3), (0, y, low + high), thick, STEEL) for y in spots]
    if thick > 0.06 and len(spots) > 1:
        parts += [beam((-0.8, y, -0.3), (0, y, low + 0.6 * high), 0.6 * thick, STEEL) for y in spots]
    face = thick + 0.02
    if rng.random() < 0.6 or high < 1.0:
        parts.append(box((face, -wide / 2, low), (face + 0.03, wide / 2, low + high), PLATE))
    else:  # a board for each direction, some of them arrows
        count = int(rng.integers(2, 5))
        for k in range(count):
            z = low + k * high / count
            shift = rng.uniform(-0.1, 0.1) * wide
            parts.append(
                box(
                    (face, shift - wide / 2, z),
                    (face + 0.03, shift + wide / 2, z + 0.85 * high / count),
                    PLATE,
                )
            )
    return merge(parts)


def stop_post(rng: np.random.Generator) -> Mesh:
    """Return the post of a bus or tram stop: a flag on top, a timetable below, or a broad slab of information."""
    height = rng.uniform(2.3, 3.6)
    if rng.random() < 0.25:
        wide = rng.uniform(0.35, 0.7)
        return box((-0.08, -wide / 2, -0.2), (0.08, wide / 2, height), PLATE)
    parts = [beam((0, 0, -0.3), (0, 0, height), rng.uniform(0.03, 0.06), STEEL)]
    parts.append(
        box((-0.03, 0.05, height - rng.uniform(0.4, 0.7)), (0.03, rng.uniform(0.4, 0.8), height), PLATE)
    )
    if rng.random() < 0.7:
        parts.append(box((0.04, -0.22, 1.0), (0.08, 0.22, rng.uniform(1.5, 1.9)), PLATE))
    return merge(parts)


def overhead_sign(rng: np.random.Generator) -> Mesh:
    """Return a mast with one or two arms over the road that carry plates."""
    reach, low = rng.uniform(3.5, 11.0), rng.uniform(5.3, 6.6)
    tall, thick = rng.uniform(0.5, 1.8), 0.08 + 0.01 * reach
    parts = [beam((0, 0, -0.3), (0, 0, low + tall + 0.2), thick, STEEL, sides=8, tip=0.85)]
    for z in (low + 0.2 * tall, low + 0.8 * tall)[: int(rng.integers(1, 3))]:
        parts.append(
            beam((0, 0, z), (0, reach, z + rng.uniform(0.0, 0.03) * reach), 0.5 * thick, STEEL, tip=0.7)
        )
    edge = reach + 0.2
    for _ in range(int(rng.integers(1, 3))):
        wide = rng.uniform(0.7, 3.2)
        if edge - wide > 1.2:
            parts.append(box((0.07, edge - wide, low), (0.1, edge, low + tall), PLATE))
        edge -= wide + rng.uniform(0.3, 1.5)
    return merge(parts)


def gantry(rng: np.random.Generator, left: float, right: float, drop: float = 0.0) -> Mesh:
    """Return a frame over the whole road from y = `left` to `right`, with plates, at least 5 m above it.

    The foot at `right` is `drop` m lower than that at `left`, m.
    """
    low, tall = rng.uniform(5.2, 6.4), rng.uniform(0.6, 1.6)
    thick, top = rng.uniform(0.12, 0.22), low + tall
    parts = [
        beam((x, y, foot - 0.3), (x, y, top), thick, STEEL, sides=8)
        for y, foot in ((left, 0.0), (right, -drop))
        for x in ((-0.5, 0.5) if tall > 1.2 else (0.0,))
    ]
    for z in (low, top):
        parts.append(beam((0, left, z), (0, right, z), 0.6 * thick, STEEL, sides=4))
    ties = np.linspace(left, right, max(3, round(abs(right - left) / 2)))
    parts += [
        polyline([(0, float(a), low), (0, float(b), top), (0, float(b), low)], 0.03, STEEL)
        for a, b in pairwise(ties)
    ]
    y, end = sorted((left, right))
    y += rng.uniform(0.5, 3.0)
    while y < end - 1.5:
        wide, high = rng.uniform(1.2, 4.5), rng.uniform(1.0, 2.6)
        if y + wide < end - 0.3 and rng.random() < 0.7:
            parts.append(box((thick + 0.1, y, low - 0.2), (thick + 0.14, y + wide, low - 0.2 + high), PLATE))
        y += wide + rng.uniform(0.3, 3.0)
    return merge(parts)
