"""Shrubs, hedges, tall grass, undergrowth and ground cover.

Leaves are loose triangles. The frame of a plant has its origin on the ground.
"""

from __future__ import annotations

import numpy as np

from bevseg.sim.distributions import drawn
from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beams, box, leaves, merge

SHRUBS = {"round": 0.34, "spreading": 0.2, "clumps": 0.2, "leggy": 0.1, "upright": 0.08, "tuft": 0.08}
"""Shapes of shrubs and how common each is."""


def bush(rng: np.random.Generator, radius: float, height: float, shape: str | None = None) -> Mesh:
    """Return a shrub of about `radius` and `height` m; `shape` is one of `SHRUBS`, None draws one."""
    shape = drawn(rng, SHRUBS) if shape is None else shape
    if shape == "tuft":
        return grass(rng, min(radius, 0.7), min(height, 1.3))
    if shape == "spreading":
        radius, height = 1.3 * radius, min(height, 0.9 * radius)
    elif shape == "upright":
        radius = min(radius, 0.3 * height)
    parts = []
    base = 0.0
    if shape == "leggy":
        base = rng.uniform(0.25, 0.45) * height
        count = int(rng.integers(3, 8))
        ends = rng.normal(size=(count, 3)) * (0.45 * radius, 0.45 * radius, 0.1 * height) + (
            0,
            0,
            0.7 * height,
        )
        starts = rng.normal(size=(count, 3)) * (0.08, 0.08, 0) - (0, 0, 0.1)
        parts.append(beams(starts, ends, rng.uniform(0.01, 0.025), Material.BARK, sides=4, tips=0.006))
    lumps = int(rng.integers(3, 7)) if shape in ("clumps", "leggy") else 1
    middles, sizes = np.array([[0.0, 0.0, base]]), np.array([[radius, radius, height - base]])
    if lumps > 1:
        away = rng.normal(scale=0.5 * radius, size=(lumps, 2))
        middles = np.column_stack([away, np.full(lumps, base) + rng.uniform(0, 0.15, lumps) * height])
        sizes = rng.uniform(0.45, 0.8, (lumps, 1)) * (radius, radius, height - base) + (0, 0, 0.1)
    density = np.exp(rng.normal(np.log(420), 0.5))
    count = int(np.clip(density * radius * (radius + height), 50, 1000))
    direction = rng.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    direction[:, 2] = np.abs(direction[:, 2])
    if shape == "upright":
        direction[:, :2] *= (1.1 - direction[:, 2:]) ** 0.5
    shell = direction * rng.uniform(0.25, 1.0, size=(count, 1)) ** rng.uniform(0.25, 0.5)
    which = rng.integers(len(sizes), size=count)
    bumps = 1 + 0.12 * np.sin(5 * direction[:, :1] + rng.uniform(0, 6)) * np.cos(4 * direction[:, 1:2])
    centres = middles[which] + shell * bumps * sizes[which] * (0.95, 0.95, 0.9)
    parts.append(leaves(centres + np.array((0, 0, 0.04)), rng.uniform(0.1, 0.19), rng))
    return merge(parts)


def grass(rng: np.random.Generator, radius: float, height: float) -> Mesh:
    """Return a tuft of long blades that fall outward."""
    count = int(np.clip(300 * radius * height, 30, 250))
    angle = rng.uniform(0, 2 * np.pi, count)
    away = np.column_stack([np.cos(angle), np.sin(angle), np.zeros(count)])
    root = away * (0.25 * radius * rng.random((count, 1)))
    tip = away * (radius * rng.uniform(0.3, 1.0, (count, 1)))
    tip[:, 2] = rng.uniform(0.4, 1.0, count) * height
    aside = 0.02 * np.column_stack([-away[:, 1], away[:, 0], np.zeros(count)])
    return Mesh.of(np.stack([root - aside, root + aside, tip], axis=1), Material.LEAF)


def hedge(
    rng: np.random.Generator, length: float, width: float, height: float, *, ragged: float = 0.0
) -> Mesh:
    """Return a hedge along x from 0 to `length` m: leaves over a core that beams do not pass.

    `ragged` m is how far a hedge that nobody clips bulges; its core is full of holes.
    """
    count = int(min((220 if ragged else 150) * length * (height + width / 2), 3500))
    half = width / 2
    centres = np.column_stack(
        [rng.uniform(0, length, count), rng.uniform(-half, half, count), rng.uniform(0.05, height, count)]
    )
    face = rng.integers(3, size=count)
    centres[face < 2, 1] = np.where(face[face < 2] == 0, -half, half)
    centres[face == 2, 2] = height
    if ragged:
        phase = rng.uniform(0, 2 * np.pi, 4)
        x = centres[:, 0]
        swell = np.sin(1.7 * x + phase[0]) + 0.7 * np.sin(4.1 * x + phase[1])
        centres[:, 2] *= 1 + ragged / height * 0.5 * (swell + rng.normal(scale=0.6, size=count))
        centres[:, 1] *= 1 + ragged / width * (np.sin(2.3 * x + phase[2]) + 0.5 * np.sin(5.3 * x + phase[3]))
    centres += rng.normal(scale=0.06, size=centres.shape)
    margin = min(0.12 + ragged, width / 4 + ragged / 2, 0.45 * length)
    side = max(half - margin, 0.06)
    starts = np.arange(margin, max(length - margin, margin + 0.1), 0.8)
    kept = starts[rng.random(len(starts)) > (0.2 if ragged else 0.0)]
    core = [
        box((x, -side, -0.3), (min(x + 0.8, length), side, max(height - 0.15 - ragged, 0.1)), Material.LEAF)
        for x in kept
    ]
    return merge([*core, leaves(np.maximum(centres, (-1, -9, 0.03)), rng.uniform(0.1, 0.15), rng)])


