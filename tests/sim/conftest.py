import pytest

from bevseg import open3d
from bevseg.errors import DependencyError
from bevseg.sim import survey


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
    return survey(3, 40_000, length=50)
