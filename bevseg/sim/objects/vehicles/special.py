"""Vehicles that are seldom driven: towed, of a farm, or under a cover. The frame is that of `cars`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, box, merge, polyline, quads
from bevseg.sim.objects.vehicles.bodies import BODIES


def special(rng: np.random.Generator) -> Mesh:
    """Return a vehicle that is seldom driven: towed, of a farm, or under a cover."""
    return SPECIAL[str(rng.choice(list(SPECIAL)))](rng)


def _towed(rng: np.random.Generator, length: float, width: float, axles: int, radius: float) -> list[Mesh]:
    """Return the wheels, the drawbar and the support wheel of what is towed; the body is `length` m long."""
    wheels = [
        beam((x, side * (width / 2 - 0.22), radius), (x, side * (width / 2 - 0.03), radius), radius, Material.TYRE,
             sides=10)
        for x in 0.75 * (np.arange(axles) - (axles - 1) / 2)
        for side in (-1, 1)
    ]  # fmt: skip
    tip = (length / 2 + rng.uniform(0.9, 1.5), 0.0, 0.45)
    bars = [
        polyline([(length / 2 - 0.3, side * 0.3 * width, 0.42), tip], 0.04, Material.PAINT)
        for side in (-1, 1)
    ]
    foot = beam((tip[0] - 0.3, 0.05, 0.1), (tip[0] - 0.3, 0.11, 0.1), 0.1, Material.TYRE, sides=8)
    leg = beam((tip[0] - 0.3, 0.08, 0.12), (tip[0] - 0.3, 0.08, 0.7), 0.03, Material.PAINT)
    return [*wheels, *bars, foot, leg]


def _caravan(rng: np.random.Generator) -> Mesh:
    """Return a caravan of 4 to 7.5 m with rounded ends and windows."""
    length, width, height = rng.uniform(4.0, 7.5), rng.uniform(2.1, 2.5), rng.uniform(2.45, 2.75)
    outline = np.array([(-0.5, 0.3), (-0.49, 0.8), (-0.42, 1.0), (0.4, 1.0), (0.49, 0.7), (0.5, 0.3)])
    x, z = outline[:, 0] * length, np.maximum(outline[:, 1] * height, 0.4)
    half = width / 2
    skin = [[(x[k], -half, z[k]), (x[k], half, z[k]), (x[k + 1], half, z[k + 1]), (x[k + 1], -half, z[k + 1])]
            for k in range(len(x) - 1)]  # fmt: skip
    sides = [
        [(x[k], y, 0.4), (x[k], y, z[k]), (x[k + 1], y, z[k + 1]), (x[k + 1], y, 0.4)]
        for k in range(len(x) - 1)
        for y in (-half, half)
    ]
    floor = [[(x[0], -half, 0.4), (x[0], half, 0.4), (x[-1], half, 0.4), (x[-1], -half, 0.4)]]
    panes = [
        box((u * length - 0.45, side * half - 0.02, 1.3), (u * length + 0.45, side * half + 0.02, 1.9),
            Material.CAR_GLASS)
        for u in (-0.25, 0.2)
        for side in (-1, 1)
    ]  # fmt: skip
    towed = _towed(rng, length, width, 1 + int(length > 6), 0.31)
    return merge([quads([*skin, *sides, *floor], Material.PAINT), *panes, *towed])


def _trailer(rng: np.random.Generator) -> Mesh:
    """Return a small trailer: an open box, one with a lid or a tilt, or a boat on its frame."""
    length, width = rng.uniform(1.8, 4.2), rng.uniform(1.2, 2.0)
    low, high, half = 0.45, rng.uniform(0.8, 1.1), width / 2
    a, b = -length / 2, length / 2
    boards = [((a, -half, low), (b, half, low + 0.05))]
    boards += [((a, y, low), (b, y + 0.04, high)) for y in (-half, half - 0.04)]
    boards += [((x, -half, low), (x + 0.04, half, high)) for x in (a, b - 0.04)]
    parts = [box(*board, Material.PAINT) for board in boards]
    draw = rng.random()
    if draw < 0.3:
        parts.append(box((a, -half, high), (b, half, rng.uniform(high + 0.05, 2.2)), Material.PAINT))
    elif draw < 0.45:
        hull = beam(
            (a - 0.8, 0, high + 0.3),
            (b + 0.3, 0, high + 0.5),
            0.45 * width,
            Material.PAINT,
            sides=8,
            tip=0.15,
        )
        parts.append(hull)
    return merge([*parts, *_towed(rng, length, width, 1 + int(length > 3), rng.uniform(0.25, 0.32))])


def _tractor(rng: np.random.Generator) -> Mesh:
    """Return a farm tractor: a bonnet, a cab, large wheels behind and small ones in front."""
    length, width = rng.uniform(3.4, 4.8), rng.uniform(1.8, 2.5)
    rear, fore, top = rng.uniform(0.7, 0.95), rng.uniform(0.42, 0.65), rng.uniform(2.5, 3.0)
    a, b, half = -length / 2 + rear, length / 2 - fore, width / 2
    parts = [
        beam((x, side * (half - broad), r), (x, side * half, r), r, Material.TYRE, sides=12)
        for x, r, broad in ((a, rear, 0.5), (b, fore, 0.38))
        for side in (-1, 1)
    ]
    belt = rear + 0.55
    parts.append(box((a, -0.4, fore), (b + 0.35 * fore, 0.4, belt), Material.PAINT))
    cab = (a - 0.4, a + 1.2)
    parts.append(box((cab[0], -0.7, belt - 0.2), (cab[1], 0.7, belt), Material.PAINT))
    parts.append(box((cab[0] - 0.1, -0.78, top - 0.12), (cab[1] + 0.1, 0.78, top), Material.PAINT))
    corners = [(x, y) for x in cab for y in (-0.68, 0.68)]
    parts += [beam((x, y, belt), (x, y, top - 0.1), 0.045, Material.PAINT) for x, y in corners]
    glass = [[(x, -0.66, belt), (x, 0.66, belt), (x, 0.66, top - 0.1), (x, -0.66, top - 0.1)] for x in cab]
    parts += [
        quads(glass, Material.CAR_GLASS),
        box((a - 0.1, -0.25, belt), (a + 0.35, 0.25, belt + 0.7), Material.SEAT),
    ]
    parts += [
        box((a - rear, min(y, y - side * 0.5), 2 * rear), (a + rear, max(y, y - side * 0.5), 2 * rear + 0.05),
            Material.PAINT)
        for side in (-1, 1)
        for y in (side * half,)
    ]  # fmt: skip
    return merge(parts)


def _covered(rng: np.random.Generator) -> Mesh:
    """Return a car under a cover that hangs nearly to the ground: no windows, no wheels, soft edges."""
    body = BODIES[str(rng.choice(["hatchback", "saloon", "coupe", "estate", "suv"]))]
    length, width, height = (rng.uniform(*span) + 0.06 for span in (body.length, body.width, body.height))
    share = np.linspace(-0.5, 0.5, 24)
    knots, tops = np.array(body.profile).T
    top = np.interp(share, knots, tops)
    top = height * np.convolve(np.pad(top, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    half = width / 2 * (1 - 0.12 * np.clip((np.abs(share) - 0.4) / 0.1, 0, 1) ** 2)
    foot = rng.uniform(0.1, 0.22) + 0.05 * np.abs(np.sin(9 * share + rng.uniform(0, 6)))
    narrow = 1 - (1 - body.roof) * np.clip((top / height - body.belt) / (1 - body.belt), 0, 1)
    y = np.stack([half, half, narrow * half, 0.8 * narrow * half, 0 * half], axis=1)
    z = np.stack([foot, np.minimum(0.55 * height, top - 0.12), top - 0.1, top, top + 0.02], axis=1)
    x = np.broadcast_to((share * length)[:, None], y.shape)
    ring = np.concatenate(
        [np.stack([x, y, z], axis=2), np.stack([x, -y, z], axis=2)[:, ::-1]], axis=1
    ) + rng.normal(scale=0.008, size=(len(share), 2 * y.shape[1], 3))
    skin = np.stack([ring[:-1, :-1], ring[1:, :-1], ring[1:, 1:], ring[:-1, 1:]], axis=2)
    ends = [[ring[k, 0], ring[k, 2], ring[k, -3], ring[k, -1]] for k in (0, -1)]
    return merge([quads(skin, Material.PAINT), quads(ends, Material.PAINT)])


SPECIAL: Mapping[str, Callable[[np.random.Generator], Mesh]] = {
    "caravan": _caravan,
    "trailer": _trailer,
    "tractor": _tractor,
    "covered": _covered,
}
"""Vehicles that are not made like the others. None is longer than 9.5 m."""
