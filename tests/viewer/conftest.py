"""Results of a run, their tiles, and a session over a copy of them."""

import shutil

import pytest

from bevseg.stages.view import opened
from tests.viewer.results import write_results


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """A directory of results, with tiles; and its clouds."""
    folder = tmp_path_factory.mktemp("results")
    clouds = write_results(folder)
    with opened([folder]):
        pass
    return folder, clouds


@pytest.fixture(scope="session")
def clouds(results):
    """The clouds of the results."""
    return results[1]


@pytest.fixture
def out(results, tmp_path):
    """A copy of the results, without edits."""
    return shutil.copytree(results[0], tmp_path / "out")


@pytest.fixture
def session(out):
    """A view of the results."""
    with opened([out]) as session:
        yield session


@pytest.fixture(scope="session")
def tiles(results):
    """Tiles of the results, only to be read."""
    from bevseg.viewer.tile_file import Tiles

    return Tiles.open(results[0] / ".bevseg-review" / "tiles")
