"""Cells of cars -> boxes."""

import numpy as np
import pytest

from bevseg.core.labels import CAR
from tests.objects.streets import car, found, scene


@pytest.mark.parametrize("turn", [0, 17, 45, 90, 133])
def test_a_box_has_the_place_the_sides_and_the_direction_of_its_car(turn):
    (one,) = found(scene((CAR, car(20.3, 19.2, turn=turn)))).cars
    assert (one.x, one.y) == pytest.approx((20.3, 19.2), abs=0.1)
    assert (one.length, one.width, one.height) == pytest.approx((4.4, 1.8, 1.5), abs=0.15)
    assert one.heading == pytest.approx((90 - turn) % 180, abs=2)
    assert one.ground == pytest.approx(0, abs=0.01)
    corners = np.array(one.outline[0])
    assert len(corners) == 5 and (corners[0] == corners[-1]).all()
    sides = np.linalg.norm(np.diff(corners, axis=0), axis=1)
    assert sides == pytest.approx([one.length, one.width] * 2)
    along = corners[1] - corners[0]
    assert np.degrees(np.arctan2(*along)) % 180 == pytest.approx(one.heading)


@pytest.mark.parametrize("gap", [0.3, 0.6])
def test_cars_in_a_row_are_told_apart(gap):
    row = [(CAR, car(6 + k * (4.4 + gap), 10)) for k in range(5)]
    assert found(scene(*row)).counts()["cars"] == 5


@pytest.mark.parametrize("gap", [0.4, 0.7])
def test_cars_side_by_side_are_told_apart(gap):
    row = [(CAR, car(10, 6 + k * (1.8 + gap))) for k in range(4)]
    assert found(scene(*row)).counts()["cars"] == 4


def test_a_car_seen_from_one_side_counts():
    whole = car(10, 10)
    (one,) = found(scene((CAR, whole[whole[:, 1] < 9.4]))).cars
    assert one.length == pytest.approx(4.4, abs=0.15) and one.width < 0.6


def test_a_car_behind_a_post_is_one():
    whole = car(10, 10)
    assert found(scene((CAR, whole[np.abs(whole[:, 0] - 10.5) > 0.25]))).counts()["cars"] == 1


def test_some_points_are_no_car():
    assert found(scene((CAR, car(10, 10)[:20]))).counts()["cars"] == 0


def test_a_bus_is_one_vehicle():
    from tests.scenes import box

    assert [one.length for one in found(scene((CAR, box(5, 5, 17, 7.5, 0.4, 3)))).cars] == pytest.approx(
        [12], abs=0.2
    )
