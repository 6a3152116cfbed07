import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bevseg.ground.limit_slope import limit_slope
from tests.ground.holes import SHAPES


def steps(heights):
    """Yield the differences of all cells to their neighbours, with the distance and the slices of either."""
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        rows, cols = heights.shape
        here = np.s_[: rows - down, max(-right, 0) : cols - max(right, 0)]
        there = np.s_[down:, max(right, 0) : cols - max(-right, 0)]
        yield heights[there] - heights[here], np.hypot(down, right), here, there


@st.composite
def surfaces(draw):
    heights = draw(hnp.arrays(np.float32, SHAPES, elements=st.floats(-50, 50, width=32)))
    return heights, draw(hnp.arrays(np.bool_, heights.shape))


@given(surfaces(), st.sampled_from([0.0, 0.25, 1.0, 20.0]))
def test_no_unknown_neighbours_are_steeper_than_allowed(surface, steepest):
    heights, known = surface
    level = limit_slope(heights, known, 0.5, steepest)
    np.testing.assert_array_equal(level[known], heights[known])
    assert level.min() >= heights.min()
    assert level.max() <= heights.max()
    for difference, distance, here, there in steps(level):
        free = ~known[here] & ~known[there]
        assert np.abs(difference[free]).max(initial=0) <= steepest * 0.5 * distance + 1e-4


@given(surfaces(), st.sampled_from([0.25, 1.0]))
def test_known_cells_that_agree_are_met_no_steeper_than_allowed(surface, steepest):
    heights, known = surface
    gentle = limit_slope(heights, np.zeros_like(known), 0.5, steepest)  # the known agree with the slope
    mixed = np.where(known, gentle, heights)
    level = limit_slope(mixed, known, 0.5, steepest)
    np.testing.assert_array_equal(level[known], gentle[known])
    for difference, distance, _, _ in steps(level):
        assert np.abs(difference).max(initial=0) <= steepest * 0.5 * distance + 1e-4


@given(surfaces())
def test_what_is_no_steeper_than_allowed_is_left_alone(surface):
    heights, known = surface
    gentle = limit_slope(heights, known & False, 1.0, 0.5)
    np.testing.assert_array_equal(limit_slope(gentle, known, 1.0, 0.5001), gentle)


def test_a_spike_between_known_cells_becomes_a_roof():
    heights = np.array([[0, 9, 9, 9, 0, -9, 0]], np.float32)
    known = heights == 0
    np.testing.assert_array_equal(limit_slope(heights, known, 2.0, 0.5), [[0, 1, 2, 1, 0, -1, 0]])


def test_between_a_wall_of_known_cells_the_unknown_go_halfway():
    heights = np.array([[0, 0, 4, 4]], np.float32)
    known = np.array([[True, False, False, True]])
    np.testing.assert_array_equal(limit_slope(heights, known, 1.0, 1.0), [[0, 1.5, 2.5, 4]])


def test_limiting_leaves_all_known_and_all_nan_alone():
    known = np.array([[0, 9]], np.float32)
    np.testing.assert_array_equal(limit_slope(known, np.array([[True, True]]), 1.0, 0.1), known)
    unknown = np.full((2, 3), np.nan, np.float32)
    np.testing.assert_array_equal(limit_slope(unknown, np.zeros((2, 3), bool), 1.0, 0.1), unknown)


@given(surfaces(), st.sampled_from([0.0, 0.25, 1.0, 20.0]), st.data())
def test_a_part_comes_out_as_it_does_among_all(surface, steepest, data):
    heights, known = surface
    heights = np.tile(heights, (7, 7)) * np.float32(0.1)
    known = np.tile(known, (7, 7))
    ends = [sorted(data.draw(st.tuples(*[st.integers(0, size)] * 2))) for size in heights.shape]
    part = slice(*ends[0]), slice(*ends[1])
    whole = limit_slope(heights, known, 0.5, steepest)
    np.testing.assert_array_equal(limit_slope(heights, known, 0.5, steepest, part), whole[part])
