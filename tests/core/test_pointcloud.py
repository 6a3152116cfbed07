"""Points as integer steps: exact far from the origin, NaN kept in place."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bevseg.core.pointcloud import PointCloud, ends_of
from bevseg.errors import InputError

UTM = np.array([448_262.3, 5_411_932.1, 121.5])


@given(arrays(float, (7, 3), elements=st.floats(-900, 900)))
def test_coordinates_come_back_within_half_a_step_however_far_away(xyz):
    cloud = PointCloud.from_xyz(xyz + UTM)
    np.testing.assert_allclose(cloud.xyz, xyz + UTM, rtol=0, atol=0.0005 + 1e-8)


def test_coordinates_on_the_step_come_back_exactly_to_the_millimetre():
    xyz = UTM + np.array([[0, 0, 0], [0.001, 0.002, 0.003]])
    np.testing.assert_array_equal(np.round(PointCloud.from_xyz(xyz).xyz, 3), np.round(xyz, 3))


def test_points_that_are_not_finite_keep_their_place():
    xyz = np.array([[1.0, 2, 3], [np.nan, 2, 3], [4, np.inf, 6]])
    cloud = PointCloud.from_xyz(xyz)
    assert cloud.finite.tolist() == [True, False, False]
    assert np.isnan(cloud.xyz[1:]).all()
    assert cloud.bounds() == ((1.0, 1.0), (2.0, 2.0), (3.0, 3.0))


def test_a_cloud_without_finite_points_has_no_bounds():
    assert PointCloud.from_xyz(np.full((2, 3), np.nan)).bounds() is None


def test_feet_become_metres():
    cloud = PointCloud.from_xyz(np.array([[10.5, 20.25, 30.75]]), unit=(0.3048, 0.5))
    np.testing.assert_allclose(cloud.xyz, [[3.2004, 6.1722, 15.375]])


def test_an_extent_that_no_scan_has_is_refused():
    with pytest.raises(InputError, match="column order"):
        PointCloud.from_xyz(np.array([[0.0, 0, 0], [1e8, 0, 0]]))


@pytest.mark.parametrize("extra", [{"labels": np.zeros(3, np.uint8)}, {"finite": np.ones(1, bool)}])
def test_columns_of_different_lengths_are_refused(extra):
    steps = np.zeros(2, np.int32)
    with pytest.raises(ValueError, match="differ in length"):
        PointCloud(steps, steps, steps, (1, 1, 1), (0, 0, 0), **extra)


def test_a_return_at_the_origin_of_the_world_does_not_make_a_cloud_unreadable():
    xyz = np.random.default_rng(0).uniform(0, 40, (100, 3)) + UTM
    xyz[7] = 0
    with pytest.warns(UserWarning, match="1 of 100 points are so far away"):
        cloud = PointCloud.from_xyz(xyz)
    assert np.flatnonzero(~cloud.finite).tolist() == [7]
    np.testing.assert_allclose(np.delete(cloud.xyz, 7, 0), np.delete(xyz, 7, 0), atol=0.0006)


def test_many_points_that_cannot_be_stored_together_are_an_error():
    xyz = np.random.default_rng(0).uniform(0, 9e6, (100, 3))
    with pytest.raises(InputError, match="too large"):
        PointCloud.from_xyz(xyz)


def test_a_point_that_is_not_finite_keeps_the_coordinates_within_the_extent_of_the_others():
    xyz = np.array([[1.0, 2, 3], [5, 6, 7], [np.nan, 3.5, 4], [2, 1e300, -np.inf]])
    cloud = PointCloud.from_xyz(xyz)
    steps = np.stack([cloud.x, cloud.y, cloud.z], axis=1)[2:] * 0.001 + [1, 2, 3]
    np.testing.assert_allclose(steps, [[1, 3.5, 4], [2, 2, 3]])


@pytest.mark.parametrize("order", ["C", "F"])
def test_steps_are_those_of_the_whole_column_at_once(order):
    xyz = np.asarray(np.random.default_rng(0).uniform(0, 400, (40_000, 3)) + UTM, order=order)
    cloud = PointCloud.from_xyz(xyz)
    for axis, steps in enumerate((cloud.x, cloud.y, cloud.z)):
        column = xyz[:, axis]
        np.testing.assert_array_equal(steps, np.rint((column - np.floor(column.min())) / 0.001))


def test_a_cloud_is_quantized_without_arrays_as_long_as_a_column():
    xyz = np.zeros((1_000_000, 3), order="F")
    tracemalloc.start()
    PointCloud.from_xyz(xyz)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 13 * len(xyz)  # three columns of 32-bit steps


def test_the_ends_are_found_in_all_blocks_and_among_the_kept_points():
    record = np.zeros(40_000, [("x", "i4"), ("y", "i4"), ("more", "u1")])
    record["x"] = np.arange(len(record)) - 7
    record["y"][[3, 33_333]] = -(2**31), 2**31 - 1
    columns = record["x"], record["y"]
    assert ends_of(*columns) == [(-7, 39_992), (-(2**31), 2**31 - 1)]
    kept = np.zeros(len(record), bool)
    assert ends_of(*columns, kept=kept) is None
    kept[[5, 39_000]] = True
    assert ends_of(*columns, kept=kept) == [(-2, 38_993), (0, 0)]
