"""LZF: copies, literal runs, and damage of every kind."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bevseg.io.pcd.lzf import HIGHEST_RATIO, decompress
from tests.io.pcd.pcdfiles import literal_runs


def unpacked(data, size):
    found = decompress(np.frombuffer(bytes(data), np.uint8), size)
    return None if found is None else found.tobytes()


@pytest.mark.parametrize(
    ("data", "content"),
    [
        (b"\x02abc", b"abc"),
        (b"\x02abc\x20\x02", b"abcabc"),
        (b"\x00a\x20\x00", b"aaaa"),
        (b"\x00a\xe0\x01\x00", b"a" * 11),
        (b"\x00a\xe0\xff\x00", b"a" * 265),
        (b"\x00a\xe0\xff\x00\xe0\xff\x00\x21\x07", b"a" * 529 + b"aaa"),
    ],
)
def test_runs_and_copies(data, content):
    assert unpacked(data, len(content)) == content
    for size in (len(content) - 1, len(content) + 1):
        assert unpacked(data, size) is None
    for cut in range(1, len(data)):
        assert unpacked(data[:-cut], len(content)) is None


@pytest.mark.parametrize(
    "data", [b"\x20\x00", b"\x00a\x20\x01", b"\x00a\x3f\xff", b"\x00a\xe0", b"\x00a\xe0\x00", b"\x05abc"]
)
def test_a_copy_from_before_the_start_and_a_run_beyond_the_end_are_damage(data):
    assert unpacked(data, 4) is None


def test_no_byte_gives_more_than_the_highest_ratio():
    assert HIGHEST_RATIO >= 264 / 3


@settings(deadline=None)
@given(content=st.binary(min_size=1, max_size=300))
def test_literal_runs_give_their_bytes(content):
    assert unpacked(literal_runs(content), len(content)) == content


@settings(deadline=None)
@given(data=st.binary(max_size=60), size=st.integers(0, 200))
def test_any_bytes_end_without_harm(data, size):
    found = unpacked(data, size)
    assert found is None or len(found) == size
