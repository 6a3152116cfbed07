import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.bev.backproject import backproject
from bevseg.bev.rasterize import label_rasters
from bevseg.config import GroundConfig, SliceConfig
from bevseg.core.grid import Grid
from bevseg.core.heights import height_above_ground
from bevseg.core.labels import BUILDING, CAR, GROUND, POLE, PROBABILITY_BANDS, UNDEFINED, VEGETATION
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.core.reasons import NONE, UNMEASURED
from bevseg.ground.find_ground import find_ground
from tests import scenes
from tests.bev.clouds import clouds, kept, level, shuffled
from tests.core.test_cells import grid_of

SLICES = SliceConfig()


def class_raster(grid, classes, confidence=200):
    """A class raster of one class, or of an array of classes."""
    values = np.zeros((2, *grid.shape), np.uint8)
    values[0], values[1] = classes, confidence
    return Raster(grid, ("class", "confidence"), values)


def sure(rasters):
    """Class rasters from label rasters."""
    return {name: class_raster(raster.grid, raster["class"], 255) for name, raster in rasters.items()}


@given(clouds(), st.floats(-3, 3))
def test_labels_come_back_unchanged_wherever_a_cell_holds_one_class(cloud, height):
    dem = level(grid_of(cloud, 0.5), cloud.offset[2] + height)
    back = backproject(cloud, dem, sure(label_rasters(cloud, dem, SLICES)), SLICES).classes
    xyz, _ = kept(cloud)
    mask = np.ones(len(cloud), bool) if cloud.finite is None else cloud.finite
    cells = dem.grid.cell_of(xyz[:, 0], xyz[:, 1])
    above = xyz[:, 2] - np.float64(dem["height"][0, 0])
    slab = (above >= 0.2).astype(int) + (above >= 3.0)
    labels, found = cloud.labels[mask], back[mask]
    for place in np.unique(np.column_stack([cells, slab])[slab > 0], axis=0):
        here = (cells == place[0]) & (slab == place[1])
        classes = set(labels[here]) - {UNDEFINED}
        assert len(set(found[here])) == 1
        if len(classes) == 1:
            assert set(found[here]) == classes
    assert (found[above < 0.0] == GROUND).all()
    assert (back[~mask] == UNDEFINED).all()


@given(clouds(), st.integers(0, 9))
def test_classes_follow_their_points_when_these_are_shuffled(cloud, seed):
    dem = level(grid_of(cloud, 0.5), cloud.offset[2])
    classes = sure(label_rasters(cloud, dem, SLICES))
    mixed, order = shuffled(cloud, seed)
    one, other = (backproject(c, dem, classes, SLICES) for c in (cloud, mixed))
    np.testing.assert_array_equal(one.classes[order], other.classes)
    np.testing.assert_array_equal(one.confidence[order], other.confidence)


def test_a_street_comes_back_nearly_whole():
    cloud = scenes.street()
    dem = find_ground(cloud, 0.2, GroundConfig()).dem
    back = backproject(cloud, dem, sure(label_rasters(cloud, dem, SLICES)), SLICES)
    assert np.mean(back.classes == cloud.labels) > 0.99


@pytest.mark.parametrize(
    ("low", "height", "expected"),
    [
        (BUILDING, 0.10, BUILDING),
        (BUILDING, 0.05, GROUND),
        (BUILDING, 0.19, BUILDING),
        (GROUND, 0.10, GROUND),
        (UNDEFINED, 0.10, GROUND),
        (CAR, -2.0, GROUND),
    ],
)
def test_an_object_has_a_foot_and_other_ground_has_none(low, height, expected):
    cloud = scenes.column([height], ground=50.0)
    grid = grid_of(cloud, 0.2)
    classes = {"low": class_raster(grid, low, 99), "high": class_raster(grid, VEGETATION)}
    back = backproject(cloud, level(grid, 50.0), classes, SLICES)
    assert back.classes == expected
    assert back.confidence == (252 if expected == GROUND else 99)


