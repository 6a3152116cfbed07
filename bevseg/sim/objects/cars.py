"""Vehicles: bodies with rounded edges lofted along a side profile, windows, wheels in arches, a gap below.

The frame of a vehicle: x forward, y to its left, z up from the road, origin under its middle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.distributions import Shares, Span
from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, box, merge, polyline, quads


@dataclass(frozen=True)
class Body:
    """One kind of vehicle.

    `profile` is the line of bonnet, windows and roof from the rear to the front, as shares of length and height;
    `length`, `width` (without mirrors), `height` and the gap below (`sill`) are ranges in m, after data sheets of
    common models.
    """

    profile: tuple[tuple[float, float], ...]
    length: Span
    width: Span
    height: Span
    roof: float
    """Width of the roof over the width of the body."""
    sill: Span = (0.18, 0.26)
    belt: float = 0.58
    """Height of the lower edge of the windows over the height of the vehicle."""
    glazed: Span = (-0.46, 0.3)
    """Begin and end of the side windows, as shares of the length."""
    axles: tuple[float, ...] = (-0.3, 0.31)
    """Positions of the axles, as shares of the length."""
    wheel: Span = (0.29, 0.35)
    """Radius of the wheels, m."""
    bed: Span | None = None
    """Begin and end of the open top, as shares of the length."""
    rack: float = 0.12
    """Chance of a rack on the roof."""

    def reach(self) -> float:
        """Greatest length, m."""
        return self.length[1]


_NOSE = ((0.3, 0.61), (0.42, 0.56), (0.47, 0.5), (0.5, 0.4))
BODIES: Mapping[str, Body] = {
    "hatchback": Body(
        ((-0.5, 0.5), (-0.49, 0.62), (-0.42, 0.92), (-0.34, 0.99), (-0.1, 1.0), (0.06, 0.96), (0.22, 0.65), *_NOSE),
        length=(3.6, 4.5), width=(1.65, 1.85), height=(1.42, 1.58), roof=0.76,
    ),
    "saloon": Body(
        ((-0.5, 0.5), (-0.49, 0.64), (-0.35, 0.68), (-0.2, 0.94), (-0.12, 0.99), (-0.02, 1.0), (0.07, 0.96),
         (0.23, 0.66), *_NOSE),
        length=(4.4, 5.6), width=(1.72, 2.0), height=(1.38, 1.5), roof=0.72,
    ),
    "coupe": Body(
        ((-0.5, 0.5), (-0.48, 0.66), (-0.36, 0.72), (-0.18, 0.97), (-0.06, 1.0), (0.04, 0.95), (0.18, 0.68),
         (0.35, 0.6), (0.47, 0.5), (0.5, 0.4)),
        length=(4.0, 4.9), width=(1.7, 1.95), height=(1.25, 1.4), roof=0.7, sill=(0.14, 0.2),
    ),
    "estate": Body(
        ((-0.5, 0.5), (-0.49, 0.62), (-0.46, 0.92), (-0.4, 0.99), (-0.1, 1.0), (0.06, 0.97), (0.22, 0.64), *_NOSE),
        length=(4.4, 5.3), width=(1.72, 1.98), height=(1.42, 1.56), roof=0.76, rack=0.4,
    ),
    "suv": Body(
        ((-0.5, 0.5), (-0.49, 0.66), (-0.46, 0.93), (-0.4, 0.99), (-0.1, 1.0), (0.08, 0.97), (0.2, 0.7), (0.44, 0.62),
         (0.48, 0.52), (0.5, 0.42)),
        length=(4.2, 5.4), width=(1.78, 2.05), height=(1.6, 1.95), roof=0.8, sill=(0.22, 0.34), wheel=(0.34, 0.41),
        belt=0.6, rack=0.45,
    ),
    "minivan": Body(
        ((-0.5, 0.5), (-0.49, 0.6), (-0.46, 0.94), (-0.42, 0.99), (-0.1, 1.0), (0.12, 0.96), (0.3, 0.66),
         (0.42, 0.54), (0.48, 0.44), (0.5, 0.36)),
        length=(4.5, 5.2), width=(1.8, 2.02), height=(1.68, 1.82), roof=0.82, glazed=(-0.46, 0.34),
        belt=0.56, rack=0.3,
    ),
    "van": Body(
        ((-0.5, 0.96), (-0.49, 0.99), (-0.3, 1.0), (0.2, 0.99), (0.27, 0.93), (0.36, 0.62), (0.45, 0.52),
         (0.49, 0.42), (0.5, 0.3)),
        length=(4.6, 6.4), width=(1.85, 2.1), height=(1.9, 2.7), roof=0.93, glazed=(0.12, 0.34), belt=0.52, rack=0.3,
        wheel=(0.32, 0.36),
    ),
    "pickup": Body(
        ((-0.5, 0.58), (-0.49, 0.6), (-0.12, 0.6), (-0.115, 0.66), (-0.1, 0.95), (-0.06, 1.0), (0.07, 0.98),
         (0.18, 0.7), (0.44, 0.63), (0.49, 0.55), (0.5, 0.42)),
        length=(4.9, 6.2), width=(1.8, 2.05), height=(1.65, 1.98), roof=0.8, sill=(0.26, 0.4), wheel=(0.35, 0.42),
        glazed=(-0.09, 0.2), bed=(-0.485, -0.13), belt=0.62, rack=0.05,
    ),
    "minibus": Body(
        ((-0.5, 0.97), (-0.495, 1.0), (0.26, 1.0), (0.32, 0.94), (0.37, 0.62), (0.45, 0.5), (0.5, 0.36)),
        length=(6.0, 8.0), width=(2.05, 2.45), height=(2.6, 3.1), roof=0.92, sill=(0.28, 0.4), glazed=(-0.46, 0.34),
        belt=0.5, axles=(-0.24, 0.37), wheel=(0.36, 0.42), rack=0.0,
    ),
    "truck": Body(
        ((-0.5, 0.97), (-0.499, 1.0), (0.19, 1.0), (0.195, 0.98), (0.2, 0.68), (0.3, 0.66), (0.36, 0.47),
         (0.48, 0.41), (0.5, 0.25)),
        length=(5.8, 8.5), width=(2.1, 2.5), height=(2.9, 3.6), roof=0.98, sill=(0.5, 0.75), glazed=(0.23, 0.33),
        belt=0.45, axles=(-0.28, 0.38), wheel=(0.38, 0.45), rack=0.0,
    ),
    "lorry": Body(
        ((-0.5, 0.98), (-0.499, 1.0), (0.24, 1.0), (0.245, 0.4), (0.27, 0.4), (0.275, 0.86), (0.44, 0.88),
         (0.48, 0.6), (0.5, 0.3)),
        length=(8.5, 13.0), width=(2.4, 2.55), height=(3.2, 3.9), roof=0.99, sill=(0.6, 0.95), glazed=(0.33, 0.47),
        belt=0.55, axles=(-0.34, -0.24, 0.0, 0.38), wheel=(0.45, 0.52), rack=0.0,
    ),
    "bus": Body(
        ((-0.5, 0.94), (-0.495, 0.99), (-0.4, 1.0), (0.47, 1.0), (0.49, 0.94), (0.498, 0.5), (0.5, 0.4)),
        length=(10.5, 12.6), width=(2.45, 2.6), height=(2.9, 3.3), roof=0.96, sill=(0.25, 0.35), glazed=(-0.47, 0.47),
        belt=0.42, axles=(-0.24, 0.28), wheel=(0.45, 0.5), rack=0.0,
    ),
    "coach": Body(
        ((-0.5, 0.93), (-0.495, 0.98), (-0.4, 1.0), (0.44, 1.0), (0.485, 0.93), (0.498, 0.5), (0.5, 0.3)),
        length=(11.5, 13.8), width=(2.48, 2.57), height=(3.4, 3.9), roof=0.95, sill=(0.25, 0.35), belt=0.52,
        glazed=(-0.46, 0.46), axles=(-0.27, -0.17, 0.29), wheel=(0.48, 0.53), rack=0.0,
    ),
    "articulated": Body(
        ((-0.5, 0.94), (-0.497, 1.0), (-0.095, 1.0), (-0.09, 0.95), (-0.055, 0.95), (-0.05, 1.0), (0.48, 1.0),
         (0.494, 0.94), (0.499, 0.5), (0.5, 0.35)),
        length=(17.5, 18.7), width=(2.5, 2.57), height=(2.95, 3.3), roof=0.96, sill=(0.25, 0.35), belt=0.42,
        glazed=(-0.48, 0.48), axles=(-0.3, 0.0, 0.34), wheel=(0.45, 0.5), rack=0.0,
    ),
    "delivery": Body(
        ((-0.5, 0.98), (-0.499, 1.0), (0.1, 1.0), (0.13, 0.97), (0.135, 0.78), (0.22, 0.74), (0.33, 0.46),
         (0.46, 0.38), (0.5, 0.24)),
        length=(5.8, 7.4), width=(2.0, 2.3), height=(2.7, 3.3), roof=0.98, sill=(0.35, 0.5), glazed=(0.15, 0.32),
        belt=0.42, axles=(-0.24, 0.34), wheel=(0.33, 0.38), rack=0.0,
    ),
    "semi": Body(
        ((-0.5, 0.99), (-0.4995, 1.0), (0.31, 1.0), (0.315, 0.3), (0.355, 0.3), (0.36, 0.9), (0.4, 0.97),
         (0.46, 0.92), (0.49, 0.55), (0.5, 0.25)),
        length=(14.5, 16.5), width=(2.48, 2.6), height=(3.6, 4.0), roof=0.99, sill=(0.6, 0.95), glazed=(0.4, 0.48),
        belt=0.52, axles=(-0.38, -0.3, -0.22, 0.29, 0.42), wheel=(0.47, 0.53), rack=0.0,
    ),
}  # fmt: skip
"""From small cars of 3.6 m over American saloons of up to 5.6 m to city buses of 12 m and semi-trailers of 16.5 m."""


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
    shell = _Shell(rng, body, length, width, height, sill, wheel)
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


class _Shell:
    """Cross-sections of a body along x, and the panels between them."""

    def __init__(
        self,
        rng: np.random.Generator,
        body: Body,
        length: float,
        width: float,
        height: float,
        sill: float,
        wheel: float,
    ) -> None:
        self.rng, self.body, self.length, self.width, self.height = rng, body, length, width, height
        self.sill = sill
        knots, tops = np.array(body.profile).T
        arches = [
            place * length + share * 1.18 * wheel
            for place in body.axles
            for share in (-1.04, -1, -0.7, 0, 0.7, 1, 1.04)
        ]
        self.pillars = np.linspace(*body.glazed, 3 + int(length / 2.2))[1:-1] * length
        posts = (self.pillars[:, None] + np.array((-0.05, 0.05))).ravel()
        even = np.linspace(-0.5, 0.5, max(8, round(min(length, 13.0) / 0.7))) * length
        ends = np.array([-0.5, -0.48, -0.44, 0.44, 0.48, 0.5]) * length
        along = np.clip(np.concatenate([knots * length, arches, posts, even, ends]), -length / 2, length / 2)
        self.x = np.unique(np.round(along, 3))
        self.top = np.interp(self.x, knots * length, tops * height)
        self.level = np.interp(self.x, knots * length, tops)
        self.rim = np.full_like(self.x, sill)
        for place in body.axles:
            square = (1.18 * wheel) ** 2 - (self.x - place * length) ** 2
            self.rim = np.maximum(self.rim, np.where(square > 0, wheel + np.sqrt(np.maximum(square, 0)), 0))
        self.rings = self._rings()

    def _rings(self) -> NDArray[np.float64]:
        """Return y and z (stations, 6, 2) of the left half of every section, from sill to middle of the top."""
        body, height, half = self.body, self.height, self.width / 2
        belt = body.belt * height
        away = np.clip((np.abs(self.x) / self.length - 0.4) / 0.1, 0, 1)
        blunt = 0.1 if body.roof < 0.9 else 0.04
        plan = half * (1 - blunt * away**2)  # rounded corners as seen from above
        waist = np.minimum(belt, self.top - 0.06)
        narrow = 1 - (1 - body.roof) * np.clip((self.top - belt) / (height - belt), 0, 1)
        bevel = 0.07 if body.roof < 0.9 else 0.04
        rim = np.minimum(self.rim, waist - 0.02)
        bulge = np.maximum(rim + 0.01, np.minimum(0.55 * waist, waist - 0.01))
        y = [0.95 * plan, plan, 0.985 * plan, narrow * plan, narrow * plan - bevel, 0 * plan]
        z = [rim, bulge, waist, self.top - 0.6 * bevel, self.top, self.top + 0.012 * self.width]
        z[3] = np.maximum(z[3], z[2])
        rings = np.stack([np.stack(y, axis=1), np.stack(z, axis=1)], axis=2)
        if body.bed is not None:
            open_top = (self.x > body.bed[0] * self.length) & (self.x < body.bed[1] * self.length)
            rings[open_top, 4:, 1] = self.sill + 0.35
        return rings

    def _corner(self, station: NDArray[np.int64], point: int, side: int) -> NDArray[np.float64]:
        ring = self.rings[station, point]
        return np.column_stack([self.x[station], side * ring[:, 0], ring[:, 1]])

    def skin(self) -> Mesh:
        """Sides, bonnet, roof, ends and floor, with windows: each pane whole, broken up or open to the inside."""
        body, rng = self.body, self.rng
        station = np.arange(len(self.x) - 1)
        middle = (self.x[1:] + self.x[:-1]) / (2 * self.length)
        steep = np.abs(np.diff(self.top)) > 0.3 * np.diff(self.x)
        high = np.minimum(self.level[1:], self.level[:-1])
        tall = (self.level[1:] + self.level[:-1]) / 2
        screen = steep & (high > body.belt + 0.01) & (tall < 0.985) & (middle > body.glazed[0] - 0.03)
        window = (middle > body.glazed[0]) & (middle < body.glazed[1]) & (tall > body.belt + 0.16)
        if body.bed is not None:
            window &= middle > body.bed[1]
        near = np.abs(middle[:, None] * self.length - self.pillars[None]).min(axis=1)
        window &= near > 0.05
        panes = _Panes.draw(rng, tinted=0.5 if body.roof > 0.9 else 0.3)
        parts = []
        for side in (1, -1):
            for point in range(5):
                glass = window if point == 2 else screen if point == 4 else np.zeros_like(window)
                corners = np.stack(
                    [
                        self._corner(station, point, side),
                        self._corner(station + 1, point, side),
                        self._corner(station + 1, point + 1, side),
                        self._corner(station, point + 1, side),
                    ],
                    axis=1,
                )
                parts.append(quads(corners[~glass], Material.PAINT))
                parts.append(panes.mesh(rng, corners[glass]))
        return merge([*parts, *self._ends(panes), self._floor()])

    def _ends(self, panes: _Panes) -> list[Mesh]:
        """Rear and front: bands from side to side."""
        parts = []
        for station in (0, len(self.x) - 1):
            at = np.array([station])
            for point in range(5):
                band = np.stack(
                    [
                        self._corner(at, point, -1),
                        self._corner(at, point, 1),
                        self._corner(at, point + 1, 1),
                        self._corner(at, point + 1, -1),
                    ],
                    axis=1,
                )
                height = self.rings[station, point + 1, 1] - self.rings[station, point, 1]
                glazed = point == 2 and height > 0.3 and self.body.glazed[0] < -0.4
                parts.append(panes.mesh(self.rng, band) if glazed else quads(band, Material.PAINT))
        return parts

    def _floor(self) -> Mesh:
        a, b, w, z = self.x[0], self.x[-1], 0.45 * self.width, self.sill
        return quads([[(a, -w, z), (b, -w, z), (b, w, z), (a, w, z)]], Material.PAINT)

    def inside(self) -> Mesh:
        """Seats and dashboard, seen through open panes."""
        body, length = self.body, self.length
        first, last = body.glazed
        low, high = self.sill + 0.15, min(body.belt * self.height + 0.22, 0.9 * self.height)
        w = 0.4 * self.width
        rows = np.arange(min(last - 0.16, 0.12) * length, first * length + 0.3, -0.95 if length < 9 else -1.6)
        seats = [
            box((x - 0.12, y - 0.24, low), (x, y + 0.24, high), Material.SEAT)
            for x in rows[:6]
            for y in (-0.5 * w, 0.5 * w)
        ]
        dash = box(
            (0.21 * length, -w, low), (0.23 * length, w, body.belt * self.height - 0.05), Material.SEAT
        )
        return merge([dash, *seats])


@dataclass(frozen=True)
class _Panes:
    """The windows of one vehicle."""

    material: Material
    """Material of the panes; tinted or covered ones respond like paint."""
    through: float
    """Share of the area of the windows that is open."""

    @classmethod
    def draw(cls, rng: np.random.Generator, tinted: float) -> _Panes:
        """Draw the windows; `tinted` is the chance of opaque ones."""
        if rng.random() < tinted:
            return cls(Material.PAINT, 0.0)
        return cls(Material.CAR_GLASS, rng.uniform(0, 0.8) if rng.random() < 0.7 else 0.0)

    def mesh(self, rng: np.random.Generator, corners: NDArray[np.float64]) -> Mesh:
        """Return panes (N, 4, 3)."""
        if not (len(corners) and self.through):
            return quads(corners, self.material)
        u, v = (axis.ravel() for axis in np.meshgrid([0.0, 0.5], [0.0, 0.5]))
        a, b, c, d = (corners[:, i, None] for i in range(4))

        def at(u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
            u, v = u[None, :, None], v[None, :, None]
            return (1 - u) * (1 - v) * a + u * (1 - v) * b + u * v * c + (1 - u) * v * d

        bits = np.stack([at(u, v), at(u + 0.5, v), at(u + 0.5, v + 0.5), at(u, v + 0.5)], axis=2)
        bits = bits.reshape(-1, 4, 3)
        return quads(bits[rng.random(len(bits)) >= self.through], self.material)


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


def _rack(rng: np.random.Generator, shell: _Shell) -> Mesh:
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
