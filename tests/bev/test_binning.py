import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bevseg import kernels
from bevseg.bev import backproject, binning, records
from bevseg.bev.binning import covering, lowest
from bevseg.grid import Grid
from tests import scenes
from tests.bev.clouds import clouds, kept, shuffled


def grid_of(cloud, cell):
    x, y, _ = cloud.bounds() or ((0.0, 0.0),) * 3
    return Grid.covering(cell, x, y)


def plain_lowest(cloud, grid):
    xyz, _ = kept(cloud)
    low = np.full(grid.rows * grid.cols, np.inf, np.float32)
    cells = grid.cell_of(xyz[:, 0], xyz[:, 1])
    np.minimum.at(low, cells[cells >= 0], xyz[cells >= 0, 2].astype(np.float32))
    return np.where(np.isinf(low), np.nan, low).reshape(grid.shape)


@given(clouds(), st.sampled_from([0.1, 0.2, 0.37]))
def test_the_kernel_agrees_with_plain_numpy(cloud, cell):
    grid = grid_of(cloud, cell)
    np.testing.assert_array_equal(lowest(cloud, grid)[0], plain_lowest(cloud, grid))


@given(clouds(), st.sampled_from([0.1, 0.2, 0.37]))
def test_the_compiled_bounds_are_those_of_the_cloud(cloud, cell):
    if cloud.bounds() is None:
        assert covering(cloud, cell) is None
    else:
        assert covering(cloud, cell) == grid_of(cloud, cell)


@given(clouds())
def test_every_point_lands_in_the_grid_that_covers_the_cloud(cloud):
    xyz, _ = kept(cloud)
    assert (grid_of(cloud, 0.1).cell_of(xyz[:, 0], xyz[:, 1]) >= 0).all()


@given(clouds(), st.integers(0, 9))
def test_shuffling_the_points_changes_nothing(cloud, seed):
    grid = grid_of(cloud, 0.2)
    np.testing.assert_array_equal(lowest(shuffled(cloud, seed)[0], grid)[0], lowest(cloud, grid)[0])


@settings(max_examples=30)
@given(clouds(), st.integers(-5, 5), st.integers(-5, 5))
def test_points_outside_the_grid_are_left_out(cloud, east, north):
    whole = grid_of(cloud, 0.2)
    part = Grid(0.2, whole.west + east, whole.north + north, max(whole.rows - 3, 1), max(whole.cols - 3, 1))
    np.testing.assert_array_equal(lowest(cloud, part)[0], plain_lowest(cloud, part))


def test_points_on_cell_borders_fall_into_the_cell_that_begins_there():
    # 0.3 / 0.1 is 2.999...: kernel and grid must agree on the very same rounding.
    cloud = scenes.PointCloud.from_xyz(
        np.array([[x / 10, y / 10, x + y] for x in range(30) for y in range(30)])
    )
    grid = grid_of(cloud, 0.1)
    np.testing.assert_array_equal(lowest(cloud, grid)[0], plain_lowest(cloud, grid))


def test_stored_kernels_are_outdated_by_any_file_that_is_compiled_into_them():
    # The attribute is numba's own business: if it goes, a change of slices.py would leave records.py as it was.
    for kernel in (binning._lowest, records._add, backproject._gather):
        assert kernel._cache._cache_file._source_stamp[1] == kernels._STAMP