@pytest.mark.parametrize(
    ("distance", "low", "expected"),
    [(0.2, BUILDING, BUILDING), (0.0, BUILDING, GROUND), (0.2, CAR, GROUND), (0.2, UNDEFINED, GROUND)],
)
def test_street_goes_on_under_a_car_but_not_under_a_wall(distance, low, expected):
    cloud = scenes.column([-0.1, 0.0, 0.05], ground=50.0)
    dem = level(grid_of(cloud, 0.2), 50.0)
    dem["distance"][:] = distance
    classes = {"low": class_raster(dem.grid, low), "high": class_raster(dem.grid, VEGETATION)}
    assert (backproject(cloud, dem, classes, SLICES).classes == expected).all()


def test_above_the_ground_band_there_is_no_foot_however_high_it_is_set():
    cloud = scenes.column([0.3])
    grid = grid_of(cloud, 0.2)
    classes = {"low": class_raster(grid, UNDEFINED, 0), "high": class_raster(grid, VEGETATION)}
    assert backproject(cloud, level(grid), classes, SliceConfig(foot=0.5)).classes == UNDEFINED


def test_each_point_asks_the_raster_of_its_slice():
    cloud = scenes.column([0.0, 1.0, 5.0])
    grid = grid_of(cloud, 0.2)
    classes = {"low": class_raster(grid, POLE, 10), "high": class_raster(grid, VEGETATION, 20)}
    back = backproject(cloud, level(grid), classes, SLICES)
    np.testing.assert_array_equal(back.classes, [GROUND, POLE, VEGETATION])
    np.testing.assert_array_equal(back.confidence, [252, 10, 20])


@pytest.mark.parametrize(
    ("distance", "confidence"), [(0.0, 252), (0.25, 203), (0.5, 153), (10.0, 128), (80.0, 128), (np.nan, 128)]
)
def test_ground_is_less_sure_far_from_measured_ground(distance, confidence):
    cloud = scenes.column([0.0])
    dem = level(grid_of(cloud, 0.2))
    dem["distance"][:] = distance
    nothing = class_raster(dem.grid, UNDEFINED, 0)
    back = backproject(cloud, dem, {"low": nothing, "high": nothing}, SLICES)
    assert back.confidence == confidence


def test_where_the_rasters_say_nothing_neither_does_the_point():
    cloud = scenes.column([1.0, 5.0])
    nothing = class_raster(grid_of(cloud, 0.2), UNDEFINED, 0)
    back = backproject(cloud, level(nothing.grid), {"low": nothing, "high": nothing}, SLICES)
    np.testing.assert_array_equal(back.classes, 0)
    np.testing.assert_array_equal(back.confidence, 0)


def test_points_that_are_not_finite_keep_their_place_and_are_undefined():
    cloud = PointCloud.from_xyz(np.array([[np.nan, 0, 0], [0.1, 0.1, 1], [0.1, np.inf, 1], [0.1, 0.1, 0]]))
    dem = level(grid_of(cloud, 0.2))
    classes = {name: class_raster(dem.grid, CAR) for name in ("low", "high")}
    back = backproject(cloud, dem, classes, SLICES)
    np.testing.assert_array_equal(back.classes, [0, CAR, 0, GROUND])
    np.testing.assert_array_equal(back.confidence, [0, 200, 0, 252])


def test_no_finite_point_at_all():
    cloud = PointCloud.from_xyz(np.full((4, 3), np.nan))
    dem = find_ground(cloud, 0.2, GroundConfig()).dem
    classes = {name: class_raster(dem.grid, CAR) for name in ("low", "high")}
    assert not backproject(cloud, dem, classes, SLICES).classes.any()


@pytest.mark.parametrize("xyz", [[[7, 8, 9]], [[7, 8, 9], [7, 8, 9]], [[7, 8, 9]] * 50])
def test_a_point_alone_is_ground(xyz):
    cloud = PointCloud.from_xyz(np.array(xyz, float))
    dem = find_ground(cloud, 0.2, GroundConfig()).dem
    nothing = class_raster(dem.grid, UNDEFINED, 0)
    back = backproject(cloud, dem, {"low": nothing, "high": nothing}, SLICES)
    assert (back.classes == GROUND).all()


