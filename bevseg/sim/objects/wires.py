"""Wires that hang between two points. No class names them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, beams

WIRE = Material.WIRE


def wires(
    start: NDArray[np.float64], end: NDArray[np.float64], radii: NDArray[np.float64], sag: float
) -> Mesh:
    """Return wires that hang from points (N, 3) to points (N, 3); `sag` is their dip over their length."""
    share = np.linspace(0, 1, 11)
    dip = 4 * sag * np.linalg.norm(end - start, axis=1)[:, None] * (share * (1 - share))
    line = start[:, None] + share[None, :, None] * (end - start)[:, None]
    line[..., 2] -= dip
    return beams(line[:, :-1].reshape(-1, 3), line[:, 1:].reshape(-1, 3), np.repeat(radii, 10), WIRE, sides=3)
