"""Lots -> hedges, walls, fences, bushes, trees, parks, woods and yard objects."""

from __future__ import annotations

import numpy as np

from bevseg.sim.distributions import Span, drawn
from bevseg.sim.objects import clutter, shrubs, trees, walls, yards
from bevseg.sim.town.builder import Builder
from bevseg.sim.town.lots import HOUSE, Lot, steps


def garden(builder: Builder, sign: int, lot: Lot) -> None:
    """Put a border along the pavement of a lot, and bushes or undergrowth, trees and a bed on the lot."""
    rng = builder.rng
    _boundary(builder, sign, lot)
    if lot.kind.building in ("terraced", "downtown") and lot.setback < 2:
        return
    _bushes(builder, sign, lot)
    if lot.setback > 3.5:
        _trees(builder, sign, lot)
    if lot.setback > 2 and rng.random() < 0.25:
        _bed(builder, sign, lot)
    _trees_behind(builder, sign, lot)


def _boundary(builder: Builder, sign: int, lot: Lot) -> None:
    """Put a hedge over a retaining wall, or a low wall or hedge, or a border along the pavement, or nothing."""
    rng, front = builder.rng, builder.terrain.side(sign).front
    if lot.retained:
        if rng.random() < 0.3:
            u = steps(lot.profile)[0] + 0.75
            _hedge(builder, lot.low, lot.high, sign * (front + u), rng.uniform(0.4, 1.3), lot.stairs)
    elif lot.setback > 3.5 and rng.random() < builder.style.edges:
        _edge(builder, sign, lot)
    elif rng.random() < lot.kind.border:
        border(builder, sign, lot)


def _thin(lot: Lot) -> float:
    """Return the density of plants on a lot over that of a lot that is not paved."""
    return 0.3 if lot.paved else 1.0


def _deep(lot: Lot) -> float:
    """Return the greatest distance of plants from the pavement, m."""
    return max(lot.setback - 1.0, 0.5)


def _bushes(builder: Builder, sign: int, lot: Lot) -> None:
    """Plant bushes, many close to the front, or undergrowth instead."""
    rng, front, style, deep = builder.rng, builder.terrain.side(sign).front, builder.style, _deep(lot)
    if deep > 2 and not lot.paved and rng.random() < style.thickets * (1 if lot.use == HOUSE else 2):
        _undergrowth(builder, sign, lot)
        return
    for _ in range(rng.poisson(_thin(lot) * style.bushes * (lot.width * deep))):
        radius = rng.uniform(0.3, 1.1)
        near = rng.random() < 0.5
        u = lot.setback - rng.uniform(0.2, 1.6) if near else rng.uniform(0.4, deep)
        s = rng.uniform(lot.low, lot.high)
        if lot.use == HOUSE and builder.take(("drive", sign), s - radius, s + radius):
            bush = shrubs.bush(rng, radius, 0.3 + 1.9 * rng.beta(1.2, 2.2))
            builder.stand(bush, s, sign * (front + max(u, radius)))


def _trees(builder: Builder, sign: int, lot: Lot) -> None:
    """Plant trees before the front."""
    rng, front, style = builder.rng, builder.terrain.side(sign).front, builder.style
    for _ in range(rng.poisson(_thin(lot) * style.garden_trees * (lot.width * _deep(lot)))):
        high = rng.uniform(3, 14)
        u = rng.uniform(1.5, max(1.6, lot.setback - 1.5))
        detail = max(0.25, 0.55 - 0.025 * u)
        tree = trees.tree(rng, habit=drawn(rng, style.habits), height=high, detail=detail)
        builder.stand(tree, rng.uniform(lot.low, lot.high), sign * (front + u))


def _bed(builder: Builder, sign: int, lot: Lot) -> None:
    """Plant a bed before the house or along the pavement."""
    rng, front, wide = builder.rng, builder.terrain.side(sign).front, lot.width
    long, broad = rng.uniform(0.3, 0.9) * wide, rng.uniform(0.4, min(2.0, _deep(lot)))
    u = rng.choice([0.3, max(0.3, lot.setback - broad - 0.2)])
    bed = shrubs.ground_cover(rng, long, broad, rng.uniform(0.2, 0.7)).mirrored(sign)
    builder.drape(bed, rng.uniform(lot.low, lot.high - long), sign * (front + u))


def _trees_behind(builder: Builder, sign: int, lot: Lot) -> None:
    """Plant trees behind the house; they have few leaves, because few are seen."""
    rng, front = builder.rng, builder.terrain.side(sign).front
    for _ in range(rng.poisson(0.03 * lot.width)):
        tree = trees.tree(rng, habit=drawn(rng, builder.style.habits), detail=0.2)
        u = lot.setback + rng.uniform(14, 24)
        builder.stand(tree, rng.uniform(lot.low, lot.high), sign * (front + u))


