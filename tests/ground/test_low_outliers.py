import numpy as np
import pytest

from bevseg.ground.low_outliers import DEPTH, STEEPEST, low_outliers


def terrain(side=80):
    y, x = np.indices((side, side))
    return (3 * np.sin(x / 25) + 0.05 * y).astype(np.float32)


def test_a_level_plane_and_hills_have_none():
    assert not low_outliers(np.zeros((30, 40), np.float32), 1.0, 18.0).any()
    assert not low_outliers(terrain(), 1.0, 18.0).any()


@pytest.mark.parametrize("depth", [STEEPEST + 0.5, 40.0])
def test_many_cells_that_drop_steeply_are_found_and_nothing_else(depth):
    surface = terrain()
    expected = np.random.default_rng(0).random(surface.shape) < 0.01
    surface[expected] -= np.float32(depth)
    np.testing.assert_array_equal(low_outliers(surface, 1.0, 18.0), expected)


def test_a_group_of_cells_below_level_ground_is_found_also_where_it_is_not_steep():
    surface = np.zeros((80, 80), np.float32)
    surface[30:34, 40:43] -= np.float32(DEPTH + 0.5)
    found = low_outliers(surface, 1.0, 18.0)
    assert found[30:34, 40:43].all()
    assert found.sum() == 12


def test_shallow_ditches_are_ground():
    surface = terrain()
    surface[30, :] -= np.float32(DEPTH - 0.5)
    assert not low_outliers(surface, 1.0, 18.0).any()


def test_a_courtyard_is_no_outlier():
    surface = np.zeros((90, 90), np.float32)
    surface[30:60, 30:60] = 9
    surface[40:50, 40:50] = 0
    assert not low_outliers(surface, 1.0, 18.0).any()


def test_a_narrow_gap_between_houses_is_no_outlier():
    surface = np.zeros((90, 90), np.float32)
    surface[30:60, 30:44] = 4.5
    surface[30:60, 45:60] = 4.5
    assert not low_outliers(surface, 1.0, 18.0).any()


def test_raising_the_surface_changes_nothing():
    surface = terrain()
    surface[20:22, 20:22] -= 6
    np.testing.assert_array_equal(
        low_outliers(surface, 1.0, 18.0), low_outliers(surface + np.float32(1000), 1.0, 18.0)
    )
    assert low_outliers(surface, 1.0, 18.0).any()
