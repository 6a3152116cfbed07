"""A seed -> a street of triangles: ground, houses, gardens, trees, parked cars, poles and clutter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bevseg.sim import lots, roadside
from bevseg.sim.bend import Bend
from bevseg.sim.builder import Builder
from bevseg.sim.lots import KINDS
from bevseg.sim.mesh import Mesh, merge
from bevseg.sim.style import STYLES
from bevseg.sim.terrain import Crossing, Side, Terrain


@dataclass(frozen=True)
class Street:
    """A street in a local frame, in m, that begins at the origin.

    Attributes
    ----------
    mesh
        Everything there is.
    terrain
        Its ground, in street coordinates.
    bend
        Street coordinates to the plane.
    lane
        Where the scanner drives: t of the middle of the lane, m.
    """

    mesh: Mesh
    terrain: Terrain
    bend: Bend
    lane: float


def street(seed: int, length: float, slope: float | None = None, *, style: str = "shrec20") -> Street:
    """Build the street of a seed.

    Parameters
    ----------
    seed
        The same seed gives the same street.
    length
        Of the drive, m.
    slope
        Of the street, m per m; None draws one up to 8 %.
    style
        What kind of town it is in: a name in `bevseg.sim.style.STYLES`.
    """
    rng = np.random.default_rng([seed, 0])
    kinds = rng.choice(list(KINDS), size=2, p=[kind.share for kind in KINDS.values()])
    if set(kinds) == {"park"}:
        kinds[0] = "terrace"
    half = rng.uniform(2.4, 3.4)
    parking = rng.choice(list(roadside.PARKING), size=2, p=[p.share for p in roadside.PARKING.values()])
    if set(parking) == {"none"}:
        parking[1] = "parallel"
    sides = [
        _side(rng, KINDS[kind], half + roadside.PARKING[p].width)
        for kind, p in zip(kinds, parking, strict=True)
    ]
    terrain = Terrain(
        length=length,
        slope=float(rng.choice([-1, 1]) * rng.uniform(0, 0.08) if slope is None else slope),
        wave=(rng.uniform(0, 0.25), rng.uniform(50, 90), rng.uniform(0, 2 * np.pi)),
        camber=rng.uniform(0.015, 0.03),
        left=sides[0],
        right=sides[1],
        crossings=_crossings(rng, length),
    )
    builder = Builder(rng, terrain, STYLES[style])
    for sign, kind, place in zip((1, -1), kinds, parking, strict=True):
        lots.fill(builder, sign, KINDS[kind])
        roadside.fill(builder, sign, roadside.PARKING[place])
    roadside.fill_crossings(builder)
    roadside.traffic(builder, half)
    bend = Bend.draw(rng, length)
    return Street(
        merge([terrain.mesh(rng), *builder.parts]).mapped(bend.plane), terrain, bend, lane=-half / 2
    )


def _side(rng: np.random.Generator, kind: lots.Kind, kerb: float) -> Side:
    """Draw the cross-section of one side."""
    steep = rng.random() < kind.banked
    return Side(
        kerb=kerb,
        verge=rng.uniform(*kind.verge) if rng.random() < 0.6 else 0.0,
        pavement=rng.uniform(1.3, 2.8),
        garden=rng.uniform(*kind.garden),
        bank=float(rng.choice([-1, 1], p=[0.3, 0.7]) * rng.uniform(0.08, 0.3))
        if steep
        else rng.uniform(-0.02, 0.04),
        bank_width=rng.uniform(3.0, 7.0),
    )


def _crossings(rng: np.random.Generator, length: float) -> tuple[Crossing, ...]:
    """Draw cross streets, one every 120 m or so and never close together."""
    found = []
    s = rng.uniform(0, 110)
    while s < length:
        found.append(Crossing(s, rng.uniform(2.8, 4.0)))
        s += rng.uniform(70, 170)
    return tuple(found)
