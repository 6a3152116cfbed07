"""Poles of all kinds. A frame has its origin on the ground; arms point along y, towards the road, plates face x.

Heights and arms are those of American and European manuals: lamps of 3 to 14 m, high masts of up to 18 m, plates of
0.45 to 0.9 m at 2.1 m or more over a pavement (MUTCD 2009, 2A.18 and 2B), signals over the road at 4.6 to 5.8 m
(4D.15), wooden masts of 9 to 14 m (35 to 45 feet, ANSI O5.1) with wires at least 4.7 m over the road (NESC 232).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, beams, box, merge, polyline, quads

STEEL, PLATE = Material.STEEL, Material.PLATE


def lamp_post(rng: np.random.Generator, kind: str | None = None) -> Mesh:
    """Return a lamp post; `kind` is one of `LAMPS`, None draws one."""
    return LAMPS[kind or str(rng.choice(list(LAMPS)))](rng)


def _mast(rng: np.random.Generator, height: float, thick: float) -> Mesh:
    """Return a tapering mast on a foot."""
    parts = [beam((0, 0, -0.3), (0, 0, height), thick, STEEL, sides=8, tip=rng.uniform(0.5, 0.9))]
    if rng.random() < 0.6:
        high = rng.uniform(0.2, 1.3)
        parts.append(beam((0, 0, -0.3), (0, 0, high), rng.uniform(1.2, 1.7) * thick, STEEL, sides=8))
    return merge(parts)


def _arm(height: float, reach: float, rise: float, side: int = 1) -> Mesh:
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


def _cobra(rng: np.random.Generator) -> Mesh:
    """Return a mast with one arm, or two, over the road."""
    height, reach = rng.uniform(6.0, 10.5), rng.uniform(0.8, 3.0)
    rise = rng.uniform(0.1, 0.9)
    parts = [_mast(rng, height, rng.uniform(0.07, 0.13)), _arm(height - 0.1, reach, rise)]
    if rng.random() < 0.12:
        parts.append(_arm(height - 0.1, reach, rise, side=-1))
    return merge(parts)


def _globe(rng: np.random.Generator) -> Mesh:
    """Return a post with a globe or a lantern on top, or with several on short arms."""
    height, size = rng.uniform(2.8, 4.8), rng.uniform(0.16, 0.28)
    parts = [_mast(rng, height, rng.uniform(0.05, 0.09))]
    count = int(rng.choice([1, 2, 3, 5], p=[0.7, 0.18, 0.06, 0.06]))
    for index in range(count):
        angle = 2 * np.pi * index / max(count - 1, 1)
        out = 0.0 if index == 0 and count != 2 else 0.45
        x, y, z = out * np.cos(angle), out * np.sin(angle), height - 0.25 * bool(out)
        if out:
            parts.append(polyline([(0, 0, z - 0.15), (x, y, z)], 0.025, STEEL))
        parts.append(beam((x, y, z), (x, y, z + size), 0.6 * size, STEEL, sides=8, tip=1.7))
        parts.append(beam((x, y, z + size), (x, y, z + 2 * size), 1.02 * size, STEEL, sides=8, tip=0.45))
    return merge(parts)


def _shoebox(rng: np.random.Generator) -> Mesh:
    """Return a straight mast with one or two boxes, as in car parks."""
    height, thick = rng.uniform(4.5, 9.0), rng.uniform(0.06, 0.1)
    parts = [_mast(rng, height, thick)]
    for side in (1, -1)[: int(rng.choice([1, 2]))]:
        low, high = sorted((side * 0.1, side * 0.75))
        parts.append(box((-0.2, low, height - 0.2), (0.2, high, height), STEEL))
    return merge(parts)


def _candle(rng: np.random.Generator) -> Mesh:
    """Return a post whose lamp is its own top, 3 to 5 m high."""
    height = rng.uniform(3.2, 5.0)
    top = beam((0, 0, height), (0, 0, height + 0.5), rng.uniform(0.12, 0.24), STEEL, sides=8, tip=0.6)
    return merge([_mast(rng, height, rng.uniform(0.04, 0.07)), top])


def _curved(rng: np.random.Generator) -> Mesh:
    """Return a mast that bends over the road in a wide bow, to one side or to both."""
    height, thick = rng.uniform(5.0, 13.0), rng.uniform(0.05, 0.12)
    bow, angle = rng.uniform(0.12, 0.3) * height, np.linspace(0, rng.uniform(1.2, 1.7), 7)
    straight = height - bow
    parts = [_mast(rng, straight, thick)]
    for side in (1, -1)[: int(rng.choice([1, 2], p=[0.75, 0.25]))]:
        y, z = side * bow * (1 - np.cos(angle)), straight + bow * np.sin(angle)
        line = [(0.0, float(u), float(v)) for u, v in zip(y, z, strict=True)]
        low, high = sorted((line[-1][1] - side * 0.1, line[-1][1] + side * 0.6))
        head = box((-0.12, low, line[-1][2] - 0.08), (0.12, high, line[-1][2] + 0.06), STEEL)
        parts += [polyline(line, 0.5 * thick, STEEL), head]
    return merge(parts)


def _flat(rng: np.random.Generator) -> Mesh:
    """Return a mast with level arms that carry thin flat heads: one, or one to either side, also at two heights."""
    height, thick = rng.uniform(4.0, 14.0), rng.uniform(0.04, 0.12)
    parts = [_mast(rng, height, thick)]
    arms = [(height - 0.1, side) for side in (1, -1)[: int(rng.choice([1, 2], p=[0.7, 0.3]))]]
    if rng.random() < 0.2:  # another one for the pavement, lower
        arms.append((rng.uniform(0.4, 0.7) * height, -1))
    for level, side in arms:
        reach = rng.uniform(0.3, 0.25 * level)
        parts.append(beam((0, 0, level), (0, side * reach, level + 0.06), 0.03, STEEL))
        low, high = sorted((side * reach, side * (reach + rng.uniform(0.4, 0.8))))
        parts.append(box((-0.15, low, level), (0.15, high, level + 0.1), STEEL))
    return merge(parts)


def _high(rng: np.random.Generator) -> Mesh:
    """Return a mast of 12 to 18 m with a ring of floodlights, as at junctions and on squares."""
    height, thick = rng.uniform(12.0, 18.0), rng.uniform(0.14, 0.225)
    parts = [_mast(rng, height, thick)]
    count, out = int(rng.integers(3, 9)), rng.uniform(0.5, 1.1)
    for angle in 2 * np.pi * np.arange(count) / count:
        lamp = box((out - 0.1, -0.25, height - 0.4), (out + 0.25, 0.25, height - 0.1), STEEL)
        parts += [
            merge([beam((0, 0, height - 0.2), (out, 0, height - 0.2), 0.03, STEEL), lamp]).turned(angle)
        ]
    return merge(parts)


def _lantern(rng: np.random.Generator) -> Mesh:
    """Return a cast post with a thick base and a lantern of four sides, on top or on a bracket."""
    height, thick = rng.uniform(3.0, 4.6), rng.uniform(0.035, 0.06)
    parts = [
        beam(
            (0, 0, -0.3),
            (0, 0, rng.uniform(0.5, 1.1)),
            rng.uniform(2.0, 3.2) * thick,
            STEEL,
            sides=8,
            tip=0.7,
        ),
        beam((0, 0, 0), (0, 0, height), thick, STEEL, sides=8, tip=0.8),
    ]
    spots = [0.0] if rng.random() < 0.6 else [-0.45, 0.45][int(rng.integers(2)) :]
    for y in spots:
        low = height if not y else height - 0.7
        if y:
            parts.append(
                polyline([(0, 0, height - 0.15), (0, y, height - 0.05), (0, y, low + 0.5)], 0.02, STEEL)
            )
        parts.append(beam((0, y, low), (0, y, low + 0.45), 0.12, STEEL, sides=4, tip=1.6))
        parts.append(beam((0, y, low + 0.45), (0, y, low + 0.65), 0.2, STEEL, sides=4, tip=0.2))
    return merge(parts)


LAMPS: dict[str, Callable[[np.random.Generator], Mesh]] = {
    "cobra": _cobra,
    "globe": _globe,
    "shoebox": _shoebox,
    "candle": _candle,
    "curved": _curved,
    "flat": _flat,
    "high": _high,
    "lantern": _lantern,
}


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


def camera(rng: np.random.Generator) -> Mesh:
    """Return a mast with cameras on a short arm, 3 to 8 m high, some with a box at breast height."""
    height, thick = rng.uniform(3.0, 8.0), rng.uniform(0.05, 0.1)
    parts = [_mast(rng, height, thick)]
    reach = rng.uniform(0.3, 1.5)
    parts.append(beam((0, 0, height - 0.15), (0, reach, height - 0.05), 0.03, STEEL))
    for y in (reach, 0.5 * reach)[: int(rng.integers(1, 3))]:
        parts.append(box((-0.2, y - 0.07, height - 0.3), (0.2, y + 0.07, height - 0.12), STEEL))
    if rng.random() < 0.4:
        parts.append(box((thick, -0.2, 1.1), (thick + 0.25, 0.2, 1.8), STEEL))
    return merge(parts)


def delineator(rng: np.random.Generator) -> Mesh:
    """Return a post that marks the edge of a road, 0.75 to 1.1 m high, flat or three-sided."""
    high, wide = rng.uniform(0.75, 1.1), rng.uniform(0.04, 0.07)
    return beam(
        (0, 0, -0.2), (0, 0, high), wide, STEEL, sides=int(rng.choice([3, 4, 8])), tip=rng.uniform(0.6, 1.0)
    )


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


def bollard(rng: np.random.Generator) -> Mesh:
    """Return a bollard: thin or thick, some with a wider head."""
    height, thick = rng.uniform(0.6, 1.15), rng.uniform(0.035, 0.13)
    parts = [beam((0, 0, -0.2), (0, 0, height), thick, STEEL, sides=8)]
    if rng.random() < 0.3:
        parts.append(beam((0, 0, height), (0, 0, height + 0.15), 1.3 * thick, STEEL, sides=8, tip=0.5))
    return merge(parts)


def post(rng: np.random.Generator) -> Mesh:
    """Return a wooden or steel post without a plate."""
    material = Material.TIMBER if rng.random() < 0.5 else STEEL
    return beam((0, 0, -0.2), (0, 0, rng.uniform(0.9, 2.4)), rng.uniform(0.025, 0.07), material)


def flag_pole(rng: np.random.Generator) -> Mesh:
    """Return a pole of 6 to 12 m, half of them with a flag."""
    height = rng.uniform(6, 12)
    parts = [beam((0, 0, -0.3), (0, 0, height), rng.uniform(0.04, 0.08), STEEL, sides=8, tip=0.6)]
    if rng.random() < 0.5:
        wide, low = rng.uniform(1.2, 2.4), height - rng.uniform(1.0, 1.6)
        waves = [(wide * u, 0.15 * np.sin(5 * u), 0.0) for u in np.linspace(0.03, 1, 5)]
        cloth = [
            [(*a[:2], low), (*b[:2], low), (*b[:2], height), (*a[:2], height)] for a, b in pairwise(waves)
        ]
        parts.append(quads(cloth, Material.CLOTH).turned(rng.uniform(0, 6)))
    return merge(parts)


def _head(x: float, y: float, low: float, *, back: bool = False) -> Mesh:
    """Return the three lamps of a signal, with or without a wide back plate."""
    parts = [box((x, y - 0.15, low), (x + 0.25, y + 0.15, low + 0.95), STEEL)]
    if back:
        parts.append(box((x + 0.1, y - 0.28, low - 0.12), (x + 0.12, y + 0.28, low + 1.07), STEEL))
    return merge(parts)


def traffic_light(rng: np.random.Generator, arm: float = 0.4) -> Mesh:
    """Return a traffic light on a post; with the chance `arm` it hangs from an arm over the road."""
    if rng.random() >= arm:
        height = rng.uniform(2.8, 4.2)
        parts = [_mast(rng, height, rng.uniform(0.05, 0.08)), _head(0.05, 0.0, height - 1.0)]
        if rng.random() < 0.5:
            parts.append(_head(-0.3, 0.0, height - 1.0))
        if rng.random() < 0.5:
            parts.append(_walker(0.0, 0.2, 2.2))
        return merge(parts)
    reach, low = rng.uniform(3.0, 10.0), rng.uniform(5.2, 6.0)
    thick = 0.09 + 0.008 * reach
    rise = rng.uniform(0.0, 0.06) * reach
    mast = beam((0, 0, -0.3), (0, 0, low + 0.4), thick, STEEL, sides=8, tip=0.8)
    parts = [mast, beam((0, 0, low), (0, reach, low + rise), 0.7 * thick, STEEL, tip=0.5)]
    count = 1 if reach < 5 else int(rng.integers(1, 4))
    for y in np.linspace(reach - 0.3, max(0.5 * reach, reach - 3.4 * count), count):
        level = low + rise * y / reach
        parts.append(_head(0.05, float(y), level - rng.uniform(0.5, 0.8), back=bool(rng.random() < 0.4)))
    if rng.random() < 0.5:
        parts.append(box((0.08, 0.3 * reach, low - 0.15), (0.11, 0.3 * reach + 1.5, low + 0.35), PLATE))
    if rng.random() < 0.4:
        parts.append(_head(0.1, 0.0, 2.8))
    if rng.random() < 0.5:
        parts.append(_walker(0.1, 0.0, 2.3))
    if rng.random() < 0.25:
        top = low + rng.uniform(2.0, 3.5)
        parts += [
            beam((0, 0, low), (0, 0, top), 0.7 * thick, STEEL),
            _arm(top - 0.1, rng.uniform(1, 2.5), 0.4),
        ]
    return merge(parts)


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


def level_light(rng: np.random.Generator) -> Mesh:
    """Return a mast with one long arm over the road and signals that lie on their side, as in East Asia."""
    reach, low = rng.uniform(2.5, 9.0), rng.uniform(5.2, 6.2)
    thick = rng.uniform(0.09, 0.16)
    parts = [beam((0, 0, -0.3), (0, 0, rng.uniform(low + 0.2, low + 1.5)), thick, STEEL, sides=8, tip=0.75)]
    parts.append(beam((0, 0, low), (0, reach, low + rng.uniform(0.0, 0.4)), 0.45 * thick, STEEL, tip=0.7))
    count = int(rng.integers(1, 3))
    for y in np.linspace(reach - 0.3, 0.55 * reach, count):
        parts.append(box((0.08, y - 1.1, low - 0.35), (0.3, y, low + 0.02), STEEL))
    if rng.random() < 0.4:
        parts.append(box((0.06, 0.25 * reach, low - 0.2), (0.09, 0.25 * reach + 1.2, low + 0.3), PLATE))
    if rng.random() < 0.6:
        parts.append(_walker(0.1, 0.0, 2.4))
    if rng.random() < 0.3:
        parts.append(_head(0.1, 0.0, 2.8))
    return merge(parts)


def hanging_lights(rng: np.random.Generator) -> Mesh:
    """Return signals that hang from a wire at the origin, 1.2 to 1.8 m down: to one side, or to two or four."""
    drop = rng.uniform(0.1, 0.6)
    parts = [beam((0, 0, -drop), (0, 0, 0), 0.025, STEEL)]
    faces = int(rng.choice([1, 2, 4]))
    back = bool(rng.random() < 0.3)
    for k in range(faces):
        parts.append(
            _head(-0.12 + 0.1 * (faces > 1), 0.0, -drop - 1.0, back=back).turned(k * 2 * np.pi / faces)
        )
    return merge(parts).turned(rng.uniform(0, 2 * np.pi))


def span_mast(rng: np.random.Generator, height: float) -> Mesh:
    """Return the mast, `height` m high, that holds a wire over a crossing."""
    material = Material.TIMBER if rng.random() < 0.5 else STEEL
    return beam((0, 0, -0.3), (0, 0, height), rng.uniform(0.1, 0.19), material, sides=8, tip=0.75)


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


def _walker(x: float, y: float, low: float) -> Mesh:
    """Return a light for pedestrians."""
    return box((x - 0.12, y, low), (x + 0.12, y + 0.2, low + 0.45), STEEL)


def pedestrian_light(rng: np.random.Generator) -> Mesh:
    """Return a thin post with a light for pedestrians and its button."""
    height = rng.uniform(2.6, 3.1)
    parts = [beam((0, 0, -0.3), (0, 0, height), rng.uniform(0.04, 0.06), STEEL, sides=8)]
    return merge(
        [*parts, _walker(0.0, 0.05, height - 0.5), box((0.04, -0.06, 1.0), (0.1, 0.06, 1.25), STEEL)]
    )


@dataclass(frozen=True)
class Line:
    """The common properties of a row of wooden masts.

    Attributes
    ----------
    height
        Of the masts, m.
    arms
        Heights of the crossarms, m.
    hooks
        (N, 3): across the line and height at which a wire hangs, and its radius, m. Bundles of cables are thick; a
        bare wire counts with half the width of a laser beam, which is what makes it seen.
    """

    height: float
    arms: tuple[float, ...]
    hooks: NDArray[np.float64]
    thick: float | None = None
    """Radius of the masts at the ground, m; None draws that of each wooden mast."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Line:
        """Draw a line: power on crossarms or a rack at the top, telephone and cable bundles at 5 to 7 m."""
        height = rng.uniform(8.0, 12.5)
        count = int(rng.choice([0, 1, 2], p=[0.3, 0.5, 0.2]))
        arms = tuple(height - 0.4 - 0.9 * i for i in range(count))
        hooks = [
            (y, z + 0.15, 0.012) for z in arms for y in (-1.0, -0.35, 0.35, 1.0)[:: int(rng.integers(1, 3))]
        ]
        if not arms:
            hooks += [(0.12, height - 0.3 - 0.25 * i, 0.012) for i in range(int(rng.integers(1, 4)))]
        low = rng.uniform(5.2, 6.6)
        hooks += [(-0.15, low + 0.35 * i, rng.uniform(0.012, 0.035)) for i in range(int(rng.integers(1, 5)))]
        return cls(height, arms, np.array(hooks))

    @classmethod
    def concrete(cls, rng: np.random.Generator) -> Line:
        """Draw a line of concrete masts: many wires, on short arms to the side and in bundles down to 5 m."""
        height = rng.uniform(8.0, 14.0)
        arms = tuple(height - 0.3 - rng.uniform(0.7, 1.1) * i for i in range(int(rng.integers(1, 4))))
        hooks = [(y, z + 0.15, 0.012) for z in arms for y in (-0.8, 0.0, 0.8)]
        hooks += [(0.14, height - 2.6 - 0.2 * i, 0.012) for i in range(int(rng.integers(1, 4)))]
        low = rng.uniform(5.0, 6.0)
        hooks += [
            (rng.choice([-0.2, 0.2]), low + 0.25 * i, rng.uniform(0.012, 0.05))
            for i in range(int(rng.integers(2, 7)))
        ]
        kept = [hook for hook in hooks if hook[1] < height + 0.2]
        return cls(height, arms, np.array(kept), rng.uniform(0.13, 0.2))


