import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bevseg.bev import backproject, cell_statistics
from bevseg.core import cells
from bevseg.core.cells import Extent, lowest
from bevseg.core.density import points_per_square_metre
from bevseg.core.grid import Grid
from bevseg.core.pointcloud import PointCloud
from bevseg.core.sort_by_block import sort_by_block
from bevseg.runtime import kernels
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
    count = np.bincount(cells[cells >= 0], minlength=low.size)
    return np.where(np.isinf(low), np.nan, low).reshape(grid.shape), count.reshape(grid.shape)


def assert_as_plain(cloud, grid):
    for found, plain in zip(lowest(cloud, grid), plain_lowest(cloud, grid), strict=True):
        np.testing.assert_array_equal(found, plain)


@given(clouds(), st.sampled_from([0.1, 0.2, 0.37]))
def test_the_kernel_agrees_with_plain_numpy(cloud, cell):
    assert_as_plain(cloud, grid_of(cloud, cell))


@given(clouds())
def test_counts_are_of_the_finite_points_and_none_is_counted_where_nothing_is_known(cloud):
    low, count = lowest(cloud, grid_of(cloud, 0.2))
    assert count.sum() == len(kept(cloud)[0])
    np.testing.assert_array_equal(count == 0, np.isnan(low))


@given(clouds(), st.sampled_from([0.1, 0.2, 0.37]))
def test_the_compiled_extent_is_that_of_the_cloud(cloud, cell):
    extent, bounds = Extent.of(cloud), cloud.bounds()
    if bounds is None:
        assert extent is None
    else:
        np.testing.assert_array_equal(extent, bounds[:2])
        assert Grid.covering(cell, *extent) == grid_of(cloud, cell)


@given(clouds())
def test_every_point_lands_in_the_grid_that_covers_the_cloud(cloud):
    xyz, _ = kept(cloud)
    assert (grid_of(cloud, 0.1).cell_of(xyz[:, 0], xyz[:, 1]) >= 0).all()


@given(clouds(), st.integers(0, 9))
def test_shuffling_the_points_changes_nothing(cloud, seed):
    grid = grid_of(cloud, 0.2)
    for found, before in zip(lowest(shuffled(cloud, seed)[0], grid), lowest(cloud, grid), strict=True):
        np.testing.assert_array_equal(found, before)


@settings(max_examples=30)
@given(clouds(), st.integers(-5, 5), st.integers(-5, 5))
def test_points_outside_the_grid_are_left_out(cloud, east, north):
    whole = grid_of(cloud, 0.2)
    part = Grid(0.2, whole.west + east, whole.north + north, max(whole.rows - 3, 1), max(whole.cols - 3, 1))
    assert_as_plain(cloud, part)


def test_points_on_cell_borders_fall_into_the_cell_that_begins_there():
    # 0.3 / 0.1 is 2.999...: kernel and grid must agree on the very same rounding.
    cloud = scenes.PointCloud.from_xyz(
        np.array([[x / 10, y / 10, x + y] for x in range(30) for y in range(30)])
    )
    grid = grid_of(cloud, 0.1)
    assert_as_plain(cloud, grid)


def test_stored_kernels_are_outdated_by_any_file_that_is_compiled_into_them():
    # The attribute is numba's own business: if it goes, a change of slices.py would leave other kernels as they were.
    for kernel in (cells._lowest, cell_statistics._add, backproject._gather):
        assert kernel._cache._cache_file._version[1] == kernels._STAMP


@st.composite
def written_twice(draw):
    """The same points in two files of other scales and offsets; coordinates in whole µm, many on edges and halves."""
    units = draw(st.tuples(*[st.sampled_from([1, 5, 25, 100, 1000, 10_000])] * 2))
    coarse, rng = math.lcm(*units), np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    corner = np.array([draw(st.integers(-(10**7), 10**7)) * 10**6 for _ in "xy"] + [0])
    places = corner + coarse * rng.integers(0, 20 * 10**6 // coarse, (100, 3))
    places[::2] = places[::2] // 50_000 * 50_000
    files = []
    for unit in units:
        offset = corner + unit * rng.integers(-(10**8) // unit, 10**8 // unit, 3)
        steps = ((places - offset) // unit).astype(np.int32)
        assert (steps * unit + offset == places).all()
        files.append(PointCloud(*steps.T, (unit / 1e6,) * 3, tuple((offset / 1e6).tolist())))
    return files


@given(written_twice(), st.sampled_from([0.05, 0.1, 0.2, 0.37]))
def test_the_same_places_in_two_files_have_the_same_cells_and_heights_to_the_bit(files, cell):
    one, other = files
    grid = grid_of(one, cell)
    assert grid_of(other, cell) == grid
    for found, expected in zip(lowest(other, grid), lowest(one, grid), strict=True):
        np.testing.assert_array_equal(found, expected)
    for found, expected in zip(sort_by_block(other, cell, 64), sort_by_block(one, cell, 64), strict=True):
        assert found[:2] == expected[:2]
        np.testing.assert_array_equal(found[2], expected[2])
        np.testing.assert_array_equal(found[3], expected[3])
    assert points_per_square_metre(other) == points_per_square_metre(one)
