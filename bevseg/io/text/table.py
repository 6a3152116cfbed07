"""Lines of numbers -> columns, by polars; or an error with the first line that is not numbers.

Polars gets tidy lines. If it fails, odd spellings of numbers are replaced. If that fails too, the line at fault is
searched for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from bevseg.errors import CloudFormatError
from bevseg.io.text import rows
from bevseg.io.text.columns import SKIPPED, Layout
from bevseg.io.text.encoding import readable
from bevseg.io.text.tokens import is_missing
from bevseg.io.text.unclear import cause, is_figures

_PART = 1 << 24
"""Bytes whose separators are counted at a time."""
_FEW = 200
"""Lines that are looked at one by one."""
_SHOWN = 80


def parse(data: bytes, start: Layout, path: Path) -> pl.DataFrame:
    """Parse the lines from the first point on.

    Parameters
    ----------
    data
        The whole file.
    start
        Where the points begin and what their columns mean.
    path
        For messages.

    Returns
    -------
    polars.DataFrame
        One float column for each name that is not `-`; NaN where a field is empty.

    Raises
    ------
    CloudFormatError
        For ragged rows and letters, with the line.
    """
    raw = rows.behind(data, start.offset)
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return parse_points(rows.points_alone(raw), raw, start, path)


def parse_points(body: bytes, raw: bytes, start: Layout, path: Path) -> pl.DataFrame:
    """Parse lines of points; `raw` are the same lines with comments and empty lines, for the numbers of lines."""
    wanted = [i for i, name in enumerate(start.names) if name != SKIPPED]
    try:
        found = _first_success(body, start, wanted)
    except ValueError as error:
        raise _line_error(body, raw, start, path) from error
    found.columns = [start.names[i] for i in wanted]
    return found


def _first_success(body: bytes, start: Layout, wanted: Sequence[int]) -> pl.DataFrame:
    """Parse lines as they stand, else tidied, else with odd spellings replaced."""
    if not (start.decimal_comma or start.trailing or b'"' in body):
        try:
            return numbers(body, start, wanted)
        except ValueError:
            pass
    text = tidy(body, start)
    try:
        return numbers(text, start, wanted)
    except ValueError:
        return numbers(rows.respelt(text), start, wanted)


def tidy(body: bytes, start: Layout) -> bytes:
    """Return lines as `numbers` takes them; ValueError if quotes or decimal marks are not consistent."""
    text = rows.tidy(body, start.dialect)
    return rows.without_last_separator(text, start.separator) if start.trailing else text


def numbers(
    text: bytes, start: Layout, wanted: Sequence[int], kind: type[pl.DataType] = pl.Float64
) -> pl.DataFrame:
    """Parse columns of tidy lines.

    Parameters
    ----------
    text
        Lines without comments and needless blanks.
    start
        Names of all columns, and the separator.
    wanted
        Places of the columns, ascending.
    kind
        Type of the result.

    Raises
    ------
    ValueError
        If a row is too short or too long, or a field is no number of this type.
    """
    count = len(start.names)
    read = sorted({*wanted, count - 1})
    try:
        table = pl.read_csv(
            text,
            has_header=False,
            separator=start.separator,
            quote_char=None,
            schema={str(i): kind if i in wanted else pl.String for i in range(count)},
            columns=read,
        )
    except pl.exceptions.PolarsError as error:
        raise ValueError(str(error).splitlines()[0]) from error
    empty = any(table.null_count().row(0))
    if empty and start.separator == " ":
        raise ValueError("a row is too short")
    if (empty and _ragged(text, start.separator, count) is not None) or (
        len(read) < count and _has_longer(text, start.separator, table.height * (count - 1))
    ):
        raise ValueError("a row is too short or too long")
    table = table.select(str(i) for i in wanted)
    return table.fill_null(float("nan")) if empty and kind == pl.Float64 else table


def _has_longer(text: bytes, separator: str, expected: int) -> bool:
    """Whether there are more separators than lines with all columns have: polars tells short lines alone."""
    return rows.count_of(text, separator) != expected


def _ragged(text: bytes, separator: str, count: int) -> int | None:
    """Return the first line (from 0) that has more or fewer fields than `count`."""
    begin, lines = 0, 0
    while begin <= len(text):
        end = text.find(b"\n", begin + _PART)
        part = text[begin : len(text) if end < 0 else end]
        found = rows.fields_per_line(part, separator, count)
        if found is not None:
            return lines + found
        lines += part.count(b"\n") + 1
        begin += len(part) + 1
    return None


def _line_error(body: bytes, raw: bytes, start: Layout, path: Path) -> CloudFormatError:
    """Return the error for the first line that is not a point."""
    lines = body.split(b"\n")
    low, high = 0, len(lines)
    while high - low > _FEW:
        middle = (low + high) // 2
        low, high = (middle, high) if _is_table(lines[low:middle], start) else (low, middle)
    hint = "correct or remove that line"
    for place in range(low, high):
        fault = _fault(readable(lines[place]), start)
        if fault is None:
            continue
        number = start.line + _places(raw, place)
        fields = start.dialect.split(readable(lines[place]))
        if start.claimed is not None and len(fields) == 1 and fields[0].isdigit():
            return CloudFormatError(
                "The file holds several scans, which are not read together",
                where=path,
                why=f"line {number} is a second count of points: {fields[0][:_SHOWN]!r}",
                hint="save each station as a file of its own, or remove the counts but the first",
            )
        why = f"line {number} {fault[0]}: {readable(lines[place]).strip(' ')[:_SHOWN]!r}"
        hint = fault[1] or hint
        break
    else:
        why = "some lines are not read as numbers"
    return CloudFormatError("The text is not a table of numbers", where=path, why=why, hint=hint)


def _is_table(lines: list[bytes], start: Layout) -> bool:
    wanted = [i for i, name in enumerate(start.names) if name != SKIPPED]
    try:
        numbers(rows.respelt(tidy(b"\n".join(lines), start)), start, wanted)
    except ValueError:
        return False
    return True


def _fault(line: str, start: Layout) -> tuple[str, str] | None:
    """Return what is wrong with a line of points, and what to do."""
    if line.count('"') % 2:
        return "has a quote that does not end", ""
    if re.search(r"[\x0b\x0c]", line):
        return "holds a form feed or a vertical tab", "remove these characters"
    odd = re.search("[\x1c-\x1f\x85\u2028\u2029]", line)
    if odd:
        return (
            f"holds the character U+{ord(odd[0]):04X}, which ends no line here",
            "end the lines with a newline",
        )
    fields = start.dialect.split(line)
    count = len(start.names) + start.trailing
    if len(fields) != count:
        return f"has {len(fields)} columns, the first point has {count}", ""
    for field, name in zip(fields, start.names, strict=False):
        if name == SKIPPED or start.dialect.is_number(field) or is_missing(field):
            continue
        if "," in field and ("." in field or field.count(",") > 1):
            return f"holds {field[:_SHOWN]!r}, a number with separators of thousands", "write it without them"
        if field.replace(",", "").lstrip("+-").isdigit():
            return (
                f"holds {field[:_SHOWN]!r}, a number with a decimal comma",
                "use one decimal mark in all lines",
            )
        known = cause(field) or (cause(line) if is_figures(field) else None)
        if known:
            return f"holds {field[:_SHOWN]!r} where a number is expected: {known[0]}", known[1]
        return f"holds {field[:_SHOWN]!r} where a number is expected", ""
    if start.decimal_comma and any("." in field and start.dialect.is_number(field) for field in fields):
        return "has a number with a point, others have a decimal comma", "use one decimal mark in all lines"
    return None


def _places(raw: bytes, place: int) -> int:
    """Return how many lines of the file stand before the point of that place."""
    for number, line in enumerate(raw.split(b"\n")):
        if line.strip() and not line.lstrip().startswith(rows.COMMENTS):
            if place == 0:
                return number
            place -= 1
    return 0