def _edge(builder: Builder, sign: int, lot: Lot) -> None:
    """Put a low wall or a long low hedge at the pavement or further in, and nothing else."""
    rng, front = builder.rng, builder.terrain.side(sign).front
    for low, high in _around(lot):
        long = min(high - low, rng.uniform(5.0, 30.0))
        s, u = (
            rng.uniform(low, max(low, high - long)),
            rng.choice([rng.uniform(0.3, 1.0), rng.uniform(1.0, lot.setback - 2.0)]),
        )
        if rng.random() < 0.35:
            _hedge(builder, s, s + long, sign * (front + u + 0.4), rng.uniform(0.4, 1.1), None)
            continue
        room = max(lot.setback - u - 0.8, 0.5)
        path = walls.line(rng, long) if room > 2.5 else walls.line(rng, long, "straight")
        path *= (1.0, min(1.0, room / max(path[-1, 1], 0.1)))
        if rng.random() < 0.5:
            path = (path * (-1, 1) + (long, 0))[::-1]
        builder.place(walls.low(rng, builder.terrain.height, path * (1, sign) + (s, sign * (front + u))))


def _around(lot: Lot) -> list[Span]:
    """Return the stretches of a lot beside its driveway, m."""
    if lot.driveway is None:
        found = [(lot.low + 0.2, lot.high - 0.2)]
    else:
        found = [(lot.low + 0.2, lot.driveway - 1.7), (lot.driveway + 1.7, lot.high - 0.2)]
    return [(a, b) for a, b in found if b - a > 3.0]


def _undergrowth(builder: Builder, sign: int, lot: Lot) -> None:
    """Plant shrubs, brambles or ivy in patches before the house; without a house, far behind the pavement too."""
    rng, front = builder.rng, builder.terrain.side(sign).front
    far = lot.setback - 0.8 if lot.use == HOUSE else 28.0
    for low, high in _around(lot):
        for _ in range(1 + rng.poisson((high - low) * far / 120)):
            long, wide = min(high - low, rng.uniform(2.0, 10.0)), min(far - 0.5, rng.uniform(1.0, 5.0))
            s, u = rng.uniform(low, max(low, high - long)), rng.uniform(0.4, max(0.5, far - wide))
            if rng.random() < 0.2:
                part = shrubs.ground_cover(rng, long, wide, rng.uniform(0.2, 0.6))
            else:
                part = shrubs.thicket(rng, long, wide, 0.5 + 1.7 * rng.beta(1.3, 1.8))
            builder.drape(part.mirrored(sign), s, sign * (front + u))


def _hedge(builder: Builder, low: float, high: float, t: float, tall: float, opening: Span | None) -> None:
    """Plant a hedge along the street, with an opening."""
    rng = builder.rng
    runs = [(low, high)] if opening is None else [(low, opening[0] - 0.4), (opening[1] + 0.4, high)]
    for a, b in runs:
        if b - a > 0.8:
            ragged = rng.choice([0.0, rng.uniform(0.1, 0.35)], p=[0.6, 0.4])
            builder.drape(shrubs.hedge(rng, b - a, rng.uniform(0.4, 0.9), tall, ragged=ragged), a, t)


def border(builder: Builder, sign: int, lot: Lot) -> None:
    """Put a hedge, a low wall, perhaps with a hedge behind it, or a fence along the pavement; most have a gate."""
    rng, front, style = builder.rng, builder.terrain.side(sign).front, builder.style
    low, high = lot.low + 0.1, lot.high - 0.1
    middle = rng.uniform(low + 1, high - 1) if high - low > 4 else low
    half = 1.6 if lot.driveway is not None else 0.6
    gate = (lot.driveway if lot.driveway is not None else middle) if high - low > 4 else None
    opening = None if gate is None else (gate - half, gate + half)
    runs = [(low, high)] if opening is None else [(low, opening[0]), (opening[1], high)]
    runs = [(a, b) for a, b in runs if b - a > 1.0]
    t = sign * (front + rng.uniform(0.2, 0.5))
    draw = rng.random()
    if draw < style.hedges:
        _hedges(builder, sign, lot, runs, t)
    elif draw < style.hedges + 0.65 * (1 - style.hedges):
        _walls(builder, sign, lot, runs, t)
    else:
        _fences(builder, sign, runs, t, opening)


def _hedges(builder: Builder, sign: int, lot: Lot, runs: list[Span], t: float) -> None:
    """Plant hedges along stretches of the pavement, some with one towards the neighbour."""
    rng = builder.rng
    for a, b in runs:
        _hedge(builder, a, b, t + sign * 0.3, rng.uniform(0.6, 2.0), None)
    if rng.random() < 0.6 and lot.setback > 2:
        turned = shrubs.hedge(rng, lot.setback - 1.0, 0.6, rng.uniform(0.7, 1.9)).turned(sign * np.pi / 2)
        builder.drape(turned, lot.high - 0.1, t)


