"""Parked vehicles: along the kerb, in ranks, and single ones on pavements and verges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bevseg.sim.distributions import Span, drawn
from bevseg.sim.objects.vehicles.bodies import BODIES
from bevseg.sim.objects.vehicles.cars import parked, vehicle
from bevseg.sim.town.builder import Builder
from bevseg.sim.town.carriageway import PASSED
from bevseg.sim.town.layout import Side


@dataclass(frozen=True)
class Parking:
    """How cars park along a kerb; lengths in m."""

    width: float
    """Width added to the lane."""
    pitch: float
    """Width of the place of a car where cars stand side by side; 0 where they stand one behind the other."""
    angle: Span = (0.0, 0.0)
    """Angle to the kerb, degrees."""
    inset: Span = (0.1, 0.4)
    """Distance from the kerb to the nearest side or end of a car; negative on the pavement."""
    empty: bool = False


PARKING = {
    "parallel": Parking(2.1, 0.0),
    "bay": Parking(2.9, 0.0),
    "perpendicular": Parking(5.0, 2.65, angle=(90, 90), inset=(-0.3, 0.5)),
    "slanted": Parking(4.6, 2.65, angle=(30, 70), inset=(-0.1, 0.5)),
    "half": Parking(1.1, 0.0, inset=(-1.1, -0.5)),
    "none": Parking(0.4, 0.0, empty=True),
}


def park(builder: Builder, sign: int, side: Side, parking: Parking) -> None:
    """Park cars along the kerb, in full and in empty stretches."""
    rng, style = builder.rng, builder.style
    angle = np.radians(rng.uniform(*parking.angle))
    backward = rng.random() < 0.3
    if parking.pitch == 0 and rng.random() < style.ranks:
        _rank(builder, sign, side)
    s, taken, left = builder.start, rng.uniform(*style.parked), int(rng.integers(3, 9))
    while s < builder.end:
        if left == 0:
            taken, left = rng.uniform(*style.parked), int(rng.integers(3, 9))
        left -= 1
        if rng.random() > taken:
            s += parking.pitch or rng.uniform(4, 9)
            continue
        part = parked(rng, style.fleet, style.special, longest=np.inf if parking.pitch == 0 else 5.8)
        length, width = np.ptp(part.corners[..., 0]), np.ptp(part.corners[..., 1])
        room = length + rng.uniform(0.5, 1.5) if parking.pitch == 0 else parking.pitch / np.sin(angle)
        if not builder.take(("park", sign), s, s + room, margin=1.5):
            s += 1.0
            continue
        along = s + room / 2
        deep = (width * np.cos(angle) + length * np.sin(angle)) / 2
        out = side.kerb - deep - rng.uniform(*parking.inset)
        heading = _heading(builder, sign, angle, backward=backward) + rng.normal(scale=0.02)
        builder.lay(part.turned(heading), along, sign * out)
        s += room


def _heading(builder: Builder, sign: int, angle: float, *, backward: bool) -> float:
    """Return the direction of a parked car, rad: with the traffic of its side, or at an angle to the kerb."""
    along = 0.0 if sign < 0 else np.pi
    if angle:
        return float(along - angle + (np.pi if backward ^ bool(builder.rng.random() < 0.1) else 0.0))
    return float(along + (np.pi if builder.rng.random() < 0.15 else 0.0))


def _rank(builder: Builder, sign: int, side: Side) -> None:
    """Park large vehicles of one kind in a row at the kerb, as shuttle buses wait."""
    rng = builder.rng
    kind = drawn(rng, builder.style.rank_kinds)
    s = rng.uniform(builder.start, builder.end)
    for _ in range(int(rng.integers(2, 4 if BODIES[kind].reach() > 9.0 else 8))):
        part = vehicle(rng, kind)
        length, width = np.ptp(part.corners[..., 0]), np.ptp(part.corners[..., 1])
        if builder.take(("park", sign), s, s + length + 0.6, margin=1.5):
            out = side.kerb - width / 2 - rng.uniform(0.1, 0.4)
            builder.lay(part.turned(0.0 if sign < 0 else np.pi), s + length / 2 + 0.3, sign * out)
        s += length + rng.uniform(0.6, 1.5)


def park_anywhere(builder: Builder, sign: int, side: Side) -> None:
    """Put single vehicles half on the pavement, or across verge and pavement where there is room, at an angle."""
    rng, style = builder.rng, builder.style
    room, length = side.front - side.kerb, builder.end - builder.start
    for s in rng.uniform(builder.start, builder.end, rng.poisson(style.loose * length)):
        part = parked(rng, style.fleet, style.special, longest=7.5)
        along = np.ptp(part.corners[..., 0])
        across = room > along - 1.0 and rng.random() < 0.6
        turn = rng.normal(scale=0.2) + (
            np.pi / 2 * rng.choice([-1, 1]) if across else np.pi * rng.integers(2)
        )
        part = part.turned(turn)
        half, deep = np.ptp(part.corners[..., 0]) / 2, np.ptp(part.corners[..., 1])
        strips = [("kerb", sign), ("walk", sign), ("park", sign)]
        out = max(side.front - 0.2, max(side.kerb - 1.0, PASSED) + deep) - deep / 2
        if out + deep / 2 > side.front + 0.2 or not builder.take(strips, s - half, s + half, margin=2.0):
            continue
        builder.lay(part, s, sign * out)
