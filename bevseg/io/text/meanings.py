"""Header, first points and `--columns` -> the meaning and the name of each column."""

from __future__ import annotations

import dataclasses
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

from bevseg.errors import CloudFormatError, UsageError
from bevseg.io.crs.degrees import not_a_length
from bevseg.io.fields import AXES, CONFIDENCE, plain
from bevseg.io.text.columns import LABEL, SKIPPED, Layout, by_meaning
from bevseg.io.text.comments import leading_names, names_behind, names_columns
from bevseg.io.text.header import columns_by_name, is_comment, names_of, title
from bevseg.io.text.raster import refuse_raster
from bevseg.io.text.tokens import STRICT, Dialect, is_missing
from bevseg.io.text.unclear import commas_error, header_error, many_columns_error, words_error
from bevseg.io.text.units import geographic, is_units_row, of_coordinates

_MOST_UNNAMED = 16
"""Columns that a file without a header may have."""
_MOST_DIGITS = 15
_NAMELESS = {"", "l", "scalar", "scalar_field", "scalar_fields", "sf", "field"}
"""Names of a fourth column that do not say what it holds."""
_THOUSANDS, _UNITS = re.compile(r"[-+]?\d{1,3}$"), re.compile(r"\d{3}(\.\d*)?$")
_PTS = {
    4: ("intensity",),
    6: ("red", "green", "blue"),
    7: ("intensity", "red", "green", "blue"),
}
"""Columns of `.pts` behind x, y and z, by their number."""


@dataclass(frozen=True)
class Start:
    """The lines before the points, the first of these, and a comment behind the last of them."""

    heading: dict[int, str]
    rows: list[list[str]]
    dialect: Dialect
    path: Path
    last: str = ""

    @property
    def header(self) -> str | None:
        """The last line before the points that is no comment."""
        return next((text for text in reversed(self.heading.values()) if not is_comment(text.strip())), None)


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
        raise CloudFormatError(
            f"{count} columns, but x y z are needed",
            where=start.path,
            why=f"the first line is {first}",
            hint="one line per point: x y z [label]",
        )
    guessed: tuple[str, ...] = ()
    if wanted is not None:
        meanings, titles = _by_user(wanted, names or [""] * count)
    elif names is not None:
        meanings, titles = _by_header(start, names), names
        if meanings == [*AXES, SKIPPED] and plain(names[3]) in _NAMELESS:
            meanings[3], guessed = LABEL, (LABEL,)
        if (
            meanings == [*AXES, SKIPPED, SKIPPED]
            and plain(names[3]) in _NAMELESS
            and plain(names[4]) == CONFIDENCE
        ):
            meanings[3] = LABEL
    else:
        meanings, titles, guessed = _unnamed(start, count, claimed)
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
    units = of_coordinates(names, found, start.heading.values(), start.dialect)
    return dataclasses.replace(found, units=tuple(units.items()))


def _too_short(start: Start) -> int | None:
    """Return the number of the last line before the points, if it names some of the columns."""
    line, text = next(reversed(start.heading.items()), (None, ""))
    return line if leading_names(text, len(start.rows[0])) else None


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
            if not is_comment(text.strip()) and _counts([row[0] for row in start.rows]):
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


def _unnamed(start: Start, count: int, claimed: int | None) -> tuple[list[str], list[str], tuple[str, ...]]:
    """Return meanings, names and what is to be checked for a file whose columns have no names.

    Raises
    ------
    CloudFormatError
        If a line looks like a header, or the order of the columns is not clear.
    """
    first = start.rows[0]
    lines = [*start.heading.values()]
    header = start.header or next(
        (
            text
            for text in lines
            if names_columns(text, start.rows, start.dialect, count=count, last=text == lines[-1])
        ),
        None,
    )
    if header is not None:
        names = names_of(header, start.dialect, count)
        place = geographic(names, start.rows, start.dialect) if names else None
        if place:
            raise not_a_length("degrees", start.path, place)
        counted = _counts([row[0] for row in start.rows])
        raise header_error(start.path, header, first, start.dialect, counted=counted)
    if count > _MOST_UNNAMED:
        raise many_columns_error(start.path, count, first)
    refuse_raster(start.rows, count, start.path)
    if any(_holds_words(start, place) for place in range(min(count, len(AXES) + (count == 4)))):
        raise words_error(start.path, first, start.dialect)
    if start.dialect == Dialect(",") and (why := _doubtful_commas(start.rows, count)):
        raise commas_error(start.path, first, why)
    suffix = start.path.name.lower().removesuffix(".gz").rpartition(".")[2]
    titles = [*AXES, *[""] * (count - len(AXES))]
    if suffix == "pts" or (claimed is not None and count > 4):
        usual = _PTS.get(count, ())
        if "red" not in usual or all(_is_colour(field) for row in start.rows for field in row[-3:]):
            titles[3 : 3 + len(usual)] = usual
        return [*AXES], titles, ("order",)
    if count == 4:
        return [*AXES, LABEL], titles, (LABEL, "order")
    return [*AXES], titles, ("order",)


def _doubtful_commas(rows: list[list[str]], count: int) -> str:
    """Return why commas may be part of numbers; empty if nothing says so."""
    fields = [field.lstrip("+-") for row in rows for field in row[:count]]
    if count >= 6 and all(field.isdigit() for field in fields):
        return f"all {count} columns hold whole numbers, as with decimal commas"
    if count > 3 and all(_THOUSANDS.match(row[0]) and _UNITS.match(row[1]) for row in rows):
        return "three digits follow the first comma in all lines, as in thousands"
    return ""


def _holds_words(start: Start, place: int) -> bool:
    """Whether a column has no number in any of the first lines, of which there are several."""
    fields = [row[place] for row in start.rows if len(row) > place]
    return len(fields) > 1 and not any(
        start.dialect.is_number(field) or is_missing(field) for field in fields
    )


def _counts(fields: list[str]) -> bool:
    """Whether the fields are whole numbers that rise by one."""
    if not all(field.isascii() and field.isdigit() and len(field) <= _MOST_DIGITS for field in fields):
        return False
    numbers = [int(field) for field in fields]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers))) and numbers[0] in (0, 1)


def _is_colour(field: str) -> bool:
    return field.isascii() and field.isdigit() and len(field) <= 5 and int(field) <= 65535
