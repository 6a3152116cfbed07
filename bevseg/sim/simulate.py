"""A seed and a number of points -> a labelled scan of a street, as a mobile laser scanner would bring it home."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bevseg.errors import UsageError
from bevseg.pointcloud import PointCloud
from bevseg.sim.scanner import Echoes, Scanner, Scene, scan
from bevseg.sim.street import street

EPSG = 28992
"""Amersfoort / RD New: where the streets are placed, as large coordinates that float32 cannot hold."""
LENGTH = 80.0
"""Default length of a drive, m."""
_SURPLUS = 1.02
"""Echoes measured over points asked for; what is too much is lost at random, as on wet and dark spots."""


@dataclass(frozen=True)
class Scan:
    """A simulated scan with all that was measured.

    Attributes
    ----------
    cloud
        Coordinates and true labels.
    intensity
        (N,) uint8 strength of the echoes.
    gps_time
        (N,) float64, s of the week.
    """

    cloud: PointCloud
    intensity: NDArray[np.uint8]
    gps_time: NDArray[np.float64]


def simulate(
    seed: int,
    points: int,
    *,
    length: float = LENGTH,
    slope: float | None = None,
    resolution: float = 0.001,
    progress: Callable[[int, int], None] | None = None,
) -> PointCloud:
    """Return the scan of the street of a seed, with labels.

    Parameters
    ----------
    seed
        The same seed gives the same street and, with the same other values, the same scan.
    points
        Exactly this many points come back.
    length
        Of the drive, m. Points per m decide how far profiles and rays lie apart.
    slope
        Of the street, m per m; None draws one up to 8 %.
    resolution
        Step of the coordinates, m.
    progress
        Called with (profiles done, profiles in all).

    Raises
    ------
    UsageError
        If there is no length, no point or no room for the points.
    DependencyError
        If Open3D cannot be loaded.
    """
    return simulate_scan(
        seed, points, length=length, slope=slope, resolution=resolution, progress=progress
    ).cloud


def simulate_scan(
    seed: int,
    points: int,
    *,
    length: float = LENGTH,
    slope: float | None = None,
    resolution: float = 0.001,
    progress: Callable[[int, int], None] | None = None,
) -> Scan:
    """Return what `simulate` returns, with intensity and time beside it."""
    if points < 1 or length < 5:
        raise UsageError(
            "Nothing to simulate",
            why=f"{points} points on {length} m",
            hint="ask for at least 1 point on 5 m",
        )
    from bevseg import open3d

    scene = Scene(street(seed, length, slope), open3d.load())
    rng = np.random.default_rng([seed, 1])
    echoes = _exactly(scene, points, rng, progress)
    x, y, z = np.rint(echoes.xyz.T / np.float32(resolution)).astype(np.int32)
    east, north, up = rng.uniform((86_000, 438_000, -2), (88_000, 440_000, 20)).round()
    cloud = PointCloud(
        x,
        y,
        z,
        scale=(resolution,) * 3,
        offset=(float(east), float(north), float(up)),
        labels=echoes.labels,
        name=f"street_{seed:02d}",
    )
    return Scan(cloud, echoes.intensity, 300_000.0 + echoes.time.astype(np.float64))


def _exactly(
    scene: Scene, points: int, rng: np.random.Generator, progress: Callable[[int, int], None] | None
) -> Echoes:
    """Scan so finely that a little more than `points` echoes come back, and lose the rest at random."""
    length = scene.street.terrain.length
    density = points / length
    while True:
        scanner = _tuned(scene, density * _SURPLUS)
        echoes = Echoes.joined(list(scan(scene, scanner, rng, progress=progress)))
        if len(echoes) >= points:
            lost = rng.choice(len(echoes), len(echoes) - points, replace=False, shuffle=False)
            mask = np.ones(len(echoes), bool)
            mask[lost] = False
            return echoes.kept(mask)
        density *= 1.05 * points / max(1, len(echoes))


def _tuned(scene: Scene, density: float) -> Scanner:
    """Return a scanner whose echoes number `density` per m of street.

    Rays of a profile lie three times as close, 3 m away, as profiles do: the stripes of a real scan.
    """
    # echoes per m = 2 scanners * rays * hit / spacing, and rays = 60 / spacing
    pilot = Scanner()
    every = np.unique(np.linspace(0, scene.street.terrain.length / pilot.spacing - 1, 100).astype(np.int64))
    echoes = sum(len(part) for part in scan(scene, pilot, np.random.default_rng(0), profiles=every))
    hit = max(echoes / (len(every) * 2 * pilot.rays), 0.05)
    spacing = min(np.sqrt(2 * hit * _RAYS_PER_SPACING / density), 0.5)
    return replace(pilot, spacing=spacing, rays=max(8, round(density * spacing / (2 * hit))))


_RAYS_PER_SPACING = 30.0
"""Rays of a profile times the spacing of profiles, m."""
