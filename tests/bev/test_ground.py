import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from bevseg.bev.ground import _radii, ground, height_above_ground, opened_away
from bevseg.config import GroundConfig
from bevseg.grid import Grid
from bevseg.pointcloud import PointCloud
from tests import scenes
from tests.bev.clouds import clouds, kept, shuffled

CONFIG = GroundConfig()


SURFACES = st.builds(
    lambda rows, cols, seed: np.random.default_rng(seed).uniform(0, 4, (rows, cols)).astype(np.float32),
    st.integers(1, 25),
    st.integers(1, 25),
    st.integers(0, 999),
)


def raised(cloud, height):
    x, y, z = cloud.offset
    return dataclasses.replace(cloud, offset=(x, y, z + height))


@given(SURFACES, st.floats(0.5, 8))
def test_what_is_opened_away_is_what_plain_openings_take_off(surface, window):
    config = GroundConfig(window=window, slope=0.3)
    plain, running, radius = np.zeros(surface.shape, bool), surface, 1
    while True:
        opened = ndimage.grey_opening(running, size=2 * radius + 1)
        assert (opened <= running).all()
        plain |= running - opened > config.slope * radius
        running = opened
        if radius >= int(window):
            break
        radius = min(2 * radius, int(window)) if 2 * radius < window else int(window)
    np.testing.assert_array_equal(opened_away(surface, 1.0, config), plain)


@pytest.mark.parametrize(
    ("largest", "radii"),
    [(0.5, [1]), (1.0, [1]), (2.9, [1, 2]), (5.0, [1, 2, 4, 5]), (36.0, [1, 2, 4, 8, 16, 32, 36])],
)
def test_windows_double_and_end_at_the_largest(largest, radii):
    assert _radii(largest) == radii


@settings(max_examples=30)
@given(st.floats(-1000, 1000), st.integers(0, 3))
def test_raising_the_cloud_raises_the_ground(height, seed):
    cloud = scenes.street(slope=0.05, seed=seed)
    low, high = (ground(c, 0.2, CONFIG).dem for c in (cloud, raised(cloud, height)))
    np.testing.assert_allclose(high["height"], low["height"] + height, atol=1e-3)
    np.testing.assert_array_equal(high["distance"], low["distance"])


@pytest.mark.parametrize("slope", [0.0, 0.08])
@pytest.mark.parametrize("cell", [0.1, 0.2, 0.5])
def test_a_plane_stays(slope, cell):
    dem = ground(PointCloud.from_xyz(scenes.plane(slope=slope)), cell, CONFIG).dem
    x, _ = dem.grid.centres()
    assert np.abs(dem["height"] - slope * x).max() <= slope * cell + 0.001
    assert (dem["distance"] == 0).all()


