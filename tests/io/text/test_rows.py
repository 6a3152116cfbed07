"""Lines of points, found and counted: the quick ways give what a search of every line gives."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.io.text import rows
from tests.io.text.scenes import read

PIECES = (
    "1.5",
    "-2",
    "+3",
    ".5",
    " ",
    "  ",
    "\t",
    "\n",
    "\n\n",
    "\n \n",
    "#",
    "//",
    "/",
    "%",
    '"',
    "#N/A",
    "a",
    "é",
)


def without_comments(body):
    """`points_alone`, line by line."""
    values = re.compile(rb"#(?:N/A|NUM!|VALUE!|REF!|DIV/0!|NULL!|NAME\?|WERT!|ZAHL!|NV)", re.IGNORECASE)
    lines = [
        line
        for line in body.split(b"\n")
        if line.strip(b" \t")
        and (not line.lstrip(b" \t").startswith((b"#", b"//", b"%")) or values.match(line.lstrip(b" \t")))
    ]
    return rows.behind(b"\n".join(lines), 0)


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join), st.sampled_from([0, (1 << 16) - 3]))
def test_comments_and_empty_lines_are_found_wherever_they_stand(text, before):
    body = rows.behind(b"1" * before + text.encode(), 0)
    assert rows.points_alone(body) == without_comments(body)


@given(st.text("1 ;\n", max_size=30), st.sampled_from([0, (1 << 16) - 9]))
def test_characters_are_counted_across_parts(text, before):
    body = b" " * before + text.encode()
    assert rows.count_of(body, " ") == body.count(b" ")


@pytest.mark.parametrize("end", ["", "\n", "\r", "\r\n", " \n", "\n\n", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_last_line_may_end_in_any_way(tmp_path, end, encoding):
    cloud = read(tmp_path, ("1 2 3 4" + end).encode(encoding)).cloud
    assert cloud.xyz.tolist() == [[1, 2, 3]]
    assert cloud.source.body == b"1 2 3 4"
    assert cloud.source.end == (end.encode() if "\r" in end else b"\n")
