"""Two text files: every byte of every line but the labels, and the names of columns that are added."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.io.compare.difference import Difference
from bevseg.io.fields import BESIDE_CLASS, CONFIDENCE
from bevseg.io.text import reader, rows
from bevseg.io.text.encoding import Lines, decoded
from bevseg.io.text.heading import closing, heading
from bevseg.io.text.source import TextSource
from bevseg.io.text.splice import Added, added
from bevseg.io.text.writer import is_pts, label_name
from bevseg.runtime.kernels import compiled

_QUOTE, _NEWLINE, _SPACE, _TAB, _MINUS = ord('"'), ord("\n"), ord(" "), ord("\t"), ord("-")
_ZERO, _NINE = ord("0"), ord("9")
_SHOWN = 60


def compare(source: Path, result: Path, columns: str | None = None) -> Difference | None:
    """Return the first difference that bevseg does not declare; None if there is none.

    Parameters
    ----------
    source, result
        The files. A result is its source line by line. Comments and empty lines between the points are left out, and
        UTF-16 is UTF-8.
    columns
        Columns of the source.

    Raises
    ------
    CloudFormatError
        If a file cannot be read.
    """
    raw = reader.read(source, columns=columns)
    content = result.read_bytes()
    lines = decoded(content, result)
    found, counted = None, is_pts(result)
    for cloud in (raw.cloud, raw.without_codes):  # a fourth column without a name is the class, or it is not
        if cloud is not None and isinstance(cloud.source, TextSource):
            difference = _lines(cloud.source, lines, content, counted)
            if difference is None:
                return None
            found = found or difference
    return found


def _lines(source: TextSource, lines: Lines, content: bytes, counted: bool) -> Difference | None:
    """Return the first difference between a source and the lines of a result, which has this content.

    A result has the names of columns that are added, before the points or behind them. A source is its own result.
    """
    name, data = label_name(source.layout.titles), lines.data
    beside = tuple(name for name in BESIDE_CLASS if name.encode() in data) or (CONFIDENCE,)
    new, last = (part(source, name, beside, counted=counted) for part in (heading, closing))
    target = added(source.layout, beside)
    count = len(target.names)
    is_result = data.startswith(new) and data.endswith(last)
    head, tail = (new, last) if is_result else (source.head, source.names)
    if not is_result:
        data, count = rows.behind(data, 0), 0
    if not data.startswith(head) or not data.endswith(tail):
        return _heads(new, data)
    if lines.end != source.end or (count and content != lines.data.replace(b"\n", lines.end)):
        return Difference("what ends a line", repr(source.end.decode()), "another, or several")
    found = _bodies(source, data[len(head) : len(data) - len(tail)], target, count)
    if found is not None and not is_result and data.startswith(new):
        return Difference(
            "the comment behind the points", _text(last.rstrip()), _text(data[data.rfind(b"\n") + 1 :])
        )
    return found


def _heads(expected: bytes, result: bytes) -> Difference:
    """Return the first line before the points that is not the expected one."""
    pairs = zip(expected.splitlines(), result.splitlines(), strict=False)
    left, right = next((pair for pair in pairs if pair[0] != pair[1]), (expected, result))
    return Difference("a line before the points", _text(left), _text(right))


def _bodies(source: TextSource, body: bytes, target: Added, count: int) -> Difference | None:
    layout = source.layout
    if not body.strip():
        line = source.body.split(b"\n", 1)[0]
        return Difference("a point that only the source has", _text(line), "missing", 1)
    if count and not body.endswith(b"\n"):
        return Difference("the end of the last line", "a line end", "missing")
    body = body if count else rows.behind(body, 0)  # that of the source has no blanks at its end either
    one, other = (
        np.frombuffer(data if data.endswith(b"\n") else data + b"\n", np.uint8)
        for data in (source.body, body)
    )
    last, separator = len(layout.names) - 1, ord(layout.separator)
    row, place, left, right = _first(one, other, separator, last, target.columns, count)
    if row < 0:
        return None
    before, after = _word(one, left, separator), _word(other, right, separator)
    if place < 0:
        more = "the source" if right >= len(other) else "the result"
        return Difference(f"a point that only {more} has", before, after, row + 1)
    if place > last:
        return Difference("what follows the columns", "nothing", after, row + 1)
    return Difference(f"column {place + 1} ({layout.titles[place]})", before, after, row + 1)


def _word(data: NDArray[np.uint8], at: int, separator: int) -> str:
    """Return the field that begins at a byte."""
    if at >= len(data):
        return "missing"
    line = data[at : at + _SHOWN].tobytes().split(b"\n")[0]
    return _text(line.split(bytes([separator]))[0]) or "nothing"


def _text(data: bytes) -> str:
    return data[:_SHOWN].decode("utf-8", "replace")


@compiled
def _digits(data, at):  # type: ignore[no-untyped-def]
    """Return where the whole number that begins at `at` ends; `at` if there is none."""
    start = at + 1 if data[at] == _MINUS else at
    end = start
    while _ZERO <= data[end] <= _NINE:
        end += 1
    return end if end > start else at


@compiled
def _first(one, other, separator, last, columns, count):  # type: ignore[no-untyped-def]
    """Return row, column, and the bytes of both files at which the first difference begins; row -1 if there is none.

    Both end with a newline, so that no walk along a field leaves them.
    """
    at, to, row = 0, 0, 0
    blanks = separator == _SPACE
    while at < len(one):
        if to >= len(other):
            return row, -1, at, to
        for place in range(last + 1):
            while one[at] == _SPACE or (one[at] == _TAB and separator != _TAB):
                if other[to] != one[at]:
                    return row, place, at, to
                at += 1
                to += 1
            start, begin, quoted = at, to, False
            while one[at] != _NEWLINE and (
                quoted or not (one[at] == separator or (blanks and one[at] == _TAB))
            ):
                if one[at] == _QUOTE:
                    quoted = not quoted
                at += 1
            end = at
            while end > start and (one[end - 1] == _SPACE or (one[end - 1] == _TAB and separator != _TAB)):
                end -= 1
            same = 0
            while (
                start + same < end and other[to + same] == one[start + same] and one[start + same] != _NEWLINE
            ):
                same += 1
            after = other[min(to + same, len(other) - 1)]
            is_same = start + same == end and (after in (separator, _NEWLINE, _SPACE, _TAB))
            if is_same:
                to += same
            elif (columns == place).any():
                quote = end - start >= 2 and one[start] == _QUOTE
                if quote:
                    if other[to] != _QUOTE:
                        return row, place, start, begin
                    to += 1
                number = _digits(other, to)
                if number == to:
                    return row, place, start, begin
                to = number
                if quote:
                    if other[to] != _QUOTE:
                        return row, place, start, begin
                    to += 1
            else:
                return row, place, start, begin
            if place < last:
                for i in range(end, at if blanks else at + 1):
                    if one[i] != other[to]:
                        return row, place, start, begin
                    to += 1
                if not blanks:
                    at += 1
        for _ in range(count):
            if other[to] != separator:
                return row, last + 1, at, to
            number = _digits(other, to + 1)
            if number == to + 1:
                return row, last + 1, at, to
            to = number
        while one[at] != _NEWLINE:
            if count == 0 and other[to] == one[at]:
                to += 1
            at += 1
        if other[to] != _NEWLINE:
            return row, last + 1, at, to
        at += 1
        to += 1
        row += 1
    return (row, -1, at, to) if to < len(other) else (-1, 0, 0, 0)