def ground_cover(rng: np.random.Generator, length: float, width: float, height: float) -> Mesh:
    """Return a bed of flowers, ivy or tall grass, `height` m high, on 0 to `length` by 0 to `width` m."""
    count = int(np.clip(55 * length * width, 40, 1800))
    x, y = rng.uniform(0, length, count), rng.uniform(0, width, count)
    phase = rng.uniform(0, 6, 4)
    level = (
        0.6
        + 0.25 * np.sin(1.9 * x + phase[0]) * np.sin(2.3 * y + phase[1])
        + rng.normal(scale=0.12, size=count)
    )
    top = np.clip(level, 0.15, 1.1) * height
    if rng.random() < 0.4:  # blades
        angle, lean = rng.uniform(0, 2 * np.pi, count), rng.normal(scale=0.25, size=(count, 2)) * height
        aside = 0.025 * np.column_stack([np.cos(angle), np.sin(angle), np.zeros(count)])
        root, tip = (
            np.column_stack([x, y, np.zeros(count)]),
            np.column_stack([x + lean[:, 0], y + lean[:, 1], top]),
        )
        return Mesh.of(np.stack([root - aside, root + aside, tip], axis=1), Material.LEAF)
    return leaves(np.column_stack([x, y, top * rng.uniform(0.4, 1.0, count)]), rng.uniform(0.1, 0.2), rng)


def thicket(rng: np.random.Generator, length: float, width: float, height: float) -> Mesh:
    """Return undergrowth on 0 to `length` by 0 to `width` m: clumps of 0.3 to 1 of `height` m, twigs, and gaps.

    Its foot is level: it is draped on the ground.
    """
    count = int(np.clip(rng.uniform(0.25, 0.7) * length * width, 3, 70))
    middle = rng.uniform((0, 0), (length, width), (count, 2))
    phase = rng.uniform(0, 6, 2)
    swell = np.sin(0.9 * middle[:, 0] + phase[0]) * np.sin(1.1 * middle[:, 1] + phase[1])
    high = height * np.clip(0.6 + 0.3 * swell + rng.normal(scale=0.15, size=count), 0.3, 1.0)
    wide = rng.uniform(0.25, 0.9, count) * np.sqrt(np.minimum(high, 1.0) / 0.8)
    many = np.clip(rng.gamma(1.5, 32, count) * wide * high, 8, 90).astype(int)
    which = np.repeat(np.arange(count), many)
    share = rng.random(len(which)) ** rng.uniform(0.4, 0.9)
    away = np.clip(rng.normal(scale=0.5, size=(len(which), 2)), -1, 1) * wide[which, None]
    centres = np.column_stack([middle[which] + away, np.maximum(share * high[which] - 0.06, 0.05)])
    root = np.repeat(middle, 3, axis=0)
    tip = root + rng.normal(scale=0.35, size=root.shape) * np.repeat(wide, 3)[:, None]
    tops = np.repeat(high, 3) * rng.uniform(0.5, 1.0, len(root))
    ends = np.column_stack([tip, tops])
    starts = np.column_stack([root, np.full(len(root), -0.1)])
    wood = beams(starts, ends, rng.uniform(0.006, 0.02), Material.BARK, sides=3, tips=0.004)
    return merge([leaves(centres, rng.uniform(0.08, 0.17), rng), wood])


def vine_screen(rng: np.random.Generator, length: float, height: float) -> Mesh:
    """Return foliage that hangs on a fence along x, with gaps."""
    x = np.arange(0, length, 0.5)
    some = x[rng.random(len(x)) < rng.uniform(0.3, 0.9)]
    if not len(some):
        return merge([])
    count = 45 * len(some)
    along = np.repeat(some, 45) + rng.normal(scale=0.25, size=count)
    z = np.abs(rng.normal(0.6 * height, 0.25 * height, count))
    return leaves(
        np.column_stack([along, rng.normal(scale=0.1, size=count), np.minimum(z, height * 1.1)]), 0.13, rng
    )
