"""A seed, a preset and a number of points -> a labelled scan of a street, as a survey would bring it home."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bevseg.config import SimulateConfig
from bevseg.config.domains import did_you_mean
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import UsageError
from bevseg.runtime import open3d
from bevseg.runtime.progress import Progress, Step, silent
from bevseg.sim.instrument import drive
from bevseg.sim.instrument.drive import Pass, Route
from bevseg.sim.instrument.returns import Returns, joined
from bevseg.sim.instrument.scanner import scan
from bevseg.sim.instrument.sensors import Sensor
from bevseg.sim.presets import PRESETS, Setup
from bevseg.sim.scene import Scene
from bevseg.sim.town.street import Street, street

EPSG = 28992
"""Amersfoort / RD New: streets lie there, at coordinates that float32 cannot hold."""
_SURPLUS = 1.03
"""Returns aimed at over points asked for; what is too much is lost at random, as on wet and dark spots."""
_HITS = 0.5
"""Returns of a ray, about: what the length of a street is first guessed from."""
_SPARE = 1.25
"""Length of the street over that guess."""
_PROBED = 60_000
"""Rays cast to learn how many returns come back."""
_GAP = 30.0
"""Between two tripods along the street, m."""
_HALF_WIDTH = 0.8
"""Of a vehicle with an instrument, m."""
_CLEARANCE = 0.4
"""Objects on the road lower than this are no obstacle, m: kerbs, speed bumps, slopes."""


@dataclass(frozen=True)
class SimulatedScan:
    """A simulated scan with all that was measured, and all that is true.

    Attributes
    ----------
    cloud
        Coordinates and true labels, in the order of measurement.
    intensity
        (N,) uint8, strength of the returns.
    gps_time
        (N,) float64, s of the week; never falls.
    return_number, number_of_returns
        (N,) uint8, number of the return in its beam and how many the beam has.
    instances
        (N,) int32, number of the instance that was hit: 0 is the ground, `returns.NOTHING` a return of no instance.
    street
        What was scanned, in a frame whose origin is the offset of the cloud.
    setup
        How it was scanned.
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
    """Return the cloud of a `simulate_scan`: a labelled scan of the street of a seed."""
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
        Exactly this many points come back; None takes the number of the preset.
    preset
        How the street is surveyed, and what kind of street it is: a key of `presets.PRESETS`.
    length
        Of the drive, m: points per m then decide how far apart sweeps and rays lie. None: the sensor decides that,
        and the drive is as long as the points need.
    slope
        Of the street, m per m; None draws one.
    resolution
        Step of the coordinates, m; None takes that of the preset.
    progress
        Told as the scan goes on.

    Raises
    ------
    UsageError
        If there is no such preset, or a number is outside of its domain in `SimulateConfig`.
    DependencyError
        If Open3D cannot be loaded.
    """
    if preset not in PRESETS:
        near = did_you_mean(preset, PRESETS)
        raise UsageError(
            f"No preset {preset!r}", where="preset", hint=f"choose one of {', '.join(PRESETS)}{near}"
        )
    SimulateConfig(points, length, resolution)  # refuses what nobody can drive or store
    points = PRESETS[preset].points if points is None else points
    task = partial(Step, f"street {seed}")
    progress(task(0, 1))
    library = open3d.load()
    rng = np.random.default_rng([seed, 1])
    setup = PRESETS[preset].draw(rng)
    east, north, up = rng.integers((86_000, 438_000, -2), (88_000, 440_000, 20))
    built = street(seed, length or _SPARE * _guess(setup, points), slope, style=setup.style)
    scene = Scene(built.mesh, library)
    tour = _tour(built, scene, setup, rng)
    returns = _exactly(
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


def _guess(setup: Setup, points: int) -> float:
    """Return about how long a drive is that brings home so many points, m."""
    pattern = setup.sensor.pattern()
    sweep = _HITS * setup.sensor.optics.kept * pattern.heads * pattern.rays
    if setup.stands:
        stations = points / (sweep * 180.0 / setup.sensor.spacing)
        return _GAP * max(1, round(setup.shortest / _GAP), round(stations))
    length = points * setup.sensor.spacing / (sweep * setup.passes)
    return float(np.clip(length, setup.shortest, setup.longest))


@dataclass(frozen=True)
class _Tour:
    """Where the instrument goes: `plan` turns a sensor and the ends of a part of the way into passes."""

    sensor: Sensor
    plan: Callable[[Sensor, float, float], list[Pass]]
    shortest: float = 1.0
    """Share of the way that is gone at least."""
    through: float | None = None
    """Place that every part of the way has to hold, as a share of the way; None: any."""

    def first(self, part: float, draw: float) -> float:
        """Return where a part of the way begins, for a number drawn from 0 to 1."""
        low, high = 0.0, 1.0 - part
        if self.through is not None:
            margin = min(0.2 * part, self.through, 1 - self.through)
            low, high = max(low, self.through + margin - part), min(high, self.through - margin)
        return low + draw * max(0.0, high - low)


def _tour(built: Street, scene: Scene, setup: Setup, rng: np.random.Generator) -> _Tour:
    """Draw the way of the instrument through a street; parts of it have the same errors and the same pace."""
    seed = int(rng.integers(2**31))
    if setup.stands:
        return _Tour(setup.sensor, _stations(built, scene, setup, rng, seed))
    routes = _routes(built, scene, setup, rng)

    def plan(sensor: Sensor, first: float, last: float) -> list[Pass]:
        draws, start, passes = np.random.default_rng(seed), 0.0, []
        for route in routes:
            low, high = (1 - last, 1 - first) if route.back else (first, last)
            one = drive.drive(
                route,
                sensor,
                setup.pace,
                draws,
                first=low * route.length,
                last=high * route.length,
                start=start,
                error=setup.error if len(routes) > 1 else 0.0,
            )
            start += (one.sweeps + 1) / sensor.rate + 60.0
            passes.append(one)
        return passes

    return _Tour(setup.sensor, plan, min(1.0, setup.shortest / routes[0].length), routes[0].through)


def _routes(built: Street, scene: Scene, setup: Setup, rng: np.random.Generator) -> list[Route]:
    """Draw one route for each pass: round a corner, down the street, or back where the other lane is free."""
    if rng.random() < setup.turns:
        turned = drive.turning(built, rng, least=0.7 * built.terrain.length)
        if turned is not None and _free(scene, turned, setup.sensor.height):
            return [turned]
    routes = [drive.straight(built)]
    for number in range(1, setup.passes):
        aside = rng.uniform(-0.4, 0.4)
        back = drive.straight(built, back=True, aside=aside)
        alone = number % 2 == 1 and _free(scene, back, setup.sensor.height)
        routes.append(back if alone else drive.straight(built, aside=aside))
    return routes


def _free(scene: Scene, route: Route, height: float) -> bool:
    """Whether nothing stands in the way of a vehicle of that height."""
    sideways = np.column_stack([-np.sin(route.heading), np.cos(route.heading), np.zeros(len(route.along))])
    for shift in (-_HALF_WIDTH, 0.0, _HALF_WIDTH):
        rays = np.zeros((len(route.along), 6), np.float32)
        rays[:, :3] = route.place + shift * sideways + np.array((0.0, 0.0, height))
        rays[:, 5] = -1.0
        if (scene.cast(rays)[0] < height - _CLEARANCE).any():
            return False
    return True


def _stations(
    built: Street, scene: Scene, setup: Setup, rng: np.random.Generator, seed: int
) -> Callable[[Sensor, float, float], list[Pass]]:
    """Put tripods where there is room."""
    around = np.linspace(0, 2 * np.pi, 120, endpoint=False)

    def room(place: NDArray[np.float64]) -> float:
        rays = np.zeros((len(around), 6), np.float32)
        rays[:, :3] = place + np.array((0.0, 0.0, setup.sensor.height))
        rays[:, 3], rays[:, 4] = np.cos(around), np.sin(around)
        return float(np.minimum(scene.cast(rays)[0], 10.0).mean())

    count = max(1, round(built.terrain.length / (_SPARE * _GAP)))
    places = drive.standpoints(built, count, built.terrain.length / count, rng, room)

    def plan(sensor: Sensor, first: float, last: float) -> list[Pass]:
        draws, start, passes = np.random.default_rng(seed), 0.0, []
        for place in places:
            one = drive.station(place, sensor, draws, start=start, error=setup.error)
            start += (one.sweeps + 1) / sensor.rate + 300.0
            passes.append(one)
        return passes

    return plan


def _exactly(
    scene: Scene,
    tour: _Tour,
    points: int,
    rng: np.random.Generator,
    tell: Callable[[float, float, int], None],
    *,
    whole: bool,
) -> Returns:
    """Go so far, or scan so finely, that somewhat more than `points` returns come back; lose the rest at random."""
    wanted, draw = _SURPLUS * points, rng.random()
    shortest = 1.0 if whole else tour.shortest
    part, first, density = 1.0, 0.0, 1.0
    for _ in range(3):  # parts of the way bring home more or less than their share
        density = wanted / _expected(scene, tour.sensor, tour.plan(tour.sensor, first, first + part))
        if 0.99 < density < 1.01:
            break
        part, before = float(np.clip(part * density, shortest, 1.0)), part
        first = tour.first(part, draw)
        density *= before / part
    while True:
        sensor = tour.sensor.denser(density)
        returns = joined(list(scan(scene, sensor, tour.plan(sensor, first, first + part), rng, tell=tell)))
        if len(returns) >= points:
            lost = rng.choice(len(returns), len(returns) - points, replace=False, shuffle=False)
            kept = np.ones(len(returns), bool)
            kept[lost] = False
            return returns.only(kept)
        density *= 1.05 * points / max(1, len(returns))


def _expected(scene: Scene, sensor: Sensor, passes: list[Pass]) -> float:
    """Return about how many returns the passes bring home, at least 1: from a part of the sweeps."""
    sweep = sensor.pattern().heads * sensor.pattern().rays
    total = sum(one.sweeps for one in passes)
    every = max(1, total * sweep // _PROBED)
    measured = sum(len(range(0, one.sweeps, every)) for one in passes)
    returns = sum(len(part) for part in scan(scene, sensor, passes, np.random.default_rng(0), every=every))
    return max(1.0, returns * total / max(1, measured))
