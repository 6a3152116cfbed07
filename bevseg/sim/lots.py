"""What stands beside the road, lot by lot: houses with their gardens, or a park."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bevseg.sim import clutter, plants
from bevseg.sim.builder import Builder
from bevseg.sim.cars import car
from bevseg.sim.houses import house
from bevseg.sim.mesh import Mesh
from bevseg.sim.terrain import Side

Span = tuple[float, float]


@dataclass(frozen=True)
class Kind:
    """One kind of street side; lengths in m, the others chances per lot."""

    share: float
    verge: Span
    garden: Span
    width: Span
    storeys: Span
    gap: Span
    detached: float
    """Chance of a gap after a house."""
    flat: float
    shop: float
    border: float
    """Chance of a hedge, wall or fence along the pavement."""
    driveway: float
    banked: float
    """Chance that the ground behind the pavement is a bank."""


KINDS = {
    "terrace": Kind(
        share=0.36,
        verge=(0.8, 1.6),
        garden=(0.0, 3.0),
        width=(4.6, 7.0),
        storeys=(2, 3),
        gap=(2.0, 6.0),
        detached=0.15,
        flat=0.1,
        shop=0.15,
        border=0.5,
        driveway=0.0,
        banked=0.05,
    ),
    "villas": Kind(
        share=0.28,
        verge=(1.0, 3.0),
        garden=(3.5, 7.0),
        width=(7.0, 12.0),
        storeys=(1, 3),
        gap=(3.0, 7.0),
        detached=0.9,
        flat=0.05,
        shop=0.0,
        border=0.75,
        driveway=0.6,
        banked=0.5,
    ),
    "flats": Kind(
        share=0.20,
        verge=(1.5, 4.0),
        garden=(2.0, 7.0),
        width=(14.0, 26.0),
        storeys=(3, 6),
        gap=(4.0, 12.0),
        detached=0.7,
        flat=1.0,
        shop=0.1,
        border=0.3,
        driveway=0.1,
        banked=0.2,
    ),
    "park": Kind(
        share=0.16,
        verge=(1.0, 3.0),
        garden=(8.0, 14.0),
        width=(9.0, 14.0),
        storeys=(0, 0),
        gap=(0.0, 1.0),
        detached=1.0,
        flat=0.0,
        shop=0.0,
        border=0.3,
        driveway=0.0,
        banked=0.7,
    ),
}


def fill(builder: Builder, sign: int, kind: Kind) -> None:
    """Fill one side (1 left, -1 right) behind the pavement, from before the start to after the end."""
    rng, side = builder.rng, builder.terrain.side(sign)
    s = builder.start
    while s < builder.end:
        width = rng.uniform(*kind.width)
        if builder.take(("lot", sign), s, s + width, margin=2.0):
            _lot(builder, sign, side, kind, s, width)
        else:
            width = 1.0
        s += width + (rng.uniform(*kind.gap) if rng.random() < kind.detached else 0.0)


def _lot(builder: Builder, sign: int, side: Side, kind: Kind, s: float, width: float) -> None:
    """One lot of `width` m that begins at `s`."""
    rng = builder.rng
    storeys = int(rng.integers(int(kind.storeys[0]), int(kind.storeys[1]) + 1))
    setback = side.facade + (rng.uniform(0, 1.5) if kind.detached > 0.5 else 0.0)
    if storeys:
        flat, shop = rng.random() < kind.flat, rng.random() < kind.shop
        building = house(rng, width, storeys, flat=flat, shop=shop)
        builder.stand(building.mirrored(sign), s, sign * setback, lift=rng.uniform(0.02, 0.35))
    else:
        _park(builder, sign, side, s, width)
    driveway = side.garden > 3 and rng.random() < kind.driveway
    if driveway:
        along = s + rng.uniform(1.5, max(1.6, width - 1.5))
        if builder.take(("drive", sign), along - 1.4, along + 1.4):
            heading = np.pi / 2 * rng.choice([-1, 1]) + rng.normal(scale=0.04)
            builder.lay(
                car(rng).turned(heading), along, sign * (side.front + min(2.7, side.garden / 2 + 0.4))
            )
    if side.garden > 0.8:
        _garden(builder, sign, side, kind, s, width, open_front=driveway)


def _garden(
    builder: Builder, sign: int, side: Side, kind: Kind, s: float, width: float, *, open_front: bool
) -> None:
    """Border along the pavement and towards the neighbour, bushes, perhaps a tree."""
    rng = builder.rng
    if rng.random() < kind.border:
        length = (width - 3.2 if open_front else width) * rng.uniform(0.7, 1.0)
        if length > 1:
            builder.drape(_border(builder, length), s, sign * (side.front + 0.4))
    if side.garden > 2 and rng.random() < kind.border:
        turned = _border(builder, side.garden - 0.9).turned(sign * np.pi / 2)
        builder.drape(turned, s, sign * (side.front + 0.6))
    for _ in range(rng.poisson(0.09 * width * side.garden)):
        radius = rng.uniform(0.3, 1.1)
        at = rng.uniform(side.front + 0.4 * radius, side.facade)
        along = s + rng.uniform(0, width)
        if builder.take(("drive", sign), along - radius, along + radius):
            builder.stand(plants.bush(rng, radius, rng.uniform(0.5, 2.2)), along, sign * at)
    if side.garden > 3.5 and rng.random() < 0.5:
        builder.stand(
            plants.tree(
                rng, height=rng.uniform(3, 8), radius=rng.uniform(1, 2.4), clear=rng.uniform(0.8, 2.2)
            ),
            s + rng.uniform(1, width - 1),
            sign * (side.front + rng.uniform(1.5, side.garden - 1.2)),
        )


def _border(builder: Builder, length: float) -> Mesh:
    """Return a hedge, a wall or a fence along x."""
    rng = builder.rng
    draw = rng.random()
    if draw < 0.7:
        return plants.hedge(rng, length, rng.uniform(0.4, 0.9), rng.uniform(0.7, 2.0))
    if draw < 0.85:
        return clutter.garden_wall(rng, length)
    return clutter.fence(rng, length)


def _park(builder: Builder, sign: int, side: Side, s: float, width: float) -> None:
    """Trees of all sizes and bushes on the grass."""
    rng = builder.rng
    for _ in range(rng.poisson(0.14 * width)):
        height = rng.uniform(4, 14)
        clear = rng.uniform(0.1, 0.35) * height
        builder.stand(
            plants.tree(rng, height=height, radius=rng.uniform(0.2, 0.35) * height, clear=clear),
            s + rng.uniform(0, width),
            sign * (side.front + rng.uniform(1.5, 18)),
        )
    for _ in range(rng.poisson(0.15 * width)):
        bush = plants.bush(rng, rng.uniform(0.5, 1.8), rng.uniform(0.6, 2.6))
        builder.stand(bush, s + rng.uniform(0, width), sign * (side.front + rng.uniform(2, 14)))
    if rng.random() < 0.15:
        builder.stand(clutter.bench(rng), s + rng.uniform(1, width - 2), sign * (side.front + 0.8))
