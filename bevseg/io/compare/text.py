"""Two text files: every word of every point but the class, digit by digit; new columns at the end."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Iterator
from pathlib import Path

from bevseg.io.compare.difference import Difference

_ADDED = 2
"""Columns that bevseg adds at most: class and confidence."""
_CLASS_ONLY = 3
"""Place of the class in text without names: behind x, y and z."""


def compare(source: Path, result: Path) -> Difference | None:
    """Return the first difference that bevseg does not declare; None if there is none.

    Lines without points (comments, names, counts) are left out. One column of whole numbers may differ, the class.
    """
    replaced: int | None = None
    for number, (one, other) in enumerate(itertools.zip_longest(_points(source), _points(result)), 1):
        if one is None or other is None:
            more = "the source" if other is None else "the result"
            return Difference(f"a point that only {more} has", _shown(one), _shown(other), number)
        if other[: len(one)] != one:
            places = [i for i, word in enumerate(one) if i >= len(other) or other[i] != word]
            at = places[0]
            right = other[at] if at < len(other) else b"missing"
            is_class = at >= _CLASS_ONLY and replaced in (None, at) and _is_code(one[at]) and _is_code(right)
            if not is_class or len(places) > 1:
                at = places[1] if is_class else at
                right = other[at] if at < len(other) else b"missing"
                return Difference(
                    f"column {at + 1}", one[at].decode("latin-1"), right.decode("latin-1"), number
                )
            replaced = at
        added = other[len(one) :]
        if len(added) > _ADDED or not all(_is_code(word) for word in added):
            return Difference("what follows the columns", "nothing", _shown(added), number)
    return None


def _points(path: Path) -> Iterator[list[bytes]]:
    """Yield the words of each line that begins with a number and has three words at least."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else path.open("rb") as lines:
        for line in lines:
            words = line.replace(b";", b" ").replace(b",", b" ").split()
            if len(words) > 2 and _is_number(words[0]) and _is_number(words[1]):
                yield words


def _is_number(word: bytes) -> bool:
    try:
        float(word.strip(b'"'))
    except ValueError:
        return False
    return True


def _is_code(word: bytes) -> bool:
    return word.strip(b'"').removeprefix(b"-").removesuffix(b".0").isdigit()


def _shown(words: list[bytes] | None) -> str:
    return "missing" if words is None else b" ".join(words).decode("latin-1")
