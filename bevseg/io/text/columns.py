"""First lines of a text file -> where the points begin, how lines are split, which column is which."""

from __future__ import annotations

import dataclasses
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

from bevseg.errors import CloudFormatError, UsageError
from bevseg.io.fields import AXES, CONFIDENCE, meaning, plain
from bevseg.io.text.encoding import readable
from bevseg.io.text.header import columns_by_name, is_comment, names_of, title
from bevseg.io.text.tokens import STRICT, Dialect, dialect_of, is_missing
from bevseg.io.text.unclear import (
    commas_error,
    header_error,
    many_columns_error,
    no_points_error,
    number_error,
)

LABEL, SKIPPED = "label", "-"

_HEAD = 1 << 20
"""Bytes at the start in which the first point must stand."""
_LONGEST_LINE = 1 << 16
_SAMPLE = 100
"""Rows that show how lines are split."""
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


@dataclass(frozen=True)
class Layout:
    """How the point lines of a text file are built.

    Attributes
    ----------
    offset, line
        Byte and line number (from 1) of the first point.
    separator
        One character; a space stands for runs of blanks.
    names
        Meaning of each column: `x`, `y`, `z`, `label` or `-`.
    claimed
        Number of points by the file's own count line, or None.
    titles
        Name of each column, as the header or `--columns` have it.
    decimal_comma
        Whether a comma is the decimal mark.
    header
        Line number of the header that names the columns; None if there is none.
    trailing
        Whether a separator ends each line, with no column behind it.
    skipped
        Places of columns that `--columns` skips.
    by_user
        Whether `--columns` gave the meanings.
    guessed
        What is to be checked in the values, as no name says what they are: `label` where the fourth column holds
        class codes of SHREC'20 if they all are such codes, `order` where the first column may be a counter.
    """

    offset: int
    line: int
    separator: str
    names: tuple[str, ...]
    claimed: int | None = None
    titles: tuple[str, ...] = ()
    decimal_comma: bool = False
    header: int | None = None
    trailing: bool = False
    skipped: tuple[int, ...] = ()
    by_user: bool = False
    guessed: tuple[str, ...] = ()

    @property
    def dialect(self) -> Dialect:
        """How a line is split."""
        return Dialect(self.separator, self.decimal_comma)

    def without_label(self) -> Layout:
        """Return the layout with its column of classes as a further column."""
        names = tuple(SKIPPED if name == LABEL else name for name in self.names)
        return dataclasses.replace(
            self, names=names, guessed=tuple(word for word in self.guessed if word != LABEL)
        )


@dataclass(frozen=True)
class _Start:
    """The lines before the points, and the first of these."""

    heading: dict[int, str]
    rows: list[list[str]]
    dialect: Dialect
    path: Path

    @property
    def header(self) -> str | None:
        """The last line before the points that is no comment."""
        return next((text for text in reversed(self.heading.values()) if not is_comment(text.strip())), None)


def layout(data: bytes, columns: str | None, path: Path) -> Layout:
    """Inspect the first lines of a file.

    Raises
    ------
    CloudFormatError
        If no line has the form of a point, or the meaning of the columns is not clear.
    UsageError
        If `columns` is not understood or names more columns than there are.
    """
    wanted = None if columns is None else _checked(columns)
    offset, claimed = 0, None
    heading: dict[int, str] = {}
    lines = data[:_HEAD].split(b"\n")
    for number, line in enumerate(lines, start=1):
        if len(line) > _LONGEST_LINE:
            raise number_error(path, f"line {number} has more than {_LONGEST_LINE:,} bytes")
        text = readable(line).strip("\ufeff").rstrip()
        fields = text.split()
        if len(fields) == 1 and fields[0].isascii() and fields[0].isdigit():
            if len(fields[0]) > _MOST_DIGITS:
                raise number_error(path, f"line {number} is a number of {len(fields[0]):,} digits")
            claimed = int(fields[0])
        elif text.strip() and not is_comment(text.strip()) and _is_row(text, heading):
            start = _Start(heading, *_rows(lines[number - 1 :]), path)
            found = _columns(start, wanted, claimed)
            return dataclasses.replace(found, offset=offset, line=number, claimed=claimed)
        elif text.strip() and not text.lower().startswith("sep="):
            heading[number] = text
        offset += len(line) + 1
    raise no_points_error(path, readable(data[:60]))


def _is_row(text: str, heading: dict[int, str]) -> bool:
    """Whether a line is a point and no header."""
    dialect = dialect_of(text)
    fields = dialect.split(text)
    if len(fields) == 1:
        return False
    numbers = [dialect.is_number(field) for field in fields]
    if numbers[0] and not any(meaning(field) for field in fields[1:4]):
        return True
    names = names_of(text, dialect, len(fields))
    if names is not None and isinstance(columns_by_name(names), dict):
        return False
    if sum(numbers) >= len(AXES):
        return True
    names = names_of([*heading.values()][-1], dialect, len(fields)) if heading else None
    places = columns_by_name(names) if names else ""
    return isinstance(places, dict) and all(numbers[i] or is_missing(fields[i]) for i in places.values())


