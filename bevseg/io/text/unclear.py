"""Errors for text whose columns have no clear meaning: what stands there, and `--columns` to copy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from bevseg.errors import CloudFormatError
from bevseg.io import formats
from bevseg.io.fields import AXES, meaning, plain
from bevseg.io.text.header import columns_by_name, names_of, separator_of
from bevseg.io.text.tokens import Dialect

_SHOWN = 100
_NUMBERS = {"id", "fid", "oid", "pid", "point_id", "pointid", "index", "nr", "no", "number", "point"}
"""Names of columns that number the points."""
_SEARCHED = 200
"""Characters of a line that are searched: the patterns take time by the square of it."""
_GROUPED = re.compile(r"\d{1,3}(?:(?:,\d{3})+\.\d*|(?:\.\d{3})+,\d*)$")
_SEVERAL = "several separators stand in a line", "separate all columns in the same way"
_FIGURES = re.compile(r"[-+\d.,\s]*\d[-+\d.,\s]*$")


_CAUSES = (
    (r"^POINT *Z?M? *\(", "the points are written as WKT", "write x y z alone in each line"),
    (r"^\W*[\[({]+ *-?\d", "brackets stand around the numbers", "remove the brackets"),
    (r"\d['\u2019]\d{3}", "apostrophes group thousands", "write the numbers without them"),
    (r"(?<![\w.])\d{1,3}(?:_\d{3})+(?![\w])", "underscores group thousands", "write the numbers without them"),
    (r"(?<![\d.,])\d{1,3}(?: \d{3})+[.,]?\d*[;|\t]", "blanks group thousands", "write the numbers without them"),
    (r"'-?\d[\d.,]*'", "the numbers stand in single quotes", "remove the quotes"),
    ("[\u2212\u2010-\u2014]\\d", "the minus sign is no ASCII hyphen-minus", "write - for minus"),
    ("[\u200b-\u200d\u2060\ufeff]", "characters without width stand in the lines", "remove these characters"),
    ("\\d[\x85\u2028\u2029]", "the lines do not end with a newline", "end the lines with a newline"),
    (r"(?:\b[xyz] *[=:] *-?\d[^a-z]*){3}", "names stand before the numbers", "write x y z alone in each line"),
    (r"(?:\d *(?:m|ft|mm|cm)\b[^a-z]*){3}", "units stand behind the numbers", "write them in the header: x[m]"),
    (r"\d[ \t]+-?\d+\.?\d*[,;|]|[,;|] *-?\d+\.\d+[ \t]+-?\d", *_SEVERAL),
    (r"[\x0b\x0c]", "form feeds or vertical tabs stand in the lines", "remove these characters"),
)  # fmt: skip
"""What makes numbers unreadable, why, and what to do."""


def cause(text: str) -> tuple[str, str] | None:
    """Return why a line, or one field of it, is not read as numbers, and what to do; None if it is not known."""
    text = text[:_SEARCHED].strip(" \t\n")
    if _groups_thousands(text):
        return "it seems to have separators of thousands", "write the numbers without them"
    for pattern, why, hint in _CAUSES:
        if re.search(pattern, text, re.IGNORECASE):
            return why, hint
    if any(character.isdigit() and not character.isascii() for character in text):
        return "digits other than 0 to 9 stand in it", "write the numbers in ASCII digits"
    return None


def is_figures(field: str) -> bool:
    """Whether a field holds nothing but figures, marks and blanks."""
    return bool(_FIGURES.match(field[:_SEARCHED]))


def _groups_thousands(text: str) -> bool:
    """Whether all runs of figures with points and commas are numbers in groups of three digits."""
    runs = [run for run in re.findall(r"\d[\d.,]*\d", text) if "." in run and "," in run]
    return bool(runs) and all(_GROUPED.match(run) for run in runs)


def header_error(
    path: Path, header: str, first: list[str], dialect: Dialect, *, counted: bool = False
) -> CloudFormatError:
    """Return the error for a header that does not say which columns are x, y and z.

    `counted` says that the first column numbers the points.
    """
    unreadable = _unreadable(path, first, dialect)
    if unreadable:
        return unreadable
    names = names_of(header, dialect, len(first))
    words = [word for word in re.split(r"[\s,;|]+", header.strip(" \t#/%")) if word]
    why = f"its header is {header.strip()[:_SHOWN]!r}, its first row {row(first)}"
    blanks = separator_of(header, dialect, len(first)) == " "
    if names is None or (blanks and len(words) > len(first) and isinstance(columns_by_name(words), dict)):
        why += f": the header does not name {len(first)} columns"
        names = words + [""] * (len(first) - len(words)) if len(words) < len(first) else None
    else:
        places = columns_by_name(names)
        why += f": {places}" if isinstance(places, str) else ""
    suggested = suggestion(names, first, dialect, counted)
    hint = f"name the columns, for example --columns {suggested}{_degrees(names)}"
    if not set(AXES) <= set(suggested.split(",")):
        hint = "bevseg needs x, y and z of each point: save the points with all three, or name them with --columns"
    return CloudFormatError(
        "The header does not say which columns are x, y and z", where=path, why=why, hint=hint
    )


def _degrees(names: list[str] | None) -> str:
    words = {plain(name)[:3] for name in names or ()}
    return "; latitude and longitude have to be projected first" if {"lat", "lon"} <= words else ""


def narrow_error(path: Path, first: list[str], dialect: Dialect) -> CloudFormatError:
    """Return the error for lines of one or two columns."""
    return _unreadable(path, first, dialect) or CloudFormatError(
        f"{len(first)} columns, but x y z are needed",
        where=path,
        why=f"the first line is {first}",
        hint="one line per point: x y z [label]",
    )


def many_columns_error(path: Path, count: int, first: list[str]) -> CloudFormatError:
    """Return the error for a file without a header that is wider than lists of points are."""
    return CloudFormatError(
        f"{count} columns without names",
        where=path,
        why=f"no header says what they hold, and the first row is {row(first)}: is it a raster?",
        hint="name the columns of a list of points, for example --columns x,y,z",
    )


def no_points_error(path: Path, begin: str, lines: list[str]) -> CloudFormatError:
    """Return the error for text without a line of numbers; `lines` are some of its lines."""
    why, hint = (
        f"it begins with {begin!r}",
        f"expected lines of x y z [label]; bevseg reads {formats.readable()}",
    )
    known = next((found for line in [*lines, begin] if (found := cause(line))), None)
    if known:
        why, hint = f"{known[0]}: {why}", known[1]
    return CloudFormatError(
        "No points in the file", where=path, why=f"no line holds numbers; {why}", hint=hint
    )


def commas_error(path: Path, first: list[str], why: str) -> CloudFormatError:
    """Return the error for commas that may be separators, decimal commas, or group thousands."""
    return CloudFormatError(
        "The commas may separate columns, or be part of numbers",
        where=path,
        why=f"{why}, no header names the columns, and the first row is {','.join(first)[:_SHOWN]!r}",
        hint="write numbers with a decimal point and without separators of thousands, or name the columns, for "
        "example --columns x,y,z",
    )


def counter_error(path: Path, first: Sequence[str], why: str, suggested: str) -> CloudFormatError:
    """Return the error for a first column that is no coordinate, and `--columns` for the columns that may be."""
    others = suggested or ",".join(["-", *AXES] if len(first) > len(AXES) else AXES)
    other = "" if others == "x,y,z" else " or --columns x,y,z"
    narrow = len(first) == len(AXES)
    return CloudFormatError(
        "The first three columns may be no x, y and z" if narrow else "The first column may be no coordinate",
        where=path,
        why=f"no header names {'them' if narrow else 'it'}, and {why}; the first row is {row(first)}",
        hint=f"name the columns, for example --columns {others}{other}"
        + ("; if the unit is no metre, say it in a header, such as x[mm] y[mm] z[mm]" if narrow else ""),
    )


def _unreadable(path: Path, first: list[str], dialect: Dialect) -> CloudFormatError | None:
    """Return the error for a first row with numbers in an odd spelling; None if nothing is known of it."""
    line = dialect.separator.join(first)
    odd = [field for field in first if field and not dialect.is_number(field)]
    known = next((found for field in odd if (found := cause(field))), None)
    if known is None and any(map(is_figures, odd)):
        known = cause(line)
    if known is None:
        return None
    return CloudFormatError(
        "The text is not a table of numbers",
        where=path,
        why=f"{known[0]}: the first row is {line[:_SHOWN]!r}",
        hint=known[1],
    )


def degrees_error(path: Path, middle: tuple[float, float]) -> CloudFormatError:
    """Return the error for x and y that are so close together that they may be degrees."""
    return CloudFormatError(
        "The coordinates may be degrees",
        where=path,
        why=f"x and y, near ({middle[0]:.7g}, {middle[1]:.7g}), differ by less than 0.05, and z by far more",
        hint="if they are degrees, project the cloud first, for example to its zone of UTM; if they are metres, say "
        "which columns they are with --columns, for example --columns x,y,z",
    )


def grouped_error(path: Path, line: str) -> CloudFormatError:
    """Return the error for blanks within numbers."""
    return CloudFormatError(
        "Blanks stand within numbers",
        where=path,
        why=f"they seem to group thousands, and wider gaps separate the columns: {line.strip()[:_SHOWN]!r}",
        hint="write the numbers without blanks",
    )


def words_error(path: Path, first: list[str], dialect: Dialect) -> CloudFormatError:
    """Return the error for words in columns without names."""
    unreadable = _unreadable(path, first, dialect)
    if unreadable:
        return unreadable
    columns: list[str] = []
    axes = iter(AXES)
    for field in first:
        number = dialect.is_number(field)
        columns.append(next(axes, "-") if number else "name" if "name" not in columns else "-")
    while columns[-1] == "-":
        columns.pop()
    return CloudFormatError(
        "A column of words has no name",
        where=path,
        why=f"no header names the columns, and the first row is {row(first)}",
        hint=f"name the columns, for example --columns {','.join(columns)}",
    )


def number_error(path: Path, why: str) -> CloudFormatError:
    """Return the error for lines that no list of points has."""
    return CloudFormatError(
        "The file is no list of points",
        where=path,
        why=why,
        hint="expected one line per point: x y z [label]",
    )


def row(fields: Sequence[str]) -> str:
    """Return a row as it can be shown."""
    return repr(" ".join(fields)[:_SHOWN])


def suggestion(names: list[str] | None, first: list[str], dialect: Dialect, counted: bool = False) -> str:
    """Return what the user may give as `--columns`: known names as they are, the rest of x y z where numbers are.

    Columns with the name of something else, such as intensity, are no coordinates. An axis is left out if no column
    may hold it.
    """
    if names and any(
        meaning(n) in AXES and not dialect.is_number(f) for n, f in zip(names, first, strict=True)
    ):
        names = None  # the header has another number of columns
    columns: list[str] = []
    others = {0} if counted else set()
    for i, name in enumerate(names or [""] * len(first)):
        known = meaning(name)
        word = "label" if known == "class" else known if known in AXES else ""
        columns.append("" if word in columns else word)
        if (known and not word) or plain(name) in _NUMBERS:
            others.add(i)
    for i, axis in enumerate(AXES):
        free = [
            place
            for place, word in enumerate(columns)
            if not word and place not in others and dialect.is_number(first[place])
        ]
        if axis in columns or not free:
            continue
        behind = columns.index(AXES[i - 1]) + 1 if i and AXES[i - 1] in columns else 0
        columns[behind if behind in free else free[0]] = axis
    while columns and not columns[-1]:
        columns.pop()
    return ",".join(word or "-" for word in columns)
