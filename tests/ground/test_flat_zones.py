"""Ground cells of street scenes on a grid of 0.25 m, by flat zones."""

import numpy as np
import pytest

from bevseg.ground.flat_zones import CELL, TOLERANCE, UNDER, final_surface, find_ground_cells

ROWS, COLS = 80, 160
"""20 x 40 m."""

NOBODY = np.zeros((ROWS, COLS), bool)


def rise(along=0.0):
    return (along * CELL * np.indices((ROWS, COLS))[1]).astype(np.float32)


def found_in(low):
    return find_ground_cells(low, CELL)[1]


@pytest.mark.parametrize("along", [0.0, 0.05, 0.25])
def test_a_street_is_ground_however_it_climbs(along):
    surface, found = find_ground_cells(rise(along), CELL)
    assert found.all()
    np.testing.assert_allclose(surface, rise(along), atol=1e-3)


@pytest.mark.parametrize("height", [0.12, 0.3])
def test_the_pavement_behind_a_kerb_is_ground(height):
    low = rise(0.03)
    low[:24] += np.float32(height)
    assert found_in(low).all()


def test_a_wall_ends_the_ground():
    low = rise()
    low[:40] = 4
    found = found_in(low)
    assert found[40:].all()
    assert not found[:35].any()


def test_the_upper_level_of_a_split_street_is_ground_by_its_ramp():
    low = rise()
    low[:40] = np.clip((np.indices((40, COLS))[1] * CELL - 5) * 0.08, 0, 1.2)
    found = found_in(low)
    assert found[40:].all() and found[:36].all()


def test_small_surfaces_above_the_street_do_not_come_back():
    """A ramp and its platform: behind a kerb like a pavement, but small."""
    low = rise()
    low[30:39, 24:42] = np.linspace(0.34, 0.9, 18)
    low[30:39, 42:57] = 0.9
    found = found_in(low)
    assert not found[31:38, 44:56].any()
    assert found.mean() > 0.97


def test_fronts_are_no_ground():
    low = rise()
    low[0] = np.random.default_rng(0).uniform(0.5, 8, COLS)
    found = found_in(low)
    assert not found[0].any() and found[1:].all()


def test_low_outliers_are_no_ground_and_pull_nothing_down():
    low = rise(0.02)
    outliers = np.random.default_rng(1).random(low.shape) < 0.003
    low[outliers] -= np.float32(3)
    surface, found = find_ground_cells(low, CELL)
    np.testing.assert_array_equal(found, ~outliers)
    np.testing.assert_allclose(surface, rise(0.02), atol=0.01)


@pytest.mark.parametrize("depth", [3, 12])
def test_one_deep_return_in_a_shadow_leaves_the_street_its_ground(depth):
    low = rise(0.02)
    low[20:60, 40:80] = np.nan
    low[40, 60] = -depth
    found = found_in(low)
    assert not found[40, 60]
    found[20:60, 40:80] = True
    assert found.all()


def test_ground_seen_in_small_patches_amid_a_wide_shadow_stays_ground():
    low = rise(0.02)
    low[5:75, 20:140] = np.nan
    low[38:42, 40:120:16] = rise(0.02)[38:42, 40:120:16]
    assert found_in(low)[38:42, 40:120:16].all()


def test_a_yard_below_the_street_stays_ground():
    low = rise()
    low[10:50, 60:100] = np.nan
    low[24:36, 74:86] = -3
    assert found_in(low)[24:36, 74:86].all()


def test_unknown_cells_are_no_ground_and_the_surface_spans_them():
    low = rise(0.05)
    low[20:50, 50:90] = np.nan
    surface, found = find_ground_cells(low, CELL)
    np.testing.assert_array_equal(found, ~np.isnan(low))
    np.testing.assert_allclose(surface, rise(0.05), atol=0.02)


def test_raising_the_heights_changes_no_cell():
    low = rise(0.04)
    low[:24] += np.float32(0.12)
    low[40:50, 30:50] += np.float32(1)
    np.testing.assert_array_equal(found_in(low), found_in(low + np.float32(300)))


def test_in_the_open_points_have_more_room_than_beside_objects():
    has_object = NOBODY.copy()
    has_object[40:44, 60:76] = True
    surface = final_surface(rise(), ~has_object, has_object, CELL)
    np.testing.assert_allclose(surface.height, 0, atol=1e-6)
    assert surface.tolerance[10, 10] == pytest.approx(TOLERANCE)
    assert surface.tolerance[39, 70] < TOLERANCE / 2
    assert surface.tolerance[45, 0] == pytest.approx(TOLERANCE)


def test_what_lies_beside_objects_does_not_lift_the_ground():
    has_object, mean = NOBODY.copy(), rise()
    has_object[40:44, 60:76] = True
    mean[39:45, 59:77] = 0.12
    np.testing.assert_allclose(final_surface(mean, ~NOBODY, has_object, CELL).height, 0, atol=1e-6)


def test_far_from_open_ground_nothing_is_ground_under_objects():
    has_object = NOBODY.copy()
    has_object[:, 80:] = True
    tolerance = final_surface(rise(), ~has_object, has_object, CELL).tolerance
    assert (tolerance[:, 82 + round(UNDER / CELL) :] < 0).all()
    assert (tolerance[:, :80] > 0).all()


def test_cells_alone_among_objects_do_not_decide():
    has_object, mean = ~NOBODY, rise()
    has_object[:, :40] = False
    has_object[40:43, 45:48] = False
    mean[41, 46] = 0.15
    np.testing.assert_allclose(final_surface(mean, ~has_object, has_object, CELL).height, 0, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (2, 2)])
def test_small_rasters_work(shape):
    low = np.full(shape, 3, np.float32)
    surface, found = find_ground_cells(low, CELL)
    assert found.all() and (surface == 3).all()
    assert (final_surface(low, found, ~found, CELL).height == 3).all()
