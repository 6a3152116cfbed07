"""Lines of points and new labels -> the same lines with these columns, all other bytes as they were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.io.text.columns import LABEL, Layout
from bevseg.runtime.kernels import compiled

_PART = 1 << 23
"""Bytes that are worked on at a time."""
_NONE = -1
_QUOTE, _NEWLINE, _SPACE, _TAB = ord('"'), ord("\n"), ord(" "), ord("\t")


@dataclass(frozen=True)
class Added:
    """Where the new values go.

    Attributes
    ----------
    places
        Name of the field, LABEL first -> the column that is replaced; None for a column added at the end.
    """

    places: dict[str, int | None]

    @property
    def names(self) -> tuple[str, ...]:
        """What is added at the end of each line, in this order."""
        return tuple(name for name, place in self.places.items() if place is None)

    @property
    def columns(self) -> NDArray[np.int64]:
        """The columns that are replaced, -1 for those that are added."""
        return np.array([_NONE if place is None else place for place in self.places.values()], np.int64)


def added(layout: Layout, beside: Iterable[str]) -> Added:
    """Return where the classes, and fields of these names beside them, go in the lines of a file."""
    label = layout.names.index(LABEL) if LABEL in layout.names else None
    further = {name: layout.titles.index(name) if name in layout.titles else None for name in beside}
    return Added({LABEL: label} | further)


def spliced(
    body: bytes, layout: Layout, codes: NDArray[np.integer], beside: Mapping[str, NDArray[np.uint8]]
) -> Iterator[bytes]:
    """Yield the lines of points with new values, some thousand at a time, each ended by a newline.

    Parameters
    ----------
    body
        Lines of points, without a newline at the end.
    layout
        What their columns mean.
    codes
        (N,) one per line.
    beside
        Name -> (N,) values of the fields beside the classes.
    """
    columns = added(layout, beside).columns
    separator, last = ord(layout.separator), len(layout.names) - 1
    code_words, byte_words = _words(codes), _words(np.empty(0, np.uint8))
    low = 0 if codes.dtype == np.uint8 or not len(codes) else int(codes.min())
    begin, row = 0, 0
    while begin <= len(body):
        end = body.find(b"\n", begin + _PART)
        part = np.frombuffer(body[begin : len(body) if end < 0 else end] + b"\n", np.uint8)
        lines = int(np.count_nonzero(part == _NEWLINE))
        rows = slice(row, row + lines)
        room = len(part) + lines * (code_words.shape[1] + byte_words.shape[1] * len(beside) + len(columns))
        out = np.empty(room, np.uint8)
        numbers = np.stack(
            [codes[rows].astype(np.int64) - low, *(values[rows] for values in beside.values())]
        )
        size = _rewrite(part, separator, last, columns, numbers, code_words, byte_words, out)
        yield out[:size].tobytes()
        begin, row = begin + len(part), rows.stop


def _words(values: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Return the digits of all numbers from the least to the largest value, or from 0 to 255 for bytes: 0 pads."""
    if values.dtype == np.uint8:
        low, high = 0, 255
    else:
        low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    words = np.array([str(number).encode() for number in range(low, high + 1)])
    return words.view(np.uint8).reshape(len(words), -1)


@compiled
def _put(out, to, word):  # type: ignore[no-untyped-def]
    """Write the digits of a word from `to` on; return where they end."""
    for digit in word:
        if digit != 0:
            out[to] = digit
            to += 1
    return to


@compiled
def _word(k, numbers, row, code_words, byte_words):  # type: ignore[no-untyped-def]
    """Return the digits of a new value: of the class, which is the first one, or of a byte."""
    return code_words[numbers[0, row]] if k == 0 else byte_words[numbers[k, row]]


@compiled
def _rewrite(part, separator, last, columns, numbers, code_words, byte_words, out):  # type: ignore[no-untyped-def]
    """Write the lines of `part` with their new values to `out`; return the number of bytes."""
    at, to = 0, 0
    blanks = separator == _SPACE
    for row in range(numbers.shape[1]):
        for place in range(last + 1):
            while part[at] == _SPACE or (part[at] == _TAB and separator != _TAB):
                out[to] = part[at]
                at += 1
                to += 1
            start, quoted = at, False
            while part[at] != _NEWLINE and (
                quoted or not (part[at] == separator or (blanks and part[at] == _TAB))
            ):
                if part[at] == _QUOTE:
                    quoted = not quoted
                at += 1
            end = at
            while end > start and (part[end - 1] == _SPACE or (part[end - 1] == _TAB and separator != _TAB)):
                end -= 1
            new = -1
            for k in range(len(columns)):
                new = k if columns[k] == place else new
            if new >= 0:
                quote = end - start >= 2 and part[start] == _QUOTE
                if quote:
                    out[to] = _QUOTE
                    to += 1
                to = _put(out, to, _word(new, numbers, row, code_words, byte_words))
                if quote:
                    out[to] = _QUOTE
                    to += 1
            else:
                for i in range(start, end):
                    out[to] = part[i]
                    to += 1
            if place < last:
                for i in range(end, at):
                    out[to] = part[i]
                    to += 1
                if not blanks:
                    out[to] = separator
                    to += 1
                    at += 1
        for k in range(len(columns)):
            if columns[k] < 0:
                out[to] = separator
                to = _put(out, to + 1, _word(k, numbers, row, code_words, byte_words))
        while part[at] != _NEWLINE:
            at += 1
        out[to] = _NEWLINE
        at += 1
        to += 1
    return to
