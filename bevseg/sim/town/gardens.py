"""Lots -> hedges, walls, fences, beds, huts, bushes, trees, parks, woods and yard objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.distributions import Span, drawn
from bevseg.sim.objects import fences, furniture, huts, low_walls, pleached, shrubs, trees, walls, yards
from bevseg.sim.town.builder import Builder
from bevseg.sim.town.lots import HOUSE, OPEN, PARK, Lot, steps
from bevseg.sim.town.terrain import Arm

Array = NDArray[np.float64]

_CROWNED = 0.25
"""Share of the plain walls that end in a crown, a small roof or a canopy."""


def garden(builder: Builder, sign: int, lot: Lot) -> None:
    """Put a border along the pavement of a lot, and plants, walls and small buildings on the lot."""
    rng = builder.rng
    near = _boundary(builder, sign, lot)
    if lot.kind.building in ("terraced", "downtown") and lot.setback < 2:
        return
    room = _Room.of(builder, sign, lot, near)
    _huts(builder, sign, lot, room)
    if room.deep > 5 and rng.random() < (0.5 if lot.use == HOUSE else 0.9) * lot.taste.walls:
        _yard_walls(builder, sign, lot, room)
    _bushes(builder, sign, lot, room)
    if lot.setback > 3.5:
        _trees(builder, sign, lot)
    if lot.use == HOUSE and room.deep > 6 and rng.random() < 0.5:
        _screen(builder, sign, lot, room)
    if lot.use == HOUSE and room.deep - near > 1.5 and rng.random() < builder.style.box_crowns + _AT_FRONT:
        _before_front(builder, sign, lot, room)
    if room.deep - near > 2.5 and lot.kind.building != "downtown" and rng.random() < 0.12:
        _low_walls(builder, sign, lot, room)
    if room.deep - near > 1.0 and rng.random() < lot.taste.beds:
        _beds(builder, sign, lot, room)
    if lot.use == HOUSE and rng.random() < max(0.7 * lot.taste.hedges, 0.5 * lot.taste.beds):
        _below_windows(builder, sign, lot, room)
    _trees_behind(builder, sign, lot)


@dataclass(frozen=True)
class _Room:
    """Distances from the pavement between which a lot is free, m: what stands along it, the house or the far end."""

    near: float
    deep: float

    @classmethod
    def of(cls, builder: Builder, sign: int, lot: Lot, near: float) -> _Room:
        """Return the free depth of a lot; a house begins with its porch, wings and eaves."""
        terrain = builder.terrain
        if lot.use != HOUSE:
            arm = isinstance(terrain, Arm)
            reach = 34.0 if isinstance(terrain, Arm) else terrain.reach[0 if sign > 0 else 1]
            far = min(18.0 if arm else 28.0, reach - terrain.side(sign).front - 3.0)
            return cls(near, max(far, near + 0.1))
        deep = lot.setback
        if isinstance(terrain, Arm):
            return cls(near, max(deep - 2.0, near + 0.1))
        for low, high in builder.footprints:
            if low[0] < lot.high and high[0] > lot.low and sign * low[1] > 0:
                deep = min(deep, min(sign * low[1], sign * high[1]) - terrain.side(sign).front - 0.3)
        return cls(near, max(deep, near + 0.1))


def _boundary(builder: Builder, sign: int, lot: Lot) -> float:
    """Put a hedge, a wall, a fence or nothing along the pavement, and return how far from it the rest begins, m."""
    rng, front, taste = builder.rng, builder.terrain.side(sign).front, lot.taste
    if lot.retained:
        u = steps(lot.profile)[0] + 0.75
        if rng.random() < 0.6 * taste.hedges:
            _hedge(builder, lot.low, lot.high, sign * (front + u), rng.uniform(0.4, 1.3), lot.stairs)
        return u + 0.6
    if lot.walled or (lot.setback > 1.2 and rng.random() < taste.walls):
        return _plain_walls(builder, sign, lot)
    if lot.setback > 1.2 and rng.random() < taste.hedges:
        return _box_hedges(builder, sign, lot)
    if lot.setback > 3.5 and rng.random() < builder.style.edges:
        _edge(builder, sign, lot)
    elif rng.random() < lot.kind.border:
        border(builder, sign, lot)
        return 1.2
    return 0.4


def _runs(rng: np.random.Generator, lot: Lot) -> list[Span]:
    """Return the stretches of the edge of a lot beside its drive or a gate, m."""
    low, high = lot.low + 0.1, lot.high - 0.1
    if lot.driveway is not None:
        gate, half = lot.driveway, 1.7
    elif high - low > 4 and rng.random() < 0.7:
        gate, half = rng.uniform(low + 1, high - 1), rng.uniform(0.5, 0.9)
    else:
        return [(low, high)]
    return [(a, b) for a, b in ((low, gate - half), (gate + half, high)) if b - a > 1.0]


def _along(builder: Builder, sign: int, path: list[tuple[float, float]]) -> Array:
    """Return a path of s and distances from the pavement in street coordinates, with the road to its right."""
    points = np.array(path) * (1, sign) + (0, sign * builder.terrain.side(sign).front)
    return points if sign > 0 else points[::-1]


def _plain_walls(builder: Builder, sign: int, lot: Lot) -> float:
    """Build plain walls along the pavement and perhaps along the sides; return where the rest begins, m."""
    rng, taste = builder.rng, lot.taste
    alike = rng.random() < 0.7
    tall = taste.wall if alike else rng.uniform(0.5, 4.0)
    u = min(taste.line if alike else rng.uniform(0.1, 1.5), lot.setback - 0.8)
    closed = lot.use == OPEN and lot.driveway is None and rng.random() < 0.6
    runs = [(lot.low, lot.high)] if closed else _runs(rng, lot)
    before = u > 0.9 and rng.random() < 0.5
    make = walls.crowned if rng.random() < _CROWNED else walls.plain
    back = u + rng.uniform(0.3, 1.0) * max(lot.setback - u - 3.5, 0.0)
    for k, (a, b) in enumerate(runs):
        path = [(a, u), (b, u)]
        if back > u + 1.5 and k == 0 and rng.random() < 0.6:
            path = [(a, back), *path]
        if back > u + 1.5 and k == len(runs) - 1 and rng.random() < 0.6:
            path = [*path, (b, back)]
        builder.place(make(rng, builder.terrain.height, _along(builder, sign, path), tall))
        if before:
            t = sign * (builder.terrain.side(sign).front + u - 0.55)
            _hedge(builder, a, b, t, rng.uniform(0.5, 0.9) * min(tall, 1.6), None, wide=0.6)
    return u + 0.5


def _box_hedges(builder: Builder, sign: int, lot: Lot) -> float:
    """Plant clipped hedges along the pavement and perhaps along the sides; return where the rest begins, m."""
    rng, taste, front = builder.rng, lot.taste, builder.terrain.side(sign).front
    alike = rng.random() < 0.7
    tall = taste.hedge if alike else rng.uniform(0.6, 2.5)
    wide = min(rng.uniform(0.5, 1.2), lot.setback - 0.6)
    u = min(taste.line if alike else rng.uniform(0.1, 1.5), lot.setback - wide - 0.3)
    t = sign * (front + u + wide / 2)
    runs, short = _runs(rng, lot), rng.random() < 0.25
    for a, b in runs:
        if short:
            builder.drape(shrubs.short_hedges(rng, b - a, wide, tall), a, t)
        else:
            builder.drape(shrubs.hedge(rng, b - a, wide, tall), a, t)
    long = lot.setback - u - wide - 3.5
    if long > 1.5:
        for s in (runs[0][0] + wide / 2, runs[-1][1] - wide / 2) if runs else ():
            if rng.random() < 0.5:
                turned = shrubs.hedge(rng, long, wide, tall).turned(sign * np.pi / 2)
                builder.drape(turned, s, t + sign * wide / 2)
    return u + wide + 0.2


def _thin(lot: Lot) -> float:
    """Return the density of plants on a lot over that of a lot that is not paved."""
    return 0.3 if lot.paved else 1.0


def _bushes(builder: Builder, sign: int, lot: Lot, room: _Room) -> None:
    """Plant shrubs, many close to the house, or undergrowth instead."""
    rng, front, style, deep = (
        builder.rng,
        builder.terrain.side(sign).front,
        builder.style,
        max(room.deep, 0.5),
    )
    if deep > 2 and not lot.paved and rng.random() < style.thickets * (1 if lot.use == HOUSE else 2):
        _undergrowth(builder, sign, lot)
        return
    if lot.use == PARK:
        return
    per_lot = _thin(lot) * style.bushes * lot.taste.shrubs * lot.width * deep
    for _ in range(min(rng.poisson(per_lot), 20)):
        radius, s = rng.uniform(0.3, 1.1), rng.uniform(lot.low, lot.high)
        u = deep - rng.uniform(0.2, 1.6) if rng.random() < 0.5 else rng.uniform(0.4, max(deep, 0.5))
        if lot.driveway is None or abs(s - lot.driveway) > 1.5 + radius:
            bush = shrubs.bush(rng, radius, 0.3 + 2.2 * rng.beta(1.2, 2.0))
            builder.stand(bush, s, sign * (front + max(u, radius)))


def _huts(builder: Builder, sign: int, lot: Lot, room: _Room) -> None:
    """Build small buildings on a lot: beside its drive, along the street, or at any angle."""
    rng, front, terrain = builder.rng, builder.terrain.side(sign).front, builder.terrain
    if rng.random() > lot.taste.huts:
        return
    for _ in range(1 if lot.use == HOUSE else int(rng.integers(1, 4))):
        angle = float(
            rng.choice([rng.normal(scale=0.04), np.pi / 2, rng.uniform(0, 2 * np.pi)], p=[0.6, 0.2, 0.2])
        )
        part = huts.hut(rng, lot.width - 1.0).turned(angle)
        (x0, y0), (x1, y1) = (edge(part.corners[..., :2], axis=(0, 1)) for edge in (np.min, np.max))
        slack, free = lot.width - 0.6 - (x1 - x0), room.deep - room.near - 0.3 - (y1 - y0)
        if slack < 0 or free < 0:
            continue
        s, u = lot.low + 0.3 - x0 + rng.uniform(0, slack), room.near - y0 + free * rng.beta(1.0, 1.6)
        if lot.driveway is not None and s + x0 - 1.8 < lot.driveway < s + x1 + 1.8:
            continue
        t = sign * (front + u)
        ends = np.array([(s + x0, t + sign * y0), (s + x1, t + sign * y1)])
        if builder.claim(ends.min(axis=0), ends.max(axis=0)):
            corners = np.stack(np.meshgrid(ends[:, 0], ends[:, 1]))
            lift = float(terrain.height(*corners).max() - terrain.height(s, t)) + 0.02
            builder.stand(part.mirrored(sign), s, t, lift=lift)


def _yard_walls(builder: Builder, sign: int, lot: Lot, room: _Room) -> None:
    """Build one to three straight walls inside a lot: along the street, across it, or at any angle."""
    rng, front = builder.rng, builder.terrain.side(sign).front
    for _ in range(int(rng.integers(1, 4))):
        long = min(rng.uniform(3.0, 30.0), np.hypot(lot.width, room.deep))
        angle = float(rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)], p=[0.5, 0.3, 0.2]))
        reach = np.abs(long * np.array((np.cos(angle), np.sin(angle))))
        fit = float(min(1.0, *((lot.width - 1.0, room.deep - room.near - 0.8) / np.maximum(reach, 0.1))))
        if fit * long < 2.5:
            continue
        reach = fit * reach
        s = lot.low + 0.5 + rng.uniform(0, lot.width - 1.0 - reach[0] + 1e-6)
        u = room.near + 0.4 + rng.uniform(0, room.deep - room.near - 0.8 - reach[1] + 1e-6)
        if lot.driveway is not None and s - 1.9 < lot.driveway < s + reach[0] + 1.9:
            continue
        path = [(s, u), (s + reach[0], u + reach[1])]
        if np.cos(angle) < 0:
            path = [(s, u + reach[1]), (s + reach[0], u)]
        ends = np.array([(s, sign * (front + u)), (s + reach[0], sign * (front + u + reach[1]))])
        if builder.claim(ends.min(axis=0) - 0.2, ends.max(axis=0) + 0.2):
            tall = lot.taste.wall if rng.random() < 0.5 else rng.uniform(0.5, 4.0)
            make = walls.crowned if rng.random() < _CROWNED else walls.plain
            builder.place(make(rng, builder.terrain.height, _along(builder, sign, path), tall))


def _screen(builder: Builder, sign: int, lot: Lot, room: _Room) -> None:
    """Plant what hides a house far behind the pavement: hedges across the garden, rows of conifers, small trees."""
    rng, front = builder.rng, builder.terrain.side(sign).front
    for low, high in _around(lot):
        kind, u = rng.integers(3), rng.uniform(room.near + 0.6, max(room.near + 0.7, room.deep - 1.5))
        if kind == 0:
            long = rng.uniform(0.4, 1.0) * (high - low)
            s = rng.uniform(low, high - long)
            _hedge(builder, s, s + long, sign * (front + u), rng.uniform(0.8, 2.5), None)
            continue
        tall, shape = rng.uniform(2.5, 6.5), str(rng.choice(["cone", "ball"]))
        habit = str(rng.choice(["multistem", "dome", "young"]))
        for s in np.arange(low + 0.5, high, rng.uniform(1.2, 3.5) if kind == 1 else rng.uniform(3.0, 6.0)):
            if rng.random() < 0.8:
                height = tall * rng.uniform(0.7, 1.2)
                if kind == 1:  # dense to the ground, as conifers in gardens are
                    plant = shrubs.bush(rng, height * rng.uniform(0.12, 0.2), height, shape)
                else:
                    plant = trees.tree(rng, habit=habit, height=height, detail=0.25)
                builder.stand(plant, s + rng.normal(scale=0.2), sign * (front + u + rng.normal(scale=0.25)))


_AT_FRONT = 0.06
"""Chance of trees whose crowns touch the front of a house."""


def _before_front(builder: Builder, sign: int, lot: Lot, room: _Room) -> None:
    """Plant dense trees so close to the front that their crowns touch it, or a row of them cut to boxes."""
    rng, front, style = builder.rng, builder.terrain.side(sign).front, builder.style
    boxed = rng.random() < style.box_crowns / (style.box_crowns + _AT_FRONT)
    u = max(room.deep - rng.uniform(0.6, 2.5), room.near + 0.5)
    for low, high in _around(lot):
        if boxed:
            row = pleached.row(rng, high - low - 0.4, 2 * (room.deep - u))
            builder.drape(row, low + 0.2, sign * (front + u))
            continue
        for s in np.arange(low + rng.uniform(0.5, 2.0), high - 0.5, rng.uniform(3.0, 8.0)):
            habit, tall = drawn(rng, style.habits), rng.uniform(3.5, 12.0)
            tree = trees.tree(rng, habit=habit, height=tall, detail=0.3)
            builder.stand(tree, s, sign * (front + u))


def _low_walls(builder: Builder, sign: int, lot: Lot, room: _Room) -> None:
    """Put a store for bins or the piers of a gate close to the pavement, along it or across."""
    rng, front = builder.rng, builder.terrain.side(sign).front
    part = low_walls.KINDS[str(rng.choice(list(low_walls.KINDS)))](rng)
    if rng.random() < 0.25:
        part = part.turned(np.pi / 2)
    (x0, y0), (x1, y1) = (edge(part.corners[..., :2], axis=(0, 1)) for edge in (np.min, np.max))
    slack, free = lot.width - 0.6 - (x1 - x0), room.deep - room.near - 0.3 - (y1 - y0)
    if slack < 0 or free < 0:
        return
    s, u = lot.low + 0.3 - x0 + rng.uniform(0, slack), room.near - y0 + free * rng.beta(1.0, 3.0)
    if lot.driveway is not None and s + x0 - 1.8 < lot.driveway < s + x1 + 1.8:
        return
    ends = np.array([(s + x0, sign * (front + u + y0)), (s + x1, sign * (front + u + y1))])
    if builder.claim(ends.min(axis=0), ends.max(axis=0)):
        builder.drape(part.mirrored(sign), s, sign * (front + u))


def _beds(builder: Builder, sign: int, lot: Lot, room: _Room) -> None:
    """Plant beds along the pavement, before the house, or as islands in the lawn."""
    rng, front = builder.rng, builder.terrain.side(sign).front
    for low, high in _around(lot):
        for _ in range(1 + rng.poisson((high - low) / 14)):
            long = rng.uniform(0.2, 0.9) * (high - low)
            broad = rng.uniform(0.4, min(3.0, room.deep - room.near))
            last = room.deep - broad
            u = float(rng.choice([room.near, last, rng.uniform(room.near, last)], p=[0.4, 0.3, 0.3]))
            edging = rng.uniform(0.04, 0.2) if rng.random() < 0.35 else 0.0
            bed = shrubs.bed(rng, long, broad, rng.uniform(0.1, 0.6), edging=edging).mirrored(sign)
            builder.drape(bed, rng.uniform(low, high - long), sign * (front + u))


def _below_windows(builder: Builder, sign: int, lot: Lot, room: _Room) -> None:
    """Plant low hedges, in one or more pieces, before the house."""
    rng, front = builder.rng, builder.terrain.side(sign).front
    tall, wide = rng.uniform(0.5, 1.3), rng.uniform(0.5, 0.9)
    if room.deep - room.near < wide + 0.2:
        return
    t = sign * (front + room.deep - wide / 2)
    for low, high in _around(lot):
        long = rng.uniform(0.4, 1.0) * (high - low)
        s = rng.uniform(low, high - long)
        if rng.random() < 0.5:
            builder.drape(shrubs.short_hedges(rng, long, wide, tall), s, t)
        else:
            builder.drape(shrubs.hedge(rng, long, wide, tall), s, t)


def _trees(builder: Builder, sign: int, lot: Lot) -> None:
    """Plant trees before the front."""
    rng, front, style = builder.rng, builder.terrain.side(sign).front, builder.style
    for _ in range(rng.poisson(_thin(lot) * style.garden_trees * (lot.width * max(lot.setback - 1.0, 0.5)))):
        high = rng.uniform(3, 14)
        u = rng.uniform(1.5, max(1.6, lot.setback - 1.5))
        detail = max(0.25, 0.55 - 0.025 * u)
        tree = trees.tree(rng, habit=drawn(rng, style.habits), height=high, detail=detail)
        builder.stand(tree, rng.uniform(lot.low, lot.high), sign * (front + u))


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


def _hedge(
    builder: Builder,
    low: float,
    high: float,
    t: float,
    tall: float,
    opening: Span | None,
    wide: float | None = None,
) -> None:
    """Plant a hedge along the street, with an opening."""
    rng = builder.rng
    runs = [(low, high)] if opening is None else [(low, opening[0] - 0.4), (opening[1] + 0.4, high)]
    for a, b in runs:
        if b - a > 0.8:
            ragged = rng.choice([0.0, rng.uniform(0.1, 0.35)], p=[0.6, 0.4])
            thick = rng.uniform(0.5, 1.0) if wide is None else wide
            builder.drape(shrubs.hedge(rng, b - a, thick, tall, ragged=ragged), a, t)


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
        builder.drape(fences.fence(rng, b - a), a, t)
        if rng.random() < 0.25:
            builder.drape(shrubs.vine_screen(rng, b - a, rng.uniform(0.8, 1.8)), a, t)
    if opening is not None and rng.random() < 0.4:
        builder.drape(fences.gate(rng, opening[1] - opening[0]).mirrored(sign), opening[0], t)


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
        builder.stand(furniture.bench(rng), lot.low + rng.uniform(1, width - 2), sign * (side.front + 0.8))


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
