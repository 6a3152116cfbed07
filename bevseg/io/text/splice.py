"""Lines of points, and new classes and confidences -> the same lines with these columns, every other byte as it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.io.fields import CONFIDENCE
from bevseg.io.text.columns import LABEL, Layout

_PART = 1 << 23
"""Bytes that are worked on at a time."""
_QUOTE, _NEWLINE = ord('"'), ord("\n")
_BLANKS = np.frombuffer(b" \t", np.uint8)


@dataclass(frozen=True)
class Added:
    """Where the new values go: the places of columns that are replaced; None for columns that are added at the end."""

    label: int | None
    confidence: int | None

    @property
    def names(self) -> tuple[str, ...]:
        """What is added at the end of each line, in this order."""
        places = ((LABEL, self.label), (CONFIDENCE, self.confidence))
        return tuple(name for name, place in places if place is None)


def added(layout: Layout) -> Added:
    """Return where the new values go in the lines of a file."""
    titles = layout.titles
    return Added(
        layout.names.index(LABEL) if LABEL in layout.names else None,
        titles.index(CONFIDENCE) if CONFIDENCE in titles else None,
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
    begin, row = 0, 0
    while begin <= len(body):
        end = body.find(b"\n", begin + _PART)
        part = np.frombuffer(body[begin : len(body) if end < 0 else end] + b"\n", np.uint8)
        starts, ends, breaks = _spans(part, layout)
        rows = slice(row, row + len(breaks))
        yield _rewritten(part, layout, (starts, ends, breaks), codes[rows], confidence[rows])
        begin, row = begin + len(part), rows.stop


def _spans(
    part: NDArray[np.uint8], layout: Layout
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return (lines, columns) the bytes where fields start and end, and (lines,) the newlines."""
    breaks = part == _NEWLINE
    outside = None
    if (part == _QUOTE).any():
        outside = (np.cumsum(part == _QUOTE, dtype=np.uint32) & 1) == 0
    newlines = np.flatnonzero(breaks)
    count = len(layout.names) + layout.trailing
    if layout.separator == " ":
        blank = (part == _BLANKS[0]) | (part == _BLANKS[1])
        blank = (blank if outside is None else blank & outside) | breaks
        before = np.concatenate(([True], blank[:-1]))
        starts = np.flatnonzero(~blank & before).reshape(-1, count)
        ends = np.flatnonzero(blank & ~before).reshape(-1, count)
        return starts, ends, newlines
    mark = part == ord(layout.separator)
    ends = np.flatnonzero((mark if outside is None else mark & outside) | breaks).reshape(-1, count)
    starts = np.concatenate(([0], ends.ravel()[:-1] + 1)).reshape(-1, count)
    return starts, ends, newlines


def _rewritten(
    part: NDArray[np.uint8],
    layout: Layout,
    spans: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    codes: NDArray[np.integer],
    confidence: NDArray[np.uint8],
) -> bytes:
    """Return lines with their new values."""
    starts, ends, newlines = spans
    target, last = added(layout), len(layout.names) - 1
    separator = np.frombuffer(layout.separator.encode(), np.uint8)
    digits = {LABEL: _digits(codes), CONFIDENCE: _digits(confidence)}
    edits = []
    for name, place in ((LABEL, target.label), (CONFIDENCE, target.confidence)):
        if place is not None:
            start, end = _trimmed(part, starts[:, place], ends[:, place])
            edits.append(_Edit(start, end, digits[name]))
    tail = [np.empty((len(newlines), 0), np.uint8)]
    for name in target.names:
        tail += [np.broadcast_to(separator, (len(newlines), 1)), digits[name]]
    end = _without_blanks(part, starts[:, last], ends[:, last])
    edits.append(_Edit(end, newlines, np.hstack(tail)))
    return _assembled(part, edits)


@dataclass(frozen=True)
class _Edit:
    """In each line, the bytes from `start` to `end` become those of a row of `characters` that are not 0."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    characters: NDArray[np.uint8]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of the new bytes in each line."""
        return np.count_nonzero(self.characters, axis=1)


def _assembled(part: NDArray[np.uint8], edits: list[_Edit]) -> bytes:
    """Return the bytes with all edits. Edits of a line do not overlap; at one place, the earlier comes first."""
    put = np.zeros(len(part) + 1, np.int32)
    gone = np.zeros(len(part) + 1, np.int8)
    for edit in edits:
        put[edit.start] += edit.lengths.astype(np.int32)
        gone[edit.start] += 1
        gone[edit.end] -= 1
    kept = np.cumsum(gone[:-1], dtype=np.int8) == 0
    before = np.cumsum(put, dtype=np.int64)
    before[1:] += np.cumsum(kept)  # bytes of the result up to the new ones at a place
    out = np.empty(int(before[-1]), np.uint8)
    out[before[:-1][kept]] = part[kept]
    for i, edit in enumerate(edits):
        behind = edit.lengths + sum((other.start == edit.start) * other.lengths for other in edits[i + 1 :])
        first = before[edit.start] - behind
        filled = edit.characters != 0
        places = first[:, None] + np.cumsum(filled, axis=1) - 1
        out[places[filled]] = edit.characters[filled]
    return out.tobytes()


def _digits(values: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Return (N, width) the characters of each number, padded with 0."""
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    words = np.array([str(number).encode() for number in range(low, high + 1)])
    table = words.view(np.uint8).reshape(len(words), -1)
    places: NDArray[np.int64] = values.astype(np.int64) - low
    return table[places]


def _trimmed(
    part: NDArray[np.uint8], start: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the bytes of fields without the blanks and quotes around them."""
    end = _without_blanks(part, start, end)
    start = start.copy()
    while (move := (start < end) & np.isin(part[start], _BLANKS)).any():
        start += move
    quoted = (end - start >= 2) & (part[start] == _QUOTE) & (part[end - 1] == _QUOTE)
    return start + quoted, end - quoted


def _without_blanks(
    part: NDArray[np.uint8], start: NDArray[np.int64], end: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the ends of fields without the blanks behind them."""
    end = end.copy()
    while (move := (start < end) & np.isin(part[end - 1], _BLANKS)).any():
        end -= move
    return end
