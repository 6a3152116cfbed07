"""Records as lines of numbers, whose count and types a header gives: the ASCII bodies of PLY and PCD."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bevseg.errors import CloudFormatError

MOST_COLUMNS = 10_000
"""Most values on a line."""
_ROWS = 500_000
"""Lines that are formatted at a time."""
_SHOWN = 80
_BLOCK = 1 << 24
_POLARS = {
    "i1": pl.Int8, "i2": pl.Int16, "i4": pl.Int32, "i8": pl.Int64,
    "u1": pl.UInt8, "u2": pl.UInt16, "u4": pl.UInt32, "u8": pl.UInt64,
}  # fmt: skip
"""Type in which a column of integers is read."""
_BLANK = ord(" ")
_BLANKS = (b"\n", b" ", b"\t", b"\v", b"\f")
_NOT_A_NUMBER = re.compile(
    rb"(?<![^\s,])[-+]?(?:1\.#(?:QNAN|SNAN|IND)\w*|nan\(\w*\))(?![^\s,])", re.IGNORECASE
)
_INFINITE = re.compile(rb"(?<![^\s,])([-+]?)1\.#INF\w*(?![^\s,])", re.IGNORECASE)
_TO_BLANKS = bytes.maketrans(b"\t\v\f", b"   ")
_FORTRAN = re.compile(rb"(?<=[\d.])[dD](?=[-+]?\d)")


class Lines:
    """The lines of an ASCII body that hold something; `text` has the line ends of Unix.

    Parameters
    ----------
    text
        The body.
    first
        Number of its first line in the file, from 1.
    path
        For messages.
    """

    def __init__(self, text: bytes, first: int, path: Path) -> None:
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        self.text, self.first, self.path = text, first, path
        ends = _line_ends(text)
        if len(ends) and (text[0] <= _BLANK or any(b"\n" + blank in text for blank in _BLANKS)):
            starts = np.append(0, ends[:-1])
            letters = np.frombuffer(text, np.uint8)
            ends = ends[np.add.reduceat((letters > _BLANK).view(np.uint8), starts, dtype=np.int64) > 0]
        self._ends = ends

    def __len__(self) -> int:
        return len(self._ends)

    def part(self, start: int, stop: int) -> bytes:
        """Return the text of lines `start` to `stop`, blank ones before and between included."""
        begin = int(self._ends[start - 1]) if start else 0
        end = int(self._ends[stop - 1]) if stop else 0
        return self.text[begin : max(begin, end)]

    def number(self, place: int) -> int:
        """Return the number in the file of the line at which `part(place, ...)` begins."""
        begin = int(self._ends[place - 1]) if place else 0
        return self.first + self.text.count(b"\n", 0, begin)


def _line_ends(text: bytes) -> NDArray[np.int64]:
    """Return the place behind each line, that of a last line without end included."""
    letters = np.frombuffer(text, np.uint8)
    parts = [
        np.flatnonzero(letters[start : start + _BLOCK] == ord("\n")) + (start + 1)
        for start in range(0, len(text), _BLOCK)
    ]
    if text and not text.endswith(b"\n"):
        parts.append(np.array([len(text)]))
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def ensure_width(columns: int, path: Path) -> None:
    """Check the numbers that a header claims for a line.

    Raises
    ------
    CloudFormatError
        If they are more than `MOST_COLUMNS`.
    """
    if columns > MOST_COLUMNS:
        raise CloudFormatError(
            f"A point with {columns:,} values is not supported",
            where=path,
            why=f"lines of at most {MOST_COLUMNS:,} numbers are read",
            hint="check the header, or write the cloud again as a binary file",
        )


def parse(text: bytes, record: np.dtype[np.void], path: Path, first: int) -> NDArray[np.void]:
    """Parse lines of numbers, one for each record.

    Parameters
    ----------
    text
        The lines, without those of other elements.
    record
        Type of a record by the header; a field can have several values.
    path, first
        For messages: the file, and the number of the first line.

    Returns
    -------
    (N,) records. Floats are 64 bits wide, as text can have more digits than its declared type. Integers become such
    floats where the text holds others.

    Raises
    ------
    CloudFormatError
        For lines with more or fewer numbers than the record, and for letters.
    """
    kinds = [kind for name in record.names or () for kind in _single_kinds(record[name])]
    table = _read(text, kinds)
    if table is None:
        table = _read(_without_blanks(text), kinds)
    if table is None:
        text = _plain(text, len(kinds), path)
        table = _read_widened(_without_blanks(text), kinds)
    if table is None:
        raise _line_error(text, len(kinds), path, first)
    columns = [_narrowed(table.to_series(i).to_numpy(), kind) for i, kind in enumerate(kinds)]
    return _filled(columns, record, path)


def _single_kinds(kind: np.dtype[np.generic]) -> list[np.dtype[np.generic]]:
    return [kind.base] * int(np.prod(kind.shape, dtype=np.int64))


def _read(text: bytes, kinds: list[np.dtype[np.generic]]) -> pl.DataFrame | None:
    """Return the columns; None if a line has not as many numbers, or others than these."""
    schema = {str(i): _POLARS.get(kind.str[1:], pl.Float64) for i, kind in enumerate(kinds)}
    try:
        table = pl.read_csv(text, has_header=False, separator=" ", quote_char=None, schema=schema)
    except pl.exceptions.PolarsError:
        return None
    return None if any(table.null_count().row(0)) else table


def _read_widened(text: bytes, kinds: list[np.dtype[np.generic]]) -> pl.DataFrame | None:
    """Return the columns, as floats where they hold no integers of their type."""
    double: np.dtype[np.generic] = np.dtype("f8")
    wide = [kind if kind.itemsize == 8 else double for kind in kinds]
    for choice in (kinds, wide, [double] * len(kinds)):
        table = _read(text, choice)
        if table is not None:
            return table
    return None


def _plain(text: bytes, columns: int, path: Path) -> bytes:
    """Return the same lines with numbers as C writes them, and blanks between them."""
    if b"," in text:
        line = next(line for line in text.split(b"\n") if line.strip())
        if len(line.replace(b",", b" ").split()) != columns and len(line.split()) == columns:
            raise CloudFormatError(
                "The numbers have decimal commas",
                where=path,
                why=f"a line is {line[:_SHOWN].decode('utf-8', 'replace')!r}",
                hint="write them with decimal points",
            )
        text = text.replace(b",", b" ")
    if b"#" in text or b"(" in text:
        text = _NOT_A_NUMBER.sub(b"nan", text)
        text = _INFINITE.sub(rb"\1inf", text)
    return _FORTRAN.sub(b"e", text)


def _without_blanks(text: bytes) -> bytes:
    """Return the lines that hold something, with one blank between numbers."""
    text = text.translate(_TO_BLANKS)
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    text = text.replace(b" \n", b"\n").replace(b"\n ", b"\n")
    while b"\n\n" in text:
        text = text.replace(b"\n\n", b"\n")
    return text.strip(b" \n") + b"\n"


def _narrowed(values: NDArray[np.generic], kind: np.dtype[np.generic]) -> NDArray[np.generic]:
    """Return a column in its declared type where that holds all its values."""
    if kind.kind == values.dtype.kind or (kind.itemsize == 8 and values.dtype.kind == "f"):
        return values
    with np.errstate(invalid="ignore"):
        narrow = values.astype(kind.newbyteorder("="))
    return narrow if (narrow == values).all() else values


def _filled(columns: list[NDArray[np.generic]], record: np.dtype[np.void], path: Path) -> NDArray[np.void]:
    place, types = 0, []
    for name in record.names or ():
        count = len(_single_kinds(record[name]))
        found = np.result_type(*columns[place : place + count])
        if record[name].base.kind != "f" and found != record[name].base.newbyteorder("="):
            warnings.warn(
                f"{path}: {name[:_SHOWN]} holds other numbers than its type in the header, {record[name].base.name}: "
                f"it is read as {found.name}",
                stacklevel=4,
            )
        types.append((name, found, record[name].shape))
        place += count
    points = np.empty(len(columns[0]), types)
    place = 0
    for name in record.names or ():
        into = points[name].reshape(len(points), -1)
        for i in range(into.shape[1]):
            into[:, i] = columns[place + i]
        place += into.shape[1]
    return points


def _line_error(text: bytes, columns: int, path: Path, first: int) -> CloudFormatError:
    """Return the error for the first line that is no record."""
    why = "its lines are not understood"
    for number, line in enumerate(text.split(b"\n"), first):
        words = line.split()
        bad = next((word for word in words if not _is_number(word)), None)
        shown = line[:_SHOWN].decode("utf-8", "replace").strip()
        if words and len(words) != columns:
            why = f"line {number} has {len(words)} columns, the header says {columns}: {shown!r}"
            break
        if bad is not None:
            word = bad[:_SHOWN].decode("utf-8", "replace")
            why = f"line {number} holds {word!r} where a number is expected: {shown!r}"
            break
    return CloudFormatError(
        "The points are not lines of numbers", where=path, why=why, hint="correct or remove that line"
    )


def _is_number(word: bytes) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return b"_" not in word


def write(columns: Mapping[str, NDArray[np.generic] | list[str]], file: BinaryIO) -> None:
    """Write records as lines: numbers with the fewest digits that give the same value of their type again.

    Parameters
    ----------
    columns
        Name -> (N,) values, or texts that hold several numbers each.
    file
        Open for writing bytes.
    """
    names = [str(i) for i in range(len(columns))]
    size = len(next(iter(columns.values())))
    for start in range(0, size, _ROWS):
        part = {
            name: values[start : start + _ROWS]
            if isinstance(values, list)
            else np.ascontiguousarray(values[start : start + _ROWS], values.dtype.newbyteorder("="))
            for name, values in zip(names, columns.values(), strict=True)
        }
        text = pl.DataFrame(part).write_csv(separator=" ", include_header=False, quote_style="never")
        file.write(text.encode())
