"""A seed, a preset and a number of points -> a labelled scan of a street."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bevseg.config import SimulateConfig
from bevseg.core.pointcloud import PointCloud
from bevseg.runtime import open3d
from bevseg.runtime.progress import Progress, Step, silent
from bevseg.sim import presets
from bevseg.sim.point_count import scan_exactly
from bevseg.sim.scene import Scene
from bevseg.sim.setup import Setup
from bevseg.sim.tour import plan_tour, street_length
from bevseg.sim.town.street import Street, street

EPSG = 28992
"""Amersfoort / RD New: the reference system of the streets, with coordinates that float32 cannot hold."""


@dataclass(frozen=True)
class SimulatedScan:
    """A simulated scan: what was measured, and the truth.

    Attributes
    ----------
    cloud
        Coordinates and true labels, in the order of measurement.
    intensity
        (N,) uint8, strength of the return.
    gps_time
        (N,) float64, s of the week, in ascending order.
    return_number, number_of_returns
        (N,) uint8, number of the return in its beam, from 1, and how many returns the beam has.
    instances
        (N,) int32, number of the instance that was hit. 0 is the ground, `returns.NOTHING` is no instance.
    street
        The street, in a frame with its origin at the offset of the cloud; without what moved through it turn by turn.
    setup
        How the street was scanned.
    """

    cloud: PointCloud
    intensity: NDArray[np.uint8]
    gps_time: NDArray[np.float64]
    return_number: NDArray[np.uint8]
    number_of_returns: NDArray[np.uint8]
    instances: NDArray[np.int32]
    street: Street
    setup: Setup


def simulate(
    seed: int,
    points: int | None = None,
    *,
    preset: str = SimulateConfig.preset,
    length: float | None = None,
    slope: float | None = None,
    resolution: float | None = None,
    progress: Progress = silent,
) -> PointCloud:
    """Return the labelled cloud of `simulate_scan`, without the rest."""
    return simulate_scan(
        seed,
        points,
        preset=preset,
        length=length,
        slope=slope,
        resolution=resolution,
        progress=progress,
    ).cloud


def simulate_scan(
    seed: int,
    points: int | None = None,
    *,
    preset: str = SimulateConfig.preset,
    length: float | None = None,
    slope: float | None = None,
    resolution: float | None = None,
    progress: Progress = silent,
) -> SimulatedScan:
    """Build the street of a seed and scan it.

    Parameters
    ----------
    seed
        The same seed gives the same street and, with the same other values, the same scan.
    points
        The cloud has exactly this many points. None: the number of the preset.
    preset
        How the street is scanned, and in what kind of town it is: one of `presets.names()`.
    length
        Length of the drive, m. The points per m then decide how far apart sweeps and rays lie. None: the sensor
        decides that, and the drive is as long as the points need.
    slope
        Slope of the street, m per m. None: a random one.
    resolution
        Step of the coordinates, m. None: that of the preset.
    progress
        Progress callback.

    Raises
    ------
    UsageError
        If there is no such preset, or a number is outside of its domain in `SimulateConfig`.
    DependencyError
        If Open3D cannot be loaded.
    """
    chosen = presets.load(preset)
    SimulateConfig(points, length, resolution)  # refuses what nobody can drive or store
    points = chosen.points if points is None else points
    task = partial(Step, f"street {seed}")
    progress(task(0, 1))
    library = open3d.load()
    rng = np.random.default_rng([seed, 1])
    setup = chosen.draw(rng)
    east, north, up = rng.integers((86_000, 438_000, -2), (88_000, 440_000, 20))
    built = street(
        seed,
        length or street_length(setup, points),
        slope,
        style=setup.style,
        smeared=setup.traffic is None,
    )
    scene = Scene(built.mesh, library)
    tour = plan_tour(built, scene, setup, rng)
    returns = scan_exactly(
        scene, tour, points, rng, lambda *state: progress(task(*state)), whole=length is not None
    )
    resolution = resolution or setup.resolution
    x, y, z = (np.rint(axis / np.float64(resolution)).astype(np.int32) for axis in returns.xyz.T)
    cloud = PointCloud(
        x,
        y,
        z,
        scale=(resolution, resolution, resolution),
        offset=(float(east), float(north), float(up)),
        labels=returns.labels,
        name=f"street_{seed:02d}",
    )
    return SimulatedScan(
        cloud,
        returns.intensity,
        300_000.0 + returns.time,
        returns.return_number,
        returns.number_of_returns,
        returns.instances,
        built,
        setup,
    )
