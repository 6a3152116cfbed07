import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.bev.backproject import backproject
from bevseg.bev.slices import count_heights, limits_above, limits_of, street_level
from bevseg.config import GroundConfig, SliceConfig
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.ground.find_ground import find_ground
from tests import scenes
from tests.bev.clouds import clouds, level
from tests.core.test_cells import grid_of

GROUND, LOW, HIGH = 3, 2, 5
"""Ground as backproject says it; two classes that stand for the slices."""


def slabs(cloud, dem, config):
    """Return GROUND, LOW or HIGH for each point: what backproject reads where every cell holds its slice."""
    classes = {
        name: Raster(dem.grid, ("class", "confidence"), np.full((2, *dem.grid.shape), number, np.uint8))
        for name, number in (("low", LOW), ("high", HIGH))
    }
    no_foot = SliceConfig(config.ground_band, config.ground_band, config.split, config.reference)
    return backproject(cloud, dem, classes, no_foot).classes


def true_slabs(above):
    limits = SliceConfig()
    return np.where(above < limits.ground_band, GROUND, np.where(above < limits.split, LOW, HIGH))


@pytest.mark.parametrize("slope", [0.0, 0.02, 0.08])
def test_on_a_slope_slices_over_the_ground_are_right(slope):
    cloud, above = scenes.hill(slope)
    dem = find_ground(cloud, 0.1, GroundConfig()).dem
    assert np.mean(slabs(cloud, dem, SliceConfig()) != true_slabs(above)) <= 0.005


def test_on_a_slope_one_plane_per_cloud_is_visibly_wrong():
    cloud, above = scenes.hill(0.08)
    dem = find_ground(cloud, 0.1, GroundConfig()).dem
    assert np.mean(slabs(cloud, dem, SliceConfig(reference="mode")) != true_slabs(above)) > 0.05


@pytest.mark.parametrize(
    ("height", "expected"),
    [(-1.0, GROUND), (0.0, GROUND), (0.199, GROUND), (0.201, LOW), (2.999, LOW), (3.001, HIGH), (50.0, HIGH)],
)
def test_limits_of_the_slabs(height, expected):
    cloud = scenes.column([height], ground=100.0)
    dem = level(grid_of(cloud, 0.2), 100.0)
    assert slabs(cloud, dem, SliceConfig()) == expected


@given(clouds(), st.floats(-5, 5))
def test_every_finite_point_is_in_one_slab_and_the_others_in_none(cloud, height):
    dem = level(grid_of(cloud, 0.2), cloud.offset[2] + height)
    found = slabs(cloud, dem, SliceConfig())
    mask = np.ones(len(cloud), bool) if cloud.finite is None else cloud.finite
    z = cloud.xyz[:, 2] - np.float64(dem["height"][0, 0])
    clear = mask & (np.abs(z - 0.2) > 1e-6) & (np.abs(z - 3.0) > 1e-6)
    np.testing.assert_array_equal(found[clear], true_slabs(z)[clear])
    assert (found[~mask] == 0).all()


def test_street_level_is_the_metre_that_most_points_share():
    xyz = np.array([[0, 0, z] for z in (-0.5, 4.1, 4.9, 4.5, 5.5, 9.0)])
    assert street_level(count_heights(PointCloud.from_xyz(xyz))) == 5.0
    assert limits_of([PointCloud.from_xyz(xyz)], SliceConfig(reference="mode")).level == 5.0
    assert np.isnan(limits_of([PointCloud.from_xyz(xyz)], SliceConfig()).level)


def test_the_street_level_is_that_of_all_clouds_together():
    columns = (np.array([[0, 0, z] for z in heights]) for heights in ((1.5, 1.6, 7.5), (7.1, 7.2)))
    clouds = [PointCloud.from_xyz(column) for column in columns]
    mode = SliceConfig(reference="mode")
    assert [limits_of([cloud], mode).level for cloud in clouds] == [2.0, 8.0]
    assert limits_of(clouds, mode).level == 8.0
    assert limits_above(mode, {2: 2, 8: 3}) == limits_of(clouds, mode)


def test_street_level_of_nothing_is_zero():
    assert count_heights(PointCloud.from_xyz(np.full((2, 3), np.nan))) == {}
    assert street_level({}) == 0.0
