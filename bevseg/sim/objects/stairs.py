"""Outdoor stairs and porches before a front door. All of it counts as building.

The frame is that of a façade: x along it, its plane at y = 0, steps go down towards -y, z from the floor above.
Steps are 0.15 to 0.19 m high and 0.26 to 0.34 m deep (chosen; building codes ask for about twice the height plus
the depth to be 0.6 m).
"""

from __future__ import annotations

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, Point, boxes, merge, polyline, quads
from bevseg.sim.objects.facades import columns

_INTO = 0.6
"""Depth of steps in the ground, m."""


def flight(
    rng: np.random.Generator,
    wide: float,
    rise: float,
    *,
    run: float | None = None,
    cheeks: bool | None = None,
) -> Mesh:
    """Return steps down from (0, 0, 0) over `rise` m, `wide` m across; `run` m long if that is given.

    Cheek walls stand beside some (or as `cheeks` says), rails on others.
    """
    count = max(1, round(rise / rng.uniform(0.15, 0.19)))
    tread = rng.uniform(0.26, 0.34) if run is None else run / count
    step = np.arange(1, count + 1)
    half = wide / 2
    low = np.column_stack([np.full(count, -half), -step * tread, np.full(count, -rise - _INTO)])
    high = np.column_stack([np.full(count, half), (1 - step) * tread, (1 - step) * rise / count])
    parts = [boxes(low, high, Material.STONE)]
    if cheeks is None:
        cheeks = bool(rng.random() < 0.4)
    if cheeks:
        parts.append(_cheeks(rng, half, rise, count * tread))
    elif rng.random() < 0.5:
        parts.append(_rails(half - 0.05, rise, count * tread))
    return merge(parts)


def _cheeks(rng: np.random.Generator, half: float, rise: float, run: float) -> Mesh:
    """Return a wall on either side: sloping along, or level and perhaps shorter than the flight."""
    thick, over = rng.uniform(0.2, 0.4), rng.uniform(0.05, 0.4)
    if rng.random() < 0.5:
        sides = []
        for x in (-half - thick, half):
            a, b = x, x + thick
            top = [(a, 0, over), (b, 0, over), (b, -run, over - rise), (a, -run, over - rise)]
            foot = [(i, j, -rise - _INTO) for i, j, _ in top]
            sides += [top] + [[foot[k - 1], foot[k], top[k], top[k - 1]] for k in range(4)]
        return quads(sides, Material.STONE)
    out = run * rng.uniform(0.4, 1.0)
    return boxes(
        [(-half - thick, -out, -rise - _INTO), (half, -out, -rise - _INTO)],
        [(-half, 0, over), (half + thick, 0, over)],
        Material.STONE,
    )


def _rails(half: float, rise: float, run: float) -> Mesh:
    """Return a handrail on either side."""
    parts = []
    for x in (-half, half):
        line: list[Point] = [(x, 0, 0), (x, 0, 0.9), (x, -run, 0.9 - rise), (x, -run, -rise)]
        parts.append(polyline(line, 0.025, Material.METAL))
    return merge(parts)


