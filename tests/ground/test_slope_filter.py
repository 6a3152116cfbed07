import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bevseg.ground.slope_filter import highest_ground

SIDES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12)
HOLED = hnp.arrays(np.float32, SIDES, elements=st.integers(-40, 40).map(lambda n: n / 4) | st.just(np.nan))
RISES = st.sampled_from([0.0, 0.1, 0.5, 2.0])


def by_pairs(heights, rise):
    """The same from every cell to every cell, at the distances of a king who pays sqrt(2) for a diagonal step."""
    row, col = np.indices(heights.shape).reshape(2, -1)
    down, right = np.abs(row[:, None] - row), np.abs(col[:, None] - col)
    distance = np.maximum(down, right) + (np.sqrt(2) - 1) * np.minimum(down, right)
    standing = np.where(np.isnan(heights), np.inf, heights).ravel()
    return (standing[:, None] + rise * distance).min(axis=0).reshape(heights.shape)


@given(HOLED, RISES)
def test_the_highest_ground_is_that_of_all_pairs_of_cells(heights, rise):
    np.testing.assert_allclose(highest_ground(heights, rise), by_pairs(heights, rise), atol=1e-4)


@given(HOLED, RISES, st.integers(-9, 9))
def test_they_are_nowhere_above_the_heights_and_rise_with_them(heights, rise, raised):
    highest, known = highest_ground(heights, rise), ~np.isnan(heights)
    assert (highest[known] <= heights[known]).all()
    np.testing.assert_allclose(
        highest_ground(heights + np.float32(raised), rise), highest + raised, atol=1e-4
    )


def test_nothing_known_is_infinite_everywhere_and_the_input_stays():
    unknown = np.full((3, 4), np.nan, np.float32)
    assert np.isinf(highest_ground(unknown, 0.3)).all()
    assert np.isnan(unknown).all()


@pytest.mark.parametrize("side", [40, 41])
def test_the_steepest_slope_stays_and_what_stands_on_it_does_not(side):
    slope = (0.3 * np.arange(side) * np.ones((side, 1))).astype(np.float32)
    with_box = slope.copy()
    with_box[10:20, 10:20] += 3
    np.testing.assert_allclose(highest_ground(slope, 0.3), slope, atol=1e-4)
    assert (with_box - highest_ground(with_box, 0.3))[10:20, 10:20].min() > 1
