"""Cells of buildings -> outlines and façades."""

import numpy as np
import pytest

from bevseg.core.labels import BUILDING
from tests.objects.streets import found, scene
from tests.scenes import box


def turned(xyz, degrees):
    angle = np.radians(degrees)
    at = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.column_stack([(xyz[:, :2] - 20) @ at + 20, xyz[:, 2]])


HOUSE = box(12.05, 15.05, 28.05, 25.05, 0, 7)


@pytest.mark.parametrize("degrees", [0, 30, 45])
def test_a_house_has_the_area_and_the_height_of_its_roof(degrees):
    (one,) = found(scene((BUILDING, turned(HOUSE, degrees)))).buildings
    assert one.area == pytest.approx(160, rel=0.06)
    assert one.height == pytest.approx(7, abs=0.1)
    assert len(one.outline) == 1 and len(one.outline[0]) < 30


@pytest.mark.parametrize("degrees", [0, 30, 45])
def test_a_house_has_four_facades(degrees):
    facades = found(scene((BUILDING, turned(HOUSE, degrees)))).facades
    assert sorted(facade.length for facade in facades) == pytest.approx([10, 10, 16, 16], abs=0.5)
    assert [facade.height for facade in facades] == pytest.approx([7] * 4, abs=0.1)
    corners = turned(np.array([[x, y, 0] for x in (12, 28) for y in (15, 25)], float), degrees)[:, :2]
    for facade in facades:
        for end in (facade.start, facade.end):
            assert np.linalg.norm(corners - end, axis=1).min() < 0.5


def test_a_court_is_a_hole():
    walls = HOUSE[HOUSE[:, 2] < 7]
    (one,) = found(scene((BUILDING, walls))).buildings
    assert len(one.outline) == 2 and one.area < 40


def test_a_wall_with_a_door_is_one_facade_and_a_wide_gap_ends_it():
    x = HOUSE[:, 0]
    door = HOUSE[(HOUSE[:, 1] < 15.2) & ~((x > 18) & (x < 19.2))]
    gate = HOUSE[(HOUSE[:, 1] < 15.2) & ~((x > 18) & (x < 21))]
    assert [facade.length for facade in found(scene((BUILDING, door))).facades] == pytest.approx(
        [16], abs=0.3
    )
    assert len(found(scene((BUILDING, gate))).facades) == 2


def test_two_houses_are_two_buildings():
    assert found(scene((BUILDING, HOUSE), (BUILDING, HOUSE - [0, 12, 0]))).counts()["buildings"] == 2


def test_a_kerb_is_no_building():
    assert found(scene((BUILDING, box(10, 10, 14, 12, 0, 0.4)))).counts()["buildings"] == 0
