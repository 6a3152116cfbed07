"""A street and a vehicle that drives down it with two profile scanners -> echoes.

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

_BATCH = 400_000
"""Rays cast at once; with what is computed of them they take about 250 bytes each."""


@dataclass(frozen=True)
class Scanner:
    """The instrument and how it is driven."""

    height: float = 2.2
    """Of the mirrors over the road, m."""
    spacing: float = 0.1
    """Between two profiles of one mirror along the road, m."""
    rays: int = 300
    """Rays of one profile, over the full turn."""
    yaw: float = 30.0
    """Of the axes to the left and to the right of the driving direction, degrees."""
    pitch: float = 12.0
    """Of the axes below the horizon, degrees."""
    noise: float = 0.010
    """Standard deviation of a range, m; rough surfaces add to it."""
    reach: float = 45.0
    """Range at which half the echoes of a perfect mirror are lost, m; none comes back from twice as far."""
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
        (N,) uint8, strength of the echo.
    time
        (N,) float32, s since the start of the drive.
    """

    xyz: NDArray[np.float32]
    labels: NDArray[np.uint8]
    intensity: NDArray[np.uint8]
    time: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)

    def without(self, lost: NDArray[np.int64]) -> Echoes:
        """Return all echoes but those at the indices `lost`."""
        kept = np.ones(len(self), bool)
        kept[lost] = False
        return Echoes(self.xyz[kept], self.labels[kept], self.intensity[kept], self.time[kept])


def joined(parts: list[Echoes]) -> Echoes:
    """Return all echoes of `parts` in turn; empties the list, so that no more than two copies are held."""
    columns = [[getattr(part, name) for part in parts] for name in ("xyz", "labels", "intensity", "time")]
    parts.clear()
    return Echoes(*(np.concatenate(columns.pop(0)) for _ in range(4)))


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
    ) -> tuple[NDArray[np.float32], NDArray[np.uint32], NDArray[np.float32]]:
        """Return range (inf where nothing is hit), triangle and its unit normal for each ray (N, 6)."""
        answer = self._scene.cast_rays(self._tensor(rays))
        return answer["t_hit"].numpy(), answer["primitive_ids"].numpy(), answer["primitive_normals"].numpy()


def scan(
    scene: Scene,
    scanner: Scanner,
    rng: np.random.Generator,
    *,
    profiles: NDArray[np.int64] | None = None,
    tell: Callable[[float, float, int], None] = lambda done, total, points: None,
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
    tell
        Called after each batch with profiles done, profiles in all and points so far.
    """
    if profiles is None:
        profiles = np.arange(int(scene.street.terrain.length / scanner.spacing))
    step = max(1, _BATCH // (2 * scanner.rays))
    points = 0
    for start in range(0, len(profiles), step):
        rays, time = _rays(scene.street, scanner, profiles[start : start + step])
        echoes = _measured(scene, scanner, rng, rays, time)
        points += len(echoes)
        tell(min(start + step, len(profiles)), len(profiles), points)
        yield echoes


def _rays(
    street: Street, scanner: Scanner, profiles: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return rays (P * 2 * R, 6) as origin and unit direction, and their times; profile, mirror, angle in turn."""
    turn = (np.arange(scanner.rays) + 0.5) / scanner.rays
    s = ((profiles[:, None] + turn) * scanner.spacing).ravel()  # the vehicle moves while the mirrors turn
    lane = np.full_like(s, street.lane)
    height = street.terrain.height(s, lane) + scanner.height
    origins = street.bend.plane(np.column_stack([s, lane + 0.12 * np.sin(s / 9.0), height]))
    heading = street.bend.direction(s)
    cos, sin = (f(heading).astype(np.float32).reshape(-1, 1, scanner.rays) for f in (np.cos, np.sin))
    ahead, left, up = _directions(scanner, turn).astype(np.float32)  # 2 x R each
    rays = np.empty((len(profiles), 2, scanner.rays, 6), np.float32)
    rays[..., :3] = origins.reshape(len(profiles), 1, scanner.rays, 3)
    rays[..., 3] = ahead * cos - left * sin
    rays[..., 4] = ahead * sin + left * cos
    rays[..., 5] = up
    time = np.repeat((s / scanner.speed).reshape(-1, 1, scanner.rays), 2, axis=1)
    return rays.reshape(-1, 6), time.ravel().astype(np.float32)


def _directions(scanner: Scanner, turn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return unit directions (3, 2, R) in the frame of the vehicle, for shares of a turn that begins straight up."""
    angle, pitch = 2 * np.pi * turn, np.radians(scanner.pitch)
    both = []
    for yaw in np.radians([scanner.yaw, -scanner.yaw]):
        axis = np.array([np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), -np.sin(pitch)])
        across = np.cross((0, 0, 1), axis)
        across /= np.linalg.norm(across)
        both.append(np.outer(np.cross(axis, across), np.cos(angle)) + np.outer(across, np.sin(angle)))
    return np.stack(both, axis=1)


def _measured(
    scene: Scene,
    scanner: Scanner,
    rng: np.random.Generator,
    rays: NDArray[np.float32],
    time: NDArray[np.float32],
) -> Echoes:
    """Cast rays and return what is measured: echoes fade with range, and on slanted, dark or glassy surfaces."""
    distance, triangle, normal = scene.cast(rays)
    hit = np.flatnonzero((distance > scanner.nearest) & (distance < 2 * scanner.reach))
    rays, distance = rays[hit], distance[hit]
    material = scene.street.mesh.materials[triangle[hit]]
    cosine = np.abs(np.einsum("ij,ij->i", normal[hit], rays[:, 3:]))
    fading = 1 / (1 + (distance / scanner.reach) ** 4)
    chance = ECHO[material] * fading * np.minimum(1, 0.3 + 8 * cosine)
    came = np.flatnonzero(rng.random(len(hit), np.float32) < chance)
    rays, distance, material, cosine = rays[came], distance[came], material[came], cosine[came]
    sigma = np.hypot(np.float32(scanner.noise), ROUGHNESS[material])
    noisy = distance + sigma * rng.standard_normal(len(distance), np.float32)
    speckle = 1 + 0.05 * rng.standard_normal(len(distance), np.float32)
    strength = REFLECTANCE[material] * np.sqrt(cosine) * speckle / (1 + (distance / 40) ** 2)
    return Echoes(
        (rays[:, :3] + noisy[:, None] * rays[:, 3:]).astype(np.float32),
        LABELS[material],
        np.clip(np.rint(255 * strength), 1, 255).astype(np.uint8),
        time[hit[came]],
    )
