"""Text -> points: SHREC'20 and generic ASCII."""

from __future__ import annotations

import dataclasses
import re
import warnings
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bevseg.core.pointcloud import PointCloud
from bevseg.errors import CloudFormatError
from bevseg.io import packed
from bevseg.io.fields import AXES
from bevseg.io.format_errors import too_few
from bevseg.io.raw import RawCloud, class_codes, unclear_class
from bevseg.io.text import resolution, rows, table
from bevseg.io.text.columns import LABEL, Layout
from bevseg.io.text.encoding import decoded, readable
from bevseg.io.text.first_lines import layout
from bevseg.io.text.foreign import foreign
from bevseg.io.text.source import TextSource
from bevseg.io.text.tokens import dialect_of
from bevseg.io.text.unclear import counter_error, number_error
from bevseg.runtime import memory

_HEAD = 1 << 16
"""Bytes at the start of a file that show whether it is text."""
BYTES_PER_POINT = 180.0
"""The text of a point, its numbers, the steps made of them, and what the stages hold after."""
_BYTES_PER_LINE = 24
"""About the length of `x y z label` with millimetres. The number of points is not known before all are read."""
_LOOKED_AT = 100
_LEAST_COUNTED = 10
"""Points that show whether a column counts them."""
_LEAST_SORTED = 100
"""Points that show whether a column rises, as times do."""
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
    data = path.read_bytes()
    if columns is None and (other := foreign(data[:_HEAD])):
        raise other.error(path)
    lines = decoded(data, path)
    del data
    start = layout(lines.data, columns, path)
    head, raw, end = lines.data[: start.offset], rows.behind(lines.data, start.offset), lines.end
    del lines
    body = rows.points_alone(raw)
    found = table.parse_points(body, raw, start, path)
    del raw
    if start.claimed is not None and found.height < start.claimed:
        raise too_few(path, start.claimed, found.height)
    if start.claimed is not None and found.height > start.claimed:
        warnings.warn(
            f"{path}: {found.height:,} points follow a count of {start.claimed:,}: all are read", stacklevel=2
        )
    xyz = found.select(AXES).to_numpy()
    start, codes = _codes(found, start, path)
    _check_values(xyz, body, start, path)
    source = TextSource(head, body, start, end)
    cloud = PointCloud.from_xyz(xyz, scale=resolution.step(xyz, path), name=str(path), source=source)
    plain = None
    if codes is not None and LABEL in start.guessed:
        plain = dataclasses.replace(cloud, source=TextSource(head, body, start.without_label(), end))
    return RawCloud(cloud, codes, without_codes=plain)


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
    if "order" in start.guessed and len(start.names) > len(AXES) and LABEL not in start.names:
        _check_order(xyz, body, start, path)


def _check_order(xyz: NDArray[np.float64], body: bytes, start: Layout, path: Path) -> None:
    """Refuse a first column that may be a number or a time, where no header says what it is."""
    steps = np.diff(xyz[:, 0])
    if len(xyz) >= _LEAST_COUNTED and steps[0] != 0 and np.allclose(steps, steps[0], rtol=1e-3, atol=0):
        why = f"changes by {steps[0]:g} in each line"
    elif len(xyz) >= _LEAST_SORTED and _rises(xyz[:, 0]) and not _rises(xyz[:, 1]):
        why = "never falls"
    else:
        return
    raise counter_error(path, start.dialect.split(readable(body[: body.find(b"\n")])), why)


def _rises(column: NDArray[np.float64]) -> bool:
    return bool((np.diff(column) >= 0).all() and column[-1] > column[0])


def _codes(found: pl.DataFrame, start: Layout, path: Path) -> tuple[Layout, NDArray[np.int64] | None]:
    """Return the class codes, and the layout without a column of classes if there are none after all."""
    if LABEL not in found.columns:
        return start, None
    values = found[LABEL].to_numpy()
    whole = np.rint(values) == values
    if LABEL in start.guessed and not (whole | np.isnan(values)).all():
        warnings.warn(unclear_class(path, f"{values[np.argmin(whole)]:g}"), stacklevel=3)
        return start.without_label(), None
    codes = class_codes(values, path)
    if codes is None and not np.isnan(values).all():
        return start.without_label(), None
    return start, codes
