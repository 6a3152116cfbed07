"""Lines of points, new classes and confidences -> the same lines with these columns, all other bytes as they were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.io.fields import CONFIDENCE
from bevseg.io.text.columns import LABEL, Layout
from bevseg.runtime.kernels import compiled

_PART = 1 << 23
"""Bytes that are worked on at a time."""
_NONE = -1
_QUOTE, _NEWLINE, _SPACE, _TAB = ord('"'), ord("\n"), ord(" "), ord("\t")


@dataclass(frozen=True)
class Added:
    """Where the new values go: the places of columns that are replaced; None for columns added at the end."""

    label: int | None
    confidence: int | None

    @property
    def names(self) -> tuple[str, ...]:
        """What is added at the end of each line, in this order."""
        places = ((LABEL, self.label), (CONFIDENCE, self.confidence))
        return tuple(name for name, place in places if place is None)


def added(layout: Layout) -> Added:
    """Return where the new values go in the lines of a file."""
    return Added(
        layout.names.index(LABEL) if LABEL in layout.names else None,
        layout.titles.index(CONFIDENCE) if CONFIDENCE in layout.titles else None,
    )


def spliced(
    body: bytes, layout: Layout, codes: NDArray[np.integer], confidence: NDArray[np.uint8]
) -> Iterator[bytes]:
    """Yield the lines of points with new values, some thousand at a time, each ended by a newline.

    Parameters
    ----------
    body
        Lines of points, without a newline at the end.
    layout
        What their columns mean.
    codes, confidence
        (N,) one per line.
    """
    target = added(layout)
    label = _NONE if target.label is None else target.label
    sure = _NONE if target.confidence is None else target.confidence
    separator, last = ord(layout.separator), len(layout.names) - 1
    code_words, sure_words = _words(codes), _words(confidence)
    low = 0 if codes.dtype == np.uint8 or not len(codes) else int(codes.min())
    begin, row = 0, 0
    while begin <= len(body):
        end = body.find(b"\n", begin + _PART)
        part = np.frombuffer(body[begin : len(body) if end < 0 else end] + b"\n", np.uint8)
        lines = int(np.count_nonzero(part == _NEWLINE))
        rows = slice(row, row + lines)
        room = len(part) + lines * (code_words.shape[1] + sure_words.shape[1] + 2)
        out = np.empty(room, np.uint8)
        numbers = (codes[rows] - low).astype(np.int64), confidence[rows]
        size = _rewrite(
            part, separator, last, label, sure, numbers[0], code_words, numbers[1], sure_words, out
        )
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
def _rewrite(part, separator, last, label, sure, codes, code_words, sures, sure_words, out):  # type: ignore[no-untyped-def]
    """Write the lines of `part` with their new values to `out`; return the number of bytes."""
    at, to = 0, 0
    blanks = separator == _SPACE
    for row in range(len(codes)):
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
            if place in (label, sure):
                quote = end - start >= 2 and part[start] == _QUOTE
                if quote:
                    out[to] = _QUOTE
                    to += 1
                to = _put(out, to, code_words[codes[row]] if place == label else sure_words[sures[row]])
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
        if label < 0:
            out[to] = separator
            to = _put(out, to + 1, code_words[codes[row]])
        if sure < 0:
            out[to] = separator
            to = _put(out, to + 1, sure_words[sures[row]])
        while part[at] != _NEWLINE:
            at += 1
        out[to] = _NEWLINE
        at += 1
        to += 1
    return to
