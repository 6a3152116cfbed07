"""Colours: 8 bits or 16, three fields or one number."""

import numpy as np
import pytest

from bevseg.io.colours import as_bytes, channels_of, packed, unpacked

BYTES = [np.array([255, 1], "u1"), np.array([128, 2], "u1"), np.array([0, 3], "u1")]


def test_packed_and_unpacked_colours_are_the_same():
    for bits in (packed(BYTES), packed(BYTES).view("f4"), packed(BYTES).astype("u8")):
        np.testing.assert_array_equal(unpacked(bits, text=False)[:, :3].T, BYTES)


@pytest.mark.parametrize(
    ("values", "red"),
    [
        ([4210752.0, 1.0], [0x40, 0]),  # bits that a program printed as an integer
        ([float(np.array([0x00400000], "u4").view("f4")[0]), 0.0], [0x40, 0]),  # bits printed as a float
        ([0.0, 0.0], [0, 0]),
        ([np.nan, 1.0], [192, 128]),
    ],
)
def test_colours_in_text_are_integers_or_the_bits_of_floats(values, red):
    np.testing.assert_array_equal(unpacked(np.array(values), text=True)[:, 0], red)


@pytest.mark.parametrize(
    ("red", "expected"),
    [
        (np.array([0, 255], "u2"), [0, 255]),
        (np.array([257, 65535], "u2"), [1, 255]),
        (np.array([256, 65535], "u2"), None),
        (np.array([-1, 5], "i2"), None),
        (np.array([0.5, 1.0]), None),
        (np.array([0, 257 * 256], "i4"), None),
    ],
)
def test_colours_count_as_8_bits_only_if_nothing_is_lost(red, expected):
    found = as_bytes([red, np.zeros_like(red), np.zeros_like(red)])
    assert (None if found is None else found[0].tolist()) == expected


def test_a_colour_is_one_red_one_green_and_one_blue():
    names = dict.fromkeys(["Red", "G", "blue", "z"])
    assert channels_of(names) == ("Red", "G", "blue")
    assert channels_of(names | {"red": None}) == ()
    assert channels_of({"red": None, "green": None}) == ()


def test_channels_of_different_types_are_16_bits_together():
    channels = [np.array([6, 0], "u1"), np.array([59576, 257], "u2"), np.array([0, 514], "u4")]
    assert as_bytes(channels) is None
    channels = [np.array([0, 0], "u1"), np.array([0, 257], "u2"), np.array([0, 514], "u4")]
    np.testing.assert_array_equal(as_bytes(channels), [[0, 0], [0, 1], [0, 2]])