def porch(rng: np.random.Generator, wide: float, out: float, height: float, raised: float) -> Mesh:
    """Return a porch `wide` m along the front and `out` m deep: floor, columns, roof, balustrade, steps.

    Its middle is at x = 0; `height` is that of its ceiling, `raised` its floor over the ground before it, m.
    """
    half = wide / 2
    material = Material.SIDING if rng.random() < 0.7 else Material.BRICK
    parts = [boxes([(-half, -out, -raised - 2.0)], [(half, 0, 0)], material)]
    count = int(rng.integers(2, 3 + int(wide // 2.2)))
    at = np.linspace(-half + 0.2, half - 0.2, count)
    thick = rng.uniform(0.14, 0.45)
    pedestal = rng.uniform(0.6, 1.1) if rng.random() < 0.35 else 0.0
    if pedestal:
        one = np.ones(count)
        parts.append(
            boxes(
                np.column_stack([at - 0.3, (-out) * one, 0 * one]),
                np.column_stack([at + 0.3, (0.6 - out) * one, pedestal * one]),
                Material.BRICK,
            )
        )
    parts.append(columns(at, 0.25 - out, pedestal, height, thick, material, round_=bool(rng.random() < 0.5)))
    parts.append(boxes([(-half, -out, height - 0.3)], [(half, 0.3 - out, height)], material))
    parts.append(_porch_roof(rng, half, out, height))
    gap = min(half - 0.3, rng.uniform(0.6, 1.0))
    at_side = rng.uniform(gap - half, half - gap) if rng.random() < 0.5 else 0.0
    if rng.random() < 0.6:
        parts.append(_balustrade(rng, half, out, at_side - gap, at_side + gap))
    if raised > 0.1:
        parts.append(flight(rng, 2 * gap, raised).at(at_side, -out))
    return merge(parts)


def _porch_roof(rng: np.random.Generator, half: float, out: float, height: float) -> Mesh:
    """Return a lean-to, hipped, gabled or level roof over a porch."""
    over, rise = rng.uniform(0.1, 0.4), rng.uniform(0.4, 1.2)
    a, b, c = -half - over, half + over, -out - over
    draw = rng.random()
    ceiling = [(-half, -out, height), (half, -out, height), (half, 0, height), (-half, 0, height)]
    if draw < 0.35:
        slope = [(a, 0, height + rise), (b, 0, height + rise), (b, c, height), (a, c, height)]
        ends = [[(x, 0, height), (x, 0, height + rise), (x, c, height), (x, c, height)] for x in (a, b)]
        return quads([ceiling, slope, *ends], Material.ROOF)
    if draw < 0.6:
        top = [(a + rise, 0, height + rise), (b - rise, 0, height + rise)]
        front = [(a, c, height), (b, c, height), top[1], top[0]]
        ends = [
            [(a, 0, height), (a, c, height), top[0], top[0]],
            [(b, 0, height), (b, c, height), top[1], top[1]],
        ]
        return quads([ceiling, front, *ends], Material.ROOF)
    if draw < 0.8:
        ridge = height + half * rng.uniform(0.4, 0.8)
        slopes = [[(x, c, height), (x, 0, height), (0, 0, ridge), (0, c, ridge)] for x in (a, b)]
        gable = [(-half, -out, height), (half, -out, height), (0, -out, ridge), (0, -out, ridge)]
        return quads([ceiling, gable, *slopes], Material.ROOF)
    return boxes([(a, c, height)], [(b, 0, height + 0.25)], Material.ROOF)


def _balustrade(rng: np.random.Generator, half: float, out: float, left: float, right: float) -> Mesh:
    """Return a railing round a porch with an opening, open or closed."""
    height = rng.uniform(0.75, 1.0)
    y = -out + 0.1
    runs = [(-half, left), (right, half)]
    lows, highs = [], []
    closed = rng.random() < 0.3
    for a, b in runs:
        if b - a < 0.3:
            continue
        lows.append((a, y, 0.0 if closed else height - 0.08))
        highs.append((b, y + 0.08, height))
        if not closed:
            for x in np.arange(a, b, 0.16):
                lows.append((x, y, 0.0))
                highs.append((x + 0.04, y + 0.04, height))
    for x in (-half, half - 0.08):
        lows.append((x, y, 0.0 if closed else height - 0.08))
        highs.append((x + 0.08, 0, height))
    return boxes(lows, highs, Material.SIDING)


def portico(rng: np.random.Generator, wide: float, out: float, height: float, raised: float) -> Mesh:
    """Return big columns before the entrance of a public building, with steps up to them and perhaps a gable."""
    half, thick = wide / 2, rng.uniform(0.5, 1.1)
    count = int(rng.integers(2, 4)) * 2
    at = np.linspace(-half + thick, half - thick, count)
    parts = [
        boxes([(-half, -out, -raised - 2.0)], [(half, 0, 0)], Material.STONE),
        columns(at, thick - out, 0.0, height, thick, Material.STONE, round_=bool(rng.random() < 0.7)),
        boxes([(-half, -out, height)], [(half, 0, height + rng.uniform(0.6, 1.4))], Material.STONE),
    ]
    if rng.random() < 0.5:
        low, ridge = height + 0.8, height + 0.8 + 0.3 * half
        gable = [(-half, -out, low), (half, -out, low), (0, -out, ridge), (0, -out, ridge)]
        slopes = [[(x, -out, low), (x, 0, low), (0, 0, ridge), (0, -out, ridge)] for x in (-half, half)]
        parts.append(quads([gable, *slopes], Material.ROOF))
    if raised > 0.1:
        parts.append(
            flight(rng, wide * rng.uniform(0.6, 1.0), raised, cheeks=bool(rng.random() < 0.6)).at(0, -out)
        )
    return merge(parts)


def rotunda(rng: np.random.Generator, radius: float, height: float, raised: float) -> Mesh:
    """Return columns on a half circle before a front, or on a hollow one, under a round beam and perhaps a dome."""
    count = int(rng.integers(4, 9))
    bulge = -1.0 if rng.random() < 0.6 else -0.45
    angle = np.linspace(0.0, np.pi, count)
    thick = rng.uniform(0.4, 0.9)
    parts = []
    for x, y in zip(radius * np.cos(angle), bulge * radius * np.sin(angle), strict=True):
        parts.append(columns([x], y, -raised - 1.0, height - 0.8, thick, Material.STONE))
    fine = np.linspace(0.0, np.pi, 25)
    out, into = radius + thick / 2, radius - thick / 2
    rings = []
    for r in (out, into):
        edge = np.column_stack([r * np.cos(fine), bulge * r * np.sin(fine)])
        low, high = (np.column_stack([edge, np.full(25, z)]) for z in (height - 0.8, height))
        rings.append((low, high))
        parts.append(quads(np.stack([low[:-1], low[1:], high[1:], high[:-1]], axis=1), Material.STONE))
    (a, b), (c, d) = rings
    for p, q in ((a, c), (b, d)):
        parts.append(quads(np.stack([p[:-1], p[1:], q[1:], q[:-1]], axis=1), Material.STONE))
    if rng.random() < 0.5:
        top = np.array((0.0, 0.0, height + rng.uniform(0.2, 0.6) * radius))
        middle = np.broadcast_to(top, (24, 3))
        parts.append(Mesh.of(np.stack([b[:-1], b[1:], middle], axis=1), Material.ROOF))
    wide = 2 * radius
    parts.append(flight(rng, wide * 0.5, max(raised, 0.15)).at(0, bulge * radius * 0.8))
    return merge(parts)