def test_a_wall_without_ground_is_a_wall_above_its_foot():
    cloud = scenes.wall()
    dem = find_ground(cloud, 0.2, GroundConfig()).dem
    classes = {name: class_raster(dem.grid, BUILDING) for name in ("low", "high")}
    back = backproject(cloud, dem, classes, SLICES).classes
    np.testing.assert_array_equal(back == GROUND, height_above_ground(cloud, dem) < SLICES.foot)
    assert (cloud.xyz[back == GROUND, 2] < 2 + SLICES.ground_band).all()
    assert set(back) == {GROUND, BUILDING}


def test_coordinates_far_from_the_origin_change_nothing():
    cloud = scenes.street()
    far = dataclasses.replace(cloud, offset=(1e7, -1e7, 3000.0))
    both = []
    for each in (cloud, far):
        dem = find_ground(each, 0.2, GroundConfig()).dem
        both.append(backproject(each, dem, sure(label_rasters(each, dem, SLICES)), SLICES).classes)
    assert np.mean(both[0] != both[1]) < 0.001


def test_rasters_on_another_grid_are_refused():
    cloud = scenes.column([1.0])
    dem = level(grid_of(cloud, 0.2))
    other = Grid(0.2, dem.grid.west + 1, dem.grid.north, 1, 1)
    with pytest.raises(ValueError, match="'high'"):
        backproject(
            cloud, dem, {"low": class_raster(dem.grid, CAR), "high": class_raster(other, CAR)}, SLICES
        )


def test_points_have_the_reason_of_their_cell_and_ground_that_of_the_dem():
    heights = np.array([0.02, 0.1, 1.0, 5.0])
    cloud = PointCloud.from_xyz(np.stack([np.full(4, 0.1), np.full(4, 0.1), heights], 1))
    grid = grid_of(cloud, 0.2)
    classes = {
        name: Raster(grid, ("class", "confidence", "reason"), np.full((3, *grid.shape), value, np.uint8))
        for name, value in (("low", CAR), ("high", VEGETATION))
    }
    for distance, ground in ((0.0, NONE), (0.4, NONE), (0.6, UNMEASURED), (np.nan, UNMEASURED)):
        dem = level(grid)
        dem["distance"][:] = distance
        found = backproject(cloud, dem, classes, SLICES)
        assert found.classes.tolist() == [GROUND, CAR, CAR, VEGETATION]
        assert found.reasons.tolist() == [ground, CAR, CAR, VEGETATION]  # any code is handed on


@pytest.mark.parametrize(
    ("low", "height", "expected"),
    [
        (BUILDING, 0.10, (155, 25, 25, 25, 25)),  # a foot, by the network
        (BUILDING, 0.05, (1, 1, 252, 1, 1)),  # ground, by the rule
        (GROUND, 1.0, (25, 25, 155, 25, 25)),  # ground, by the network
        (UNDEFINED, 1.0, (0, 0, 0, 0, 0)),
        (BUILDING, 4.0, (25, 25, 25, 25, 155)),  # the high slice
    ],
)
def test_probabilities_are_those_of_the_network_or_of_the_rule(low, height, expected):
    cloud = scenes.column([height], ground=50.0)
    grid = grid_of(cloud, 0.2)

    def shares(decided):
        of_class = np.where(np.arange(1, 6) == decided, 155, 25) * (decided != UNDEFINED)
        plain = class_raster(grid, decided, 155 * (decided != UNDEFINED))
        values = np.concatenate([plain.values, np.tile(of_class[:, None, None], (1, *grid.shape))])
        return Raster(grid, (*plain.names, *PROBABILITY_BANDS), values.astype(np.uint8))

    classes = {"low": shares(low), "high": shares(VEGETATION)}
    back = backproject(cloud, level(grid, 50.0), classes, SLICES)
    assert tuple(back.probabilities[:, 0].tolist()) == expected
    assert back.confidence[0] == max(expected)
    plain = {
        name: class_raster(grid, raster["class"], raster["confidence"]) for name, raster in classes.items()
    }
    assert backproject(cloud, level(grid, 50.0), plain, SLICES).probabilities is None
