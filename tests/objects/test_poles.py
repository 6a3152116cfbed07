"""Cells of poles -> places and heights."""

import numpy as np
import pytest

from bevseg.core.labels import POLE
from tests.objects.streets import found, pole, scene


def test_a_pole_has_its_place_and_height():
    (one,) = found(scene((POLE, pole(10.33, 12.21, 7.5)))).poles
    assert (one.x, one.y) == pytest.approx((10.33, 12.21), abs=0.06)
    assert one.height == pytest.approx(7.5, abs=0.1)


def test_a_lamp_stands_at_its_shaft_and_is_as_high_as_its_arm():
    arm = np.column_stack([np.arange(10, 12, 0.02), np.full(100, 12.0), np.full(100, 8.2)])
    (one,) = found(scene((POLE, pole(10, 12, 8)), (POLE, arm))).poles
    assert (one.x, one.y) == pytest.approx((10, 12), abs=0.06)
    assert one.height == pytest.approx(8.2, abs=0.05)


def test_a_lamp_head_that_hangs_alone_belongs_to_the_pole_beside():
    head = np.column_stack([np.arange(11.5, 12, 0.02), np.full(25, 12.0), np.full(25, 8.2)])
    (one,) = found(scene((POLE, pole(10, 12, 8)), (POLE, head))).poles
    assert one.height == pytest.approx(8.2, abs=0.05)
    assert found(scene((POLE, head))).poles == []


def test_bollards_in_a_row_are_told_apart():
    row = [(POLE, pole(5.1 + 0.7 * k, 10.1, 0.9)) for k in range(6)]
    assert found(scene(*row)).counts()["poles"] == 6


def test_a_sign_beside_a_lamp_is_a_pole_of_its_own():
    heights = [one.height for one in found(scene((POLE, pole(10, 10, 8)), (POLE, pole(10.8, 10, 2.5)))).poles]
    assert sorted(heights) == pytest.approx([2.5, 8], abs=0.1)


def test_a_pole_whose_foot_is_hidden_counts():
    whole = pole(10, 10, 6)
    assert found(scene((POLE, whole[whole[:, 2] > 1.5]))).counts()["poles"] == 1


def test_a_few_points_are_no_pole():
    assert found(scene((POLE, pole(10, 10)[:8]))).poles == []


def test_what_lies_on_the_ground_is_no_pole():
    flat = np.column_stack([np.linspace(5, 8, 200), np.full(200, 10.0), np.full(200, 0.1)])
    assert found(scene((POLE, flat))).poles == []
