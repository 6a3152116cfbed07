import numpy as np
import pytest

from bevseg.ground.surface import NO_DATA, interpolate, no_data_mask, slope_of


@pytest.mark.parametrize("cell", [0.25, 1.0, 2.5])
@pytest.mark.parametrize(("east", "south"), [(0.0, 0.0), (0.3, 0.0), (0.0, -0.2), (0.3, 0.4)])
def test_the_slope_of_a_plane_is_its_gradient(cell, east, south):
    y, x = np.indices((9, 11)) * cell
    slope = slope_of((east * x + south * y).astype(np.float32), cell)
    np.testing.assert_allclose(slope[1:-1, 1:-1], np.hypot(east, south), atol=1e-5)
    assert (slope <= np.hypot(east, south) + 1e-5).all()


def test_the_surface_goes_through_the_cells_and_over_the_others():
    heights = np.zeros((20, 20), np.float32)
    heights[5:9, 5:9] = 7
    heights[15, 15] = np.nan
    found = interpolate(heights, heights == 0)
    np.testing.assert_allclose(found, 0, atol=1e-6)


def test_where_no_cell_is_chosen_it_goes_through_all_that_are_known():
    heights = np.array([[1, np.nan, 3]], np.float32)
    np.testing.assert_allclose(interpolate(heights, np.zeros((1, 3), bool)), [[1, 2, 3]], atol=1e-3)


def test_cells_that_were_chosen_and_are_unknown_are_filled():
    heights = np.array([[4, np.nan, 4]], np.float32)
    np.testing.assert_allclose(interpolate(heights, np.ones((1, 3), bool)), 4)


@pytest.mark.parametrize("cell", [0.25, 1.0])
@pytest.mark.parametrize("every", [1, 3])
def test_a_cell_has_no_data_further_from_the_points_than_some_of_their_spacings(cell, every):
    heights = np.full((120, 120), np.nan, np.float32)
    heights[: 60 + 1 : every, ::every] = 0
    spacing = 1 / np.sqrt(np.mean(~np.isnan(heights)))  # cells
    found = no_data_mask(heights, cell)
    last = 60 - 60 % every
    beyond = np.arange(120) - last > NO_DATA * spacing + every
    assert found[beyond].all() and beyond.sum() > 20
    assert not found[: last + int(NO_DATA * spacing - every)].any()


def test_where_all_is_known_no_data_is_missing():
    assert not no_data_mask(np.zeros((5, 5), np.float32), 1.0).any()
