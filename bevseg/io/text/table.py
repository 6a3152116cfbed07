"""Lines of numbers -> columns, by polars; or an error with the first line that is not numbers.

Polars gets regular lines as they are. If it fails, blanks and comments are removed first. If that fails too, the
line at fault is searched for.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from bevseg.errors import CloudFormatError
from bevseg.io.text.columns import COMMENTS, SKIPPED, Layout, is_number, split


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
        One float column for each name that is not `-`.

    Raises
    ------
    CloudFormatError
        For ragged rows and letters, with the line.
    """
    end = len(data)
    while end and data[end - 1] in b" \t\r\n":
        end -= 1
    body = data[start.offset : end]
    try:
        return _table(body, start, start.separator)
    except ValueError:
        pass
    try:
        return _table(_without_blanks(body, start.separator), start, start.separator.replace("\t", " "))
    except ValueError as error:
        raise _line_error(body, start, path, str(error)) from error


def _table(body: bytes, start: Layout, separator: str) -> pl.DataFrame:
    """Parse lines of numbers; ValueError for anything else among them."""
    schema = {str(i): pl.Float64 for i in range(len(start.names))}
    kept = [i for i, name in enumerate(start.names) if name != SKIPPED]
    try:
        table = pl.read_csv(
            body, has_header=False, separator=separator, quote_char=None, schema=schema, columns=kept
        )
    except pl.exceptions.PolarsError as error:
        raise ValueError(str(error).splitlines()[0]) from error
    if any(table.null_count().row(0)):
        raise ValueError("a row is too short")
    if start.names[-1] == SKIPPED:  # polars does not miss what it does not read
        between = np.count_nonzero(np.frombuffer(body, np.uint8) == ord(separator))
        if between != table.height * (len(start.names) - 1):
            raise ValueError("a row is too short or too long")
    table.columns = [start.names[i] for i in kept]
    return table


def _without_blanks(body: bytes, separator: str) -> bytes:
    """Return the lines without comments, empty lines and needless blanks."""
    body = body.replace(b"\r", b"")
    if separator in ";,":
        body = body.translate(None, b" \t")
    else:
        body = body.replace(b"\t", b" ")
        while b"  " in body:
            body = body.replace(b"  ", b" ")
        body = body.replace(b" \n", b"\n").replace(b"\n ", b"\n").strip(b" ")
    if any(b"\n" + mark in body for mark in COMMENTS):
        body = b"\n".join(line for line in body.split(b"\n") if not line.startswith(COMMENTS))
    while b"\n\n" in body:
        body = body.replace(b"\n\n", b"\n")
    return body.strip(b"\n")


def _line_error(body: bytes, start: Layout, path: Path, why: str) -> CloudFormatError:
    """Return the error for the first line that is not a point."""
    wanted = [i for i, name in enumerate(start.names) if name != SKIPPED]
    for number, line in enumerate(body.split(b"\n"), start=start.line):
        text = line.decode("utf-8", "replace").strip()
        if not text or line.lstrip().startswith(COMMENTS):
            continue
        fields = split(text)[0]
        if len(fields) != len(start.names):
            why = f"line {number} has {len(fields)} columns, the first point has {len(start.names)}"
        else:
            bad = [fields[i] for i in wanted if not is_number(fields[i])]
            if not bad:
                continue
            why = f"line {number} holds {bad[0]!r} where a number is expected"
        why += f": {text[:80]!r}"
        break
    return CloudFormatError(
        "The text is not a table of numbers", where=path, why=why, hint="correct or remove that line"
    )
