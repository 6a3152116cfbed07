"""The number of threads is one number, read when a stage begins."""

import copy
import pickle

import numba
import pytest

from bevseg.bev.cell_statistics import cell_statistics
from bevseg.bev.slices import limits_of
from bevseg.config import SliceConfig
from bevseg.core.cells import lowest
from bevseg.ground.dsm import _highest, highest
from bevseg.runtime import kernels
from tests import scenes
from tests.bev.clouds import level
from tests.core.test_cells import grid_of


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_as_many_threads_share_the_work_as_are_set_when_it_begins(monkeypatch, threads):
    monkeypatch.setattr(kernels, "THREADS", threads)
    parts = kernels.parallel_for(lambda part: kernels.chunk_of(10, part))
    assert len(parts) == kernels.threads() == threads
    assert [i for part in parts for i in range(10)[part]] == list(range(10))


def test_cells_are_the_same_whatever_the_number_of_threads(monkeypatch):
    cloud = scenes.street()
    grid = grid_of(cloud, 0.5)
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(kernels, "THREADS", threads)
        low, counts = lowest(cloud, grid)
        statistics = cell_statistics(cloud, level(grid, 0.0), limits_of([cloud], SliceConfig()))
        values = (low, counts, highest(cloud, grid), statistics.ground, statistics.slices)
        found.append([value.tobytes() for value in values])
    assert found[0] == found[1] == found[2]


def test_a_stored_kernel_of_older_code_is_not_read(tmp_path):
    stored = copy.copy(_highest._cache._cache_file)
    stored._index_path = tmp_path / "kernel.nbi"
    stored._index_path.write_bytes(pickle.dumps(numba.__version__) + b"types that are gone")
    assert stored._load_index() == {}
