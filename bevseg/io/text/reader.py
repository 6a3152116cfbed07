"""Text -> points: SHREC'20 and generic ASCII."""

from __future__ import annotations

import dataclasses
import os
import re
import warnings
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bevseg.errors import CloudFormatError, CrsError
from bevseg.io import packed
from bevseg.io.coordinates import in_metres
from bevseg.io.fields import AXES
from bevseg.io.format_errors import too_few
from bevseg.io.raw import RawCloud, class_codes, unclear_class
from bevseg.io.text import plausible, resolution, rows, table, units
from bevseg.io.text.columns import LABEL, Layout
from bevseg.io.text.encoding import decoded, readable
from bevseg.io.text.first_lines import layout
from bevseg.io.text.foreign import foreign
from bevseg.io.text.source import TextSource
from bevseg.io.text.tokens import dialect_of
from bevseg.io.text.unclear import number_error
from bevseg.runtime import memory

_HEAD = 1 << 16
"""Bytes at the start of a file that show whether it is text."""
BYTES_PER_POINT = 180.0
"""The text of a point, its numbers, the steps made of them, and what the stages hold after."""
_BYTES_PER_LINE = 24
"""About the length of `x y z label` with millimetres. The number of points is not known before all are read."""
_LOOKED_AT = 100
_DECIMAL = re.compile(rb"(?<!\d)(?:0\d*|\d{4,}),\d|(?<!\d),\d|,\d{1,2}(?!\d)|,\d{4}")


