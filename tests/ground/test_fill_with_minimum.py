import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.ground.fill_holes import fill_holes
from bevseg.ground.fill_with_minimum import fill_with_minimum
from tests.ground.holes import HOLED, with_gaps


@pytest.mark.parametrize("east", range(0, 32, 5))
def test_a_wide_gap_between_roofs_sags_to_the_street_beyond_them(east):
    heights = np.zeros((100, 100 + east), np.float32)
    heights[:, east + 26 : east + 74] = 8
    heights[:, east + 30 : east + 70] = np.nan
    middle = np.s_[20:80, east + 40 : east + 60]
    assert fill_with_minimum(heights)[middle].mean() < 6, "blocks of the width of the gap may lie awry"
    assert fill_holes(heights)[middle].mean() > 7, (
        "and where it is filled smoothly it stands as high as the roofs"
    )


@given(HOLED)
def test_filling_with_the_minimum_keeps_the_known_and_stays_within_their_range(heights):
    sagged, known = fill_with_minimum(heights), ~np.isnan(heights)
    np.testing.assert_array_equal(sagged[known], heights[known])
    if known.any():
        assert not np.isnan(sagged).any()
        assert sagged.min() >= heights[known].min() - 1e-4 and sagged.max() <= heights[known].max() + 1e-4


def test_a_gap_in_a_level_plane_is_filled_with_the_plane():
    heights = with_gaps(np.full((37, 53), 5.0), "all but the rim", None)
    np.testing.assert_array_equal(fill_with_minimum(heights), 5)


@pytest.mark.parametrize("height", [np.nan, 3.0])
def test_filling_with_the_minimum_leaves_all_known_and_all_nan_alone(height):
    heights = np.full((3, 4), height, np.float32)
    assert fill_with_minimum(heights) is heights


@given(HOLED, st.integers(-400, 400))
def test_the_fill_rises_with_the_heights(heights, raised):
    shifted = fill_with_minimum(heights + np.float32(raised))
    np.testing.assert_allclose(shifted, fill_with_minimum(heights) + raised, atol=1e-3)
