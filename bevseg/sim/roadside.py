"""What stands on and along the carriageway: parked cars, trees, poles, people, wires."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bevseg.sim import clutter, plants, poles
from bevseg.sim.builder import Builder
from bevseg.sim.cars import car
from bevseg.sim.mesh import Mesh
from bevseg.sim.terrain import Side


@dataclass(frozen=True)
class Parking:
    """How cars park along a kerb; lengths in m."""

    share: float
    width: float
    """Added to the lane."""
    pitch: float
    """From one car to the next; 0 for none."""
    across: bool = False
    """Whether they stand across the street and not along it."""


PARKING = {
    "parallel": Parking(0.68, 2.1, 5.7),
    "perpendicular": Parking(0.12, 5.0, 2.6, across=True),
    "none": Parking(0.2, 0.4, 0.0),
}


def fill(builder: Builder, sign: int, parking: Parking) -> None:
    """Furnish one side (1 left, -1 right) from its lane to its pavement."""
    side = builder.terrain.side(sign)
    _poles(builder, sign, side)
    _trees(builder, sign, side)
    if parking.pitch:
        _parked(builder, sign, side, parking)
    _clutter(builder, sign, side)


def _parked(builder: Builder, sign: int, side: Side, parking: Parking) -> None:
    """Park cars along the kerb, some with a wheel on it."""
    rng = builder.rng
    taken = 0.0
    for number, s in enumerate(np.arange(builder.start, builder.end, parking.pitch)):
        if number % 6 == 0:  # full stretches and empty ones
            taken = rng.uniform(0.3, 1.0)
        if rng.random() > taken:
            continue
        along = s + rng.normal(scale=0.1 if parking.across else 0.3)
        if not builder.take(("park", sign), along - parking.pitch / 2, along + parking.pitch / 2, margin=1.0):
            continue
        heading = rng.choice([0, np.pi]) + (np.pi / 2 if parking.across else 0.0) + rng.normal(scale=0.02)
        inset = 2.6 if parking.across else 1.08 + abs(rng.normal(scale=0.08))
        builder.lay(car(rng).turned(heading), along, sign * (side.kerb - inset))


def _trees(builder: Builder, sign: int, side: Side) -> None:
    """Plant a row of trees at the kerb; their crowns hang over the parked cars."""
    rng = builder.rng
    if rng.random() < 0.15:
        return
    offset = side.verge / 2 if side.verge else 0.6
    if rng.random() < 0.12 and side.verge > 1:
        _hedgerow(builder, sign, side)
    pitch, young = rng.uniform(7, 13), rng.random() < 0.25
    for s in np.arange(builder.start, builder.end, pitch):
        along = s + rng.normal(scale=0.8)
        if rng.random() < 0.85 and builder.take(("kerb", sign), along - 1, along + 1, margin=2.0):
            height = rng.uniform(3.5, 6) if young else rng.uniform(6, 14)
            radius = height * rng.uniform(0.24, 0.4)
            clear = rng.uniform(1.8, 2.4) if young else rng.uniform(2.1, 3.6)
            tree = plants.tree(rng, height=height, radius=radius, clear=clear)
            builder.stand(tree, along, sign * (side.kerb + offset))


def _hedgerow(builder: Builder, sign: int, side: Side) -> None:
    """Plant stretches of low hedge in the verge."""
    rng = builder.rng
    for s in np.arange(builder.start, builder.end, 14.0):
        length = rng.uniform(4, 10)
        if builder.take(("kerb", sign), s, s + length, margin=2.0):
            hedge = plants.hedge(rng, length, min(0.8, side.verge), rng.uniform(0.5, 1.0))
            builder.drape(hedge, s, sign * (side.kerb + side.verge / 2))


def _poles(builder: Builder, sign: int, side: Side) -> None:
    """Lamp posts or wooden masts at their distance, signs and bollards in between."""
    rng = builder.rng
    near = sign * (side.kerb + 0.35)
    if rng.random() < 0.2:
        _masts(builder, sign, side)
    elif rng.random() < 0.85:
        for s in np.arange(builder.start + rng.uniform(0, 20), builder.end, rng.uniform(18, 30)):
            _put(builder, ("kerb", sign), poles.lamp_post(rng).mirrored(-sign), s, near, 0.4)
    for s in rng.uniform(builder.start, builder.end, rng.poisson(0.07 * builder.terrain.length)):
        _put(builder, ("kerb", sign), poles.sign(rng), s, near, 0.4)
    for start in rng.uniform(builder.start, builder.end, rng.poisson(0.018 * builder.terrain.length)):
        pitch = rng.uniform(1.2, 2.2)
        for s in start + pitch * np.arange(rng.integers(2, 8)):
            _put(builder, ("kerb", sign), poles.bollard(rng), s, near, 0.3)


def _masts(builder: Builder, sign: int, side: Side) -> None:
    """Wooden masts with wires between them; the wires go on over cross streets."""
    rng, span = builder.rng, builder.rng.uniform(22, 30)
    t = sign * (side.kerb + 0.4)
    for s in np.arange(builder.start, builder.end, span):
        _put(builder, ("kerb", sign), poles.utility_pole(rng), s, t, 0.5)
        builder.drape(clutter.wires(span, poles.WIRES), s, t)


def _put(builder: Builder, strip: object, part: Mesh, s: float, t: float, half: float) -> None:
    """Stand a part on a strip if the `half` m to either side are free."""
    if builder.take(strip, s - half, s + half, margin=0.6):
        builder.stand(part, s, t)


THINGS: tuple[tuple[float, Callable[[np.random.Generator], Mesh]], ...] = (
    (0.022, clutter.person),
    (0.02, clutter.bins),
    (0.02, clutter.bicycle),
    (0.008, clutter.bench),
)
"""Clutter on a pavement: how many per m, and how to make one."""


def _clutter(builder: Builder, sign: int, side: Side) -> None:
    """Put people, bins, bicycles and benches on the pavement."""
    rng = builder.rng
    for density, make in THINGS:
        for s in rng.uniform(builder.start, builder.end, rng.poisson(density * builder.terrain.length)):
            t = rng.uniform(side.front - side.pavement + 0.8, side.front - 0.3)
            _put(builder, ("walk", sign), make(rng).mirrored(sign), s, sign * t, 1.0)


def fill_crossings(builder: Builder) -> None:
    """Signs or traffic lights at the corners, cars parked round them."""
    rng = builder.rng
    for crossing in builder.terrain.crossings:
        lights = rng.random() < 0.4
        for sign in (1, -1):
            side = builder.terrain.side(sign)
            for end in (1, -1):
                corner = crossing.s + end * (crossing.half + 0.5)
                part = poles.traffic_light(rng) if lights else poles.sign(rng)
                builder.stand(part.mirrored(-sign), corner, sign * (side.kerb + 0.5))
            for distance in np.arange(side.front + 4, 36, 6.0):
                if rng.random() < 0.55:
                    end = rng.choice([1, -1])
                    builder.lay(
                        car(rng).turned(np.pi / 2), crossing.s + end * (crossing.half - 1.1), sign * distance
                    )


def traffic(builder: Builder, half: float) -> None:
    """Cars that come the other way."""
    rng = builder.rng
    for s in rng.uniform(builder.start, builder.end, rng.poisson(0.006 * builder.terrain.length)):
        if builder.take("lane", s - 6, s + 6):
            builder.lay(car(rng).turned(np.pi), s, half / 2)
