"""Lamp posts, 3 to 18 m high."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, box, merge, polyline
from bevseg.sim.objects.poles.masts import curved_arm, tapering_mast

STEEL = Material.STEEL


def lamp_post(rng: np.random.Generator, kind: str | None = None) -> Mesh:
    """Return a lamp post; `kind` is one of `LAMPS`, None draws one."""
    return LAMPS[kind or str(rng.choice(list(LAMPS)))](rng)


def _cobra(rng: np.random.Generator) -> Mesh:
    """Return a mast with one arm, or two, over the road."""
    height, reach = rng.uniform(6.0, 10.5), rng.uniform(0.8, 3.0)
    rise = rng.uniform(0.1, 0.9)
    parts = [tapering_mast(rng, height, rng.uniform(0.07, 0.13)), curved_arm(height - 0.1, reach, rise)]
    if rng.random() < 0.12:
        parts.append(curved_arm(height - 0.1, reach, rise, side=-1))
    return merge(parts)


def _globe(rng: np.random.Generator) -> Mesh:
    """Return a post with a globe or a lantern on top, or with several on short arms."""
    height, size = rng.uniform(2.8, 4.8), rng.uniform(0.16, 0.28)
    parts = [tapering_mast(rng, height, rng.uniform(0.05, 0.09))]
    count = int(rng.choice([1, 2, 3, 5], p=[0.7, 0.18, 0.06, 0.06]))
    for index in range(count):
        angle = 2 * np.pi * index / max(count - 1, 1)
        out = 0.0 if index == 0 and count != 2 else 0.45
        x, y, z = out * np.cos(angle), out * np.sin(angle), height - 0.25 * bool(out)
        if out:
            parts.append(polyline([(0, 0, z - 0.15), (x, y, z)], 0.025, STEEL))
        parts.append(beam((x, y, z), (x, y, z + size), 0.6 * size, STEEL, sides=8, tip=1.7))
        parts.append(beam((x, y, z + size), (x, y, z + 2 * size), 1.02 * size, STEEL, sides=8, tip=0.45))
    return merge(parts)


def _shoebox(rng: np.random.Generator) -> Mesh:
    """Return a straight mast with one or two boxes, as in car parks."""
    height, thick = rng.uniform(4.5, 9.0), rng.uniform(0.06, 0.1)
    parts = [tapering_mast(rng, height, thick)]
    for side in (1, -1)[: int(rng.choice([1, 2]))]:
        low, high = sorted((side * 0.1, side * 0.75))
        parts.append(box((-0.2, low, height - 0.2), (0.2, high, height), STEEL))
    return merge(parts)


def _candle(rng: np.random.Generator) -> Mesh:
    """Return a post whose lamp is its own top, 3 to 5 m high."""
    height = rng.uniform(3.2, 5.0)
    top = beam((0, 0, height), (0, 0, height + 0.5), rng.uniform(0.12, 0.24), STEEL, sides=8, tip=0.6)
    return merge([tapering_mast(rng, height, rng.uniform(0.04, 0.07)), top])


def _curved(rng: np.random.Generator) -> Mesh:
    """Return a mast that bends over the road in a wide bow, to one side or to both."""
    height, thick = rng.uniform(5.0, 13.0), rng.uniform(0.05, 0.12)
    bow, angle = rng.uniform(0.12, 0.3) * height, np.linspace(0, rng.uniform(1.2, 1.7), 7)
    straight = height - bow
    parts = [tapering_mast(rng, straight, thick)]
    for side in (1, -1)[: int(rng.choice([1, 2], p=[0.75, 0.25]))]:
        y, z = side * bow * (1 - np.cos(angle)), straight + bow * np.sin(angle)
        line = [(0.0, float(u), float(v)) for u, v in zip(y, z, strict=True)]
        low, high = sorted((line[-1][1] - side * 0.1, line[-1][1] + side * 0.6))
        head = box((-0.12, low, line[-1][2] - 0.08), (0.12, high, line[-1][2] + 0.06), STEEL)
        parts += [polyline(line, 0.5 * thick, STEEL), head]
    return merge(parts)


def _flat(rng: np.random.Generator) -> Mesh:
    """Return a mast with level arms that carry thin flat heads: one, or one to either side, also at two heights."""
    height, thick = rng.uniform(4.0, 14.0), rng.uniform(0.04, 0.12)
    parts = [tapering_mast(rng, height, thick)]
    arms = [(height - 0.1, side) for side in (1, -1)[: int(rng.choice([1, 2], p=[0.7, 0.3]))]]
    if rng.random() < 0.2:  # another one for the pavement, lower
        arms.append((rng.uniform(0.4, 0.7) * height, -1))
    for level, side in arms:
        reach = rng.uniform(0.3, 0.25 * level)
        parts.append(beam((0, 0, level), (0, side * reach, level + 0.06), 0.03, STEEL))
        low, high = sorted((side * reach, side * (reach + rng.uniform(0.4, 0.8))))
        parts.append(box((-0.15, low, level), (0.15, high, level + 0.1), STEEL))
    return merge(parts)


def _high(rng: np.random.Generator) -> Mesh:
    """Return a mast of 12 to 18 m with a ring of floodlights, as at junctions and on squares."""
    height, thick = rng.uniform(12.0, 18.0), rng.uniform(0.14, 0.225)
    parts = [tapering_mast(rng, height, thick)]
    count, out = int(rng.integers(3, 9)), rng.uniform(0.5, 1.1)
    for angle in 2 * np.pi * np.arange(count) / count:
        lamp = box((out - 0.1, -0.25, height - 0.4), (out + 0.25, 0.25, height - 0.1), STEEL)
        parts += [
            merge([beam((0, 0, height - 0.2), (out, 0, height - 0.2), 0.03, STEEL), lamp]).turned(angle)
        ]
    return merge(parts)


def _lantern(rng: np.random.Generator) -> Mesh:
    """Return a cast post with a thick base and a lantern of four sides, on top or on a bracket."""
    height, thick = rng.uniform(3.0, 4.6), rng.uniform(0.035, 0.06)
    parts = [
        beam(
            (0, 0, -0.3),
            (0, 0, rng.uniform(0.5, 1.1)),
            rng.uniform(2.0, 3.2) * thick,
            STEEL,
            sides=8,
            tip=0.7,
        ),
        beam((0, 0, 0), (0, 0, height), thick, STEEL, sides=8, tip=0.8),
    ]
    spots = [0.0] if rng.random() < 0.6 else [-0.45, 0.45][int(rng.integers(2)) :]
    for y in spots:
        low = height if not y else height - 0.7
        if y:
            parts.append(
                polyline([(0, 0, height - 0.15), (0, y, height - 0.05), (0, y, low + 0.5)], 0.02, STEEL)
            )
        parts.append(beam((0, y, low), (0, y, low + 0.45), 0.12, STEEL, sides=4, tip=1.6))
        parts.append(beam((0, y, low + 0.45), (0, y, low + 0.65), 0.2, STEEL, sides=4, tip=0.2))
    return merge(parts)


LAMPS: dict[str, Callable[[np.random.Generator], Mesh]] = {
    "cobra": _cobra,
    "globe": _globe,
    "shoebox": _shoebox,
    "candle": _candle,
    "curved": _curved,
    "flat": _flat,
    "high": _high,
    "lantern": _lantern,
}
