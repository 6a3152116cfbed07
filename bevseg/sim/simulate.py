"""A seed and a number of points -> a labelled scan of a street, as a mobile scanner would bring it home."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bevseg import open3d
from bevseg.config import SimulateConfig
from bevseg.errors import UsageError
from bevseg.pointcloud import PointCloud
from bevseg.progress import Progress, Step, silent
from bevseg.sim.scanner import Echoes, Scanner, Scene, joined, scan
from bevseg.sim.street import street

EPSG = 28992
"""Amersfoort / RD New: streets lie there, at coordinates that float32 cannot hold."""
_SURPLUS = 1.02
"""Echoes aimed at over points asked for; what is too much is lost at random, as on wet and dark spots."""
_STRIPES = 20.0
"""Rays of a profile times spacing of the profiles, m: 3 m away, rays lie as far apart as profiles."""


@dataclass(frozen=True)
class Survey:
    """A simulated scan with all that was measured.

    Attributes
    ----------
    cloud
        Coordinates and true labels, in the order of measurement.
    intensity
        (N,) uint8, strength of the echoes.
    gps_time
        (N,) float64, s of the week.
    """

    cloud: PointCloud
    intensity: NDArray[np.uint8]
    gps_time: NDArray[np.float64]


def simulate(
    seed: int,
    points: int = SimulateConfig.points,
    *,
    length: float = SimulateConfig.length,
    slope: float | None = None,
    resolution: float = SimulateConfig.resolution,
    progress: Progress = silent,
) -> PointCloud:
    """Return the scan of a street with true labels; see `survey`, which also tells intensity and time."""
    return survey(seed, points, length=length, slope=slope, resolution=resolution, progress=progress).cloud


def survey(
    seed: int,
    points: int = SimulateConfig.points,
    *,
    length: float = SimulateConfig.length,
    slope: float | None = None,
    resolution: float = SimulateConfig.resolution,
    progress: Progress = silent,
) -> Survey:
    """Build the street of a seed and scan it.

    Parameters
    ----------
    seed
        The same seed gives the same street and, with the same other values, the same scan.
    points
        Exactly this many points come back.
    length
        Of the drive, m. Points per m decide how far apart profiles and rays lie.
    slope
        Of the street, m per m; None draws one of up to 8 %.
    resolution
        Step of the coordinates, m.
    progress
        Told as the scan goes on.

    Raises
    ------
    UsageError
        If there is nothing to simulate.
    DependencyError
        If Open3D cannot be loaded.
    """
    if points < 1 or length < 5:
        raise UsageError(
            "Nothing to simulate",
            why=f"{points} points on {length:g} m",
            hint="ask for 1 point on 5 m at least",
        )
    task = partial(Step, f"street {seed}")
    progress(task(0, 1))
    scene = Scene(street(seed, length, slope), open3d.load())
    rng = np.random.default_rng([seed, 1])
    east, north, up = rng.integers((86_000, 438_000, -2), (88_000, 440_000, 20))
    echoes = _exactly(scene, points, rng, lambda *state: progress(task(*state)))
    x, y, z = (np.rint(axis / np.float32(resolution)).astype(np.int32) for axis in echoes.xyz.T)
    cloud = PointCloud(
        x,
        y,
        z,
        scale=(resolution, resolution, resolution),
        offset=(float(east), float(north), float(up)),
        labels=echoes.labels,
        name=f"street_{seed:02d}",
    )
    return Survey(cloud, echoes.intensity, 300_000.0 + echoes.time.astype(np.float64))


def _exactly(
    scene: Scene, points: int, rng: np.random.Generator, tell: Callable[[float, float, int], None]
) -> Echoes:
    """Scan so finely that somewhat more than `points` echoes come back, and lose the rest at random."""
    density = _SURPLUS * points / scene.street.terrain.length
    while True:
        parts = list(scan(scene, _tuned(scene, density), rng, tell=tell))
        echoes = joined(parts)
        if len(echoes) >= points:
            lost = rng.choice(len(echoes), len(echoes) - points, replace=False, shuffle=False)
            return echoes.without(lost)
        density *= 1.05 * points / max(1, len(echoes))


def _tuned(scene: Scene, density: float) -> Scanner:
    """Return a scanner that brings home about `density` echoes per m of street."""
    coarse = Scanner()
    last = scene.street.terrain.length / coarse.spacing - 1
    profiles = np.unique(np.linspace(0, last, 150).astype(np.int64))
    echoes = sum(len(part) for part in scan(scene, coarse, np.random.default_rng(0), profiles=profiles))
    hits = max(2 * echoes / (2 * coarse.rays * len(profiles)), 0.1)  # of two mirrors, per ray of one
    spacing = min(np.sqrt(hits * _STRIPES / density), 0.5)
    return replace(coarse, spacing=float(spacing), rays=max(8, round(density * spacing / hits)))
