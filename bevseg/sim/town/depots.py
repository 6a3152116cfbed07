"""Yards where trucks and trailers stand side by side, or one behind the other along the street."""

from __future__ import annotations

import numpy as np

from bevseg.sim.objects.vehicles import trucks
from bevseg.sim.town.builder import Builder
from bevseg.sim.town.lots import Lot


def park(builder: Builder, sign: int, lot: Lot) -> None:
    """Park trucks on a lot: in rows across the street, ends to the road, or along it, flanks to the road."""
    rng, front = builder.rng, builder.terrain.side(sign).front
    full, across = rng.uniform(0.4, 1.0), rng.random() < 0.6
    kind = None if rng.random() < 0.6 else str(rng.choice(list(trucks.KINDS)))
    pitch, near = rng.uniform(3.1, 4.6), rng.uniform(1.0, 5.0)
    s, out = lot.low + 1.8, near
    while out < lot.setback - 3.0:
        part = trucks.truck(rng, kind).turned(
            np.pi / 2 * rng.choice([-1, 1]) if across else np.pi * rng.integers(2)
        )
        (x0, y0), (x1, y1) = (edge(part.corners[..., :2], axis=(0, 1)) for edge in (np.min, np.max))
        step = pitch if across else x1 - x0 + rng.uniform(0.5, 3.0)
        if s + (x1 - x0) > lot.high - 0.5:
            if s < lot.low + 2.0 or across:  # longer than the lot, or one row is full
                break
            s, out = lot.low + 1.8, out + pitch
            continue
        if out + y1 - y0 < lot.setback and rng.random() < full:
            turned = part.turned(rng.normal(scale=0.02))
            u = out - (y0 if sign > 0 else -y1)
            builder.lay(turned, s - x0, sign * (front + u))
        s += step
