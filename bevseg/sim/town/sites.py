"""Lots -> buildings in the first row and behind it, retaining walls, squares, car parks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.distributions import Span
from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, boxes
from bevseg.sim.objects import (
    cafes,
    facades,
    fronts,
    furniture,
    houses,
    people,
    public,
    shrubs,
    stairs,
    trees,
    walls,
    works,
)
from bevseg.sim.objects.vehicles.cars import car, parked
from bevseg.sim.town import bridges, depots, gardens, lots
from bevseg.sim.town.builder import Builder
from bevseg.sim.town.layout import WALL
from bevseg.sim.town.lots import Kind, Lot, Planner
from bevseg.sim.town.style import Style

_LONG, _LEAST = ("institute", "flats", "downtown", "mixed"), 16.0
"""Kinds of buildings that may have a layered front, and the least length for it, m."""


def fill(
    builder: Builder, sign: int, kind: Kind, *, start: float | None = None, end: float | None = None
) -> None:
    """Fill one side (1 left, -1 right) with lots of one kind, on the existing ground."""
    planner = Planner(builder.rng, builder.style, blocked=lots.mouths(builder.terrain.crossings, sign))
    low = builder.start if start is None else start
    for lot in planner.quarter(kind, low, builder.end if end is None else end):
        flat = replace(lot, profile=((0.0, 0.0),), stairs=None, level=0.0, setback=min(lot.setback, 10.0))
        build(builder, sign, flat)


def build(builder: Builder, sign: int, lot: Lot) -> None:
    """Build a lot as planned."""
    if lot.use == lots.VIADUCT:
        bridges.parapets(builder, sign, lot.low, lot.high)
    elif lot.use == lots.SQUARE:
        _square(builder, sign, lot)
    elif lot.use == lots.CAR_PARK:
        _car_park(builder, sign, lot)
    elif lot.use == lots.PARK:
        gardens.park(builder, sign, lot)
    elif lot.use == lots.HOUSE:
        _house(builder, sign, lot)
    if lot.use in (lots.HOUSE, lots.OPEN, lots.PARK) and lot.setback > 0.8:
        gardens.garden(builder, sign, lot)
    if lot.stairs is not None:
        _flight(builder, sign, lot, lot.stairs)
    if lot.use != lots.VIADUCT and lot.setback > 3.5 and lot.width > 5:
        gardens.yard(builder, sign, lot)


def retain(builder: Builder, sign: int) -> None:
    """Build the retaining walls at the steps of the ground of one side, along the street and across it."""
    terrain, rng = builder.terrain, builder.rng
    front, of, inside = terrain.side(sign).front, terrain.plots_of(sign), WALL / 2 + 0.05
    for plot in of:
        for u in lots.steps(plot.profile):
            t = sign * (front + u)
            over = rng.uniform(0.1, 0.6) if rng.random() < 0.3 else rng.uniform(0.0, 0.06)
            path = [(plot.low + inside, t), (plot.high - inside, t)]
            builder.place(
                walls.wall(terrain.height, path, WALL + 0.06, over=over, longer=inside + WALL / 2 + 0.03)
            )
    ends = {
        s for plot in of for s, seam in zip((plot.low, plot.high), plot.seams, strict=True) if seam == WALL
    }
    across, beside = sign * (front + np.arange(0.0, 30.0, 0.25)), WALL / 2 + 0.06
    for s in sorted(ends):
        high = np.abs(terrain.height(s - beside, across) - terrain.height(s + beside, across)) > lots.STEP
        if high.any():
            at = np.flatnonzero(high)
            first, last = 0.25 * at[0] + 0.3, 0.25 * at[-1]
            path = [(s, sign * (front + u)) for u in (first, max(last, first + 0.1))]
            builder.place(
                walls.wall(terrain.height, path, WALL + 0.06, over=rng.uniform(0.0, 0.25), longer=0.42)
            )


def _flight(builder: Builder, sign: int, lot: Lot, where: Span) -> None:
    """Build the stairs through a retaining wall."""
    terrain = builder.terrain
    (line, _), (_, tall) = lot.profile[:2]
    run, front = tall / lots.STAIRS, terrain.side(sign).front
    s = (where[0] + where[1]) / 2
    top = sign * (front + line + run + 0.05)
    rise = float(terrain.height(s, top) - terrain.height(s, sign * (front + line - 0.05)))
    part = stairs.flight(builder.rng, where[1] - where[0] - 0.1, max(rise, 0.15), run=run, cheeks=False)
    builder.stand(part.mirrored(sign), s, top, lift=0.02)


def _building(rng: np.random.Generator, style: Style, kind: Kind, width: float, raised: float) -> Mesh:
    """Return a building of the kind of the lot."""
    storeys = int(rng.integers(int(kind.storeys[0]), int(kind.storeys[1]) + 1))
    if kind.building in ("terraced", "downtown") and width < 11 and rng.random() < 0.1:
        return houses.passage(rng, width, storeys)
    if kind.building in _LONG and width > _LEAST and rng.random() < style.layered:
        return fronts.front(rng, width, storeys, raised, near=kind.building == "downtown")
    if kind.building == "terraced":
        return houses.terraced(rng, width, storeys, raised, shop=bool(rng.random() < kind.shop))
    if kind.building == "flats":
        return houses.flats(rng, width, storeys, raised)
    if kind.building == "institute":
        return public.institute(rng, width, storeys, raised)
    if kind.building == "downtown":
        return public.downtown(rng, width, storeys)
    if kind.building == "mixed":
        if width < 9:
            return houses.garage(rng, width)
        draw = rng.random()
        if draw < 0.45:
            return public.hall(rng, width)
        return (
            houses.flats(rng, width, storeys, raised) if draw < 0.7 else public.downtown(rng, width, storeys)
        )
    return houses.detached(rng, width, storeys, raised)


def _stand(
    builder: Builder, sign: int, building: Mesh, s: float, t: float, raised: float, width: float
) -> None:
    """Put a building with its front, `width` m long, at (s, t), unless another one stands there.

    The floor is `raised` m over the highest ground along the front.
    """
    part = building.mirrored(sign)
    upper = part.corners[..., 2] > 0
    across = part.corners[upper][:, :2] + (s, t)
    if builder.claim(across.min(axis=0) + 0.3, across.max(axis=0) - 0.3):
        builder.stand(part, s, t, lift=_floor(builder, s, t, width) + raised)


def _floor(builder: Builder, s: float, t: float, width: float) -> float:
    """Return the greatest height of the ground along a front of `width` m over that at (s, t), m."""
    along = np.linspace(s, s + width, max(3, int(width / 2)))
    ground: NDArray[np.float64] = builder.terrain.height(along, np.full_like(along, t))
    return float(ground.max() - builder.terrain.height(s, t))


def _house(builder: Builder, sign: int, lot: Lot) -> None:
    """Build the house of a lot, with its car and its garage."""
    rng, kind = builder.rng, lot.kind
    width, setback = lot.width, builder.terrain.side(sign).front + lot.setback
    if width < 3.5:
        return
    if lot.driveway is not None and width > 10 and rng.random() < 0.6:
        width -= 3.5  # a garage or the drive beside it
    if not builder.take(("lot", sign), lot.low, lot.low + width):
        return
    raised = rng.uniform(*kind.raised)
    angle = float(np.clip(rng.normal(scale=kind.turned), -0.45, 0.45)) if kind.turned else 0.0
    building = _building(rng, builder.style, kind, width, raised)
    building = building.at(-width / 2).turned(angle).at(width / 2)
    t = sign * (setback + abs(np.sin(angle)) * width / 2)
    _stand(builder, sign, building, lot.low, t, raised, width)
    if rng.random() < 0.015 and not angle:
        scaffold = works.scaffold(rng, width - 0.5, rng.uniform(4, 9)).mirrored(sign)
        builder.stand(scaffold, lot.low, t - sign * 1.15)
    if lot.driveway is not None:
        _cars(builder, sign, lot, lot.driveway)
    if width + 3.4 < lot.width and rng.random() < 0.7:
        shed = houses.garage(rng, 3.0)
        back = sign * (setback + rng.uniform(0, 8))
        at = lot.low + width + 0.3
        _stand(builder, sign, shed, at, back, 0.05, 3.0)


def _cars(builder: Builder, sign: int, lot: Lot, along: float) -> None:
    """Park up to two cars in the driveway at s = `along`."""
    rng, front = builder.rng, builder.terrain.side(sign).front
    if not builder.take(("drive", sign), along - 1.5, along + 1.5):
        return
    for number in range(1 + int(lot.setback > 11 and rng.random() < 0.5)):
        out = front + 2.8 + 5.4 * number + rng.uniform(0, max(0.1, min(lot.setback - 6, 4)))
        if rng.random() < 0.75:
            heading = np.pi / 2 * rng.choice([-1, 1]) + rng.normal(scale=0.05)
            part = parked(rng, builder.style.fleet, builder.style.special, longest=5.3)
            builder.lay(part.turned(heading), along, sign * out)


def _square(builder: Builder, sign: int, lot: Lot) -> None:
    """Put a building at the far end of a paved place, and trees, benches, people, planters and kiosks on it."""
    rng, side, width = builder.rng, builder.terrain.side(sign), lot.width
    kind = lots.KINDS["downtown" if rng.random() < 0.6 else "institute"]
    raised = rng.uniform(0.05, 0.8)
    t = sign * (side.front + lot.setback)
    building = _building(rng, builder.style, kind, width, raised)
    _stand(builder, sign, building, lot.low, t, raised, width)
    for out in np.arange(5.0, lot.setback - 4, 8.0):
        for s in np.arange(lot.low + 3, lot.high - 2, 8.0):
            draw, at = rng.random(), sign * (side.front + out)
            if draw < 0.25:
                builder.stand(trees.tree(rng, habit="round", height=rng.uniform(4, 9)), s, at)
            elif draw < 0.35:
                builder.stand(furniture.bench(rng), s, at)
            elif draw < 0.45:
                builder.stand(people.standing(rng), s, at)
            elif draw < 0.53:
                path = [(s, at), (s + 3, at), (s + 3, at + sign * 2.5), (s, at + sign * 2.5), (s, at)]
                builder.place(walls.wall(builder.terrain.height, path, 0.35, tall=rng.uniform(0.4, 0.8)))
                builder.stand(shrubs.bush(rng, 0.9, rng.uniform(0.7, 1.4)), s + 1.5, at + sign * 1.25)
            elif draw < 0.57:
                builder.stand(cafes.kiosk(rng).mirrored(sign), s, at)
            elif builder.style.loose and draw < 0.64:
                turned = parked(rng, builder.style.fleet, builder.style.special, longest=6.5)
                builder.lay(turned.turned(rng.uniform(0, 2 * np.pi)), s, at)
            elif builder.style.large and draw < 0.72:
                builder.drape(cafes.terrace(rng, 4.5, 3.0), s - 2.2, at - 1.5)


def _car_park(builder: Builder, sign: int, lot: Lot) -> None:
    """Park cars in rows across, with a hedge or a low wall to the pavement and perhaps a building behind."""
    rng, side = builder.rng, builder.terrain.side(sign)
    if rng.random() < 0.6:
        gardens.border(builder, sign, replace(lot, driveway=(lot.low + lot.high) / 2, setback=2.0))
    full, depot = rng.uniform(0.3, 0.95), rng.random() < builder.style.depots
    if depot:
        depots.park(builder, sign, lot)
    for out in () if depot else np.arange(4.0, lot.setback - 2, 8.5):
        for s in np.arange(lot.low + 1.6, lot.high - 1.4, 2.7):
            if rng.random() < full:
                heading = np.pi / 2 * rng.choice([-1, 1]) + rng.normal(scale=0.03)
                builder.lay(
                    car(rng, builder.style.fleet, longest=5.4).turned(heading), s, sign * (side.front + out)
                )
    if rng.random() < 0.6:
        raised = rng.uniform(0.05, 0.4)
        t, width = sign * (side.front + lot.setback + 2), lot.width
        building = _building(
            rng, builder.style, lots.KINDS["flats" if rng.random() < 0.5 else "mixed"], width, raised
        )
        _stand(builder, sign, building, lot.low, t, raised, width)


def far(builder: Builder, sign: int, lot: Lot, reach: float) -> None:
    """Put a free wall or a small building at any angle behind the first row, on ground that is `reach` m wide."""
    rng, front, style = builder.rng, builder.terrain.side(sign).front, builder.style
    out = (14.0 if lot.use != lots.HOUSE else lot.setback + 14.0) + rng.uniform(0, 30)
    if rng.random() > style.far or front + out > reach - 4:
        return
    s, angle = rng.uniform(lot.low, lot.high), rng.uniform(0, 2 * np.pi)
    if rng.random() < 0.5:
        long, tall, thick = rng.uniform(3, 16), rng.uniform(1.8, 7.0), rng.uniform(0.2, 0.5)
        stone = (Material.BRICK, Material.STONE, Material.SIDING)[int(rng.integers(3))]
        part = boxes([(-long / 2, 0, -facades.PLINTH)], [(long / 2, thick, tall)], stone)
    elif rng.random() < 0.5:
        part = houses.garage(rng, rng.uniform(3, 7)).at(-2, -2)
    else:
        part = houses.detached(rng, rng.uniform(7, 12), int(rng.integers(1, 4)), 0.2).at(-5, -5)
    _stand(builder, sign, part.turned(angle), s, sign * (front + out), 0.1, 1.0)


def behind(builder: Builder, sign: int, lot: Lot, reach: float) -> None:
    """Put a building into the second row behind some lots, on ground that is `reach` m wide."""
    rng, side = builder.rng, builder.terrain.side(sign)
    if rng.random() > builder.style.second_row * lot.width / 14:
        return
    out = lot.setback + rng.uniform(20, 34)
    if side.front + out > reach - 6:
        return
    kind = lots.KINDS[str(rng.choice(["villas", "flats", "institute", "mixed"]))]
    width = rng.uniform(8, 26)
    low = rng.uniform(lot.low - 3, lot.low + 6)
    if not builder.take(("behind", sign), low, low + width, margin=14.0):
        return
    raised, t = rng.uniform(0, 0.6), sign * (side.front + out)
    building = (
        _building(rng, builder.style, kind, width, raised)
        .at(-width / 2)
        .turned(rng.normal(scale=0.25))
        .at(width / 2)
    )
    _stand(builder, sign, building, low, t, raised, width)
