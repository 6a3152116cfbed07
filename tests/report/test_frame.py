"""What a map shows, its coordinates and its scale bar."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.report.frame import ABOVE, FLATTEST, LEFT, STEEPEST, coordinate, frame_of, round_number

cells = st.tuples(st.integers(1, 60), st.integers(1, 60))


@given(cells, st.floats(0.05, 50), st.floats(-1e6, 7e6), st.floats(-1e6, 7e6))
def test_a_frame_holds_all_cells_in_a_shape_that_fits_a_page(shape, side, left, top):
    frame = frame_of(left, top, np.ones(shape, bool), side)
    high, wide = shape[0] * side, shape[1] * side
    assert frame.x <= 0 and frame.y <= 0
    assert frame.x + frame.width >= wide and frame.y + frame.height >= high
    assert FLATTEST - 1e-9 <= frame.height / frame.width <= STEEPEST + 1e-9


@given(cells, st.floats(0.05, 50), st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_a_coordinate_stands_where_it_lies(shape, side, left, top):
    frame = frame_of(left, top, np.ones(shape, bool), side)
    east, down = frame.ticks()
    for tick in east:
        value = float(tick.text.replace("\u2009", "").replace("\u2212", "-"))
        assert (tick.at - LEFT) * frame.unit + frame.x == pytest.approx(value - left, abs=2e-3 * frame.width)
    for tick in down:
        value = float(tick.text.replace("\u2009", "").replace("\u2212", "-"))
        assert (tick.at - ABOVE) * frame.unit + frame.y == pytest.approx(top - value, abs=2e-3 * frame.width)
    assert 2 <= len(east) <= 16


def test_a_few_cells_far_out_do_not_make_the_map_small():
    occupied = np.zeros((400, 1000), bool)
    occupied[100:200, 300:400] = True
    occupied[399, 999] = occupied[0, 0] = True
    frame = frame_of(0.0, 0.0, occupied, 1.0)
    assert 100 <= frame.width <= 135
    assert frame.x <= 300 and frame.x + frame.width >= 400


def test_a_cloud_without_points_has_a_frame():
    assert frame_of(0.0, 0.0, np.zeros((1, 1), bool), 0.2).width > 0


@pytest.mark.parametrize(
    ("most", "expected"), [(1, 1), (1.9, 1), (2, 2), (4.99, 2), (5, 5), (99, 50), (0.3, 0.2), (0.05, 0.05)]
)
def test_round_numbers_begin_with_one_two_or_five(most, expected):
    assert round_number(most) == pytest.approx(expected)


@given(st.floats(1e-3, 1e6))
def test_the_scale_bar_is_as_long_as_it_says(width):
    frame = frame_of(0.0, 0.0, np.ones((1, 1), bool), width)
    length, text = frame.bar()
    assert float(text.removesuffix(" m")) == pytest.approx(length * frame.unit)
    assert 0.06 < length * frame.unit / frame.width <= 0.2 + 1e-9


def test_coordinates_are_written_in_groups_with_the_decimals_that_count():
    assert coordinate(6565020.0, 20) == "6\u2009565\u2009020"
    assert coordinate(-0.04, 0.5) == "0.0"
    assert coordinate(-12.5, 0.5) == "\u221212.5"
