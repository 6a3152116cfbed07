"""Comments above the points that name columns: the first of them, or in a way that does not fit the points."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bevseg.io.fields import AXES, meaning
from bevseg.io.text.header import columns_by_name, is_comment, names_of
from bevseg.io.text.tokens import Dialect, dialect_of
from bevseg.io.text.units import geographic

_NAME = re.compile(r"[^\W\d]\w{0,15}$")
_PROSE = frozenset(
    (
        "a", "an", "and", "as", "at", "by", "for", "from", "in", "is", "made", "of", "on", "the", "this", "to",
        "with", "all", "no", "not", "exported", "created", "generated", "written", "data", "scan", "scanned",
        "points", "point", "cloud", "file", "export", "von", "der", "die", "das", "aus", "mit", "und", "im", "am",
        "par", "de", "la", "le", "du", "del", "el",
    )
)  # fmt: skip
"""Words of sentences, which no column is called."""


def leading_names(text: str, count: int) -> list[str]:
    """Return the names in a line that names the first columns, x y z and more, but not all; empty for other lines."""
    words = [word for word in dialect_of(text).split(text.strip().lstrip("#/% ")) if word]
    known = [meaning(word) for word in words]
    if not len(AXES) <= len(words) < count or known[:3] != [*AXES]:
        return []
    return words if len(words) == len(AXES) or known[3] is not None else []


def names_behind(text: str, dialect: Dialect, count: int) -> list[str] | None:
    """Return the names in a comment behind the points: one word per column, x, y and z among them; else None."""
    names = dialect.split(text.strip().lstrip("#/% "))
    return names if len(names) == count and isinstance(columns_by_name(names), dict) else None


def names_columns(
    text: str, rows: Sequence[Sequence[str]], dialect: Dialect, *, count: int, last: bool
) -> bool:
    """Whether a comment seems to name the columns, in a way that does not fit the points.

    Parameters
    ----------
    text
        The comment.
    rows, dialect
        The first points, and how they are split.
    count
        Number of columns.
    last
        Whether the comment stands right above the points.
    """
    words = names_of(text, dialect, count)
    if words is not None and sum(meaning(word) is not None for word in words) >= 2:
        return True
    if words is not None and (
        geographic(words, rows, dialect) or (last and _like_names(text, words, dialect))
    ):
        return True
    words = [word for word in dialect_of(text).split(text.lstrip("#/% ")) if word]
    axes = [meaning(word) for word in words]
    return set(AXES) <= set(axes) and not (axes[:3] == [*AXES] and len(words) < count)


def _like_names(text: str, words: list[str], dialect: Dialect) -> bool:
    """Whether a comment with one word per column is no sentence."""
    if not is_comment(text.strip()) or len(dialect.split(text.strip().lstrip("#/% "))) != len(words):
        return False
    if not all(_NAME.match(word) for word in words) or _PROSE & {word.lower() for word in words}:
        return False
    return all(word.islower() for word in words) or all(word.isupper() for word in words)
