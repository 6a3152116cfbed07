"""Triangles -> the hits of rays on them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.mesh import Mesh

Floats = NDArray[np.float32]


class Scene:
    """Triangles that rays can be cast into.

    Parameters
    ----------
    mesh
        The triangles.
    open3d
        The module, from `bevseg.runtime.open3d.load()`.
    """

    def __init__(self, mesh: Mesh, open3d: Any) -> None:
        self.mesh = mesh
        self._tensor = open3d.core.Tensor
        self._scene = open3d.t.geometry.RaycastingScene()
        corners = mesh.corners.astype(np.float32).reshape(-1, 3)
        triangles = np.arange(len(corners), dtype=np.uint32).reshape(-1, 3)
        self._scene.add_triangles(self._tensor(corners), self._tensor(triangles))

    def cast(self, rays: Floats) -> tuple[Floats, NDArray[np.uint32], Floats]:
        """Return range (inf without a hit), triangle and its unit normal for each ray (N, 6)."""
        answer = self._scene.cast_rays(self._tensor(rays))
        return answer["t_hit"].numpy(), answer["primitive_ids"].numpy(), answer["primitive_normals"].numpy()
