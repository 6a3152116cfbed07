"""Cars and vans: a side profile swept across the width, glass, wheels, and a gap below.

The frame of a car: x forward, y to its left, z up from the road, origin under its middle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, box, merge, quads


@dataclass(frozen=True)
class Body:
    """One kind of car.

    `profile` runs from the rear sill over the roof to the front sill, as shares of length and height; `length`,
    `width` and `height` are ranges, m.
    """

    profile: tuple[tuple[float, float], ...]
    length: tuple[float, float]
    width: tuple[float, float]
    height: tuple[float, float]
    roof: float
    """Width of the roof over the width of the body."""
    share: float
    """How common it is."""


_NOSE = ((0.46, 0.52), (0.50, 0.38), (0.50, 0.17))
BODIES = {
    "hatchback": Body(
        ((-0.5, 0.17), (-0.5, 0.6), (-0.42, 0.93), (-0.3, 1.0), (0.04, 0.98), (0.21, 0.63), *_NOSE),
        length=(3.6, 4.4), width=(1.65, 1.85), height=(1.42, 1.58), roof=0.78, share=0.4,
    ),
    "saloon": Body(
        ((-0.5, 0.17), (-0.5, 0.62), (-0.35, 0.66), (-0.2, 0.96), (-0.08, 1.0), (0.07, 0.97), (0.23, 0.64), *_NOSE),
        length=(4.4, 5.0), width=(1.75, 1.9), height=(1.4, 1.5), roof=0.75, share=0.15,
    ),
    "estate": Body(
        ((-0.5, 0.17), (-0.5, 0.6), (-0.46, 0.94), (-0.38, 1.0), (0.05, 0.98), (0.22, 0.63), *_NOSE),
        length=(4.4, 4.9), width=(1.75, 1.9), height=(1.42, 1.55), roof=0.78, share=0.17,
    ),
    "suv": Body(
        ((-0.5, 0.2), (-0.5, 0.6), (-0.45, 0.95), (-0.36, 1.0), (0.08, 0.98), (0.2, 0.68), (0.45, 0.58), (0.5, 0.4),
         (0.5, 0.2)),
        length=(4.3, 4.9), width=(1.8, 2.0), height=(1.6, 1.85), roof=0.8, share=0.16,
    ),
    "van": Body(
        ((-0.5, 0.16), (-0.5, 0.97), (-0.48, 1.0), (0.2, 1.0), (0.36, 0.62), (0.47, 0.5), (0.5, 0.35), (0.5, 0.16)),
        length=(4.6, 6.2), width=(1.85, 2.1), height=(1.9, 2.6), roof=0.93, share=0.1,
    ),
    "pickup": Body(
        ((-0.5, 0.25), (-0.5, 0.58), (-0.12, 0.58), (-0.12, 0.94), (-0.05, 1.0), (0.08, 0.98), (0.2, 0.65),
         (0.46, 0.56), (0.5, 0.4), (0.5, 0.25)),
        length=(4.9, 5.4), width=(1.8, 2.0), height=(1.7, 1.85), roof=0.82, share=0.02,
    ),
}  # fmt: skip
_BELT = 0.58
"""Height of the lower edge of the windows over the height of the car."""


def car(rng: np.random.Generator) -> Mesh:
    """Return a car of a random kind and size."""
    kinds = list(BODIES.values())
    shares = np.array([kind.share for kind in kinds])
    body = kinds[rng.choice(len(kinds), p=shares / shares.sum())]
    length, width, height = (rng.uniform(*span) for span in (body.length, body.width, body.height))
    profile = np.array(body.profile) * (length, height)
    parts = [_skin(profile, width, height, body.roof), _wheels(rng, length, width)]
    if rng.random() < 0.8:
        parts += [
            box(
                (0.12 * length, y - 0.1, 0.6 * height),
                (0.12 * length + 0.12, y + 0.1, 0.72 * height),
                Material.PAINT,
            )
            for y in (-width / 2 - 0.08, width / 2 + 0.08)
        ]
    return merge(parts)


def _skin(profile: np.ndarray, width: float, height: float, roof: float) -> Mesh:
    """Top, sides and floor of the body; `profile` (N, 2) in m."""
    x, z = profile.T
    sill, belt = z[0], _BELT * height
    narrow = 1 - (1 - roof) * np.clip((z - belt) / (height - belt), 0, 1)
    half = width / 2 * narrow
    waist = np.minimum(z, belt)
    panels: dict[Material, list[list[tuple[float, float, float]]]] = {
        Material.PAINT: [],
        Material.CAR_GLASS: [],
    }
    for i in range(len(x) - 1):
        j = i + 1
        screen = (
            min(z[i], z[j]) > 0.5 * height
            and max(z[i], z[j]) > 0.9 * height
            and abs(z[i] - z[j]) > 0.2 * height
        )
        skin = Material.CAR_GLASS if screen else Material.PAINT
        panels[skin].append(
            [(x[i], -half[i], z[i]), (x[j], -half[j], z[j]), (x[j], half[j], z[j]), (x[i], half[i], z[i])]
        )
        for y in (-1, 1):
            lower = [(x[i], y * width / 2, sill), (x[j], y * width / 2, sill)]
            middle = [(x[j], y * width / 2, waist[j]), (x[i], y * width / 2, waist[i])]
            upper = [(x[j], y * half[j], z[j]), (x[i], y * half[i], z[i])]
            panels[Material.PAINT].append(lower + middle)
            glazed = Material.PAINT if roof > 0.9 and x[j] < 0.2 * (x[-1] - x[0]) else Material.CAR_GLASS
            panels[glazed].append(middle[::-1] + upper)
    a, b, w = x.min(), x.max(), width / 2
    panels[Material.PAINT].append([(a, -w, sill), (b, -w, sill), (b, w, sill), (a, w, sill)])
    return merge(quads(corners, material) for material, corners in panels.items() if corners)


def _wheels(rng: np.random.Generator, length: float, width: float) -> Mesh:
    """Return four wheels that close the gap below at their places."""
    radius = rng.uniform(0.29, 0.36)
    return merge(
        beam(
            (x, side * (width / 2 - 0.22), radius),
            (x, side * (width / 2 - 0.02), radius),
            radius,
            Material.TYRE,
            sides=10,
        )
        for x in (-0.3 * length, 0.31 * length)
        for side in (-1, 1)
    )