def _walls(builder: Builder, sign: int, lot: Lot, runs: list[Span], t: float) -> None:
    """Build walls along stretches of the pavement, some with returns, a jog, or a hedge behind them."""
    rng, front = builder.rng, builder.terrain.side(sign).front
    back = sign * (front + min(lot.setback - 0.3, rng.uniform(1.5, 9.0)))
    high = rng.random() < 0.15
    returns = lot.setback > 2 and rng.random() < 0.6
    for k, (a, b) in enumerate(runs):
        path = [(a, t), (b, t)]
        if returns and k == 0:
            path = [(a, back), *path]
        if returns and k == len(runs) - 1 and rng.random() < 0.7:
            path = [*path, (b, back)]
        if rng.random() < 0.2 and b - a > 4:  # a jog: Z in plan
            at, jog = (a + b) / 2, t + sign * rng.uniform(0.4, 1.0)
            where = path.index((b, t))
            path[where:where] = [(at, t), (at, jog)]
            path[where + 2] = (b, jog)
        builder.place(walls.garden(rng, builder.terrain.height, path, high=high))
        if rng.random() < 0.25:
            _hedge(builder, a, b, t + sign * 0.9, rng.uniform(0.8, 2.0), None)


def _fences(builder: Builder, sign: int, runs: list[Span], t: float, opening: Span | None) -> None:
    """Put fences along stretches of the pavement, some overgrown, some with a gate in the opening."""
    rng = builder.rng
    for a, b in runs:
        builder.drape(clutter.fence(rng, b - a), a, t)
        if rng.random() < 0.25:
            builder.drape(shrubs.vine_screen(rng, b - a, rng.uniform(0.8, 1.8)), a, t)
    if opening is not None and rng.random() < 0.4:
        builder.drape(clutter.gate(rng, opening[1] - opening[0]).mirrored(sign), opening[0], t)


def park(builder: Builder, sign: int, lot: Lot) -> None:
    """Plant trees of all sizes and bushes on the grass, or the edge of a wood."""
    rng, side, width = builder.rng, builder.terrain.side(sign), lot.width
    if rng.random() < 0.25:
        wood(builder, sign, (lot.low, lot.high), (side.front + 0.5, side.front + rng.uniform(8, 20)))
        return
    for _ in range(rng.poisson(0.12 * width)):
        tree = trees.tree(rng, habit=drawn(rng, builder.style.habits), height=rng.uniform(4, 15), detail=0.5)
        builder.stand(tree, lot.low + rng.uniform(0, width), sign * (side.front + rng.uniform(1.5, 22)))
    for _ in range(rng.poisson(0.12 * width)):
        bush = shrubs.bush(rng, rng.uniform(0.5, 1.8), rng.uniform(0.6, 2.6))
        builder.stand(bush, lot.low + rng.uniform(0, width), sign * (side.front + rng.uniform(2, 14)))
    if rng.random() < 0.15:
        builder.stand(clutter.bench(rng), lot.low + rng.uniform(1, width - 2), sign * (side.front + 0.8))


def wood(builder: Builder, sign: int, along: Span, across: Span) -> None:
    """Plant the edge of a wood on a stretch of the street, between two distances from the centreline, m.

    Trees of all sizes stand close together, with undergrowth in front of them.
    """
    rng, (low, high), (near, far) = builder.rng, along, across
    for _ in range(rng.poisson(0.035 * (high - low) * (far - near))):
        t = rng.uniform(near + 1, far)
        kind, detail = drawn(rng, builder.style.habits), float(np.clip(7 / max(t - near, 3), 0.12, 0.6))
        tree = trees.tree(rng, habit=kind, height=rng.uniform(4, 16), detail=detail)
        builder.stand(tree, rng.uniform(low, high), sign * t)
    for _ in range(rng.poisson(0.5 * (high - low))):
        bush = shrubs.bush(rng, rng.uniform(0.4, 1.5), rng.uniform(0.6, 2.6))
        builder.stand(bush, rng.uniform(low, high), sign * (near + rng.exponential(1.5)))
    for _ in range(rng.poisson(0.1 * (high - low))):
        cover = shrubs.ground_cover(rng, rng.uniform(2, 6), rng.uniform(0.5, 2), rng.uniform(0.2, 0.6))
        builder.drape(cover.mirrored(sign), rng.uniform(low, high), sign * near)


def yard(builder: Builder, sign: int, lot: Lot) -> None:
    """Put a few small built objects between the pavement and the buildings, or on an open place."""
    rng, front = builder.rng, builder.terrain.side(sign).front
    for _ in range(rng.poisson(builder.style.yards * lot.width / 10)):
        part = yards.yard_object(rng)
        s, u = rng.uniform(lot.low + 0.5, lot.high - 1.0), rng.uniform(0.4, lot.setback - 2.5)
        reach = float(np.abs(part.corners[..., 0]).max())
        if builder.take(("drive", sign), s - 1.0, s + reach):
            builder.stand(part.mirrored(sign), s, sign * (front + u))
