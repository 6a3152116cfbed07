"""The lanes of a carriageway, and the vehicles under way on them."""

from __future__ import annotations

import numpy as np

from bevseg.sim.objects.vehicles.cars import car, moving
from bevseg.sim.town.builder import Builder

TWO_LANES = 5.4
"""Half a carriageway has two lanes if it is wider than this, m."""
PASSED = 2.3
"""Distance from the centreline, m, up to which nothing stands but vehicles on their lanes."""
_BUSY = 8.0
"""Greatest number of vehicles in the lane beside the scanner, where many stand, over those in the other direction."""
_LONGEST = 16.0
"""Vehicles that appear longer than this in the scan, because of their motion, are left out, m."""


def lanes(half: float, median: float = 0.0, count: int = 0) -> list[float]:
    """Return the distances from the centreline to the lanes of one direction, m, from the inside out.

    Half the carriageway is `half` m wide, with half the strip between the directions, `median`. It has `count` lanes,
    or, for 0, two where it is wide and else one.
    """
    if count:
        return [median + (half - median) * (k + 0.5) / count for k in range(count)]
    return [half / 2] if half < TWO_LANES else [0.4 * half, 0.8 * half]


def traffic(builder: Builder, lanes: list[tuple[float, int]]) -> None:
    """Put moving vehicles, distorted by their motion, and queues before a crossing.

    They use `lanes`, (t of the middle m, direction) each, without that of the scanner; 1 is the direction in which
    it drives.
    """
    rng, style = builder.rng, builder.style
    span = builder.end - builder.start
    slant = rng.choice(
        [-1.0, -0.5, 0.0]
    )  # profiles that reach ahead on the right, as line scanners have them
    for t, way in lanes:
        count = rng.poisson(rng.uniform(0, 2 if way < 0 else _BUSY) * style.traffic * span)
        for s in rng.uniform(builder.start, builder.end, count):
            part = moving(car(rng, style.fleet).turned(0.0 if way > 0 else np.pi), _pace(rng, way), slant)
            length = np.ptp(part.corners[..., 0])
            if length < _LONGEST and builder.take(("lane", t), s - length, s + length):
                builder.lay(part, s, t)
    for crossing in builder.terrain.crossings:
        for t, way in lanes:
            if rng.random() > style.queue:
                continue
            s = crossing.s - way * (crossing.half + 3.0)
            for _ in range(int(rng.integers(2, 6))):
                part = car(rng, style.fleet)
                length = np.ptp(part.corners[..., 0])
                middle = s - way * length / 2
                if builder.take(("lane", t), middle - length / 2, middle + length / 2):
                    builder.lay(part.turned(0.0 if way > 0 else np.pi), middle, t)
                s -= way * (length + rng.uniform(1.0, 3.0))


def _pace(rng: np.random.Generator, way: int) -> float:
    """Return the speed of a vehicle over that of the scanner, in the same direction (1) or the other (-1)."""
    if way < 0:
        return float(-rng.uniform(0.4, 1.3))
    return float(rng.choice([0.0, rng.uniform(0.0, 0.7), rng.uniform(1.4, 2.5)], p=[0.5, 0.3, 0.2]))
