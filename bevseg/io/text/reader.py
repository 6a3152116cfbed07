"""Text -> points: SHREC'20 and generic ASCII, plain or gzipped."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from bevseg.core.pointcloud import PointCloud
from bevseg.errors import CloudFormatError
from bevseg.io.fields import AXES
from bevseg.io.format_errors import damaged, too_few
from bevseg.io.raw import RawCloud, class_codes
from bevseg.io.text import table
from bevseg.io.text.columns import is_number, layout, split
from bevseg.runtime import memory

_GZIP = b"\x1f\x8b"
_HEAD = 1 << 16
"""Bytes at the start of a file that show whether it is text."""

BYTES_PER_POINT = 150.0
"""The text of a point, its numbers, the steps made of them, and what the stages hold after."""

_BYTES_PER_LINE = 24
"""About the length of `x y z label` with millimetres. The number of points is not known before all are read."""
_LEAST_RATIO = 3
"""Least compression of text. The size that gzip writes at the end of a file is missing where a file is cut short."""


def read(path: Path, *, columns: str | None = None) -> RawCloud:
    """Read a text cloud.

    Parameters
    ----------
    path
        The file.
    columns
        Comma-separated meaning of each column, from `x`, `y`, `z`, `label` and `-`. None: as a header line names
        them, else x, y, z and, if there is a fourth column, label.

    Raises
    ------
    CloudFormatError
        If the file is empty, cut short, ragged, or holds letters: with the line and what stands there.
    UsageError
        If `columns` does not fit the file.
    """
    data = _content(path)
    start = layout(data, columns, path)
    columns_read = table.parse(data, start, path)
    del data
    if start.claimed is not None and columns_read.height < start.claimed:
        raise too_few(path, start.claimed, columns_read.height)
    codes = class_codes(columns_read["label"].to_numpy(), path) if "label" in columns_read.columns else None
    xyz = columns_read.select(AXES).to_numpy()
    return RawCloud(PointCloud.from_xyz(xyz, name=str(path)), codes)


def looks_like_points(path: Path) -> bool:
    """Whether most of the first lines are rows of numbers. Of a damaged gzip file the readable part counts."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head[:2] == _GZIP:
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, _HEAD)
        except zlib.error:
            return False
    try:
        start = layout(head, None, path)
    except CloudFormatError:
        return False
    rows = head[start.offset :].decode("utf-8", "replace").splitlines()[:100]
    good = sum(all(is_number(field) for field in split(row.strip())[0][:3]) for row in rows)
    return 2 * good > len(rows)


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == _GZIP


def _content(path: Path) -> bytes:
    """Return the unpacked bytes of the file."""
    packed = _is_gzip(path)
    _require_memory(path.stat().st_size * (_LEAST_RATIO if packed else 1), path)
    data = path.read_bytes()
    if not packed:
        return data
    try:
        data = gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as error:
        raise damaged(path, "gzip", str(error)) from error
    _require_memory(len(data), path)
    return data


def _require_memory(size: int, path: Path) -> None:
    memory.require(size // _BYTES_PER_LINE, BYTES_PER_POINT, where=path)
