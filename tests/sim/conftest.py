import numpy as np
import pytest

from bevseg.errors import DependencyError
from bevseg.runtime import open3d
from bevseg.sim.instrument.drive import Pace, drive
from bevseg.sim.instrument.returns import joined
from bevseg.sim.instrument.scanner import scan
from bevseg.sim.instrument.sensors import Sensor
from bevseg.sim.mesh import merge
from bevseg.sim.routes import straight
from bevseg.sim.scene import Scene
from bevseg.sim.simulate import simulate_scan
from bevseg.sim.town.centreline import Centreline
from bevseg.sim.town.layout import Side
from bevseg.sim.town.street import Street
from bevseg.sim.town.terrain import Terrain

MEADOW = Side(kerb=30, verge=0, pavement=1, garden=1)
"""Nothing but road."""
SIDE = Side(kerb=4, verge=0, pavement=2, garden=3)
HILL = Terrain(60, 0.05, (0.0, 50.0, 0.0), 0.02, SIDE, SIDE)
"""A street of 60 m that rises by 5 %."""
LINE_SCANNER = Sensor("line_scanner", 2.1, 0.5, 0.25, rate=37.5, yaw=(-45.0,))
PROFILER = Sensor("profiler", 2.2, 1.2, 0.1, rate=80.0, yaw=(30.0, -30.0), pitch=12.0)
"""Two mirrors that blur nothing."""


def spans(mesh):
    """Lowest and highest corner of a mesh."""
    corners = mesh.corners.reshape(-1, 3)
    return corners.min(axis=0), corners.max(axis=0)


@pytest.fixture(scope="session")
def ray_casting():
    """The Open3D module; tests that cast rays skip where it cannot be loaded."""
    try:
        return open3d.load()
    except DependencyError as error:
        pytest.skip(f"no ray casting: {error.why}")


@pytest.fixture(scope="session")
def scanned(ray_casting):
    """A small scan of a street: 50 m, 40,000 points."""
    return simulate_scan(3, 40_000, length=50)


@pytest.fixture(scope="session")
def meadow():
    """A function: objects -> a level, straight road of 40 m that holds nothing else."""
    terrain = Terrain(40.0, 0.0, (0.0, 50.0, 0.0), 0.0, MEADOW, MEADOW, ())
    s = np.arange(-100, 141, 1.0)
    line = Centreline(s, np.column_stack([s, np.zeros_like(s)]), np.zeros_like(s))

    def street(*objects):
        parts = [part.numbered(number) for number, part in enumerate(objects, start=1)]
        return Street(merge([terrain.mesh(), *parts]), terrain, line, lane=0.0)

    return street


@pytest.fixture(scope="session")
def driven(ray_casting, meadow):
    """A function: objects, sensor -> returns of one even drive past them."""

    def returns(*objects, sensor=PROFILER, seed=0):
        street = meadow(*objects)
        rng = np.random.default_rng(seed)
        once = drive(straight(street), sensor, Pace(), rng)
        return joined(list(scan(Scene(street.mesh, ray_casting), sensor, [once], rng)))

    return returns
