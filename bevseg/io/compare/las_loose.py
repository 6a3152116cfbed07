"""The bytes of LAS files that belong to no point and no record: a result has those of its source, or none."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

import lazrs

from bevseg.io.compare.difference import Difference
from bevseg.io.compare.las_header import shown
from bevseg.io.las.block_writer import LASZIP
from bevseg.io.las.header import Header
from bevseg.io.las.laz import read_chunks
from bevseg.io.las.read_header import read_header

_MOST = 1 << 20
"""Bytes behind the points that are looked at."""


def compare(source: Path | None, result: Path, count: int) -> Difference | None:
    """Return the difference of what stands behind the points, and at the end of the file.

    Parameters
    ----------
    source, result
        The files; no source if it is no LAS.
    count
        Number of points of each.
    """
    one = (b"", b"") if source is None else _loose(source, count)
    pairs = zip(one, _loose(result, count), strict=True)
    for what, (left, right) in zip(("behind the points", "at the end of the file"), pairs, strict=True):
        if right not in (b"", left):
            return Difference(f"what stands {what}", shown(left), shown(right))
    return None


def _loose(path: Path, count: int) -> tuple[bytes, bytes]:
    """Return the bytes behind the points, and those behind all."""
    size = path.stat().st_size
    with path.open("rb") as file:
        header = read_header(file, size)
        records = header.evlr_starts[0] if header.evlr_starts else size
        end = records + sum(len(record.head) + len(record.data) for record in header.evlrs)
        if header.compressed:
            points = _end_of_chunks(file, header, count, size) or records
        else:
            points = header.points_at + count * header.record_length
        return _between(file, points, records), _between(file, end, size)


def _end_of_chunks(file: BinaryIO, header: Header, count: int, size: int) -> int | None:
    """Return where the chunk table ends; None if it is not as lazrs, which bevseg writes with, would write it.

    No number in the file says how long the table is.
    """
    record = header.find(*LASZIP)
    chunks = read_chunks(file, header, count, size)
    start = chunks.start + int(chunks.sizes.sum())
    table = io.BytesIO()
    if record is None or not len(chunks.points) or chunks.start == header.points_at:
        return None
    entries = list(zip(chunks.points.tolist(), chunks.sizes.tolist(), strict=True))
    lazrs.write_chunk_table(table, entries, lazrs.LazVlr(record.data))
    file.seek(start)
    data = table.getvalue()
    return start + len(data) if file.read(len(data)) == data else None


def _between(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(min(max(end - start, 0), _MOST))
