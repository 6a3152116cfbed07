"""Numbers as people read them."""

import pytest

from bevseg.report.numbers import DASH, count, duration, percent, significant


def test_a_number_that_is_not_known_is_a_dash():
    assert (count(None), percent(None), significant(None)) == (DASH,) * 3


@pytest.mark.parametrize(
    ("share", "expected"), [(0, "0.0"), (0.0004, "<\u20090.1"), (0.0005, "0.1"), (0.5, "50.0"), (1, "100.0")]
)
def test_something_is_never_shown_as_nothing(share, expected):
    assert percent(share) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.34, "0.3 s"), (59, "59 s"), (119.4, "119 s"), (150, "2 min"), (7300, "2 h 02 min")],
)
def test_a_duration_is_said_in_the_unit_that_fits(seconds, expected):
    assert duration(seconds) == expected


def test_three_digits_count_unless_there_are_more_before_the_point():
    assert [significant(value) for value in (0.12345, 12.345, 1234.5)] == ["0.123", "12.3", "1,234"]