def read(path: Path, *, columns: str | None = None) -> RawCloud:
    """Read a text cloud.

    Parameters
    ----------
    path
        The file.
    columns
        Comma-separated name of each column: `x`, `y`, `z`, `label`, names of further columns, and `-`. None: as a
        header line names them. Without a header, x y z come first, and a fourth and last column of whole numbers may
        be the class: `RawCloud.without_codes`.

    Raises
    ------
    CloudFormatError
        If the file is no list of points, if the meaning of its columns is not clear, or if it is cut short, ragged,
        or holds letters: with the line and what stands there.
    UsageError
        If `columns` does not fit the file.
    """
    memory.require(path.stat().st_size // _BYTES_PER_LINE, BYTES_PER_POINT, where=path)
    data = _content(path)
    if columns is None and (other := foreign(data[:_HEAD])):
        raise other.error(path)
    lines = decoded(data, path)
    del data
    start = layout(lines.data, columns, path, readable(rows.last_comment(lines.data)))
    head, raw, end = lines.data[: start.offset], rows.behind(lines.data, start.offset), lines.end
    del lines
    raw, mark = rows.without_end(raw)
    names = rows.last_comment(raw) if start.named_behind else b""
    raw = rows.behind(raw[: len(raw) - len(names)], 0) if names else raw
    body = rows.points_alone(raw)
    _tell_left_out(raw, body, mark, path)
    found = table.parse_points(body, raw, start, path)
    del raw
    if start.claimed is not None and found.height < start.claimed:
        raise too_few(path, start.claimed, found.height)
    if start.claimed is not None and found.height > start.claimed:
        warnings.warn(
            f"{path}: {found.height:,} points follow a count of {start.claimed:,}: all are read", stacklevel=2
        )
    xyz = found.select(AXES).to_numpy()
    start, codes, why_none = _codes(found, start, path)
    _check_values(xyz, body, start, path)
    metres = units.sizes(dict(start.units), path, _first_place(xyz))
    plausible.check(xyz, _first_rows(body, start), start, metres, path)
    if why_none:  # not beside an error about the same columns
        warnings.warn(why_none, stacklevel=2)
    source = TextSource(head, body, start, end, names)
    cloud = in_metres(xyz, resolution.step(xyz, path), metres, source, path)
    plain = None
    if codes is not None and LABEL in start.guessed:
        plain = dataclasses.replace(cloud, source=dataclasses.replace(source, layout=start.without_label()))
    return RawCloud(cloud, codes, without_codes=plain)


def _content(path: Path) -> bytes:
    """Return the bytes of a file, but for the newline behind its last line: without it, lines need not be copied."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(-min(size, 2), os.SEEK_END)
        last = file.read()
        file.seek(0)
        # Behind a zero byte, the newline is half a character of UTF-16.
        return file.read(size - 1 if last.endswith(b"\n") and last[:1] not in b" \t\r\n\0" else size)


def _first_place(xyz: NDArray[np.float64]) -> tuple[float, float]:
    """Return x and y of the first point whose coordinates are finite, else of the first."""
    for start in range(0, len(xyz), _LOOKED_AT):
        finite = np.isfinite(xyz[start : start + _LOOKED_AT]).all(axis=1)
        if finite.any():
            place = start + int(finite.argmax())
            return float(xyz[place, 0]), float(xyz[place, 1])
    return (float(xyz[0, 0]), float(xyz[0, 1])) if len(xyz) else (0.0, 0.0)


def _first_rows(body: bytes, start: Layout) -> list[list[str]]:
    """Return the fields of the first points."""
    return [start.dialect.split(readable(line)) for line in body[:_HEAD].split(b"\n")[:_LOOKED_AT]]


def _tell_left_out(raw: bytes, body: bytes, mark: str, path: Path) -> None:
    """Warn of lines between and behind the points that outputs do not have."""
    count = raw.count(b"\n") - body.count(b"\n") if len(body) < len(raw) else 0
    if count:
        warnings.warn(
            f"{path}: comments or empty lines between the points are left out of outputs: {count:,}",
            stacklevel=3,
        )
    if mark:
        warnings.warn(f"{path}: the {mark} behind the last point is left out of outputs", stacklevel=3)


def looks_like_points(path: Path) -> bool:
    """Whether most of the first lines are rows of numbers. Of a damaged gzip file the readable part counts."""
    head = packed.head(path, _HEAD)
    if foreign(head):
        return False
    try:
        data = decoded(head, path).data
    except CloudFormatError:
        return False
    try:
        data = data[layout(data, None, path).offset :]
    except CrsError:
        pass
    except CloudFormatError as error:
        if "--columns" not in (error.hint or ""):
            return False
    lines = [readable(line) for line in data.split(b"\n")[:_LOOKED_AT]]
    return 2 * sum(_is_point(line) for line in lines) > len(lines)


def _is_point(line: str) -> bool:
    dialect = dialect_of(line)
    return all(dialect.is_number(field) for field in dialect.split(line)[:3])


def is_foreign(path: Path) -> bool:
    """Whether a file with a suffix of text is known to hold something else than a list of points.

    A file that cannot be opened is not: the user gets an error, not silence.
    """
    try:
        return foreign(packed.head(path, _HEAD)) is not None
    except OSError:
        return False


def _check_values(xyz: NDArray[np.float64], body: bytes, start: Layout, path: Path) -> None:
    """Refuse coordinates that are none, and warn of commas that may group thousands."""
    if np.isinf(xyz).any() and not re.search(rb"inf", body, re.IGNORECASE):
        raise number_error(path, "a coordinate is larger than numbers of 64 bits are")
    if start.decimal_comma and not _DECIMAL.search(body):
        first = start.dialect.split(readable(body[: body.find(b"\n")] if b"\n" in body else body))
        shown = next((field for field in first if "," in field), "")
        warnings.warn(
            f"{path}: the commas are read as decimal commas: {shown} is {shown.replace(',', '.')}; if they group "
            "thousands, remove them",
            stacklevel=3,
        )


def _codes(found: pl.DataFrame, start: Layout, path: Path) -> tuple[Layout, NDArray[np.int64] | None, str]:
    """Return the class codes, the layout without a column of classes if there are none after all, and why not."""
    if LABEL not in found.columns:
        return start, None, ""
    values = found[LABEL].to_numpy()
    if LABEL in start.guessed:
        whole = np.rint(values) == values
        if not whole.all() and not (whole | np.isnan(values)).all():
            return start.without_label(), None, unclear_class(path, f"{values[np.argmin(whole)]:g}")
    codes = class_codes(values, path)
    if codes is None and not np.isnan(values).all():
        return start.without_label(), None, ""
    return start, codes, ""
