"""Cells of vegetation -> trees and shrubs."""

import numpy as np
import pytest

from bevseg.core.labels import VEGETATION
from tests.objects.streets import found, scene, tree
from tests.scenes import box


def test_a_tree_has_the_middle_the_area_and_the_height_of_its_crown():
    (one,) = found(scene((VEGETATION, tree(20, 20)))).crowns
    assert one.plant == "tree"
    assert (one.x, one.y) == pytest.approx((20, 20), abs=0.1)
    assert one.height == pytest.approx(7, abs=0.1)
    assert one.area == pytest.approx(np.pi * 2.5**2, rel=0.1)


def test_trees_of_a_row_that_touch_are_told_apart():
    row = [(VEGETATION, tree(6 + 5 * k, 20, seed=k)) for k in range(6)]
    crowns = found(scene(*row)).crowns
    assert [round(crown.x) for crown in sorted(crowns, key=lambda crown: crown.x)] == [6, 11, 16, 21, 26, 31]


def test_a_small_tree_beside_a_large_one_is_told_apart():
    heights = [
        crown.height
        for crown in found(
            scene((VEGETATION, tree(10, 20, 4, 12)), (VEGETATION, tree(16.5, 20, 2, 6)))
        ).crowns
    ]
    assert sorted(heights) == pytest.approx([6, 12], abs=0.2)


def test_hedges_are_shrubs_with_their_area():
    (one,) = found(scene((VEGETATION, box(10.03, 5.03, 30.03, 6.03, 0, 1.5)))).crowns
    assert one.plant == "shrub" and one.height == pytest.approx(1.5, abs=0.1)
    assert one.area == pytest.approx(20, rel=0.25)


def test_a_hedge_below_a_tree_is_a_plant_of_its_own():
    counts = found(
        scene((VEGETATION, tree(20, 20)), (VEGETATION, box(10.03, 13.03, 30.03, 14.03, 0, 1.5)))
    ).counts()
    assert (counts["trees"], counts["shrubs"]) == (1, 1)


def test_leaves_that_lie_alone_are_no_plant():
    assert found(scene((VEGETATION, tree(20, 20)[:15]))).crowns == []
