"""A vehicle with two tilted profile scanners drives down the street: rays, echoes, noise.

The two mirrors turn about axes that are yawed and pitched away from the driving direction, so that the fronts and the
backs of things are hit as well; what lies behind something stays in its shadow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.sim.materials import ECHO, LABELS, REFLECTANCE, ROUGHNESS
from bevseg.sim.street import Street

_BATCH = 500_000
"""Rays cast at once; they and their answers take 64 bytes each."""


@dataclass(frozen=True)
class Scanner:
    """The instrument and how it is driven."""

    height: float = 2.2
    """Of the mirrors over the road, m."""
    spacing: float = 0.1
    """Between two profiles of one scanner along the road, m."""
    rays: int = 300
    """Rays of one profile, over the full turn."""
    yaw: float = 30.0
    """Of the axes to the left and to the right of the driving direction, degrees."""
    pitch: float = 12.0
    """Of the axes below the horizon, degrees."""
    noise: float = 0.010
    """Standard deviation of a range, m."""
    reach: float = 70.0
    """Range at which half the echoes of a perfect mirror are lost, m."""
    nearest: float = 1.2
    """Echoes nearer than this are of the vehicle itself, m."""
    speed: float = 8.0
    """Of the vehicle, m/s."""


@dataclass(frozen=True)
class Echoes:
    """What came back, in the order of measurement.

    Attributes
    ----------
    xyz
        (N, 3) float32, m in the frame of the street.
    labels
        (N,) uint8 train ids.
    intensity
        (N,) uint8.
    time
        (N,) float32, s since the start of the drive.
    """

    xyz: NDArray[np.float32]
    labels: NDArray[np.uint8]
    intensity: NDArray[np.uint8]
    time: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)

    def kept(self, mask: NDArray[np.bool_]) -> Echoes:
        """Return the echoes of a mask."""
        return Echoes(self.xyz[mask], self.labels[mask], self.intensity[mask], self.time[mask])

    @staticmethod
    def joined(parts: list[Echoes]) -> Echoes:
        """Return all echoes of `parts` in turn."""
        return Echoes(
            np.concatenate([part.xyz for part in parts]),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.intensity for part in parts]),
            np.concatenate([part.time for part in parts]),
        )


class Scene:
    """A street that rays can be cast into.

    Parameters
    ----------
    street
        The street.
    open3d
        The module, from `bevseg.open3d.load()`.
    """

    def __init__(self, street: Street, open3d: Any) -> None:
        self.street = street
        self._tensor = open3d.core.Tensor
        self._scene = open3d.t.geometry.RaycastingScene()
        corners = street.mesh.corners.astype(np.float32).reshape(-1, 3)
        triangles = np.arange(len(corners), dtype=np.uint32).reshape(-1, 3)
        self._scene.add_triangles(self._tensor(corners), self._tensor(triangles))

    def cast(
        self, rays: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]:
        """Return range (inf = nothing hit), material and cosine of the incidence angle per ray (N, 6)."""
        answer = self._scene.cast_rays(self._tensor(rays))
        distance = answer["t_hit"].numpy()
        triangle = answer["primitive_ids"].numpy()
        triangle[~np.isfinite(distance)] = 0
        cosine = np.abs((answer["primitive_normals"].numpy() * rays[:, 3:]).sum(axis=1))
        return distance, self.street.mesh.materials[triangle], cosine


def scan(
    scene: Scene,
    scanner: Scanner,
    rng: np.random.Generator,
    *,
    profiles: NDArray[np.int64] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Echoes]:
    """Drive down the street once and yield the echoes in batches, in the order of measurement.

    Parameters
    ----------
    scene, scanner
        What is scanned, and with what.
    rng
        Draws noise and drop-outs.
    profiles
        Numbers of the profiles to measure; None measures all of them.
    progress
        Called with (profiles done, profiles in all).
    """
    if profiles is None:
        profiles = np.arange(int(scene.street.terrain.length / scanner.spacing))
    step = max(1, _BATCH // (2 * scanner.rays))
    for start in range(0, len(profiles), step):
        rays, time = _rays(scene.street, scanner, profiles[start : start + step])
        yield _measure(scene, scanner, rng, rays, time)
        if progress:
            progress(min(start + step, len(profiles)), len(profiles))


def _rays(
    street: Street, scanner: Scanner, profiles: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rays (P * 2 * R, 6) as origin and unit direction, with their times; profile, scanner, angle in turn."""
    turn = (np.arange(scanner.rays) + 0.5) / scanner.rays
    s = (
        profiles[:, None, None] + turn
    ) * scanner.spacing  # P x 1 x R: the vehicle moves while the mirror turns
    s = np.broadcast_to(s, (len(profiles), 2, scanner.rays)).reshape(-1)
    t = street.lane + 0.12 * np.sin(s / 9.0)
    ground = street.terrain.height(s, np.full_like(s, street.lane))
    origins = street.bend.plane(np.column_stack([s, t, ground + scanner.height]))
    heading = street.bend.direction(s)
    local = np.broadcast_to(_directions(scanner, turn), (len(profiles), 2, scanner.rays, 3)).reshape(-1, 3)
    cos, sin = np.cos(heading), np.sin(heading)
    directions = np.column_stack(
        [local[:, 0] * cos - local[:, 1] * sin, local[:, 0] * sin + local[:, 1] * cos, local[:, 2]]
    )
    return np.hstack([origins, directions]).astype(np.float32), (s / scanner.speed).astype(np.float32)


def _directions(scanner: Scanner, turn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit directions (2, R, 3) in the frame of the vehicle, for shares of a turn that begins straight up."""
    angle = 2 * np.pi * turn
    pitch = np.radians(scanner.pitch)
    both = []
    for yaw in np.radians([scanner.yaw, -scanner.yaw]):
        axis = np.array([np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), -np.sin(pitch)])
        across = np.cross((0, 0, 1), axis)
        across /= np.linalg.norm(across)
        up = np.cross(axis, across)
        both.append(np.outer(np.cos(angle), up) + np.outer(np.sin(angle), across))
    return np.stack(both)


def _measure(
    scene: Scene,
    scanner: Scanner,
    rng: np.random.Generator,
    rays: NDArray[np.float32],
    time: NDArray[np.float32],
) -> Echoes:
    """Cast rays and return what is measured: echoes fade with range and on slanted, dark or glassy surfaces."""
    distance, material, cosine = scene.cast(rays)
    hit = np.flatnonzero((distance > scanner.nearest) & (distance < 2 * scanner.reach))
    rays, time, distance, material, cosine = (a[hit] for a in (rays, time, distance, material, cosine))
    fading = 1 / (1 + (distance / scanner.reach) ** 4)
    chance = ECHO[material] * fading * np.minimum(1, 0.3 + 8 * cosine)
    measured = rng.random(len(hit), np.float32) < chance
    rays, time, distance, material, cosine = (a[measured] for a in (rays, time, distance, material, cosine))
    sigma = np.hypot(np.float32(scanner.noise), ROUGHNESS[material])
    noisy = distance + sigma * rng.standard_normal(len(distance), np.float32)
    speckle = 1 + 0.05 * rng.standard_normal(len(distance), np.float32)
    strength = REFLECTANCE[material] * np.sqrt(cosine) * speckle / (1 + (distance / 40) ** 2)
    return Echoes(
        rays[:, :3] + noisy[:, None] * rays[:, 3:],
        LABELS[material],
        np.clip(np.rint(255 * strength), 1, 255).astype(np.uint8),
        time,
    )
