"""Trucks of work and trade: boxes behind square cabs, flat beds, tippers, tanks, mixers, cranes, trailers on legs.

The frame of a vehicle: x forward, y to its left, z up from the road, origin under its middle. Sizes lie within the
limits of Europe, 2.6 m wide, 4 m high and 12 m long, trailers 13.6 m (Directive 96/53/EC).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, box, merge, quads

PAINT = Material.PAINT


def truck(rng: np.random.Generator, kind: str | None = None) -> Mesh:
    """Return a truck or a trailer; `kind` is one of `KINDS`, None draws one."""
    return KINDS[kind or str(rng.choice(list(KINDS)))](rng)


def _wheels(places: list[float], wide: float, radius: float) -> Mesh:
    """Return a pair of wheels at each of `places`."""
    outer, inner = wide / 2 - 0.03, wide / 2 - 0.35
    return merge(
        beam((x, side * inner, radius), (x, side * outer, radius), radius, Material.TYRE, sides=10)
        for x in places
        for side in (-1, 1)
    )


def _cab(rng: np.random.Generator, rear: float, front: float, wide: float) -> Mesh:
    """Return a square cab over its engine: a body up to the windows, panes between pillars, a roof, seats."""
    sill, top = rng.uniform(0.35, 0.6), rng.uniform(2.3, 3.1)
    belt, lean, half = rng.uniform(0.5, 0.62) * top, rng.uniform(0.05, 0.3), wide / 2
    behind = min(rear + rng.uniform(0.3, 1.0), front - 0.7)
    roof = front - lean
    parts = [
        box((rear, -half, sill), (front, half, belt), PAINT),
        box((rear, -half, belt), (behind, half, top - 0.1), PAINT),
        box((rear, -half, top - 0.1), (roof, half, top), PAINT),
        box((behind + 0.1, -0.8 * half, belt), (behind + 0.35, 0.8 * half, belt + 0.5), Material.SEAT),
    ]
    panes = [[(front, -half, belt), (front, half, belt), (roof, half, top - 0.1), (roof, -half, top - 0.1)]]
    panes += [
        [(behind, y, belt), (front, y, belt), (roof, y, top - 0.1), (behind, y, top - 0.1)]
        for y in (-half, half)
    ]
    parts.append(quads(panes, PAINT if rng.random() < 0.4 else Material.CAR_GLASS))
    parts += [beam((front, y, belt), (roof, y, top - 0.1), 0.06, PAINT, sides=4) for y in (-half, half)]
    if rng.random() < 0.4:  # a spoiler
        rise = rng.uniform(0.2, 0.8)
        shield = [
            [(roof, -half, top), (roof, half, top), (rear, half, top + rise), (rear, -half, top + rise)]
        ]
        parts.append(quads(shield, PAINT))
    for side in (-1, 1):
        low, high = sorted((side * half, side * (half + 0.25)))
        parts.append(box((front - 0.2, low, belt + 0.1), (front - 0.1, high, belt + 0.8), PAINT))
    return merge(parts)


def _chassis(rng: np.random.Generator, long: float, wide: float) -> tuple[list[Mesh], float, float]:
    """Return the frame, the wheels and the cab of a truck, where its load begins (rear) and ends, m."""
    radius, half = rng.uniform(0.4, 0.52), long / 2
    cab = rng.uniform(1.6, 2.4)
    axles = [half - rng.uniform(0.9, 1.4), -half + rng.uniform(1.2, 0.3 * long)]
    if long > 7.5 and rng.random() < 0.6:
        axles.append(axles[1] + 1.35)
    parts = [
        _wheels(axles, wide, radius),
        box((-half + 0.1, -0.45, 0.6), (half - 0.4, 0.45, 0.95), PAINT),
        _cab(rng, half - cab, half, rng.uniform(0.9, 1.0) * wide),
    ]
    low, high = max(axles[1:]) + radius + 0.1, axles[0] - radius - 0.1
    if high - low > 0.6 and rng.random() < 0.8:  # tanks, boxes or guards between the wheels
        for y in (-1, 1):
            a, b = sorted((y * rng.uniform(0.3, 0.45) * wide, y * 0.49 * wide))
            parts.append(box((low, a, rng.uniform(0.35, 0.6)), (high, b, rng.uniform(0.75, 0.95)), PAINT))
    return parts, -half, half - cab - rng.uniform(0.08, 0.6)


def _size(rng: np.random.Generator, shortest: float, longest: float) -> tuple[float, float]:
    """Draw the length and the width of a truck, m; short ones are narrower."""
    long = rng.uniform(shortest, longest)
    return long, rng.uniform(2.0, 2.4) if long < 6.5 else rng.uniform(2.3, 2.6)


def _box_body(rng: np.random.Generator) -> Mesh:
    """Return a truck with a closed box, 2.8 to 4 m high; some have a rear lift, a cooler or ribs."""
    long, wide = _size(rng, 5.5, 12.0)
    parts, rear, fore = _chassis(rng, long, wide)
    floor, top = rng.uniform(0.85, 1.2), rng.uniform(2.8, 3.4) if long < 7.5 else rng.uniform(3.2, 4.0)
    parts.append(box((rear, -wide / 2, floor), (fore, wide / 2, top), PAINT))
    if rng.random() < 0.4:
        out = rng.uniform(0.1, 0.35)
        parts.append(box((fore, -0.35 * wide, top - 0.9), (fore + out, 0.35 * wide, top - 0.1), PAINT))
    if rng.random() < 0.4:
        parts.append(box((rear - 0.12, -0.46 * wide, 0.4), (rear, 0.46 * wide, 0.5 * top), PAINT))
    if rng.random() < 0.3:
        parts += [
            box((x, y, floor), (x + 0.06, y + 0.05, top), PAINT)
            for x in np.arange(rear + 0.3, fore - 0.3, 0.6)
            for y in (-wide / 2 - 0.05, wide / 2)
        ]
    return merge(parts)


def _open_bed(rng: np.random.Generator) -> Mesh:
    """Return a truck with a flat bed, empty or with a load, between low boards or none."""
    long, wide = _size(rng, 5.0, 10.0)
    parts, rear, fore = _chassis(rng, long, wide)
    floor, half = rng.uniform(0.85, 1.25), wide / 2
    parts.append(box((rear, -half, floor - 0.12), (fore, half, floor), PAINT))
    parts.append(box((fore - 0.06, -half, floor), (fore, half, floor + rng.uniform(0.6, 1.6)), PAINT))
    side = rng.uniform(0.3, 0.8)
    if rng.random() < 0.7:
        parts += [box((rear, y, floor), (fore, y + 0.04, floor + side), PAINT) for y in (-half, half - 0.04)]
        parts.append(box((rear, -half, floor), (rear + 0.04, half, floor + side), PAINT))
    x = rear + 0.2
    while x < fore - 1.0 and rng.random() < 0.7:
        deep, y, z = rng.uniform(0.5, min(2.5, fore - x - 0.2)), rng.uniform(0.4, half), rng.uniform(0.3, 1.6)
        parts.append(box((x, -y, floor), (x + deep, y, floor + z), PAINT))
        x += deep + rng.uniform(0.1, 1.0)
    return merge(parts)


def _tipper(rng: np.random.Generator) -> Mesh:
    """Return a truck with an open trough, with or without a heap, and a shield over the cab."""
    long, wide = _size(rng, 5.0, 8.8)
    parts, rear, fore = _chassis(rng, long, wide)
    floor, half = rng.uniform(0.95, 1.3), wide / 2
    high = floor + rng.uniform(0.5, 1.5)
    out = rng.uniform(0.0, 0.6)
    foot = 0.85 * half
    sides = [
        [
            (rear, s * foot, floor),
            (fore, s * foot, floor),
            (fore, s * half, high),
            (rear - out, s * half, high),
        ]
        for s in (-1, 1)
    ]
    ends = [[(x, -foot, floor), (x, foot, floor), (y, half, high), (y, -half, high)]
            for x, y in ((rear, rear - out), (fore, fore))]  # fmt: skip
    bed = [[(rear, -foot, floor), (fore, -foot, floor), (fore, foot, floor), (rear, foot, floor)]]
    parts.append(quads([*sides, *ends, *bed], PAINT))
    if rng.random() < 0.6:
        over = rng.uniform(0.3, 1.2)
        parts.append(box((fore, -half, high), (fore + over, half, high + 0.06), PAINT))
    if rng.random() < 0.5:
        middle = ((rear + fore) / 2, 0.0)
        peak = (*middle, high + rng.uniform(-0.2, 0.4))
        rim = [(rear, -half), (fore, -half), (fore, half), (rear, half)]
        heap = [[(*rim[k - 1], high - 0.15), (*rim[k], high - 0.15), peak] for k in range(4)]
        parts.append(Mesh.of(heap, PAINT))
    return merge(parts)


def _tank(rng: np.random.Generator) -> Mesh:
    """Return a truck with a round tank or silo, or with the drum of a mixer."""
    long, wide = _size(rng, 6.5, 10.0)
    parts, rear, fore = _chassis(rng, long, wide)
    radius = rng.uniform(0.75, 1.15)
    z = 1.0 + radius
    if rng.random() < 0.5:
        parts.append(beam((rear + 0.2, 0, z), (fore, 0, z), radius, PAINT, sides=14))
    else:
        middle = (0.35 * rear + 0.65 * fore, 0.0, z + 0.15)
        parts.append(beam(middle, (fore, 0, z - 0.1), radius, PAINT, sides=14, tip=0.6))
        parts.append(beam(middle, (rear + 0.4, 0, z + 0.6), radius, PAINT, sides=14, tip=0.45))
        parts.append(box((rear, -0.5, 0.9), (rear + 0.3, 0.5, z + 0.9), PAINT))
    return merge(parts)


def _crane(rng: np.random.Generator) -> Mesh:
    """Return a truck with a bed and a folded crane, ladder or platform on it."""
    long, wide = _size(rng, 6.0, 10.5)
    parts, rear, fore = _chassis(rng, long, wide)
    floor = rng.uniform(0.95, 1.25)
    parts.append(box((rear, -wide / 2, floor - 0.3), (fore, wide / 2, floor), PAINT))
    base, tall = rng.uniform(rear + 0.8, fore - 0.5), rng.uniform(2.4, 3.4)
    parts.append(box((base - 0.4, -0.4, floor), (base + 0.4, 0.4, tall - 0.2), PAINT))
    for _ in range(int(rng.integers(1, 4))):
        end = rng.uniform(rear - 0.3, long / 2 + 0.3)
        if abs(end - base) > 1.0:
            z = tall + rng.uniform(-0.4, 0.4)
            parts.append(beam((base, 0, tall), (end, 0, z), rng.uniform(0.08, 0.22), PAINT, sides=4))
    if rng.random() < 0.5:
        x = rear + 0.1
        parts.append(box((x, -0.6, floor + 0.3), (x + 0.8, 0.6, floor + 1.4), PAINT))
    return merge(parts)


def _refuse(rng: np.random.Generator) -> Mesh:
    """Return a truck that collects refuse: a rounded body and a lower, slanting hopper at the rear."""
    long, wide = _size(rng, 7.0, 10.2)
    parts, rear, fore = _chassis(rng, long, wide)
    half, low, top = wide / 2, rng.uniform(0.9, 1.1), rng.uniform(3.0, 3.6)
    back, cut = rear + rng.uniform(1.2, 1.9), rng.uniform(1.5, 2.2)
    parts.append(box((back, -half, low), (fore, half, top), PAINT))
    outline = [(back, low - 0.3), (rear, low), (rear, cut), (rear + 0.5, top - 0.2), (back, top)]
    flanks = [
        Mesh.of([[(x, y, z) for x, z in (outline[0], a, b)] for a, b in pairwise(outline[1:])], PAINT)
        for y in (-half, half)
    ]
    skin = [
        [(a, -half, b), (a, half, b), (c, half, d), (c, -half, d)] for (a, b), (c, d) in pairwise(outline[1:])
    ]
    return merge([*parts, *flanks, quads(skin, PAINT)])


def _trailer(rng: np.random.Generator) -> Mesh:
    """Return a trailer on its legs: a box or a curtain, a container on a frame, or a flat bed."""
    long, wide = rng.uniform(6.0, 13.6), rng.uniform(2.44, 2.6)
    half, radius, floor = long / 2, rng.uniform(0.42, 0.52), rng.uniform(1.0, 1.3)
    count = int(rng.integers(1, 4)) if long < 9 else int(rng.integers(2, 4))
    first = -half + rng.uniform(0.8, 2.5)
    parts = [
        _wheels([first + 1.3 * k for k in range(count)], wide, radius),
        box((-half, -0.4, floor - 0.3), (half, 0.4, floor), PAINT),
        *(box((half - 2.4, y - 0.06, 0.0), (half - 2.28, y + 0.06, floor), PAINT) for y in (-0.8, 0.8)),
    ]
    draw = rng.random()
    if draw < 0.7:
        parts.append(box((-half, -wide / 2, floor), (half, wide / 2, rng.uniform(3.3, 4.0)), PAINT))
    elif draw < 0.85:
        size = min(long, float(rng.choice([6.06, 12.19])))
        parts.append(box((-half, -1.22, floor), (size - half, 1.22, floor + 2.59), PAINT))
    else:
        parts.append(box((-half, -wide / 2, floor - 0.1), (half, wide / 2, floor), PAINT))
        parts.append(box((half - 0.08, -wide / 2, floor), (half, wide / 2, floor + 1.4), PAINT))
    return merge(parts)


KINDS: dict[str, Callable[[np.random.Generator], Mesh]] = {
    "box": _box_body,
    "open": _open_bed,
    "tipper": _tipper,
    "tank": _tank,
    "crane": _crane,
    "refuse": _refuse,
    "trailer": _trailer,
}
"""Name -> the function that returns the vehicle."""
