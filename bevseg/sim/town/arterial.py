"""What main roads have: a strip between the directions, service roads, rails, barriers, and signs over the road."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from bevseg.sim.distributions import drawn
from bevseg.sim.mesh import Mesh
from bevseg.sim.objects import barriers, fences, shrubs, trees, walls, wires
from bevseg.sim.objects.poles import lamp_posts, signs
from bevseg.sim.objects.poles.masts import catenary_mast
from bevseg.sim.objects.vehicles import trams
from bevseg.sim.objects.vehicles.cars import parked, vehicle
from bevseg.sim.town.builder import Builder

TRAMS = 2.9
"""Least half width of a strip that trams run on, m: two of them, and their masts in the middle."""
_MIDDLE = ("median", 0)


def fill(builder: Builder, median: float, *, paved: bool) -> None:
    """Furnish the strip between the directions, half of it `median` m wide, and put gantries over the road.

    Trams run on a `paved` strip that is wide enough for them.
    """
    if paved and median >= TRAMS:
        _trams(builder, median)
    elif median:
        _planted(builder, median)
    _gantries(builder)


def edge(builder: Builder, sign: int) -> None:
    """Put vehicles on the service road, and rails and barriers along one side."""
    if builder.terrain.side(sign).service:
        _service(builder, sign)
    _rails(builder, sign)
    _barriers(builder, sign)


# Between the directions.


def _planted(builder: Builder, median: float) -> None:
    """Put lamps, trees, beds and hedges or rails on the strip, whatever there is room for."""
    rng, style = builder.rng, builder.style
    if rng.random() < 0.55:
        kind = str(rng.choice(["flat", "curved", "cobra", "shoebox"]))
        pitch = rng.uniform(*style.lamp_pitch)
        for s in np.arange(builder.start + rng.uniform(0, 15), builder.end, pitch):
            if builder.take(_MIDDLE, s - 0.4, s + 0.4, margin=1.5):
                builder.stand(lamp_posts.lamp_post(rng, kind), s, 0.0)
    if median > 0.7 and rng.random() < 0.75:
        _trees(builder, median)
    draw = rng.random()
    if draw < 0.4 and median > 0.5:
        _bed(builder, median)
    elif draw < 0.6:
        _along(builder, _MIDDLE, barriers.guard_rail, 0.0, rng.uniform(20.0, 60.0))
    for s in rng.uniform(builder.start, builder.end, rng.poisson(0.02 * (builder.end - builder.start))):
        if builder.take(_MIDDLE, s - 0.3, s + 0.3, margin=1.2):
            builder.stand(signs.sign(rng).turned(np.pi * rng.integers(2)), s, 0.0)


def _trees(builder: Builder, median: float) -> None:
    """Plant one row of trees on the strip, or two where it is wide; no branch hangs low over the lanes."""
    rng, style = builder.rng, builder.style
    habit, pitch = drawn(rng, style.habits), rng.uniform(*style.tree_pitch)
    rows = (-0.5 * median, 0.5 * median) if median > 2.5 and rng.random() < 0.4 else (0.0,)
    spots = np.arange(builder.start, builder.end, pitch)
    detail = float(np.clip(10.0 / max(len(spots) * len(rows), 1), 0.3, 0.8))
    for s in spots:
        if rng.random() > 0.85 or not builder.take(_MIDDLE, s - 0.6, s + 0.6, margin=1.5):
            continue
        for t in rows:
            tree = trees.pruned(rng, trees.tree(rng, habit=habit, detail=detail), t, inner=median)
            builder.stand(tree, s + rng.normal(scale=0.2), t)


def _bed(builder: Builder, median: float) -> None:
    """Plant beds, hedges or bushes on the strip."""
    rng = builder.rng
    wide, kind, gap = min(1.7 * median, 3.0), int(rng.integers(3)), rng.uniform(0.0, 12.0)
    s = builder.start
    while s < builder.end:
        long = rng.uniform(4, 14)
        if not np.any(builder.terrain.in_crossing(np.array([s, s + long / 2, s + long]), 2.0)):
            if kind == 0:
                part = shrubs.ground_cover(rng, long, wide, rng.uniform(0.2, 0.8)).at(0, -wide / 2)
            elif kind == 1:
                part = shrubs.hedge(
                    rng, long, min(wide, 1.2), rng.uniform(0.5, 1.4), ragged=rng.choice([0.0, 0.15])
                )
            else:
                part = shrubs.bush(rng, min(0.45 * wide, 0.9), rng.uniform(0.5, 1.6))
            builder.drape(part, s, 0.0)
        s += long + gap


def _trams(builder: Builder, median: float) -> None:
    """Put trams on the strip, masts with wires in its middle, and a stop."""
    rng = builder.rng
    high = float(rng.uniform(5.0, 6.0))
    pitch, tracks = rng.uniform(25.0, 40.0), (-0.53 * median, 0.53 * median)
    masts = []
    for s in np.arange(builder.start + rng.uniform(0, 10), builder.end, pitch):
        if builder.take(_MIDDLE, s - 0.4, s + 0.4, margin=1.0):
            builder.stand(catenary_mast(rng, high, 0.53 * median), s, 0.0)
            masts.append(float(s))
    height = builder.terrain.height
    for a, b in pairwise(masts):
        for t in tracks:
            start, end = (np.array([[s, t, float(height(s, t)) + high]]) for s in (a, b))
            builder.place(wires.wires(start, end, np.array([0.012]), 0.004))
    for t in tracks:
        for s in rng.uniform(builder.start, builder.end, rng.poisson(0.012 * (builder.end - builder.start))):
            part = trams.tram(rng)
            half = np.ptp(part.corners[..., 0]) / 2
            if builder.take(("track", t), s - half, s + half):
                builder.drape(part, s, t)


# Over and beside the road.


def _gantries(builder: Builder) -> None:
    """Put frames with signs over the whole road."""
    rng, terrain = builder.rng, builder.terrain
    for s in rng.uniform(
        builder.start, builder.end, rng.poisson(builder.style.gantries * (builder.end - builder.start))
    ):
        left, right = (sign * (terrain.side(sign).kerb + rng.uniform(0.5, 1.2)) for sign in (1, -1))
        if not builder.take([("kerb", 1), ("kerb", -1)], s - 0.8, s + 0.8, margin=2.0):
            continue
        z = [float(terrain.height(s, t)) for t in (left, right)]
        builder.place(signs.gantry(rng, left, right, z[0] - z[1]).at(s, 0.0, z[0]))


def _service(builder: Builder, sign: int) -> None:
    """Park cars, vans, trucks and buses along the outer edge of the service road."""
    rng, style, side = builder.rng, builder.style, builder.terrain.side(sign)
    edge, taken, s = side.front - side.pavement, rng.uniform(0.1, 0.9), builder.start
    while s < builder.end:
        if rng.random() > taken:
            s += rng.uniform(4, 12)
            continue
        big = rng.random() < 0.15
        part = vehicle(rng, drawn(rng, style.rank_kinds)) if big else parked(rng, style.fleet, style.special)
        length, width = np.ptp(part.corners[..., 0]), np.ptp(part.corners[..., 1])
        if builder.take(("service", sign), s, s + length + 0.8, margin=2.0):
            part = part.turned(np.pi * rng.integers(2) + rng.normal(scale=0.02))
            builder.lay(part, s + length / 2 + 0.4, sign * (edge - width / 2 - rng.uniform(0.1, 0.35)))
        s += length + rng.uniform(0.8, 2.0)


def _along(
    builder: Builder,
    strip: object,
    make: Callable[[np.random.Generator, float], Mesh],
    t: float,
    length: float,
) -> None:
    """Put long things (made by `make`, of about `length` m) one after the other where the strip is free."""
    rng, s = builder.rng, builder.start
    while s < builder.end - 4:
        long = rng.uniform(0.6, 1.4) * length
        if builder.take(strip, s, s + long, margin=1.5):
            builder.drape(make(rng, long), s, t)
            s += long
        s += 3.0


def _spots(builder: Builder, density: float) -> list[tuple[float, float]]:
    """Draw begin and length of long things, `density` of them per 100 m."""
    rng = builder.rng
    count = rng.poisson(density * (builder.end - builder.start) / 100)
    return [(rng.uniform(builder.start, builder.end - 10), rng.uniform(12.0, 80.0)) for _ in range(count)]


def _rails(builder: Builder, sign: int) -> None:
    """Put guard rails just behind the edge of the road."""
    side = builder.terrain.side(sign)
    for s, long in _spots(builder, builder.style.rails):
        long = min(long, builder.end - s)
        if builder.take(("rail", sign), s, s + long, margin=2.0):
            part = barriers.guard_rail(builder.rng, long).mirrored(sign)
            builder.drape(part, s, sign * (side.kerb + builder.rng.uniform(0.2, 0.45)))


def _barriers(builder: Builder, sign: int) -> None:
    """Put noise barriers, walls, hoardings or high hedges behind the pavement, where no building stands."""
    rng, front = builder.rng, builder.terrain.side(sign).front
    for s, long in _spots(builder, builder.style.barriers):
        long = min(long, builder.end - s)
        t = sign * (front + rng.uniform(0.2, 0.35))
        if not builder.take(("barrier", sign), s, s + long, margin=2.0):
            continue
        if not builder.claim(np.array((s, t - 0.3)), np.array((s + long, t + 0.3))):
            continue
        draw = rng.random()
        if draw < 0.45:
            builder.drape(barriers.noise_barrier(rng, long, rng.uniform(2.0, 4.0)), s, t)
        elif draw < 0.75:
            tall, stepped = rng.uniform(1.8, 3.6), rng.choice([0.0, 4.0])
            path = [(s, t), (s + long, t)]
            builder.place(
                walls.wall(builder.terrain.height, path, rng.uniform(0.12, 0.3), tall=tall, stepped=stepped)
            )
        elif draw < 0.85:
            builder.drape(fences.fence(rng, long, "boards"), s, t)
        else:
            builder.drape(shrubs.hedge(rng, min(long, 30.0), 0.5, rng.uniform(1.5, 3.0)), s, t)
