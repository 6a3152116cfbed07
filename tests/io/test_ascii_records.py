"""Lines of numbers, of known types: every way to write them, and every fault named with its line."""

import io

import numpy as np
import pytest

from bevseg.errors import CloudFormatError
from bevseg.io.ascii_records import Lines, ensure_width, parse, write

RECORD = np.dtype([("x", "f4"), ("n", "u1"), ("t", "i8"), ("pair", "f8", 2)])
ROWS = [(439000.123, 7, 2**53 + 1, [0.1, 2.5]), (2.0, 255, -1, [3.0, 4.0])]
TEXT = b"439000.123 7 9007199254740993 0.1 2.5\n2 255 -1 3 4\n"


def rows_of(text, record=RECORD):
    return [(x, n, t, list(pair)) for x, n, t, pair in parse(text, record, "a", 5).tolist()]


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.rstrip(),
        TEXT.replace(b" ", b"   "),
        TEXT.replace(b" ", b"\t"),
        TEXT.replace(b" ", b","),
        TEXT.replace(b" ", b", "),
        TEXT.replace(b"\n", b" \n \n\n"),
        b" " + TEXT.replace(b" 0.1 ", b" 1.0D-1 "),
        TEXT.replace(b" 7 ", b" 7.0 "),
        TEXT.replace(b" 7 ", b" +7 "),
    ],
)
def test_all_spellings_give_the_same_records(text):
    assert rows_of(text) == ROWS


@pytest.mark.parametrize(
    "word", [b"nan", b"NaN", b"-nan(ind)", b"-nan", b"1.#QNAN", b"-1.#IND00", b"nan(snan)"]
)
def test_every_nan_is_one(word):
    assert np.isnan(parse(TEXT.replace(b" 0.1 ", b" " + word + b" "), RECORD, "a", 5)["pair"][0, 0])


@pytest.mark.parametrize("word", [b"inf", b"Infinity", b"1.#INF", b"1.#INF00"])
def test_every_infinity_is_one(word):
    assert parse(TEXT.replace(b" 0.1 ", b" -" + word + b" "), RECORD, "a", 5)["pair"][0, 0] == -np.inf


@pytest.mark.parametrize(("word", "value"), [(b"0.5", 0.5), (b"-7", -7), (b"256", 256), (b"1e3", 1000)])
def test_numbers_beyond_their_type_are_read_and_told(word, value):
    with pytest.warns(UserWarning, match="n holds other numbers than its type in the header, uint8"):
        assert parse(TEXT.replace(b" 7 ", b" " + word + b" "), RECORD, "a", 5)["n"][0] == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TEXT.replace(b"2.5", b""), "line 5 has 4 columns, the header says 5"),
        (TEXT + b"1 2 3 4 5 6\n", "line 7 has 6 columns"),
        (b"\n\n" + TEXT.replace(b"255", b"many"), "line 8 holds 'many'"),
        (TEXT.replace(b"255", b"1_0"), "holds '1_0'"),
        (TEXT.replace(b"255", b"0x10"), "holds '0x10'"),
        (TEXT.replace(b"255", b"9" * 5000 + b"x"), "holds '9999"),
        (TEXT.replace(b".", b","), "decimal commas"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_faults_are_named_with_their_line(text, reason):
    with pytest.raises(CloudFormatError) as caught:
        parse(text, RECORD, "a", 5)
    assert reason in str(caught.value) + caught.value.what and len(str(caught.value)) < 500


def test_lines_are_counted_without_blank_ones():
    lines = Lines(b"\n \n1\r\n\r\n2\r3\n\t\n4", 10, "a")
    assert len(lines) == 4
    assert lines.part(1, 3).split() == [b"2", b"3"] and lines.part(0, 0) == b"" and lines.part(4, 4) == b""
    assert lines.number(0) == 10 and lines.part(3, 4).split() == [b"4"]
    assert len(Lines(b"", 1, "a")) == len(Lines(b"\n\n", 1, "a")) == 0


def test_a_line_of_millions_of_numbers_is_refused():
    ensure_width(10_000, "a")
    with pytest.raises(CloudFormatError, match="1,000,000,000 values"):
        ensure_width(10**9, "a")


def test_numbers_are_written_with_the_fewest_digits_that_give_them_again():
    file = io.BytesIO()
    columns = {
        "a": np.array([0.1, np.nan, 1e-7, -0.0]),
        "b": np.array([0.1, 1e10, 3, 16777216], ">f4"),
        "c": np.array([0, 1, 2, 2**64 - 1], ">u8"),
        "d": ["2 7 8", "0", "1 2", "0"],
    }
    write(columns, file)
    expected = "0.1 0.1 0 2 7 8|NaN 1e10 1 0|1e-7 3.0 2 1 2|-0.0 16777216.0 18446744073709551615 0|"
    assert (
        file.getvalue().decode().replace("e+", "e").replace("10000000000.0", "1e10").replace("\n", "|")
        == expected
    )
