"""What hides or resembles the rest at the kerb: rows of trucks, boards on two posts, rows of crowns cut to boxes.

It is put before the rest of the roadside, so that the rest makes room.
"""

from __future__ import annotations

import numpy as np

from bevseg.sim.objects import pleached
from bevseg.sim.objects.poles import boards
from bevseg.sim.objects.vehicles import trucks
from bevseg.sim.town.builder import Builder
from bevseg.sim.town.layout import Side

LONG_PLACES = ("parallel", "bay")
"""Kinds of parking where trucks fit along the kerb."""
_REACH = 0.25
"""How far crowns cut to boxes may reach over the road, m."""


def fill(builder: Builder, sign: int, *, trucks: bool = False) -> None:
    """Furnish one side (1 left, -1 right).

    Parameters
    ----------
    builder, sign
        The street, and which side of it.
    trucks
        Whether there are places for long vehicles along the kerb.
    """
    side = builder.terrain.side(sign)
    if builder.rng.random() < builder.style.box_crowns:
        _box_crowns(builder, sign, side)
    _boards(builder, sign, side)
    if trucks:
        _trucks(builder, sign, side)


def _boards(builder: Builder, sign: int, side: Side) -> None:
    """Put boards at the kerb, at the back of the pavement, or just behind it, along the road or across."""
    rng, length = builder.rng, builder.end - builder.start
    for s in rng.uniform(builder.start, builder.end, rng.poisson(builder.style.notices * length)):
        part = boards.board(rng)
        place, across = int(rng.choice(3, p=[0.4, 0.3, 0.3])), rng.random() < 0.4
        wide = float(np.ptp(part.corners[..., 1]))
        if not across or wide + 0.4 > side.front - side.kerb:
            part = part.turned(np.pi / 2 * rng.choice([-1, 1]))
        part = part.turned(rng.normal(scale=0.08))
        (x0, y0), (x1, y1) = (edge(part.corners[..., :2], axis=(0, 1)) for edge in (np.min, np.max))
        half, deep = max(-x0, x1) + 0.1, max(-y0, y1)
        if place == 0:
            out = side.kerb + deep + rng.uniform(0.15, 0.6)
        else:
            out = side.front + (rng.uniform(0.1, 1.5) + deep if place == 2 else -deep - rng.uniform(0.0, 0.2))
        ends = np.array([(s - half, sign * (out - deep)), (s + half, sign * (out + deep))])
        strip = "kerb" if place == 0 else "board"
        if builder.take((strip, sign), s - half, s + half, margin=1.0) and builder.claim(
            ends.min(axis=0), ends.max(axis=0)
        ):
            builder.stand(part, s, sign * out)


def _box_crowns(builder: Builder, sign: int, side: Side) -> None:
    """Plant rows of trees with crowns cut to boxes along the kerb."""
    rng, room = builder.rng, side.front - side.kerb
    out = side.verge * rng.uniform(0.4, 0.6) if side.verge > 1.0 else min(rng.uniform(0.5, 1.0), room / 2)
    gap = rng.uniform(2.0, 25.0)
    s = builder.start + rng.uniform(0.0, 15.0)
    while s < builder.end - 6.0:
        long = rng.uniform(6.0, 40.0)
        if builder.take(("kerb", sign), s, s + long, margin=2.0):
            row = pleached.row(rng, long, 2 * (min(out, room - out) + _REACH))
            builder.drape(row, s, sign * (side.kerb + out))
        s += long + gap


def _trucks(builder: Builder, sign: int, side: Side) -> None:
    """Park trucks and trailers along the kerb: single ones, or a row close together."""
    rng, style = builder.rng, builder.style
    length = builder.end - builder.start
    starts = [(float(s), 1) for s in rng.uniform(builder.start, builder.end, rng.poisson(0.0015 * length))]
    if rng.random() < style.truck_rows:
        starts.insert(0, (float(rng.uniform(builder.start, builder.end)), int(rng.integers(2, 7))))
    for s, count in starts if style.truck_rows else ():
        kind = None if rng.random() < 0.5 else str(rng.choice(list(trucks.KINDS)))
        gap = rng.uniform(0.4, 2.5)
        for _ in range(count):
            part = trucks.truck(rng, kind)
            (x0, y0), (x1, y1) = (edge(part.corners[..., :2], axis=(0, 1)) for edge in (np.min, np.max))
            long, deep = x1 - x0, max(-y0, y1)
            if s + long + gap > builder.end:
                break
            if builder.take(("park", sign), s, s + long + gap, margin=1.5):
                out = side.kerb - deep - rng.uniform(0.05, 0.3)
                way = (sign > 0) ^ bool(rng.random() < 0.1)
                middle = s + gap / 2 + (x1 if way else -x0)
                builder.lay(part.turned(np.pi if way else 0.0), middle, sign * out)
            s += long + gap