def test_a_house_narrower_than_the_window_leaves_no_trace():
    dem = ground(scenes.house_on_lawn(), 0.2, CONFIG).dem
    np.testing.assert_allclose(dem["height"], 100.0, atol=0.01)
    middle = dem["distance"][dem.grid.rows // 2, dem.grid.cols // 2]
    assert middle == pytest.approx(5.0, abs=0.3)


def test_a_house_wider_than_the_window_stays():
    dem = ground(scenes.house_on_lawn(), 0.2, GroundConfig(window=3.0)).dem
    assert dem["height"].max() > 105


def test_returns_from_below_the_street_are_left_out():
    pits = np.array([[5.05, 5.05, -3.0], [12.05, 14.05, -7.0]])
    cloud = PointCloud.from_xyz(np.concatenate([scenes.plane(), pits]))
    dem = ground(cloud, 0.2, CONFIG).dem
    np.testing.assert_allclose(dem["height"], 0, atol=0.01)
    assert np.count_nonzero(dem["distance"]) == 2


def test_distance_is_that_to_the_nearest_measured_cell():
    dem = ground(scenes.house_on_lawn(), 0.2, CONFIG).dem
    measured = dem["distance"] == 0
    expected = ndimage.distance_transform_edt(~measured, sampling=0.2)
    np.testing.assert_allclose(dem["distance"], expected, rtol=1e-6)


def test_a_wall_alone_stands_on_its_lowest_points():
    dem = ground(scenes.wall(), 0.2, CONFIG).dem
    np.testing.assert_allclose(dem["height"], 2.0)


def test_where_no_point_is_near_the_opened_surface_the_lowest_stand_in_for_ground():
    three = np.array([[4.703, 2.722, 24.512], [6.683, 7.613, 5.721], [0.112, 4.167, 13.219]])
    cloud = PointCloud.from_xyz(three)
    dem = ground(cloud, 0.2, GroundConfig(slope=1000.0)).dem
    np.testing.assert_allclose(height_above_ground(cloud, dem), 0, atol=1e-4)
    assert np.count_nonzero(dem["distance"] == 0) == 3


@pytest.mark.parametrize("points", [[[3, 4, 5]], [[3, 4, 5], [3, 4, 5]], [[3, 4, 5], [3.01, 4.01, 9]]])
def test_few_points_in_one_cell(points):
    dem = ground(PointCloud.from_xyz(np.array(points, float)), 0.2, CONFIG).dem
    assert dem.grid.shape == (1, 1)
    assert dem["height"] == 5.0
    assert dem["distance"] == 0.0


def test_points_that_are_not_finite_take_no_part():
    xyz = scenes.plane()
    odd = np.array([[np.nan, 0, 0], [np.inf, 5, 5], [5, 5, -np.inf], [1e9, np.nan, 0]])
    with_odd = PointCloud.from_xyz(np.concatenate([odd, xyz]))
    np.testing.assert_array_equal(
        ground(with_odd, 0.2, CONFIG).dem.values, ground(PointCloud.from_xyz(xyz), 0.2, CONFIG).dem.values
    )
    heights = height_above_ground(with_odd, ground(with_odd, 0.2, CONFIG).dem)
    assert np.isnan(heights[:4]).all()
    assert not np.isnan(heights[4:]).any()


def test_no_finite_point_gives_unknown_ground():
    cloud = PointCloud.from_xyz(np.full((3, 3), np.nan))
    dem = ground(cloud, 0.2, CONFIG).dem
    assert np.isnan(dem.values).all()
    assert np.isnan(height_above_ground(cloud, dem)).all()


@pytest.mark.parametrize("offset", [(1e7, 1e7), (-1e7, 5_400_000.0)])
def test_far_from_the_origin_nothing_changes(offset):
    cloud = scenes.street(slope=0.05)
    far = dataclasses.replace(cloud, offset=(*offset, 0.0))
    assert offset[0] % 0.2 == pytest.approx(0, abs=1e-6) or offset[0] % 0.2 == pytest.approx(0.2, abs=1e-6)
    np.testing.assert_allclose(
        ground(far, 0.2, CONFIG).dem["height"], ground(cloud, 0.2, CONFIG).dem["height"], atol=1e-5
    )


@given(clouds())
def test_height_above_ground_is_z_minus_the_cell_of_the_dem(cloud):
    dem = ground(cloud, 0.2, CONFIG).dem
    heights = height_above_ground(cloud, dem)
    mask = np.ones(len(cloud), bool) if cloud.finite is None else cloud.finite
    xyz, _ = kept(cloud)
    expected = xyz[:, 2] - dem["height"].ravel()[dem.grid.cell_of(xyz[:, 0], xyz[:, 1])]
    np.testing.assert_allclose(heights[mask], expected, atol=1e-4)
    assert np.isnan(heights[~mask]).all()


@given(clouds(), st.integers(0, 9))
def test_shuffling_the_points_changes_nothing(cloud, seed):
    np.testing.assert_array_equal(
        ground(shuffled(cloud, seed)[0], 0.2, CONFIG).dem.values, ground(cloud, 0.2, CONFIG).dem.values
    )


def test_the_grid_is_anchored_in_the_world():
    one, other = (ground(scenes.plane_at(west), 0.2, CONFIG).dem for west in (0.0, 5.0))
    assert one.grid == Grid(0.2, 0, 99, 100, 100)
    assert other.grid == Grid(0.2, 25, 99, 100, 100)
