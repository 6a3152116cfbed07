"""GPS times as dates, where the header says what they count from."""

import struct
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.io.las.gps_time import time_range


def block(encoding, minor=4, offset=0):
    data = bytearray(393)
    data[24:26] = 1, minor
    struct.pack_into("<H", data, 6, encoding)
    struct.pack_into("<H", data, 391, offset)
    return bytes(data)


@pytest.mark.parametrize(
    ("gps", "utc"),
    [
        # GPS time was 16 s ahead of UTC in 2014, 17 s in 2016, 18 s since 2017: IERS Bulletin C
        (1_078_000_000.0, "2014-03-04T20:26:24Z"),
        (1_167_264_016.0, "2016-12-31T23:59:59Z"),
        (1_167_264_018.0, "2017-01-01T00:00:00Z"),
        (1_300_000_000.0, "2021-03-17T07:06:22Z"),
    ],
)
def test_adjusted_standard_time_is_a_date(gps, utc):
    found = time_range(np.array([gps - 1e9, gps - 1e9 + 60]), block(1))
    assert found["first"] == utc and "UTC" in found["counts"]


@given(st.integers(0, 10**9))
def test_a_later_time_is_a_later_date(seconds):
    first, last = (
        datetime.fromisoformat(time_range(np.array([float(s)]), block(0x41, 5, 900))["first"])
        for s in (seconds + 1, seconds + 1001)
    )
    assert timedelta(seconds=999) <= last - first <= timedelta(seconds=1000)
    assert first >= datetime(2008, 7, 1, tzinfo=UTC)


def test_week_seconds_are_said_to_be_without_a_date():
    found = time_range(np.array([230_038.5, 0.0, np.nan, 230_770.25]), block(0))
    assert found == {"counts": "GPS week seconds, no date", "first": 230_038.5, "last": 230_770.25}


def test_values_that_contradict_the_header_are_told():
    assert "a week has 604,800" in time_range(np.array([3e8]), block(0))["counts"]
    assert "no date that can be" in time_range(np.array([1e300]), block(1))["counts"]


def test_the_bit_of_the_offset_means_nothing_before_las_1_5():
    assert "week seconds" in time_range(np.array([5.0]), block(0x40, 4, 900))["counts"]


@pytest.mark.parametrize("times", [[], [0.0, 0.0], [np.nan, np.inf]])
def test_times_that_are_not_set_are_none(times):
    assert time_range(np.array(times, np.float64), block(1)) is None
