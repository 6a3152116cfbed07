"""Which points are far away from all others, and that a sparse survey has none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bevseg.core.cells import Extent
from bevseg.core.far_points import find_far_points
from bevseg.core.pointcloud import PointCloud


def street(count=1000, side=40.0, at=(500_000.0, 5_400_000.0)):
    """Points all over a square."""
    rng = np.random.default_rng(0)
    return np.column_stack([rng.uniform(0, side, (count, 2)) + at, rng.uniform(0, 5, count)])


def far_of(*parts):
    cloud = PointCloud.from_xyz(np.concatenate([np.atleast_2d(part) for part in parts]))
    return cloud, find_far_points(cloud)


@pytest.mark.parametrize(
    "place", [(510_000.0, 5_410_000.0, 0.0), (-90_000.0, 5_400_000.0, 0.0), (500_000.0, 6_400_000.0, 3.0)]
)
def test_one_point_far_away_is_far_and_the_others_are_not(place):
    _, far = far_of(street(), place)
    assert far[-1] and far.sum() == 1


def test_far_points_take_no_part_but_keep_their_place():
    cloud, far = far_of(street(), (510_000.0, 5_410_000.0, 0.0))
    (west, east), _ = Extent.of(PointCloud(cloud.x, cloud.y, cloud.z, cloud.scale, cloud.offset, far=far))
    assert east - west < 41
    assert cloud.xyz[-1] == pytest.approx([510_000, 5_410_000, 0])


def test_many_stray_points_are_far_together():
    rng = np.random.default_rng(1)
    stray = np.column_stack([rng.uniform(600_000, 900_000, 10), rng.uniform(5e6, 5.3e6, 10), np.zeros(10)])
    _, far = far_of(street(2000), stray)
    assert far[-10:].all() and far.sum() == 10


def test_two_parts_of_a_survey_are_both_kept_however_far_apart():
    _, far = far_of(street(1000), street(500, at=(530_000.0, 5_430_000.0)))
    assert far is None


@pytest.mark.parametrize("step", [30.0, 240.0, 1000.0, 20_000.0])
def test_a_sparse_survey_stays_whole(step):
    x, y = np.meshgrid(np.arange(30) * step, np.arange(30) * step)
    _, far = far_of(np.column_stack([x.ravel(), y.ravel(), np.zeros(900)]))
    assert far is None


def test_a_small_cloud_has_no_far_points_whatever_its_shape():
    _, far = far_of(street(), (501_500.0, 5_401_500.0, 0.0))
    assert far is None


def test_a_long_drive_is_connected():
    x = np.arange(0, 50_000, 100.0)
    _, far = far_of(np.column_stack([x, x, np.zeros(len(x))]))
    assert far is None


def test_points_that_are_not_finite_count_for_nothing():
    _, far = far_of(street(), [[np.nan] * 3] * 500, (510_000.0, 5_410_000.0, 0.0))
    assert far.sum() == 1 and far[-1]


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(1, 400))
def test_whatever_is_far_is_few_and_leaves_a_tenth_of_the_ground(seed, count):
    rng = np.random.default_rng(seed)
    xyz = np.column_stack([rng.normal(0, 10 ** rng.uniform(0, 5), (count, 2)), np.zeros(count)])
    _, far = far_of(xyz)
    if far is not None:
        assert 0 < far.sum() <= max(count // 100, 1)
        assert np.ptp(xyz[~far, :2], axis=0).prod() < np.ptp(xyz[:, :2], axis=0).prod()