def _rows(lines: list[bytes]) -> tuple[list[list[str]], Dialect]:
    """Return the fields of the first points, and how they are split."""
    texts = [readable(line) for line in lines[: 2 * _SAMPLE]]
    texts = [text for text in texts if text.strip() and not is_comment(text.strip())][:_SAMPLE]
    dialect = dialect_of(texts[0])
    others = [dialect_of(text) for text in texts]
    if any(other.decimal_comma and other.separator == dialect.separator for other in others):
        dialect = dataclasses.replace(dialect, decimal_comma=True)
    return [dialect.split(text) for text in texts], dialect


def _columns(start: _Start, wanted: tuple[str, ...] | None, claimed: int | None) -> Layout:
    """Return the layout of the columns; where the points begin is still missing."""
    first = start.rows[0]
    line, names, trailing = _header(start, wanted is not None)
    count = len(first) - trailing
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
    return Layout(
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
    )


def _by_user(wanted: tuple[str, ...], names: list[str]) -> tuple[list[str], list[str]]:
    """Return meanings and names of the columns: those of `--columns`, then those of the header."""
    meanings = [name if name in (*AXES, LABEL) else SKIPPED for name in _by_meaning(wanted)]
    titles = [own if name == SKIPPED else name for name, own in zip(wanted, names, strict=False)]
    return meanings, titles + names[len(wanted) :]


def _by_header(start: _Start, names: list[str]) -> list[str]:
    """Return the meaning of each column by its name. A column of classes has to hold numbers."""
    places = columns_by_name(names)
    assert isinstance(places, dict)
    label = places.get(LABEL)
    if label is not None and all(
        not start.dialect.is_number(row[label]) and not is_missing(row[label]) for row in start.rows[:1]
    ):
        warnings.warn(
            f"{start.path}: the column {names[label]!r} holds words such as {start.rows[0][label][:20]!r}, and no class "
            "codes: it is kept, and the cloud counts as unlabelled",
            stacklevel=5,
        )
        del places[LABEL]
    return [next((m for m, place in places.items() if place == i), SKIPPED) for i in range(len(names))]


def _header(start: _Start, by_user: bool) -> tuple[int | None, list[str] | None, bool]:
    """Return the number of the line that names the columns, their names, and whether separators end the lines."""
    count = len(start.rows[0])
    ends = start.dialect.separator in STRICT and all(row[-1] == "" for row in start.rows)
    for line, text in reversed(start.heading.items()):
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
    return None, None, ends


def _usable(names: list[str], text: str, by_user: bool) -> bool:
    """Whether names are those of columns: they have x, y and z, or the user has said which columns these are."""
    if isinstance(columns_by_name(names), dict):
        return True
    return by_user and not is_comment(text.strip()) and not any(" " in name for name in names)


def _unnamed(start: _Start, count: int, claimed: int | None) -> tuple[list[str], list[str], tuple[str, ...]]:
    """Return meanings, names and what is to be checked for a file whose columns have no names.

    Raises
    ------
    CloudFormatError
        If a line looks like a header, or the order of the columns is not clear.
    """
    first = start.rows[0]
    header = start.header or next(
        (text for text in start.heading.values() if _suspect(text, start, count)), None
    )
    if header is not None:
        raise header_error(start.path, header, first, start.dialect)
    if count > _MOST_UNNAMED:
        raise many_columns_error(start.path, count, first)
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


def _suspect(text: str, start: _Start, count: int) -> bool:
    """Whether a comment seems to name the columns, in a way that does not fit the points."""
    words = names_of(text, start.dialect, count)
    if words is not None and sum(meaning(word) is not None for word in words) >= 2:
        return True
    words = [word for word in dialect_of(text).split(text.lstrip("#/% ")) if word]
    axes = [meaning(word) for word in words]
    return set(AXES) <= set(axes) and not (axes[:3] == [*AXES] and len(words) < count)


def _counts(fields: list[str]) -> bool:
    """Whether the fields are whole numbers that rise by one."""
    if not all(field.isascii() and field.isdigit() and len(field) <= _MOST_DIGITS for field in fields):
        return False
    numbers = [int(field) for field in fields]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers))) and numbers[0] in (0, 1)


def _is_colour(field: str) -> bool:
    return field.isascii() and field.isdigit() and len(field) <= 5 and int(field) <= 65535


def _by_meaning(names: tuple[str, ...]) -> list[str]:
    return [
        LABEL if meaning(name) == "class" else name.lower() if name.lower() in AXES else name
        for name in names
    ]


def _checked(columns: str) -> tuple[str, ...]:
    """Return the names that the user gives to columns."""
    names = tuple(name.strip() for name in columns.split(","))
    known = _by_meaning(names)
    if "" in names or any(known.count(axis) == 0 for axis in AXES) or any(_misspelt(name) for name in names):
        raise UsageError(
            f"Columns {columns!r} cannot be used",
            where="--columns",
            why=f"expected each of x, y, z once, label at most once, {SKIPPED} for a column to skip, and names of others",
            hint="for example --columns x,y,z,-,label or --columns x,y,z,intensity",
        )
    if any(name != SKIPPED and known.count(name) > 1 for name in known):
        raise UsageError(
            f"Columns {columns!r} have a name twice", where="--columns", hint="write - for a column to skip"
        )
    return tuple(name.lower() if name.lower() in AXES else name for name in names)


def _misspelt(name: str) -> bool:
    """Whether a name has the letters of `label` in another order."""
    return name.lower() != LABEL and sorted(name.lower()) == sorted(LABEL)