def utility_pole(rng: np.random.Generator, line: Line) -> Mesh:
    """Return a mast of a line that runs along x; transformers and guy wires are undefined.

    Concrete ones reflect like wood, and may carry three transformers.
    """
    thick = rng.uniform(0.12, 0.19) if line.thick is None else line.thick
    parts = [beam((0, 0, -0.3), (0, 0, line.height), thick, Material.TIMBER, sides=8, tip=0.65)]
    for z in line.arms:
        parts.append(box((thick - 0.04, -1.2, z), (thick + 0.06, 1.2, z + 0.12), Material.TIMBER))
        braces = [[(thick, side * 0.6, z), (thick * 0.8, 0, z - 0.55)] for side in (-1, 1)]
        parts += [polyline(brace, 0.015, STEEL) for brace in braces]
    y, z, _ = line.hooks[line.hooks[:, 2] < 0.02].T
    tops = np.column_stack([np.zeros_like(y), y, z])
    parts.append(beams(tops - (0, 0, 0.14), tops, 0.03, STEEL))
    if rng.random() < 0.3:
        top, out = line.height - rng.uniform(1.6, 2.6), thick + 0.28
        parts.append(
            beam((0, out, top - 0.9), (0, out, top), rng.uniform(0.18, 0.26), Material.METAL, sides=8)
        )
        if line.thick is not None and rng.random() < 0.4:
            parts += [
                beam((x, out, top - 0.9), (x, out, top), 0.22, Material.METAL, sides=8) for x in (-0.55, 0.55)
            ]
            parts.append(box((-0.8, 0.0, top - 1.0), (0.8, out + 0.2, top - 0.9), STEEL))
    if rng.random() < 0.35:
        parts.append(_arm(rng.uniform(6.0, 7.8), rng.uniform(1.2, 3.0), rng.uniform(0.2, 0.6)))
    if rng.random() < 0.2:
        side = rng.choice([-1, 1])
        parts.append(
            polyline(
                [(0, 0, 0.85 * line.height), (side * rng.uniform(2, 4), -1.0, 0.0)], 0.012, Material.WIRE
            )
        )
    if rng.random() < 0.3:
        parts.append(box((-0.1, thick, 1.4), (0.1, thick + 0.15, 2.0), Material.METAL))
    return merge(parts)
