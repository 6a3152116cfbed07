"""Cars, vans, trucks and buses, parked or under way.

The frame of a vehicle: x forward, y to its left, z up from the road, origin under its middle.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.distributions import Shares
from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, box, merge, polyline
from bevseg.sim.objects.vehicles.bodies import BODIES, Body
from bevseg.sim.objects.vehicles.shell import Shell
from bevseg.sim.objects.vehicles.special import special


def car(rng: np.random.Generator, fleet: Shares, *, longest: float = np.inf) -> Mesh:
    """Return a vehicle of a kind drawn by the shares of `fleet`, of the kinds that are at most `longest` m."""
    names = [name for name in fleet if fleet[name] and BODIES[name].reach() <= longest] or ["hatchback"]
    shares = np.array([fleet.get(name, 1.0) for name in names])
    return vehicle(rng, str(rng.choice(names, p=shares / shares.sum())))


def vehicle(rng: np.random.Generator, kind: str) -> Mesh:
    """Return a vehicle of a kind of `BODIES`."""
    body = BODIES[kind]
    length, width, height = (rng.uniform(*span) for span in (body.length, body.width, body.height))
    if kind == "saloon" and length > 5.2:
        width = max(width, 1.85)
    wheel = rng.uniform(*body.wheel)
    sill = rng.uniform(*body.sill)
    shell = Shell(rng, body, length, width, height, sill, wheel)
    parts = [shell.skin(), shell.inside(), _wheels(body, length, width, wheel)]
    if rng.random() < 0.85:
        parts.append(_mirrors(body, length, width, height))
    if rng.random() < body.rack:
        parts.append(_rack(rng, shell))
    if kind in ("lorry", "semi"):
        parts.append(box((-0.5 * length, -0.4, sill), (0.3 * length, 0.4, 1.1), Material.PAINT))
    return merge(parts)


def parked(rng: np.random.Generator, fleet: Shares, rare: float = 0.0, *, longest: float = np.inf) -> Mesh:
    """Return a parked vehicle: with the chance `rare` one of `SPECIAL`, else that of `car`."""
    if rare and rng.random() < rare:
        part = special(rng)
        if np.ptp(part.corners[..., 0]) <= longest:
            return part
    return car(rng, fleet, longest=longest)


def _mirrors(body: Body, length: float, width: float, height: float) -> Mesh:
    """Return the two mirrors, in front of the side windows."""
    x = (body.glazed[1] - 0.08) * length
    z = min(body.belt * height + 0.06, 2.0)
    size = 0.1 if length < 6 else 0.16
    return merge(
        box(
            (x, min(y, y + side * 0.2), z),
            (x + size, max(y, y + side * 0.2), z + 1.3 * size),
            Material.PAINT,
        )
        for side, y in ((1, 0.47 * width), (-1, -0.47 * width))
    )


def _rack(rng: np.random.Generator, shell: Shell) -> Mesh:
    """Return bars on the roof, on some of them a box or a ladder."""
    high = np.flatnonzero(shell.level > 0.96)
    a, b = 0.9 * shell.x[high[0]], 0.9 * shell.x[high[-1]]
    y, z = 0.36 * shell.body.roof * shell.width, shell.height + 0.08
    bars = [polyline([(a, side * y, z), (b, side * y, z)], 0.02, Material.PAINT) for side in (-1, 1)]
    bars += [polyline([(x, -y, z), (x, y, z)], 0.02, Material.PAINT) for x in np.linspace(a, b, 3)[:2]]
    draw = rng.random()
    if draw < 0.2:
        bars.append(box((a, -0.7 * y, z), (min(b, a + 1.7), 0.1 * y, z + 0.35), Material.PAINT))
    elif draw < 0.4:
        rungs = [
            polyline([(x, 0, z + 0.08), (x, 0.8 * y, z + 0.08)], 0.015, Material.PAINT)
            for x in np.linspace(a, b, 7)
        ]
        bars += [*rungs, polyline([(a, 0, z + 0.08), (b, 0, z + 0.08)], 0.025, Material.PAINT)]
    return merge(bars)


def _wheels(body: Body, length: float, width: float, radius: float) -> Mesh:
    """Return the wheels, which fill the gap below the body at the axles."""
    return merge(
        beam(
            (place * length, side * (width / 2 - 0.25), radius),
            (place * length, side * (width / 2 - 0.04), radius),
            radius,
            Material.TYRE,
            sides=10,
        )
        for place in body.axles
        for side in (-1, 1)
    )


def moving(mesh: Mesh, pace: float, slant: float) -> Mesh:
    """Return a moving vehicle, heading along x, distorted as in the scan of a vehicle that drives along x too.

    Parameters
    ----------
    mesh
        Of the vehicle.
    pace
        Its speed over that of the scanner; negative if it comes the other way, never 1. What drives half as fast
        is drawn twice as long, what comes towards the scanner at its own speed half as long.
    slant
        How far ahead a profile reaches per m away from the path on the left (y), m; it shears what moves.
    """

    def drawn(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y, z = points.T
        return np.column_stack([(x - pace * slant * y) / (1 - pace), y, z])

    return mesh.mapped(drawn)
