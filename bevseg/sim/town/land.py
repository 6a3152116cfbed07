"""Open land beside a road outside of town: banks, cuttings and level ground, and what grows there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bevseg.sim.distributions import Span, drawn
from bevseg.sim.objects import shrubs, trees
from bevseg.sim.town import gardens
from bevseg.sim.town.builder import Builder
from bevseg.sim.town.layout import Plot
from bevseg.sim.town.style import Style

_LONG = (30.0, 120.0)
"""Length of a stretch, m."""
_STEEP = (0.35, 0.67)
"""Rise over run of banks; 1 in 1.5 is the steepest that earth is built without a wall."""
_SEAM = 8.0
"""Length of the transition from one stretch to the next, m."""
_MARGIN = 5.0
"""Distance of banks from a cross street, m."""


@dataclass(frozen=True)
class Stretch:
    """A stretch of land along one side; lengths in m."""

    low: float
    """s of its two ends."""
    high: float
    rise: float
    """Height of the land over the edge of the road; negative where the road is carried on a bank."""
    begin: float
    """Distance from the edge at which the bank begins."""
    broad: float
    """Width of the bank."""


def plan(
    rng: np.random.Generator, style: Style, start: float, end: float, blocked: Sequence[Span]
) -> list[Stretch]:
    """Plan the land of one side between `start` and `end`, without the stretches that cross streets take."""
    found = []
    for low, high in _between(start, end, blocked):
        s = low
        while s < high:
            until = s + rng.uniform(*_LONG)
            until = high if high - until < _LONG[0] / 2 else until
            rise = 0.0 if rng.random() < 0.25 else rng.uniform(*style.banks)
            broad = max(1.0, abs(rise) / rng.uniform(*_STEEP))
            found.append(Stretch(s, until, rise, rng.uniform(0.3, 2.5), broad))
            s = until
    return found


def _between(start: float, end: float, blocked: Sequence[Span]) -> list[Span]:
    """Return the stretches from `start` to `end` that are well apart from those that are `blocked`."""
    edges = [start, *(edge for a, b in blocked for edge in (a - _MARGIN, b + _MARGIN)), end]
    return [(low, high) for low, high in zip(edges[::2], edges[1::2], strict=True) if high - low > 10.0]


def plots(stretches: Sequence[Stretch]) -> tuple[Plot, ...]:
    """Return the ground of the land."""
    return tuple(
        Plot(
            of.low,
            of.high,
            ((0.0, 0.0), (of.begin, 0.0), (of.begin + of.broad, of.rise)),
            seams=(_SEAM, _SEAM),
        )
        for of in stretches
    )


def fill(builder: Builder, sign: int, stretches: Sequence[Stretch], reach: float) -> None:
    """Plant grass, undergrowth, single trees or a wood on the land of one side, which is `reach` m wide."""
    rng, side = builder.rng, builder.terrain.side(sign)
    front = side.front
    for of in stretches:
        far = reach - front - 4.0
        top = of.begin + of.broad
        long, overgrown = of.high - of.low, rng.random() ** 2
        near, width = of.begin + 0.2, min(of.broad + 3.0, far - of.begin)
        for _ in range(rng.poisson(overgrown * long * width / 20)):
            s, u = rng.uniform(of.low, of.high - 1), near + rng.uniform(0, max(width - 2, 0.2))
            high = 0.4 + 3.0 * rng.beta(1.2, 2.5)
            part = shrubs.thicket(rng, min(rng.uniform(2, 9), of.high - s), rng.uniform(1.0, 4.0), high)
            builder.drape(part.mirrored(sign), s, sign * (front + u))
        for _ in range(rng.poisson(long * (width + near) / 25)):
            part = shrubs.grass(rng, rng.uniform(0.2, 0.6), rng.uniform(0.2, 1.1))
            builder.stand(part, rng.uniform(of.low, of.high), sign * (front + rng.uniform(0.0, near + width)))
        for _ in range(rng.poisson((0.01 + 0.06 * overgrown) * long)):
            u = min(rng.uniform(near, top + 14), far)
            tree = trees.tree(rng, habit=drawn(rng, builder.style.habits), detail=max(0.25, 0.55 - 0.025 * u))
            out = front + max(u, 1.2)
            tree = trees.pruned(rng, tree, sign * out, outer=side.kerb)
            builder.stand(tree, rng.uniform(of.low, of.high), sign * out)
        if rng.random() < 0.25 and far - top > 7:
            deep = min(rng.uniform(6, 18), far - top - 2.0)
            gardens.wood(builder, sign, (of.low, of.high), (front + top + 2.0, front + top + 2.0 + deep))
