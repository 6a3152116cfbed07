"""Words of a header line -> one name per column."""

from __future__ import annotations

import functools
import re

from bevseg.io.fields import AXES, BESIDE_CLASS, LABEL_NAMES, meaning, plain
from bevseg.io.text.tokens import Dialect, is_missing

COMMENTS = ("#", "//", "%")
_LEAD = re.compile(r"^(?:#|//|%|\s)*(?:[\w ]{1,30}:(?=\s))?")
_UNIT = re.compile(r"^[\[(].*[\])]$")
_LONGEST_NAME = 5
_MOST_WORDS = 60

LONG_NAMES = frozenset(
    (
        "original_cloud_index", "edge_of_flight_line", "scan_direction_flag", "scanner_channel", "key_point",
        "synthetic", "withheld", "overlap", "distance_uncertainty", "height_above_ground", "confidence",
        "illuminance_(pcv)",
    )
)  # fmt: skip
"""Names beside those with a meaning that stand for one column."""


def is_comment(text: str) -> bool:
    """Whether a line begins like a comment. Headers do so as well."""
    return text.startswith(COMMENTS) and not is_missing(re.split(r"[\s,;|]", text, maxsplit=1)[0])


def names_of(text: str, dialect: Dialect, count: int) -> list[str] | None:
    """Return the names in a line, if it has as many as there are columns.

    Names of several words in a header with blanks are put together so that as many columns as possible have a known
    name. A column that the best ways name differently is called by its number.

    Parameters
    ----------
    text
        A line before the points.
    dialect
        Of the lines of points.
    count
        Number of columns.

    Returns
    -------
    list[str] or None
        `count` names, some of which may be empty; None if the line has more or fewer.
    """
    text = (
        _LEAD.sub("", text.strip("\ufeff \n"), count=1)
        if is_comment(text.strip())
        else text.strip("\ufeff\n")
    )
    separator = separator_of(text, dialect, count)
    if separator != " ":
        return [_clean(word) for word in Dialect(separator).split(text)]
    if re.search("[;|,\t]", text) and dialect.separator != " ":
        return None
    words = _with_units([_clean(word) for word in Dialect(" ").split(text)])
    if len(words) == count:
        return words
    if count < len(words) <= _MOST_WORDS and not _quoted(text):
        return _grouped(tuple(words), count)
    return None


def separator_of(text: str, dialect: Dialect, count: int) -> str:
    """Return what separates the names of a header: a space unless another separator gives one name per column."""
    for separator in dict.fromkeys((dialect.separator, ";", ",", "\t")):
        if separator != " " and separator in text and len(Dialect(separator).split(text)) == count:
            return separator
    return " "


def columns_by_name(names: list[str]) -> dict[str, int] | str:
    """Return the place of `x`, `y`, `z` and of `label`, if there is one; or why the names do not say it."""
    places: dict[str, int] = {}
    for axis in AXES:
        exact = [i for i, name in enumerate(names) if plain(name) == axis]
        found = exact or [i for i, name in enumerate(names) if meaning(name) == axis]
        if not found and axis == "z" and _is_enu(names):
            found = [i for i, name in enumerate(names) if plain(name) == "u"]
        if not found:
            return f"no column is named {axis}"
        if len(found) > 1:
            return f"{len(found)} columns are named {axis}: {', '.join(names[i] for i in found)}"
        places[axis] = found[0]
    spelled = [plain(name) for name in names]
    labels = [(LABEL_NAMES.index(word), i) for i, word in enumerate(spelled) if word in LABEL_NAMES]
    if labels:
        places["label"] = min(labels)[1]
    return places


def _is_enu(names: list[str]) -> bool:
    """Whether columns are called east, north and up by their first letters."""
    words = [plain(name) for name in names]
    return all(words.count(letter) == 1 for letter in "enu")


def title(name: str, column: int) -> str:
    """Return the name of a further column, numbered if it has none."""
    return plain(name) if plain(name) in BESIDE_CLASS else name or f"column_{column + 1}"


def _clean(word: str) -> str:
    return word.strip("\"' ")


def _quoted(text: str) -> bool:
    return text.count('"') >= 4


def _with_units(words: list[str]) -> list[str]:
    """Put units in brackets to the name before: `X [m]`."""
    joined: list[str] = []
    for word in words:
        if joined and _UNIT.match(word):
            joined[-1] += f" {word}"
        else:
            joined.append(word)
    return joined


def _grouped(words: tuple[str, ...], count: int) -> list[str] | None:
    """Put words together to `count` names, of which most are known."""

    @functools.cache
    def best(start: int, left: int) -> tuple[float, tuple[frozenset[str], ...]]:
        """Return the best score of the words from `start` on, and the names of each column in the best ways."""
        if left == 0:
            return (0.0 if start == len(words) else float("-inf")), ()
        score, columns = float("-inf"), (frozenset[str](),) * left
        for end in range(start + 1, min(start + _LONGEST_NAME, len(words) - left + 1) + 1):
            name = " ".join(words[start:end])
            rest, further = best(end, left - 1)
            way = (frozenset((name,)), *further)
            total = round(rest + _known(name), 6)
            if total > score:
                score, columns = total, way
            elif total == score > float("-inf"):
                columns = tuple(one | other for one, other in zip(columns, way, strict=True))
        return score, columns

    score, columns = best(0, count)
    if score == float("-inf"):
        return None
    return [next(iter(names)) if len(names) == 1 else "" for names in columns]


@functools.lru_cache(4096)
def _known(name: str) -> float:
    """Return how well a name is known; a name of several words that is known as such is the better."""
    words = name.count(" ") + 1
    if meaning(name) in AXES:
        return 3
    known = meaning(name) is not None or plain(name) in (*LONG_NAMES, *BESIDE_CLASS)
    return 2 + words / 10 if known else 0
