"""Utility poles: masts of wood or concrete that carry wires of power and telephone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beam, beams, box, merge, polyline
from bevseg.sim.objects.poles.masts import curved_arm

STEEL = Material.STEEL


@dataclass(frozen=True)
class Line:
    """The common properties of a row of wooden masts.

    Attributes
    ----------
    height
        Of the masts, m.
    arms
        Heights of the crossarms, m.
    hooks
        (N, 3): across the line and height at which a wire hangs, and its radius, m. Bundles of cables are thick; a
        bare wire counts with half the width of a laser beam, which is what makes it seen.
    """

    height: float
    arms: tuple[float, ...]
    hooks: NDArray[np.float64]
    thick: float | None = None
    """Radius of the masts at the ground, m; None draws that of each wooden mast."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Line:
        """Draw a line: power on crossarms or a rack at the top, telephone and cable bundles at 5 to 7 m."""
        height = rng.uniform(8.0, 12.5)
        count = int(rng.choice([0, 1, 2], p=[0.3, 0.5, 0.2]))
        arms = tuple(height - 0.4 - 0.9 * i for i in range(count))
        hooks = [
            (y, z + 0.15, 0.012) for z in arms for y in (-1.0, -0.35, 0.35, 1.0)[:: int(rng.integers(1, 3))]
        ]
        if not arms:
            hooks += [(0.12, height - 0.3 - 0.25 * i, 0.012) for i in range(int(rng.integers(1, 4)))]
        low = rng.uniform(5.2, 6.6)
        hooks += [(-0.15, low + 0.35 * i, rng.uniform(0.012, 0.035)) for i in range(int(rng.integers(1, 5)))]
        return cls(height, arms, np.array(hooks))

    @classmethod
    def concrete(cls, rng: np.random.Generator) -> Line:
        """Draw a line of concrete masts: many wires, on short arms to the side and in bundles down to 5 m."""
        height = rng.uniform(8.0, 14.0)
        arms = tuple(height - 0.3 - rng.uniform(0.7, 1.1) * i for i in range(int(rng.integers(1, 4))))
        hooks = [(y, z + 0.15, 0.012) for z in arms for y in (-0.8, 0.0, 0.8)]
        hooks += [(0.14, height - 2.6 - 0.2 * i, 0.012) for i in range(int(rng.integers(1, 4)))]
        low = rng.uniform(5.0, 6.0)
        hooks += [
            (rng.choice([-0.2, 0.2]), low + 0.25 * i, rng.uniform(0.012, 0.05))
            for i in range(int(rng.integers(2, 7)))
        ]
        kept = [hook for hook in hooks if hook[1] < height + 0.2]
        return cls(height, arms, np.array(kept), rng.uniform(0.13, 0.2))


def utility_pole(rng: np.random.Generator, line: Line) -> Mesh:
    """Return a mast of a line that runs along x; transformers and guy wires are undefined.

    Concrete ones reflect like wood, and may carry three transformers.
    """
    thick = rng.uniform(0.12, 0.19) if line.thick is None else line.thick
    parts = [beam((0, 0, -0.3), (0, 0, line.height), thick, Material.TIMBER, sides=8, tip=0.65)]
    for z in line.arms:
        parts.append(box((thick - 0.04, -1.2, z), (thick + 0.06, 1.2, z + 0.12), Material.TIMBER))
        braces = [[(thick, side * 0.6, z), (thick * 0.8, 0, z - 0.55)] for side in (-1, 1)]
        parts += [polyline(brace, 0.015, STEEL) for brace in braces]
    y, z, _ = line.hooks[line.hooks[:, 2] < 0.02].T
    tops = np.column_stack([np.zeros_like(y), y, z])
    parts.append(beams(tops - (0, 0, 0.14), tops, 0.03, STEEL))
    if rng.random() < 0.3:
        top, out = line.height - rng.uniform(1.6, 2.6), thick + 0.28
        parts.append(
            beam((0, out, top - 0.9), (0, out, top), rng.uniform(0.18, 0.26), Material.METAL, sides=8)
        )
        if line.thick is not None and rng.random() < 0.4:
            parts += [
                beam((x, out, top - 0.9), (x, out, top), 0.22, Material.METAL, sides=8) for x in (-0.55, 0.55)
            ]
            parts.append(box((-0.8, 0.0, top - 1.0), (0.8, out + 0.2, top - 0.9), STEEL))
    if rng.random() < 0.35:
        parts.append(curved_arm(rng.uniform(6.0, 7.8), rng.uniform(1.2, 3.0), rng.uniform(0.2, 0.6)))
    if rng.random() < 0.2:
        side = rng.choice([-1, 1])
        parts.append(
            polyline(
                [(0, 0, 0.85 * line.height), (side * rng.uniform(2, 4), -1.0, 0.0)], 0.012, Material.WIRE
            )
        )
    if rng.random() < 0.3:
        parts.append(box((-0.1, thick, 1.4), (0.1, thick + 0.15, 2.0), Material.METAL))
    return merge(parts)
