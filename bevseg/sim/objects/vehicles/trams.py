"""Trams. No class names them."""

from __future__ import annotations

import numpy as np

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, box, merge, polyline, quads, uprights

CLOTH, METAL, SCREEN = Material.CLOTH, Material.METAL, Material.SCREEN


def tram(rng: np.random.Generator) -> Mesh:
    """Return a tram along x, its middle at the origin: two to five sections with bellows, windows, a pantograph."""
    wide, high, low = rng.uniform(2.3, 2.65), rng.uniform(3.2, 3.6), 0.3
    count, half = int(rng.integers(2, 6)), wide / 2
    lengths = rng.uniform(6.0, 9.5, count)
    x = np.concatenate([[0.0], np.cumsum(lengths)]) - lengths.sum() / 2
    parts = []
    for k in range(count):
        a, b = x[k] + 0.3, x[k + 1] - 0.3
        nose, tail = 0.9 * (k == count - 1), 0.9 * (k == 0)
        parts.append(box((a, -half, low), (b, half, 1.0), METAL))
        parts.append(box((a + tail, -half, 2.4), (b - nose, half, high), METAL))
        ends = [(a + tail if k == 0 else a, a), (b - nose if k == count - 1 else b, b)]
        for top, foot in ends:
            parts.append(
                quads([[(foot, -half, 1.0), (foot, half, 1.0), (top, half, 2.4), (top, -half, 2.4)]], SCREEN)
            )
        for side in (-half, half):
            parts.append(
                quads(
                    [[(a, side, 1.0), (b, side, 1.0), (b - nose, side, 2.4), (a + tail, side, 2.4)]], SCREEN
                )
            )
            at = np.arange(a + tail, b - nose, rng.uniform(1.2, 2.0))
            parts.append(uprights(at, 0.12, 1.0, np.array(2.4), METAL).at(0, side))
        axle = np.array((a + 0.2 * (b - a), b - 0.2 * (b - a)))
        for u in axle:
            parts.append(box((u - 0.9, -0.75, 0.0), (u + 0.9, 0.75, low), METAL))
        if k + 1 < count:
            parts.append(box((b, -half + 0.1, 0.4), (b + 0.6, half - 0.1, high - 0.1), CLOTH))
    top = high + rng.uniform(1.2, 1.8)
    u = (x[0] + x[1]) / 2
    parts.append(polyline([(u, 0, high), (u + 0.8, 0, (high + top) / 2), (u, 0, top)], 0.04, METAL))
    parts.append(polyline([(u, -0.8, top), (u, 0.8, top)], 0.03, METAL))
    return merge(parts)
