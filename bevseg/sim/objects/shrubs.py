"""Shrubs, hedges, tall grass, undergrowth and ground cover.

Leaves are loose triangles. The frame of a plant has its origin on the ground.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.distributions import drawn
from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beams, box, boxes, leaves, merge, quads

SHRUBS = {
    "round": 0.3,
    "spreading": 0.17,
    "clumps": 0.17,
    "leggy": 0.08,
    "upright": 0.07,
    "tuft": 0.07,
    "ball": 0.07,
    "cone": 0.07,
}
"""Shapes of shrubs and how common each is."""


def bush(rng: np.random.Generator, radius: float, height: float, shape: str | None = None) -> Mesh:
    """Return a shrub of about `radius` and `height` m; `shape` is one of `SHRUBS`, None draws one."""
    shape = drawn(rng, SHRUBS) if shape is None else shape
    if shape == "tuft":
        return grass(rng, min(radius, 0.7), min(height, 1.3))
    if shape in ("ball", "cone"):
        return _topiary(rng, radius, height, cone=shape == "cone")
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


def _topiary(rng: np.random.Generator, radius: float, height: float, *, cone: bool) -> Mesh:
    """Return a clipped ball on the ground, or a cone: leaves over a rough, closed core."""
    level, angle = np.linspace(0, 1, 7), np.linspace(0, 2 * np.pi, 11)
    profile = 1.02 - level if cone else np.sin(np.pi * (0.25 + 0.74 * level))
    core = rng.uniform(0.72, 1.0, (7, 11)) * profile[:, None]
    core[:, -1] = core[:, 0]
    z = np.broadcast_to((level * (0.93 * height))[:, None], core.shape)
    grid = np.stack([radius * core * np.cos(angle), radius * core * np.sin(angle), z], axis=2)
    faces = np.stack([grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]], axis=2)
    count = int(np.clip(60 * radius * (radius + 2 * height), 40, 900))
    at, share = rng.uniform(0, 2 * np.pi, count), rng.uniform(0.05, 1.0, count)
    out = radius * np.interp(share, level, profile) * rng.uniform(0.8, 1.0, count)
    centres = np.column_stack([out * np.cos(at), out * np.sin(at), 0.95 * height * share])
    return merge([quads(faces, Material.LEAF), leaves(centres, rng.uniform(0.07, 0.13), rng)])


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
    """Return a hedge along x from 0 to `length` m, about y = 0.

    A clipped one has sharp edges and closed faces; its leaves stand out of them and lie behind them by some
    centimetres. `ragged` m is how far a hedge that nobody clips bulges; its core is full of holes.
    """
    return _ragged(rng, length, width, height, ragged) if ragged else _clipped(rng, length, width, height)


def _clipped(rng: np.random.Generator, length: float, width: float, height: float) -> Mesh:
    """Return a closed, rough shell, and leaves from there to the faces."""
    deep = min(rng.uniform(0.18, 0.36), 0.4 * width, 0.4 * height)
    parts = [_shell(rng, length, width, height, deep)]
    count = int(26 * (length + width) * (2 * height + width))
    half, face = width / 2, rng.random(count) * (2 * height + width)
    top, left = face > 2 * height, face < height
    y = np.where(top, rng.uniform(-half, half, count), np.where(left, -half, half))
    z = np.where(top, height, rng.uniform(0.04, height, count))
    x = rng.uniform(0, length, count)
    end = rng.random(count) < width / (length + width)
    x = np.where(end, np.where(rng.random(count) < 0.5, 0.0, length), x)
    y = np.where(end & ~top, rng.uniform(-half, half, count), y)
    inward = np.minimum(rng.exponential(0.7 * deep, count), half)
    y -= np.sign(y) * np.where(top | end, 0, inward)
    z -= np.where(top, np.minimum(inward, 0.5 * height), 0)
    centres = np.column_stack([x, y, z]) + rng.normal(scale=0.04, size=(count, 3))
    parts.append(leaves(centres, rng.uniform(0.09, 0.15), rng))
    swing, wave, phase = rng.uniform(0.03, 0.08), rng.uniform(0.9, 2.2), rng.uniform(0, 2 * np.pi)

    def wavy(points: NDArray[np.float64]) -> NDArray[np.float64]:
        aside = min(swing, 0.1 * width) * np.sin(2 * np.pi / wave * points[:, 0] + phase)
        return points + np.column_stack([0 * aside, aside, 0 * aside])

    return merge(parts).mapped(wavy)


_KNOT = 0.27
"""Distance between the knots of a rough shell, m."""


def _shell(rng: np.random.Generator, length: float, width: float, height: float, deep: float) -> Mesh:
    """Return both faces, the top and the ends of a box whose knots lie some `deep` m inside of it."""
    half = width / 2
    up, over = (max(1, int(np.ceil(size / _KNOT))) for size in (height, width))
    rise, across = np.linspace(-0.05, height, up + 1), np.linspace(-half, half, over + 1)[1:-1]
    y = np.concatenate([np.full(up + 1, -half), across, np.full(up + 1, half)])
    z = np.concatenate([rise, np.full(len(across), height), rise[::-1]])
    x = np.linspace(0, length, max(2, int(np.ceil(length / _KNOT)) + 1))
    into = rng.exponential(deep, (len(x), len(y), 2))
    into = np.minimum(into, (0.8 * half, 0.4 * height))
    ring_y = y - np.sign(y) * np.where(np.abs(y) > 0.99 * half, into[..., 0], 0)
    ring_z = np.where(z >= height - 1e-9, z - into[..., 1], z)
    ring_x = x[:, None] + np.zeros_like(ring_y)
    ring_x[1:-1] += rng.normal(scale=0.25 * _KNOT, size=ring_x[1:-1].shape)
    knots = np.stack([ring_x, ring_y, ring_z], axis=2)
    ends = []
    for row, way in ((0, 1), (-1, -1)):  # the ends bulge inward as the faces do
        end = knots[row].copy()
        middle = end * (1, 0.3, 0.75)
        middle[:, 0] += way * np.abs(rng.normal(scale=deep, size=len(end)))
        ends.append((end, middle))
    rows = [ends[0][1][None], knots, ends[1][1][None]]
    grid = np.concatenate(rows)
    faces = np.stack([grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]], axis=2).reshape(-1, 4, 3)
    lids = [
        np.stack([of[:-1], of[1:], np.broadcast_to(of.mean(axis=0), of[1:].shape)], axis=1)
        for of in (grid[0], grid[-1])
    ]
    return merge([quads(faces, Material.LEAF), Mesh.of(np.concatenate(lids), Material.LEAF)])


def _ragged(rng: np.random.Generator, length: float, width: float, height: float, out: float) -> Mesh:
    """Return leaves that bulge up to `out` m over a core with holes that beams do not pass."""
    count = int(min(220 * length * (height + width / 2), 5000))
    half = width / 2
    centres = np.column_stack(
        [rng.uniform(0, length, count), rng.uniform(-half, half, count), rng.uniform(0.05, height, count)]
    )
    face = rng.integers(3, size=count)
    centres[face < 2, 1] = np.where(face[face < 2] == 0, -half, half)
    centres[face == 2, 2] = height
    phase = rng.uniform(0, 2 * np.pi, 4)
    x = centres[:, 0]
    swell = np.sin(1.7 * x + phase[0]) + 0.7 * np.sin(4.1 * x + phase[1])
    centres[:, 2] *= 1 + out / height * 0.5 * (swell + rng.normal(scale=0.6, size=count))
    centres[:, 1] *= 1 + out / width * (np.sin(2.3 * x + phase[2]) + 0.5 * np.sin(5.3 * x + phase[3]))
    centres += rng.normal(scale=0.06, size=centres.shape)
    margin = min(0.12 + out, width / 4 + out / 2, 0.45 * length)
    side = max(half - margin, 0.06)
    starts = np.arange(margin, max(length - margin, margin + 0.1), 0.8)
    kept = starts[rng.random(len(starts)) > 0.2]
    core = [
        box((x, -side, -0.3), (min(x + 0.8, length), side, max(height - 0.15 - out, 0.1)), Material.LEAF)
        for x in kept
    ]
    return merge([*core, leaves(np.maximum(centres, (-1, -9, 0.03)), rng.uniform(0.1, 0.15), rng)])


def short_hedges(rng: np.random.Generator, length: float, width: float, height: float) -> Mesh:
    """Return a row along x of short clipped hedges of one size with gaps, as long as cars or shorter."""
    long, gap = rng.uniform(1.2, 5.0), rng.uniform(0.5, 2.5)
    starts = np.arange(0.0, max(length - long, 0.0) + 1e-9, long + gap)
    return merge(_clipped(rng, min(long, length), width, height).at(float(x)) for x in starts)


def bed(rng: np.random.Generator, length: float, width: float, height: float, *, edging: float = 0.0) -> Mesh:
    """Return low plants on 0 to `length` by 0 to `width` m: one dense cushion, rows of clumps, or patches.

    `edging` is the height of the boards round the bed, m, 0 for none; they are an instance of their own.
    """
    draw = rng.random()
    if draw < 0.4:
        plants = _clipped(rng, length, width, height).at(0, width / 2)
    elif draw < 0.7:
        plants = ground_cover(rng, length, width, height)
    else:
        plants = _patches(rng, length, width, height)
    if not edging:
        return plants
    a, b, c, d = -0.06, length + 0.06, -0.06, width + 0.06
    lows = [(a, c, -0.3), (a, d - 0.06, -0.3), (a, c, -0.3), (b - 0.06, c, -0.3)]
    highs = [(b, c + 0.06, edging), (b, d, edging), (a + 0.06, d, edging), (b, d, edging)]
    return merge([plants, boxes(lows, highs, Material.WOOD).numbered(1)])


def _patches(rng: np.random.Generator, length: float, width: float, height: float) -> Mesh:
    """Return clumps of one size, in rows or scattered, with bare ground between them."""
    pitch = rng.uniform(0.4, 1.1)
    x, y = (np.arange(0.5 * pitch, max(size, pitch), pitch) for size in (length, width))
    middle = np.stack(np.meshgrid(x, y), axis=2).reshape(-1, 2)[:250]
    middle += rng.normal(scale=rng.choice([0.03, 0.3]) * pitch, size=middle.shape)
    middle = middle[rng.random(len(middle)) < rng.uniform(0.5, 1.0)]
    many = int(rng.integers(6, 16))
    away = rng.normal(scale=0.25 * pitch, size=(len(middle), many, 2))
    share = rng.uniform(0.15, 1.0, (len(middle), many, 1)) * rng.uniform(0.6, 1.0, (len(middle), 1, 1))
    centres = np.concatenate([middle[:, None] + away, share * height], axis=2).reshape(-1, 3)
    return leaves(centres, rng.uniform(0.08, 0.16), rng)


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
