"""Text from outside is harmless where it is shown, and says all that it said."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.errors import BevsegError
from bevseg.printable import printable, utf8, utf8_values


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain name.laz", "plain name.laz"),
        ("Straße 日本 e\u0301", "Straße 日本 e\u0301"),
        (os.fsdecode(b"stra\xdfe"), r"stra\xdfe"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("to\u202ezal", r"to\u202ezal"),
        ("\x9b31m\u2028", r"\x9b31m\u2028"),
    ],
)
def test_what_does_not_print_becomes_an_escape(text, shown):
    assert printable(text) == shown


def test_line_breaks_of_a_message_stay_where_they_are_wanted():
    assert printable("a\n  b\x1b", keep="\n") == "a\n  b\\x1b"


@given(st.binary(max_size=30))
def test_any_file_name_can_be_shown_and_encoded(name):
    text = printable(os.fsdecode(name))
    text.encode()
    assert text.isprintable() or "\u200c" in text or "\u200d" in text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_that_is_utf8_already_stays_in_json(text):
    assert utf8(text) == text and utf8_values({"a": [text]}) == {"a": [text]}


def test_values_and_keys_of_json_are_utf8():
    bad = os.fsdecode(b"\xff")
    table = utf8_values({bad: [bad, 1, None, {"b": (bad, 2.5)}]})
    assert table == {r"\xff": [r"\xff", 1, None, {"b": [r"\xff", 2.5]}]}
    json.dumps(table, ensure_ascii=False).encode()


def test_an_error_shows_no_escape_sequence_and_keeps_its_lines():
    error = BevsegError("What\x1b[2J", where="a\nb", why="one\ntwo", hint="do")
    assert str(error) == "What\\x1b[2J\n  where: a\\nb\n  why:   one\ntwo\n  do:    do"
