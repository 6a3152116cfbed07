"""Traffic lights: on a post, on an arm, on a wire; lights for pedestrians."""

from __future__ import annotations

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, box, merge
from bevseg.sim.objects.poles.masts import curved_arm, tapering_mast

STEEL, PLATE = Material.STEEL, Material.PLATE


def _head(x: float, y: float, low: float, *, back: bool = False) -> Mesh:
    """Return the three lamps of a signal, with or without a wide back plate."""
    parts = [box((x, y - 0.15, low), (x + 0.25, y + 0.15, low + 0.95), STEEL)]
    if back:
        parts.append(box((x + 0.1, y - 0.28, low - 0.12), (x + 0.12, y + 0.28, low + 1.07), STEEL))
    return merge(parts)


def _walker(x: float, y: float, low: float) -> Mesh:
    """Return a light for pedestrians."""
    return box((x - 0.12, y, low), (x + 0.12, y + 0.2, low + 0.45), STEEL)


def traffic_light(rng: np.random.Generator, arm: float = 0.4) -> Mesh:
    """Return a traffic light on a post; with the chance `arm` it hangs from an arm over the road."""
    if rng.random() >= arm:
        height = rng.uniform(2.8, 4.2)
        parts = [tapering_mast(rng, height, rng.uniform(0.05, 0.08)), _head(0.05, 0.0, height - 1.0)]
        if rng.random() < 0.5:
            parts.append(_head(-0.3, 0.0, height - 1.0))
        if rng.random() < 0.5:
            parts.append(_walker(0.0, 0.2, 2.2))
        return merge(parts)
    reach, low = rng.uniform(3.0, 10.0), rng.uniform(5.2, 6.0)
    thick = 0.09 + 0.008 * reach
    rise = rng.uniform(0.0, 0.06) * reach
    mast = beam((0, 0, -0.3), (0, 0, low + 0.4), thick, STEEL, sides=8, tip=0.8)
    parts = [mast, beam((0, 0, low), (0, reach, low + rise), 0.7 * thick, STEEL, tip=0.5)]
    count = 1 if reach < 5 else int(rng.integers(1, 4))
    for y in np.linspace(reach - 0.3, max(0.5 * reach, reach - 3.4 * count), count):
        level = low + rise * y / reach
        parts.append(_head(0.05, float(y), level - rng.uniform(0.5, 0.8), back=bool(rng.random() < 0.4)))
    if rng.random() < 0.5:
        parts.append(box((0.08, 0.3 * reach, low - 0.15), (0.11, 0.3 * reach + 1.5, low + 0.35), PLATE))
    if rng.random() < 0.4:
        parts.append(_head(0.1, 0.0, 2.8))
    if rng.random() < 0.5:
        parts.append(_walker(0.1, 0.0, 2.3))
    if rng.random() < 0.25:
        top = low + rng.uniform(2.0, 3.5)
        parts += [
            beam((0, 0, low), (0, 0, top), 0.7 * thick, STEEL),
            curved_arm(top - 0.1, rng.uniform(1, 2.5), 0.4),
        ]
    return merge(parts)


def level_light(rng: np.random.Generator) -> Mesh:
    """Return a mast with one long arm over the road and signals that lie on their side, as in East Asia."""
    reach, low = rng.uniform(2.5, 9.0), rng.uniform(5.2, 6.2)
    thick = rng.uniform(0.09, 0.16)
    parts = [beam((0, 0, -0.3), (0, 0, rng.uniform(low + 0.2, low + 1.5)), thick, STEEL, sides=8, tip=0.75)]
    parts.append(beam((0, 0, low), (0, reach, low + rng.uniform(0.0, 0.4)), 0.45 * thick, STEEL, tip=0.7))
    count = int(rng.integers(1, 3))
    for y in np.linspace(reach - 0.3, 0.55 * reach, count):
        parts.append(box((0.08, y - 1.1, low - 0.35), (0.3, y, low + 0.02), STEEL))
    if rng.random() < 0.4:
        parts.append(box((0.06, 0.25 * reach, low - 0.2), (0.09, 0.25 * reach + 1.2, low + 0.3), PLATE))
    if rng.random() < 0.6:
        parts.append(_walker(0.1, 0.0, 2.4))
    if rng.random() < 0.3:
        parts.append(_head(0.1, 0.0, 2.8))
    return merge(parts)


def hanging_lights(rng: np.random.Generator) -> Mesh:
    """Return signals that hang from a wire at the origin, 1.2 to 1.8 m down: to one side, or to two or four."""
    drop = rng.uniform(0.1, 0.6)
    parts = [beam((0, 0, -drop), (0, 0, 0), 0.025, STEEL)]
    faces = int(rng.choice([1, 2, 4]))
    back = bool(rng.random() < 0.3)
    for k in range(faces):
        parts.append(
            _head(-0.12 + 0.1 * (faces > 1), 0.0, -drop - 1.0, back=back).turned(k * 2 * np.pi / faces)
        )
    return merge(parts).turned(rng.uniform(0, 2 * np.pi))


def pedestrian_light(rng: np.random.Generator) -> Mesh:
    """Return a thin post with a light for pedestrians and its button."""
    height = rng.uniform(2.6, 3.1)
    parts = [beam((0, 0, -0.3), (0, 0, height), rng.uniform(0.04, 0.06), STEEL, sides=8)]
    return merge(
        [*parts, _walker(0.0, 0.05, height - 0.5), box((0.04, -0.06, 1.0), (0.1, 0.06, 1.25), STEEL)]
    )
