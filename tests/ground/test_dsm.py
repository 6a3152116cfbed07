"""DSM and normalised DSM: the highest return, and its height above the DEM."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bevseg.config import GroundConfig
from bevseg.core.grid import Grid
from bevseg.core.pointcloud import PointCloud
from bevseg.ground.dsm import highest, normalised, surface
from bevseg.ground.find_ground import find_ground
from tests import scenes
from tests.bev.clouds import clouds, kept, level, shuffled


def grid_of(cloud, cell):
    x, y, _ = cloud.bounds() or ((0.0, 0.0),) * 3
    return Grid.covering(cell, x, y)


def plain_highest(cloud, grid):
    xyz, _ = kept(cloud)
    high = np.full(grid.rows * grid.cols, -np.inf, np.float32)
    cells = grid.cell_of(xyz[:, 0], xyz[:, 1])
    np.maximum.at(high, cells[cells >= 0], xyz[cells >= 0, 2].astype(np.float32))
    return np.where(np.isinf(high), np.nan, high).reshape(grid.shape)


@given(clouds(), st.sampled_from([0.1, 0.2, 0.37]))
def test_the_kernel_agrees_with_plain_numpy(cloud, cell):
    grid = grid_of(cloud, cell)
    np.testing.assert_array_equal(highest(cloud, grid), plain_highest(cloud, grid))


@given(clouds(), st.integers(0, 9))
def test_shuffling_the_points_changes_nothing(cloud, seed):
    grid = grid_of(cloud, 0.2)
    np.testing.assert_array_equal(highest(shuffled(cloud, seed)[0], grid), highest(cloud, grid))


def test_points_outside_the_grid_are_left_out():
    cloud = PointCloud.from_xyz(np.array([[0.5, 0.5, 1.0], [5.0, 0.5, 9.0], [0.5, -3.0, 9.0]]))
    np.testing.assert_array_equal(highest(cloud, Grid(1.0, 0, 0, 1, 1)), [[1.0]])


def test_a_house_stands_in_both_surfaces_at_its_height():
    cloud = PointCloud.from_xyz(
        np.concatenate([scenes.plane(height=100), scenes.box(5, 5, 9, 9, 100.3, 106.0)]), name="house"
    )
    dem = find_ground(cloud, 0.2, GroundConfig()).dem
    dsm = surface(cloud, dem)
    above = normalised(dsm, dem)
    assert (dsm.names, above.names) == (("height",), ("height_above_ground",))
    assert dsm.grid == above.grid == dem.grid
    assert dsm.values.dtype == above.values.dtype == np.float32
    x, y = np.meshgrid(*dem.grid.centres())
    roof = (abs(x - 7) < 1.8) & (abs(y - 7) < 1.8)
    street = (x < 4) | (y < 4)
    np.testing.assert_allclose(dsm["height"][roof], 106.0, atol=0.001)
    np.testing.assert_allclose(above["height_above_ground"][roof], 6.0, atol=0.05)
    np.testing.assert_allclose(above["height_above_ground"][street], 0.0, atol=0.05)


def test_a_pit_is_not_negative_and_a_cell_without_points_is_not_known():
    cloud = PointCloud.from_xyz(np.array([[0.5, 0.5, -2.0], [2.5, 0.5, 3.0]]))
    dem = level(Grid(1.0, 0, 0, 1, 3))
    above = normalised(surface(cloud, dem), dem)
    np.testing.assert_array_equal(surface(cloud, dem)["height"], [[-2.0, np.nan, 3.0]])
    np.testing.assert_array_equal(above["height_above_ground"], [[0.0, np.nan, 3.0]])
