import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bevseg.bev.terrain.gaps import filled, refined

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=25)
HOLED = hnp.arrays(np.float32, SHAPES, elements=st.floats(-50, 50, width=32) | st.just(np.nan))


@given(HOLED)
def test_filling_is_exact_on_known_cells_and_never_beyond_them(heights):
    full, known = filled(heights), ~np.isnan(heights)
    np.testing.assert_array_equal(full[known], heights[known])
    if known.any():
        assert full.min() >= np.nanmin(heights) - 1e-4
        assert full.max() <= np.nanmax(heights) + 1e-4
    else:
        assert np.isnan(full).all()


def test_filling_a_hole_in_a_ramp_goes_on_with_the_ramp():
    ramp = np.tile(np.arange(16, dtype=np.float32), (16, 1))
    holed = ramp.copy()
    holed[4:12, 4:12] = np.nan
    assert np.abs(filled(holed) - ramp).max() < 1.5


def test_a_hole_in_ones_is_filled_with_one():
    hole_in_ones = np.ones((5, 5), np.float32)
    hole_in_ones[2, 2] = np.nan
    np.testing.assert_array_equal(filled(hole_in_ones), 1)


def test_filling_does_not_change_what_it_is_given():
    heights = np.array([[1, np.nan], [np.nan, 3]], np.float32)
    before = heights.copy()
    filled(heights)
    np.testing.assert_array_equal(heights, before)


@pytest.mark.parametrize("factor", [1, 2, 5])
def test_refining_keeps_planes_between_the_outer_centres(factor):
    rows, cols = np.meshgrid(np.arange(6), np.arange(7), indexing="ij")
    coarse = (2 * rows - 3 * cols).astype(np.float32)
    fine = refined(coarse, factor, (6 * factor - factor // 2, 7 * factor))
    centre = (np.arange(7 * factor) + 0.5) / factor - 0.5
    y, x = centre[: len(fine)], centre
    expected = 2 * np.clip(y, 0, 5)[:, None] - 3 * np.clip(x, 0, 6)[None, :]
    np.testing.assert_allclose(fine, expected, atol=1e-5)
