"""Errors for text whose columns have no clear meaning: what stands there, and `--columns` to copy."""

from __future__ import annotations

import re
from pathlib import Path

from bevseg.errors import CloudFormatError
from bevseg.io import formats
from bevseg.io.fields import AXES, meaning, plain
from bevseg.io.text.header import columns_by_name, names_of
from bevseg.io.text.tokens import Dialect

_SHOWN = 100


def header_error(path: Path, header: str, first: list[str], dialect: Dialect) -> CloudFormatError:
    """Return the error for a header that does not say which columns are x, y and z."""
    names = names_of(header, dialect, len(first))
    why = f"its header is {header.strip()[:_SHOWN]!r}, its first row {row(first)}"
    if names is None:
        why += f": the header does not name {len(first)} columns"
    else:
        places = columns_by_name(names)
        why += f": {places}" if isinstance(places, str) else ""
    return CloudFormatError(
        "The header does not say which columns are x, y and z",
        where=path,
        why=why,
        hint=f"name the columns, for example --columns {suggestion(names, first, dialect)}{_degrees(names)}",
    )


def _degrees(names: list[str] | None) -> str:
    words = {plain(name)[:3] for name in names or ()}
    return "; latitude and longitude have to be projected first" if {"lat", "lon"} <= words else ""


def many_columns_error(path: Path, count: int, first: list[str]) -> CloudFormatError:
    """Return the error for a file without a header that is wider than lists of points are."""
    return CloudFormatError(
        f"{count} columns without names",
        where=path,
        why=f"no header says what they hold, and the first row is {row(first)}: is it a raster?",
        hint="name the columns of a list of points, for example --columns x,y,z",
    )


def no_points_error(path: Path, begin: str) -> CloudFormatError:
    """Return the error for text without a line of numbers."""
    why, hint = (
        f"it begins with {begin!r}",
        f"expected lines of x y z [label]; bevseg reads {formats.readable()}",
    )
    if re.search(r"\d,\d{3}[.,]\d|\d\.\d{3}[.,]\d", begin):
        why, hint = f"it seems to have separators of thousands: {why}", "write the numbers without them"
    elif re.search(r"\d[ \t]+-?\d+\.?\d*,", begin):
        why, hint = f"several separators stand in a line: {why}", "separate all columns in the same way"
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


def counter_error(path: Path, first: list[str], values: str) -> CloudFormatError:
    """Return the error for a first column that is a number or a time of the points."""
    others = ["-", *AXES] if len(first) > len(AXES) else [*AXES]
    return CloudFormatError(
        "The first column may be no coordinate",
        where=path,
        why=f"no header names it, and it {values}, like a number or a time; the first row is {row(first)}",
        hint=f"name the columns, for example --columns {','.join(others)} or --columns x,y,z",
    )


def number_error(path: Path, why: str) -> CloudFormatError:
    """Return the error for lines that no list of points has."""
    return CloudFormatError(
        "The file is no list of points",
        where=path,
        why=why,
        hint="expected one line per point: x y z [label]",
    )


def row(fields: list[str]) -> str:
    """Return a row as it can be shown."""
    return repr(" ".join(fields)[:_SHOWN])


def suggestion(names: list[str] | None, first: list[str], dialect: Dialect) -> str:
    """Return what the user may give as `--columns`: known names as they are, the rest of x y z where numbers are."""
    columns: list[str] = []
    for name in names or [""] * len(first):
        known = meaning(name)
        word = "label" if known == "class" else known if known in AXES else ""
        columns.append("" if word in columns else word)
    for i, axis in enumerate(AXES):
        free = [place for place, word in enumerate(columns) if not word and dialect.is_number(first[place])]
        if axis in columns or not free:
            continue
        behind = columns.index(AXES[i - 1]) + 1 if i and AXES[i - 1] in columns else 0
        columns[behind if behind in free else free[0]] = axis
    while columns and not columns[-1]:
        columns.pop()
    return ",".join(word or "-" for word in columns)
