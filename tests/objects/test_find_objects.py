"""What is found in a scene, and what does not change it: order, cut, place, direction."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bevseg.core.labels import CAR, GROUND
from bevseg.core.pointcloud import Crs, PointCloud
from bevseg.errors import CrsError
from bevseg.objects.find_objects import find_objects
from bevseg.objects.objects import Objects
from tests.objects.streets import car, found, labelled, moved, part, scene, street

STREET = street()
FOUND = found(STREET)


def test_every_object_of_a_street_is_counted():
    assert FOUND.counts() == {"cars": 2, "poles": 1, "trees": 2, "shrubs": 1, "buildings": 1, "facades": 4}


def test_confidences_are_means_of_the_points():
    every = [*FOUND.cars, *FOUND.poles, *FOUND.crowns, *FOUND.buildings, *FOUND.facades]
    assert [each.confidence for each in every] == pytest.approx([0.8] * len(every))


def test_points_of_all_objects_are_those_of_their_classes():
    assert sum(each.points for each in FOUND.cars) == np.count_nonzero(STREET.classes == CAR)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_the_points_changes_nothing(seed):
    order = np.random.default_rng(seed).permutation(len(STREET.classes))
    assert found(part(STREET, order)) == FOUND


@settings(max_examples=8, deadline=None)
@given(st.floats(0, 40), st.floats(0, np.pi))
def test_the_cut_into_clouds_changes_nothing(distance, angle):
    x, y, _ = STREET.cloud.xyz.T
    west = x * np.cos(angle) + y * np.sin(angle) < distance
    pieces = [part(STREET, mask) for mask in (west, ~west) if mask.any()]
    assert found(*pieces) == FOUND


def test_a_border_through_a_car_gives_one_car():
    whole = scene((CAR, car(10, 10, turn=20)))
    east = whole.cloud.xyz[:, 0] > 10.03
    assert all((whole.classes[side] == CAR).any() for side in (east, ~east))
    assert found(part(whole, east), part(whole, ~east)).cars == found(whole).cars
    assert found(whole).counts()["cars"] == 1


def test_an_empty_cloud_beside_changes_nothing():
    nothing = part(STREET, np.empty(0, np.intp))
    assert found(nothing, STREET, nothing) == FOUND


@settings(max_examples=5, deadline=None)
@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_a_street_moved_by_whole_cells_has_the_same_objects(east, north):
    # 1 m is a whole number of cells of the objects and of the ground.
    there = found(moved(STREET, lambda xyz: xyz + np.array([east, north, 0])))
    assert there.counts() == FOUND.counts()
    for one, other in zip(FOUND.cars, there.cars, strict=True):
        assert (other.x - east, other.y - north) == pytest.approx((one.x, one.y), abs=1e-6)
        assert (other.length, other.heading) == pytest.approx((one.length, one.heading), abs=1e-6)
    for one, other in zip(FOUND.crowns, there.crowns, strict=True):
        moved_back = np.array(other.outline[0]) - [east, north]
        np.testing.assert_allclose(moved_back, np.array(one.outline[0]), atol=1e-6)


def test_a_street_turned_by_90_degrees_has_turned_objects():
    there = found(moved(STREET, lambda xyz: xyz @ [[0, 1, 0], [-1, 0, 0], [0, 0, 1]]))  # x -> y, y -> -x
    assert there.counts() == FOUND.counts()
    turned = sorted((-car.y, car.x, (car.heading - 90) % 180, car.length) for car in FOUND.cars)
    assert sorted((car.x, car.y, car.heading, car.length) for car in there.cars) == [
        pytest.approx(one, abs=0.02) for one in turned
    ]
    for name in ("poles", "crowns"):
        places = sorted((round(-each.y, 1), round(each.x, 1)) for each in getattr(FOUND, name))
        assert sorted((round(each.x, 1), round(each.y, 1)) for each in getattr(there, name)) == places
    areas = [sorted(each.area for each in objects.buildings) for objects in (FOUND, there)]
    assert areas[0] == pytest.approx(areas[1], rel=0.02)


def test_heights_count_from_the_ground_of_a_slope():
    there = found(moved(STREET, lambda xyz: xyz + np.outer(xyz[:, 0], [0, 0, 0.1])))
    assert there.counts() == FOUND.counts()
    assert [pole.height for pole in there.poles] == pytest.approx([6.0], abs=0.2)
    assert [car.height for car in there.cars] == pytest.approx([1.5, 1.5], abs=0.3)


def test_without_ground_heights_count_from_the_lowest_points():
    bare = found(part(STREET, STREET.classes != GROUND))
    assert [pole.ground for pole in bare.poles] == [None]
    assert [pole.height for pole in bare.poles] == pytest.approx([6.0], abs=0.1)


def test_without_confidences_objects_have_none():
    nothing = dataclasses.replace(STREET.cloud)
    assert {car.confidence for car in found(labelled(nothing)).cars} == {None}


def test_no_points_have_no_objects():
    none = labelled(PointCloud.from_xyz(np.empty((0, 3)), np.empty(0, np.uint8)))
    assert find_objects([none]) == Objects()
    assert find_objects([]) == Objects()


def test_clouds_in_two_systems_are_refused():
    one, other = (
        labelled(dataclasses.replace(STREET.cloud, crs=Crs(wkt), name=wkt)) for wkt in ("this", "that")
    )
    with pytest.raises(CrsError, match="different reference systems") as error:
        found(one, other)
    assert "this and that" in str(error.value)


def test_points_that_take_no_part_are_no_objects():
    cloud = dataclasses.replace(STREET.cloud, far=STREET.classes == CAR)
    assert found(labelled(cloud)).counts()["cars"] == 0
