"""Ground cells of scenes on a grid of 1 m, by openings."""

import numpy as np
import pytest

from bevseg.config import GroundConfig
from bevseg.core.pointcloud import PointCloud
from bevseg.ground.find_ground import find_ground
from bevseg.ground.smrf import BROAD, LARGEST, cell_for, find_objects, smrf

CONFIG = GroundConfig()
LEVEL = np.zeros((140, 160), np.float32)


def with_boxes(terrain, *boxes):
    """Return the terrain with boxes (top, left, rows, cols, height) on it, and their cells."""
    surface, on = terrain.copy(), np.zeros(terrain.shape, bool)
    for top, left, rows, cols, height in boxes:
        its = np.s_[max(top, 0) : max(top + rows, 0), max(left, 0) : max(left + cols, 0)]
        surface[its] += height
        on[its] = True
    return surface, on


def found_in(surface, config=CONFIG):
    return find_objects(surface, np.zeros(surface.shape, bool), 1.0, config)


def slope(rise):
    return (rise * np.indices(LEVEL.shape)[1]).astype(np.float32)


@pytest.mark.parametrize("rise", [0.0, 0.05, 0.3])
def test_a_plane_has_no_objects(rise):
    assert not found_in(slope(rise)).any()


@pytest.mark.parametrize("rise", [0.0, 0.05])
@pytest.mark.parametrize(
    "box",
    [
        (60, 60, 1, 1, 2),  # a bush
        (60, 60, 2, 5, 1.5),  # a car
        (40, 40, 12, 9, 6),  # a house
        (40, 40, 12, 40, 4),  # a row of houses
        (40, 40, 60, 80, 9),  # a hall, wider than the window
        (-1, 50, 13, 12, 6),  # cut by the border
        (128, 148, 20, 20, 6),  # in a corner
    ],
)
def test_boxes_are_found_to_the_cell(rise, box):
    surface, on = with_boxes(slope(rise), box)
    np.testing.assert_array_equal(found_in(surface), on)


def test_wider_than_the_broadest_opening_is_ground():
    """A plateau: nothing tells it from a hall of that size."""
    side = int(2 * BROAD) + 20
    surface, _ = with_boxes(np.zeros((220, 220), np.float32), (50, 50, side, side, 9))
    assert found_in(surface)[60:-60, 60:-60].mean() < 0.1


@pytest.mark.parametrize("crest", [3, 15])
def test_a_dike_is_ground_and_a_house_as_wide_is_none(crest):
    row = np.indices(LEVEL.shape)[0]
    dike = np.clip(4 - np.maximum(np.abs(row - 100) - crest / 2, 0) / 2, 0, 4).astype(np.float32)
    surface, on = with_boxes(dike, (30, 40, crest + 8, 70, 4))
    found = found_in(surface)
    assert found[on].all()
    assert found[~on].mean() < 0.005


def test_a_dike_that_ends_is_ground():
    row, col = np.indices(LEVEL.shape)
    away = np.hypot(np.maximum(np.abs(col - 80) - 40, 0), row - 70)
    mound = np.clip(4 - np.maximum(away - 3, 0) / 2, 0, 4).astype(np.float32)
    assert found_in(mound).mean() < 0.005


def test_the_edge_of_a_terrace_is_ground():
    terrace = LEVEL.copy()
    terrace[:, 70:] = 5
    assert not found_in(terrace).any()


def test_a_larger_slope_keeps_more_of_a_hill():
    hill = (30 * np.exp(-(((np.indices(LEVEL.shape) - 70) / 25.0) ** 2).sum(axis=0))).astype(np.float32)
    kept = [np.mean(~found_in(hill, GroundConfig(slope=slope))) for slope in (0.01, 0.3)]
    assert kept[0] < 0.99 * kept[1]


@pytest.mark.parametrize("window", [4.0, 8.0, 18.0, 60.0])
def test_a_house_goes_whatever_the_window(window):
    """Halls are looked for with larger ones in any case."""
    surface, on = with_boxes(LEVEL, (40, 40, 12, 12, 6))
    np.testing.assert_array_equal(found_in(surface, GroundConfig(window=window)), on)


def test_a_house_beside_what_nobody_has_seen_goes():
    low, on = with_boxes(LEVEL, (40, 40, 20, 12, 6))
    low[20:100, 52:100] = np.nan
    surface = smrf(low, 1.0, CONFIG)
    np.testing.assert_allclose(surface.height, 0, atol=0.01)
    assert (np.abs(low - surface.height) > surface.tolerance)[on].all()


def test_a_gap_between_two_roofs_makes_no_plateau_of_them():
    """It is wider than any opening; where it lies awry to the blocks it is filled by, it may."""
    gap, west = int(2 * BROAD) + 10, 50
    level = np.zeros((140, gap + 100), np.float32)
    low, on = with_boxes(level, (30, west, 80, 8, 6), (30, west + 8 + gap, 80, 8, 6))
    low[30:110, west + 8 : west + 8 + gap] = np.nan
    surface = smrf(low, 1.0, CONFIG)
    assert (np.abs(low - surface.height) > surface.tolerance)[on].all()
    np.testing.assert_allclose(surface.height, 0, atol=0.1)


def test_pits_take_no_part():
    low = slope(0.05)
    low[30, 30], low[80, 100] = -9, -30
    surface = smrf(low, 1.0, CONFIG)
    np.testing.assert_allclose(surface.height, slope(0.05), atol=0.01)


def test_the_tolerance_grows_with_the_slope():
    flat, steep = (smrf(slope(rise), 1.0, CONFIG).tolerance[70, 80] for rise in (0.0, 0.5))
    assert flat == pytest.approx(CONFIG.threshold)
    assert steep == pytest.approx(CONFIG.threshold + 0.5 * CONFIG.scalar, abs=1e-3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (2, 2)])
def test_small_rasters_work(shape):
    surface = smrf(np.full(shape, 3, np.float32), 1.0, CONFIG)
    np.testing.assert_array_equal(surface.height, 3)


def test_raising_the_heights_raises_the_surface():
    low, _ = with_boxes(slope(0.05), (40, 40, 12, 40, 4), (100, 90, 20, 20, 7))
    low[::7, ::5] = np.nan
    once, raised = smrf(low, 1.0, CONFIG), smrf(low + np.float32(512), 1.0, CONFIG)
    np.testing.assert_allclose(raised.height, once.height + 512, atol=0.002)
    np.testing.assert_allclose(raised.tolerance, once.tolerance, atol=0.002)


@pytest.mark.parametrize(
    ("every", "cell"),
    [(1, 1.0), (2, 2.0), (4, 4.0), (50, LARGEST)],
    ids=["every cell", "every second", "every fourth", "hardly any"],
)
def test_cells_grow_where_no_two_points_lie_side_by_side(every, cell):
    counts = np.zeros((60, 47), np.int32)
    counts[::every, ::every] = 3
    assert cell_for(counts) == cell


def test_sparse_ground_under_a_few_high_points_is_found():
    rng = np.random.default_rng(4)
    x, y = rng.uniform(0, 190, (2, 500))  # one point in 70 m2
    high = rng.random(len(x)) < 0.1
    z = 0.01 * x + np.where(high, 12.0, 0.0)
    cloud = PointCloud(*(np.rint(100 * each).astype(np.int32) for each in (x, y, z)), (0.01,) * 3, (0.0,) * 3)
    found = find_ground(cloud, 1.0, GroundConfig(method="smrf"))
    assert (found.is_ground == ~high).mean() > 0.98
