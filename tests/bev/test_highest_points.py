"""What is seen from above: a law of heights and classes alone."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.bev.highest_points import highest_points
from bevseg.core.grid import Grid
from bevseg.core.labels import CAR, GROUND, POLE
from bevseg.core.pointcloud import PointCloud, PointLabels
from tests.bev.clouds import clouds, kept, shuffled
from tests.core.test_cells import grid_of


def seen(cloud, grid):
    """What is seen of a cloud whose labels are the classes."""
    return highest_points(cloud, PointLabels(cloud.labels, cloud.labels), grid).classes


def labelled(xyz, classes, **more):
    return PointCloud.from_xyz(np.asarray(xyz, np.float64), labels=np.asarray(classes, np.uint8), **more)


@given(clouds(), st.sampled_from([0.1, 0.5, 3.0]), st.integers(1, 2000))
def test_it_is_the_class_of_the_highest_point_and_of_several_the_largest(cloud, cell, flat):
    cloud = dataclasses.replace(cloud, z=cloud.z // flat)  # many points at one height
    grid = grid_of(cloud, cell)
    xyz, classes = kept(cloud)
    highest = {}
    for at, z, number in zip(grid.cell_of(*xyz[:, :2].T), xyz[:, 2], classes, strict=True):
        highest[at] = max(highest.get(at, (-np.inf, 0)), (round(z * 1e5), number))
    expected = [highest.get(at, (0, 0))[1] for at in range(grid.rows * grid.cols)]
    assert seen(cloud, grid).ravel().tolist() == expected


@given(clouds(), st.integers(0, 9))
def test_the_order_of_the_points_changes_nothing(cloud, seed):
    cloud = dataclasses.replace(cloud, z=cloud.z // 500)
    grid = grid_of(cloud, 2.0)
    np.testing.assert_array_equal(seen(shuffled(cloud, seed)[0], grid), seen(cloud, grid))


@pytest.mark.parametrize("scale", [5e-7, 1e-6, 4e-6])
@pytest.mark.parametrize("offset", [0.0, 0.1, -3.3, 123.456789])
def test_scale_and_offset_change_nothing(scale, offset):
    """Heights that a fine scale tells apart, but steps of 10 µm do not, are one height."""
    rng = np.random.default_rng(0)
    xyz = np.column_stack(
        [rng.integers(0, 200, 2000) + 0.5, np.full(2000, 0.5), rng.integers(0, 4, 2000) / 1e5]
    )
    cloud = labelled(xyz, rng.integers(0, 6, 2000), scale=1e-5)
    off_by = rng.uniform(scale / 2 - 4.9e-6, 4.9e-6 - scale / 2, 2000)
    z = np.rint((xyz[:, 2] + off_by - offset) / scale).astype(np.int32)
    moved = dataclasses.replace(
        cloud, z=z, scale=(*cloud.scale[:2], scale), offset=(*cloud.offset[:2], offset)
    )
    grid = Grid(1.0, 0, 0, 1, 200)
    np.testing.assert_array_equal(seen(moved, grid), seen(cloud, grid))


def test_ground_and_undefined_points_are_seen_like_all_others():
    cloud = labelled([[0.5, 0.5, 1], [0.5, 0.5, 0], [1.5, 0.5, 1], [1.5, 0.5, 0]], [GROUND, CAR, 0, POLE])
    assert seen(cloud, Grid(1.0, 0, 0, 1, 3)).tolist() == [[GROUND, 0, 0]]


def test_points_that_take_no_part_and_points_beside_the_grid_are_not_seen():
    cloud = labelled([[0.5, 0.5, 0], [np.nan, 0, 9], [0.5, 0.5, 5], [1.5, 0.5, 7]], [GROUND, CAR, POLE, CAR])
    cloud = dataclasses.replace(cloud, far=np.array([False, False, True, False]))
    assert seen(cloud, Grid(1.0, 0, 0, 1, 1)).tolist() == [[GROUND]]


def test_confidence_reason_and_truth_are_those_of_the_point_that_is_seen():
    rng = np.random.default_rng(1)
    xyz = np.column_stack([rng.uniform(0, 8, 500), np.full(500, 0.5), rng.permutation(500) / 100 - 2.5])
    classes, confidence, reasons, truth = (
        rng.integers(0, most, 500).astype(np.uint8) for most in (6, 256, 6, 6)
    )
    grid = Grid(1.0, 0, 0, 1, 9)  # the last cell holds nothing
    found = highest_points(labelled(xyz, truth), PointLabels(classes, confidence, reasons=reasons), grid)
    for col in range(8):
        inside = np.flatnonzero(np.floor(xyz[:, 0]) == col)
        top = inside[xyz[inside, 2].argmax()]
        expected = [values[top] for values in (classes, confidence, reasons, truth)]
        assert [band[0, col] for band in found] == expected
    assert [band[0, 8] for band in found] == [0, 0, 0, 0]


def test_of_two_points_of_one_height_and_class_the_surer_one_is_seen():
    cloud = labelled([[0.5, 0.5, 1], [0.5, 0.5, 1]], [CAR, CAR])
    surest = highest_points(
        cloud, PointLabels(cloud.labels, np.array([90, 40], np.uint8)), Grid(1.0, 0, 0, 1, 1)
    )
    assert surest.confidence.tolist() == [[90]]
