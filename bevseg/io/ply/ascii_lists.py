"""ASCII records with lists: the lists are taken out of the lines, so that equal lines remain."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bevseg.errors import CloudFormatError
from bevseg.io.ascii_records import parse
from bevseg.io.ply.elements import Element
from bevseg.io.ply.lists import Lists

_SHOWN = 80
_NONE = 1 << 62


def take_lists(text: bytes, element: Element, path: Path, first: int) -> tuple[bytes, dict[str, Lists]]:
    """Return the lines without the values of the lists, and property -> lists; their lengths stay in the lines.

    Lists in vertices are rare: this goes line by line.

    Parameters
    ----------
    text
        The lines of the element.
    element
        What the header says.
    path, first
        For messages: the file, and the number of the first line.

    Raises
    ------
    CloudFormatError
        For a line that is shorter or longer than its lists say.
    """
    lists: dict[str, list[bytes]] = {each.name: [] for each in element.properties if each.counter}
    counts: dict[str, list[int]] = {name: [] for name in lists}
    rows: list[bytes] = []
    for number, line in enumerate(text.split(b"\n"), first):
        words = line.split()
        if not words:
            continue
        row, at = [], 0
        for each in element.properties:
            row += words[at : at + 1]
            at += 1
            if each.counter:
                length = _length(row[-1], each.counter[1]) if at <= len(words) else _NONE
                lists[each.name] += words[at : at + length]
                counts[each.name].append(length)
                at += length
        if at != len(words):
            raise CloudFormatError(
                "The points are not lines of numbers",
                where=path,
                why=f"line {number} has {len(words)} numbers, which its lists contradict: "
                f"{line[:_SHOWN].decode('utf-8', 'replace')!r}",
                hint="correct or remove that line",
            )
        rows.append(b" ".join(row))
    found = {}
    for each in element.properties:
        if each.counter:
            kind = np.dtype([(each.name, each.kind)])
            lines = b"\n".join(lists[each.name])
            values = parse(lines, kind, path, first)[each.name] if lines else np.empty(0, each.kind)
            found[each.name] = Lists(np.array(counts[each.name], each.counter[1]), values)
    return b"\n".join(rows), found


def _length(word: bytes, counter: str) -> int:
    """Return the length that a word gives a list; more than any line has if it is none of this type."""
    is_count = word.isdigit() and len(word) < 10 and int(word) <= np.iinfo(counter).max
    return int(word) if is_count else _NONE
