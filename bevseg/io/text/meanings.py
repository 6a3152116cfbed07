"""Header, first points and `--columns` -> the meaning and the name of each column."""

from __future__ import annotations

import dataclasses
import warnings

from bevseg.errors import UsageError
from bevseg.io.fields import AXES, BESIDE_CLASS, meaning, plain
from bevseg.io.text.columns import LABEL, SKIPPED, Layout, by_meaning
from bevseg.io.text.comments import leading_names, names_behind
from bevseg.io.text.header import columns_by_name, is_comment, names_of, title
from bevseg.io.text.start import Start, counts
from bevseg.io.text.tokens import STRICT, is_missing
from bevseg.io.text.unclear import narrow_error
from bevseg.io.text.units import is_units_row, of_coordinates
from bevseg.io.text.unnamed import unnamed

_NAMELESS = {"", "l", "scalar", "scalar_field", "scalar_fields", "sf", "field"}
"""Names of a fourth column that do not say what it holds."""


def columns_of(start: Start, wanted: tuple[str, ...] | None, claimed: int | None) -> Layout:
    """Return the layout of the columns; where the points begin is still missing."""
    first = start.rows[0]
    line, names, trailing = _header(start, wanted is not None)
    count = len(first) - trailing
    behind = names_behind(start.last, start.dialect, count) if names is None else None
    names = names or behind
    if wanted is not None and len(wanted) > count:
        raise UsageError(
            f"{len(wanted)} columns for a file with {count}",
            where=start.path,
            why=f"its first line is {first}",
            hint="name as many columns, or fewer: further columns are skipped",
        )
    if count < len(AXES):
        raise narrow_error(start.path, first, start.dialect)
    guessed: tuple[str, ...] = ()
    if wanted is not None:
        meanings, titles = _by_user(wanted, names or [""] * count)
    elif names is not None:
        meanings, titles = _by_header(start, names), names
        if meanings == [*AXES, SKIPPED] and plain(names[3]) in _NAMELESS:
            meanings[3], guessed = LABEL, (LABEL,)
        if (
            meanings[:3] == [*AXES]
            and len(meanings) > len(AXES) + 1
            and set(meanings[3:]) == {SKIPPED}
            and plain(names[3]) in _NAMELESS
            and {plain(name) for name in names[4:]} <= {*BESIDE_CLASS}
        ):
            meanings[3] = LABEL
    else:
        meanings, titles, guessed = unnamed(start, count, claimed)
    found = Layout(
        0,
        0,
        start.dialect.separator,
        tuple(meanings + [SKIPPED] * (count - len(meanings))),
        titles=tuple(title(name, i) for i, name in enumerate(titles)),
        decimal_comma=start.dialect.decimal_comma,
        header=line,
        trailing=trailing,
        skipped=tuple(i for i, name in enumerate(wanted or ()) if name == SKIPPED),
        by_user=wanted is not None,
        guessed=guessed,
        replaced=_too_short(start) if line is None and not behind and (wanted or names) else None,
        named_behind=behind is not None,
    )
    named = names if names or wanted else _leading_axes(start)
    units = of_coordinates(named, found, start.heading.values(), start.dialect)
    return dataclasses.replace(found, units=tuple(units.items()))


def _too_short(start: Start) -> int | None:
    """Return the number of the last line before the points, if it names some of the columns."""
    line, text = next(reversed(start.heading.items()), (None, ""))
    return line if leading_names(text, len(start.rows[0])) else None


def _leading_axes(start: Start) -> list[str] | None:
    """Return the names of x, y and z, with their units, in a line that names the first three columns alone."""
    lines = (names_of(text, start.dialect, len(AXES)) for text in reversed(start.heading.values()))
    return next((names for names in lines if names and [*map(meaning, names)] == [*AXES]), None)


def _by_user(wanted: tuple[str, ...], names: list[str]) -> tuple[list[str], list[str]]:
    """Return meanings and names of the columns: those of `--columns`, then those of the header."""
    meanings = [name if name in (*AXES, LABEL) else SKIPPED for name in by_meaning(wanted)]
    titles = [own if name == SKIPPED else name for name, own in zip(wanted, names, strict=False)]
    return meanings, titles + names[len(wanted) :]


def _by_header(start: Start, names: list[str]) -> list[str]:
    """Return the meaning of each column by its name. A column of classes has to hold numbers."""
    places = columns_by_name(names)
    assert isinstance(places, dict)
    label = places.get(LABEL)
    if label is not None and all(
        not start.dialect.is_number(row[label]) and not is_missing(row[label]) for row in start.rows[:1]
    ):
        warnings.warn(
            f"{start.path}: the column {names[label]!r} holds words such as {start.rows[0][label][:20]!r}, and no "
            "class codes: it is kept, and the cloud counts as unlabelled",
            stacklevel=5,
        )
        del places[LABEL]
    return [next((m for m, place in places.items() if place == i), SKIPPED) for i in range(len(names))]


def _header(start: Start, by_user: bool) -> tuple[int | None, list[str] | None, bool]:
    """Return the number of the line that names the columns, their names, and whether separators end the lines."""
    count = len(start.rows[0])
    ends = start.dialect.separator in STRICT and all(row[-1] == "" for row in start.rows)
    for line, text in reversed(start.heading.items()):
        if is_units_row(start.dialect.split(text.strip().lstrip("#/% "))):
            continue
        names = names_of(text, start.dialect, count)
        if names and _usable(names, text, by_user):
            trailing = ends and names[-1] == ""
            return line, names[: count - trailing], trailing
        names = names_of(text, start.dialect, count - 1) if count > len(AXES) else None
        if names and _usable(names, text, by_user):
            if ends:
                return line, names, True
            if not is_comment(text.strip()) and counts([row[0] for row in start.rows]):
                return line, ["", *names], False
    for text in () if by_user else reversed(start.heading.values()):
        names = leading_names(text, count - ends) if is_comment(text.strip()) else []
        if len(names) > len(AXES):
            return None, names + [""] * (count - ends - len(names)), ends
    return None, None, ends


def _usable(names: list[str], text: str, by_user: bool) -> bool:
    """Whether names are those of columns: they have x, y and z, or the user has said which columns these are."""
    if isinstance(columns_by_name(names), dict):
        return True
    return by_user and not is_comment(text.strip()) and not any(" " in name for name in names)
