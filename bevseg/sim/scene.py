"""Triangles -> the hits of rays on them. Some things move while rays are cast."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.mesh import Mesh, merge

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Mover:
    """A thing that moves. Before and after the times of its way it is not there.

    Attributes
    ----------
    mesh
        In its own frame: x forward, y to its left, z up, its origin on the ground. Its instances are numbered from 0.
    time
        (K,) s, in ascending order, K at least 2.
    place
        (K, 3) where its origin is at these times, m.
    ahead
        (K, 3) unit vectors of its forward direction at these times.
    """

    mesh: Mesh
    time: NDArray[np.float64]
    place: NDArray[np.float64]
    ahead: NDArray[np.float64]

    def places(self, time: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the place of its origin (N, 3) at times (N,), m."""
        return _interpolated(time, self.time, self.place)

    def axes(self, time: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the axes (N, 3, 3) of its frame at times (N,): ahead, left, up."""
        ahead = _interpolated(time, self.time, self.ahead)
        ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
        left = np.column_stack([-ahead[:, 1], ahead[:, 0], np.zeros(len(ahead))])
        left /= np.linalg.norm(left, axis=1, keepdims=True)
        return np.stack([ahead, left, np.cross(ahead, left)], axis=1)


def _interpolated(
    at: NDArray[np.float64], knots: NDArray[np.float64], table: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.stack([np.interp(at, knots, column) for column in table.T], axis=1)


class Scene:
    """Triangles that rays can be cast into.

    Parameters
    ----------
    mesh
        The triangles that stand still.
    open3d
        The module, from `bevseg.runtime.open3d.load()`.

    Attributes
    ----------
    mesh
        All triangles, with the numbers that `cast` returns. Those that move come last, each in the frame of its
        mover.
    """

    def __init__(self, mesh: Mesh, open3d: Any) -> None:
        self.mesh = self._standing = mesh
        self._open3d = open3d
        self._still = _Solid(mesh, open3d)
        self._moving: list[tuple[Mover, int, _Solid]] = []

    def with_movers(self, movers: Sequence[Mover]) -> Self:
        """Return the scene with these things moving through it, and no others, as new instances."""
        scene = copy(self)
        scene._moving = []
        parts, triangles = [self._standing], len(self._standing.corners)
        instance = int(self._standing.instances.max(initial=0)) + 1
        for mover in movers:
            scene._moving.append((mover, triangles, _Solid(mover.mesh, self._open3d)))
            parts.append(mover.mesh.numbered(instance))
            triangles += len(mover.mesh.corners)
            instance += int(mover.mesh.instances.max(initial=0)) + 1
        scene.mesh = merge(parts) if movers else self._standing
        return scene

    def cast(
        self, rays: Floats, time: NDArray[np.float64] | None = None
    ) -> tuple[Floats, NDArray[np.uint32], Floats]:
        """Return the first hits of rays.

        Parameters
        ----------
        rays
            (N, 6) origin, m, and unit direction.
        time
            (N,) when each ray is sent, s. None: what moves is not there.

        Returns
        -------
        (N,) range, m (inf without a hit), (N,) triangle, and (N, 3) its unit normal.
        """
        reach, triangle, normal = self._still.cast(rays)
        if time is None or not self._moving:
            return reach, triangle, normal
        reach, triangle, normal = reach.copy(), triangle.copy(), normal.copy()
        for mover, first, solid in self._moving:
            there = np.flatnonzero((time >= mover.time[0]) & (time <= mover.time[-1]))
            start = (rays[there, :3] - mover.places(time[there])).astype(np.float32)
            toward = -np.einsum("ij,ij->i", start, rays[there, 3:])
            aside = np.einsum("ij,ij->i", start, start) - toward**2
            near = (toward > -solid.radius) & (aside < solid.radius**2)
            at, axes = there[near], mover.axes(time[there[near]])
            lines = np.stack([start[near], rays[at, 3:]], axis=1)
            turned = np.einsum("nij,nkj->nki", axes, lines).reshape(-1, 6)
            distance, number, across = solid.cast(turned.astype(np.float32))
            closer = distance < reach[at]
            hit = at[closer]
            reach[hit] = distance[closer]
            triangle[hit] = number[closer] + np.uint32(first)
            normal[hit] = np.einsum("nij,ni->nj", axes[closer], across[closer])
        return reach, triangle, normal


class _Solid:
    """Triangles in one frame, ready for rays."""

    def __init__(self, mesh: Mesh, open3d: Any) -> None:
        corners = mesh.corners.astype(np.float32).reshape(-1, 3)
        self.radius = float(np.linalg.norm(corners, axis=1).max(initial=0.0))
        """Distance of the farthest corner from the origin, m."""
        self._tensor = open3d.core.Tensor
        self._scene = open3d.t.geometry.RaycastingScene()
        numbers = np.arange(len(corners), dtype=np.uint32).reshape(-1, 3)
        self._scene.add_triangles(self._tensor(corners), self._tensor(numbers))

    def cast(self, rays: Floats) -> tuple[Floats, NDArray[np.uint32], Floats]:
        answer = self._scene.cast_rays(self._tensor(rays))
        return answer["t_hit"].numpy(), answer["primitive_ids"].numpy(), answer["primitive_normals"].numpy()
