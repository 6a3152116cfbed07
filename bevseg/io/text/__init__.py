"""Point clouds as text, read and written: SHREC'20 and generic ASCII, plain or gzipped."""

from __future__ import annotations

import gzip
import zlib
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

import polars as pl

from bevseg.core.labels import Scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import CloudFormatError
from bevseg.io.coordinates import in_file_units, units
from bevseg.io.format_errors import damaged, too_few
from bevseg.io.raw import Scan, whole
from bevseg.io.text import table
from bevseg.io.text.columns import AXES, is_number, layout, split
from bevseg.runtime import memory

_ROWS = 1_000_000
"""Lines that are put together at a time."""
_MOST_DECIMALS = 9
_GZIP_LEVEL = 6
_GZIP = b"\x1f\x8b"
_HEAD = 1 << 16
"""Bytes that are looked at to tell text from other files."""

BYTES_PER_POINT = 150.0
"""The text of a point, its numbers, the steps made of them, and what the stages hold after."""

_BYTES_PER_LINE = 24
"""Of `x y z label` with millimetres, about; the number of points is not known before all are read."""
_LEAST_RATIO = 3
"""Text packs at least this well; the size that gzip notes at the end of a file is no guide where that is cut off."""


def read(path: Path, *, columns: str | None = None) -> Scan:
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
    codes = whole(columns_read["label"].to_numpy(), path) if "label" in columns_read.columns else None
    xyz = columns_read.select(AXES).to_numpy()
    return Scan(PointCloud.from_xyz(xyz, name=str(path)), codes)


def looks_like_points(path: Path) -> bool:
    """Whether most of the first lines of a file are rows of numbers; of a damaged gzip file, as far as it goes."""
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
    _require(path.stat().st_size * (_LEAST_RATIO if packed else 1), path)
    data = path.read_bytes()
    if not packed:
        return data
    try:
        data = gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as error:
        raise damaged(path, "gzip", str(error)) from error
    _require(len(data), path)
    return data


def _require(size: int, path: Path) -> None:
    memory.require(size // _BYTES_PER_LINE, BYTES_PER_POINT, where=path)


def write(cloud: PointCloud, point_labels: PointLabels, path: Path, scheme: Scheme) -> None:
    """Write SHREC'20 text: a header line, then `x y z label`, in the units and at the resolution of the source.

    Raises
    ------
    LabelError
        If the scheme has no code for a class.
    OSError
        If the system refuses the write.
    """
    codes = scheme.encode(point_labels.classes, where=str(path))
    if cloud.finite is not None:
        codes[~cloud.finite] = 0
    rows = pl.DataFrame(dict(zip(AXES, in_file_units(cloud), strict=True)) | {"label": codes})
    finest = min(scale / unit for scale, unit in zip(cloud.scale, units(cloud), strict=True))
    with (
        path.open("wb") as plain,
        _packed(plain) if path.suffix.lower() == ".gz" else nullcontext(plain) as file,
    ):
        for start in range(0, max(len(cloud), 1), _ROWS):
            part = rows.slice(start, _ROWS)
            text = part.write_csv(separator=" ", include_header=start == 0, float_precision=decimals(finest))
            file.write(text.encode())


def _packed(file: BinaryIO) -> gzip.GzipFile:
    """Return a gzip stream that is the same for the same points: no name and no time in it."""
    return gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0)


def decimals(step: float) -> int:
    """Return the decimals that tell multiples of `step` apart: 3 for 0.001, 5 for 0.00025."""
    places = 0
    while places < _MOST_DECIMALS and abs(round(step, places) - step) > 1e-6 * step:
        places += 1
    return places
