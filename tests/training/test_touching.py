"""Which clouds must not be on both sides of a split."""

import dataclasses

import numpy as np
import pytest

from bevseg.core.pointcloud import Crs, PointCloud
from bevseg.training.squares import GUARD
from bevseg.training.touching import COMMON, find_touching, groups_of
from tests import tiny
from tests.training.scattered import CELL, RD, strewn


def pairs(*clouds):
    return [touch[:2] for touch in find_touching(clouds, CELL)]


def point(name, col, row, crs=RD):
    return PointCloud.from_xyz(np.array([[(col + 0.5) * CELL, (row + 0.5) * CELL, 1.0]]), name=name, crs=crs)


@pytest.mark.parametrize("corner", [(0, 0), (-7, 300), (100, 127), (-128, -1)])
@pytest.mark.parametrize("towards", [(1, 0), (0, -1), (1, 1), (-1, 1)])
def test_in_one_system_clouds_touch_up_to_the_guard_band(corner, towards):
    col, row = corner
    for away, touches in ((1, True), (GUARD, True), (GUARD + 1, False), (2 * GUARD + 1, False)):
        other = point("b", col + away * towards[0], row + away * towards[1])
        assert pairs(point("a", col, row), other) == ([("a", "b")] if touches else [])


def test_equal_coordinates_in_no_system_or_in_two_may_be_two_places():
    """Simulated streets all lie about the origin."""
    for systems in ((None, None), (RD, None), (RD, Crs('PROJCS["UTM"]')), (Crs("", 0.3), Crs("", 0.3))):
        clouds = [strewn(str(seed), (0.0, 50.0), seed=seed, crs=crs) for seed, crs in enumerate(systems)]
        assert pairs(*clouds) == []


def test_streets_of_one_grid_share_points_by_chance_and_do_not_touch():
    assert pairs(*(tiny.thin_street(name, seed) for seed, name in enumerate("abc"))) == []


@pytest.mark.parametrize("system", [None, RD])
@pytest.mark.parametrize("share", [COMMON - 0.02, COMMON + 0.02])
def test_without_a_common_system_clouds_touch_by_the_share_of_the_points_of_the_smaller_one(system, share):
    small, large = strewn("small", (0.0, 50.0)), strewn("large", (0.0, 50.0), points=9000, seed=1)
    count = round(share * len(small))
    xyz = large.xyz
    xyz[:count] = small.xyz[:count]
    large = PointCloud.from_xyz(xyz, scale=0.00025, name="large", crs=system)
    found = find_touching([small, large], CELL)
    assert len(found) == (share > COMMON)
    assert all("% of the points of small" in touch.why for touch in found)


def test_points_that_take_no_part_are_not_compared():
    cloud = strewn("a", (0.0, 50.0), crs=RD)
    none = np.zeros(len(cloud), bool)
    assert pairs(cloud, dataclasses.replace(cloud, name="b")) == [("a", "b")]
    assert pairs(cloud, dataclasses.replace(cloud, name="b", finite=none)) == []


def test_of_large_clouds_a_part_is_compared(monkeypatch):
    monkeypatch.setattr("bevseg.training.touching.SAMPLE", 1000)
    one = strewn("a", (0.0, 50.0))
    assert pairs(one, dataclasses.replace(one, name="b"), strewn("c", (0.0, 50.0), seed=1)) == [("a", "b")]


def test_clouds_that_touch_by_way_of_others_are_one_group():
    row = [
        strewn(name, (west, west + 30.0), points=500, crs=RD)
        for name, west in (("b", 0), ("d", 40), ("a", 80))
    ]
    alone = strewn("c", (300.0, 330.0), points=500, crs=RD)
    found = find_touching([*row, alone], CELL)
    assert groups_of(["a", "b", "c", "d"], found) == [("a", "b", "d"), ("c",)]
    assert groups_of(["x", "y"], []) == [("x",), ("y",)]
