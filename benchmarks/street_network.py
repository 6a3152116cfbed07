"""A road of any length for measuring, made of a few simulated streets.

A mapping car with two profilers drives down a few simulated streets, once. They are kept in a folder. A road of any
length is made of copies of them. A copy is turned by quarter turns and shifted by whole metres, so that its cells are
those of the street. It begins where the one before ended, at the same height, and is driven from its end, in reverse
order, if that leads back towards height 0. Where two copies meet, both are cut along the line that halves the angle
between them.

Points come in the order of the drive and without classes, as from the office of a mapping firm. The same seed gives
the same points.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import laspy
import numpy as np
from numpy.typing import NDArray

from bevseg.sim import presets
from bevseg.sim.instrument.drive import Pace
from bevseg.sim.instrument.sensors import Optics, Sensor
from bevseg.sim.setup import Preset, Setup
from bevseg.sim.simulate import simulate_scan

SEED = 9500
"""Of the road, and of its first street."""

STEP = 0.001
"""Step of the coordinates, m."""

STEPS = round(1 / STEP)
"""Steps of a metre."""

FORMAT = laspy.PointFormat(6)

PRESET = "mapping car"

START = 300_000.0
"""Time of the first point, s of the week."""

EAST, NORTH, SOUTH = (1, 0), (0, 1), (0, -1)

Course = tuple[int, int]
Records = NDArray[np.void]
"""(N,) records of LAS point format 6; coordinates in steps."""


@dataclass(frozen=True)
class Recipe:
    """Which streets are simulated.

    Attributes
    ----------
    count
        Number of streets.
    points
        Of each street.
    length
        Of each drive, m.
    margin
        What is cut off at either end of a drive, m: there, the car has seen the street from one side only.
    seed
        Of the road, and of the first street; each further street has the next seed.
    """

    count: int = 4
    points: int = 3_750_000
    length: float = 150.0
    margin: float = 15.0
    seed: int = SEED


@dataclass(frozen=True)
class Street:
    """A simulated street that leads from (0, 0) along x.

    Attributes
    ----------
    points
        In the order of the drive, whose time begins at 0; the height of the road is 0 at the start.
    length, rise
        Place and height of the end, steps; the length is whole metres.
    seconds
        How long the drive takes.
    """

    points: Records
    length: int
    rise: int
    seconds: float


@dataclass(frozen=True)
class Piece:
    """A copy of a street in the road.

    Attributes
    ----------
    street
        What is copied.
    back
        Whether it is driven from its end to its start.
    before, course, after
        Courses of the piece before, of this one and of the one after.
    start
        Place and height of its beginning, steps.
    time
        When its drive begins, s.
    """

    street: Street
    back: bool
    before: Course
    course: Course
    after: Course
    start: tuple[int, int, int]
    time: float

    @property
    def end(self) -> tuple[int, int, int]:
        """Place and height of the end, steps."""
        x, y, z = self.start
        rise = -self.street.rise if self.back else self.street.rise
        return x + self.course[0] * self.street.length, y + self.course[1] * self.street.length, z + rise

    def records(self) -> Records:
        """Return the points between the cuts at both ends, in the order of the drive."""
        points, length = self.street.points, self.street.length
        along, left, up = points["X"], points["Y"], points["Z"]
        if self.back:
            along, left, up = length - along, -left, up - self.street.rise
        x, y = (along * a + left * b for a, b in ((self.course[0], -self.course[1]), self.course[::-1]))
        kept = _ahead(x, y, self.before, self.course)
        kept &= ~_ahead(x - length * self.course[0], y - length * self.course[1], self.course, self.after)
        made = points[kept]
        for name, values, begin in zip("XYZ", (x, y, up), self.start, strict=True):
            made[name] = values[kept] + begin
        if self.back:
            made["gps_time"] = self.street.seconds - made["gps_time"]
        made["gps_time"] += self.time
        return np.ascontiguousarray(made[::-1]) if self.back else made


def _ahead(x: NDArray[np.int32], y: NDArray[np.int32], before: Course, after: Course) -> NDArray[np.bool_]:
    """Whether places lie beyond the line that halves the angle of two courses, which meet at (0, 0)."""
    ahead: NDArray[np.bool_] = x * (before[0] + after[0]) + y * (before[1] + after[1]) >= 0
    return ahead


def streets(folder: Path, recipe: Recipe) -> list[Street]:
    """Return the streets, simulated if they are not in the folder yet."""
    return [_street(folder, recipe, recipe.seed + number) for number in range(recipe.count)]


def _street(folder: Path, recipe: Recipe, seed: int) -> Street:
    path = folder / f"street_{seed}_{recipe.points}_{recipe.length:g}_{recipe.margin:g}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = _simulated(recipe, seed)
        unfinished = path.with_suffix(".part.npz")
        np.savez(unfinished, points=made.points, ends=(made.length, made.rise), seconds=made.seconds)
        unfinished.rename(path)
    with np.load(path) as table:
        length, rise = (int(value) for value in table["ends"])
        return Street(table["points"], length, rise, float(table["seconds"]))


def _simulated(recipe: Recipe, seed: int) -> Street:
    """Simulate a street, and lay it along x between its margins."""
    if PRESET not in presets.names():
        presets.add(PRESET, Preset(_mapping_car, recipe.points))
    scan = simulate_scan(seed, recipe.points, preset=PRESET, length=recipe.length, resolution=STEP)
    terrain = scan.street.terrain
    ends = np.array([recipe.margin, recipe.length - recipe.margin])
    places = np.column_stack([ends, np.zeros(2), terrain.along(ends)])
    start, end = scan.street.centreline.to_plane(places)
    way = end - start
    course = way[:2] / np.hypot(*way[:2])
    cloud = scan.cloud
    x, y = cloud.x * STEP - start[0], cloud.y * STEP - start[1]
    points = np.zeros(len(cloud), FORMAT.dtype())
    record = laspy.PackedPointRecord(points, FORMAT)
    record["X"] = np.rint((x * course[0] + y * course[1]) / STEP).astype(np.int32)
    record["Y"] = np.rint((y * course[0] - x * course[1]) / STEP).astype(np.int32)
    record["Z"] = cloud.z - round(start[2] / STEP)
    record["intensity"] = scan.intensity.astype(np.uint16) * 257
    record["return_number"], record["number_of_returns"] = scan.return_number, scan.number_of_returns
    record["gps_time"] = scan.gps_time - scan.gps_time[0]
    length = round(float(np.hypot(*way[:2]))) * STEPS
    return Street(points, length, round(way[2] / STEP), float(np.ptp(scan.gps_time)))


def _mapping_car(rng: np.random.Generator) -> Setup:
    """Return a car with two profilers that drives down the street once."""
    optics = Optics(noise=0.010, divergence=0.002, multipath=1.0)
    sensor = Sensor("profiler", 2.2, 0.35, 0.05, 160.0, yaw=(30.0, -30.0), pitch=12.0, optics=optics)
    return Setup(sensor, "shrec20", Pace(swing=0.1, slowing=0.3))


def road(folder: Path, recipe: Recipe) -> Iterator[Piece]:
    """Yield the pieces of a road without end; the streets lie or are put in the folder."""
    made = streets(folder, recipe)
    rng = np.random.default_rng([recipe.seed, 2])
    start, time, before, course = (0, 0, 0), START, EAST, EAST
    for after in _courses(np.random.default_rng([recipe.seed, 3])):
        street = made[int(rng.integers(len(made)))]
        piece = Piece(street, start[2] * street.rise > 0, before, course, after, start, time)
        yield piece
        start, time, before, course = piece.end, time + street.seconds + 1.0, course, after


def _courses(rng: np.random.Generator) -> Iterator[Course]:
    """Yield courses: two pieces of three lead east, so that those to the north and to the south stay apart."""
    while True:
        yield from (EAST, (EAST, NORTH, SOUTH)[rng.integers(3)], EAST)
