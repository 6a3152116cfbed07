"""First lines of a text file -> where the points begin, how lines are split, which column is which."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from bevseg.io.fields import AXES, meaning
from bevseg.io.text.columns import Layout, checked
from bevseg.io.text.encoding import readable
from bevseg.io.text.header import columns_by_name, is_comment, names_of
from bevseg.io.text.meanings import columns_of
from bevseg.io.text.start import Start
from bevseg.io.text.tokens import Dialect, dialect_of, is_missing
from bevseg.io.text.unclear import grouped_error, no_points_error, number_error

_HEAD = 1 << 20
"""Bytes at the start in which the first point must stand."""
_LONGEST_LINE = 1 << 16
_SAMPLE = 100
"""Rows that show how lines are split."""
_MOST_DIGITS = 15
_SHOWN = 60
_GROUPED = re.compile(r"[-+]?\d{1,3}(?: \d{3})+(?:[.,]\d*)?$")


def layout(data: bytes, columns: str | None, path: Path, last: str = "") -> Layout:
    """Inspect the first lines of a file.

    Parameters
    ----------
    data
        The text, or its start.
    columns
        `--columns`.
    path
        For messages.
    last
        A comment behind the last point, which may name the columns.

    Raises
    ------
    CloudFormatError
        If no line has the form of a point, or the meaning of the columns is not clear.
    UsageError
        If `columns` is not understood or names more columns than there are.
    """
    wanted = None if columns is None else checked(columns)
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
        elif (
            text.strip()
            and not is_comment(text.strip())
            and _is_row(text, heading)
            and not _numbers_columns(text, lines[number : number + 2])
            and not _heads_columns(text, lines[number : number + 2])
        ):
            start = Start(heading, *_rows(lines[number - 1 :], path), path, last)
            found = columns_of(start, wanted, claimed)
            return dataclasses.replace(found, offset=offset, line=number, claimed=claimed)
        elif text.strip() and not text.lower().startswith("sep="):
            heading[number] = text
        offset += len(line) + 1
    begin = readable(b"\n".join(lines[:_SHOWN]))[:_SHOWN]
    raise no_points_error(path, begin, [*heading.values()][:_SAMPLE])


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


def _numbers_columns(text: str, following: list[bytes]) -> bool:
    """Whether a line before others is a header that counts the columns from 0, as that of pandas."""
    fields = dialect_of(text).split(text)
    counted = fields[not fields[0] :]
    if len(counted) < len(AXES) or counted != [str(i) for i in range(len(counted))]:
        return False
    return any(b"." in line or re.search(rb"\d{5}", line) for line in following)


def _heads_columns(text: str, following: list[bytes]) -> bool:
    """Whether a line without any number has words in columns of numbers: a second row of names, or units."""
    dialect = dialect_of(text)
    fields = dialect.split(text)
    if any(dialect.is_number(field) for field in fields):
        return False
    words = [i for i, field in enumerate(fields) if not is_missing(field)]
    rows = [dialect_of(readable(line)).split(readable(line)) for line in following]
    return any(len(row) == len(fields) and any(dialect.is_number(row[i]) for i in words) for row in rows)


def _rows(lines: list[bytes], path: Path) -> tuple[list[list[str]], Dialect]:
    """Return the fields of the first points, and how they are split. Blanks within numbers are refused."""
    texts = [readable(line) for line in lines[: 2 * _SAMPLE]]
    texts = [text for text in texts if text.strip() and not is_comment(text.strip())][:_SAMPLE]
    dialect = dialect_of(texts[0])
    others = [dialect_of(text) for text in texts]
    if any(other.decimal_comma and other.separator == dialect.separator for other in others):
        dialect = dataclasses.replace(dialect, decimal_comma=True)
    if dialect.separator == " " and all(_has_groups(text) for text in texts):
        raise grouped_error(path, texts[0])
    return [dialect.split(text) for text in texts], dialect


def _has_groups(text: str) -> bool:
    """Whether tabs or wide gaps separate numbers, and single blanks group their digits by three."""
    fields = re.split(r"\t| {2,}", text.strip())
    grouped = sum(bool(_GROUPED.match(field)) for field in fields)
    return (
        len(fields) >= len(AXES)
        and grouped > 0
        and all(_GROUPED.match(field) or " " not in field for field in fields)
    )
