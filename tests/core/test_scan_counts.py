"""What kind of scan a cloud is does not depend on how it is cut, and shows in the numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.config import GroundConfig
from bevseg.core.blocks import Blocks, PointsByBlock
from bevseg.core.pointcloud import PointCloud
from bevseg.core.scan_counts import COUNTS, scan_counts, scan_statistics
from bevseg.ground.find_ground import find_ground
from tests import tiny
from tests.scenes import box, plane, street

CELL, BAND = 0.2, 0.2


def statistics(cloud, cell=CELL):
    return scan_statistics(scan_counts(cloud, find_ground(cloud, cell, GroundConfig()).dem, BAND))


@pytest.fixture(scope="module")
def long_street():
    """A street that reaches over several blocks, and its DEM."""
    cloud = tiny.long_street("long")
    return cloud, find_ground(cloud, CELL, GroundConfig()).dem


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_the_counts_of_blocks_add_up_however_a_survey_is_cut(long_street, seed, pieces):
    cloud, dem = long_street
    points = PointsByBlock(Blocks.of(CELL))
    part = np.random.default_rng(seed).integers(0, pieces, len(cloud))
    for number in range(pieces):
        points.add(cloud.take(np.flatnonzero(part == number)), number)
    blocks = list(points)
    assert len(blocks) > 2
    total = sum(
        scan_counts(points.of(block), dem.cut_to(points.layout.grid(block)), BAND) for block in blocks
    )
    np.testing.assert_array_equal(total, scan_counts(cloud, dem, BAND))


def test_counts_of_a_hand_made_column():
    """Two patches of 0.8 m: one with ground alone, one with ground and points up to 3.2 m."""
    low = np.column_stack([np.full(8, 0.1), np.full(8, 0.1), np.zeros(8)])
    up = np.array([(0.9, 0.1, height) for height in (0, 0.6, 1.1, 1.6, 3.2)])
    cloud = PointCloud.from_xyz(np.concatenate([low, up]))
    found = statistics(cloud)
    assert found["points_per_m2"] == pytest.approx(13 / (2 * 0.64))
    assert found["density_factor"] == pytest.approx(np.sqrt(8 / 5), rel=1e-3)
    assert found["covered"] == 0.5
    assert found["standing"] == 1  # 4 of 7 bins
    assert 3.0 < found["height_m"] <= 3.5


def test_a_roof_does_not_stand_and_a_facade_does():
    lid = box(5, 5, 15, 15, 5.9, 6)
    walls = box(5, 5, 15, 15, 0, 6)
    assert statistics(PointCloud.from_xyz(np.concatenate([plane(), lid])))["standing"] < 0.1
    assert statistics(PointCloud.from_xyz(np.concatenate([plane(), walls])))["standing"] > 0.4


@pytest.mark.parametrize("cell", [0.1, 0.2, 0.4, 0.8])
def test_the_density_does_not_depend_on_the_cell(cell):
    assert statistics(street(), cell)["points_per_m2"] == pytest.approx(statistics(street())["points_per_m2"])


def test_a_cloud_without_points_says_nothing_and_level_ground_has_no_height():
    assert scan_statistics(np.zeros(COUNTS, np.int64)) == {}
    level = statistics(PointCloud.from_xyz(plane()))
    assert set(level) == {"points_per_m2", "density_factor", "covered"}
    assert level["covered"] == 0
    assert level["density_factor"] == pytest.approx(1, abs=0.2)
