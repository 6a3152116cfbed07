"""Two LAS, LAZ or COPC files: every byte but those that bevseg declares to change.

What a change of version or of point format must give is computed by the functions that the writer uses.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from bevseg.io.compare import las_header, las_octree, las_points, las_records
from bevseg.io.compare.difference import Difference, counts
from bevseg.io.copc.octree import Octree, is_copc, octree_of
from bevseg.io.las.extra_bytes import KEY as EXTRA_BYTES
from bevseg.io.las.header import Header
from bevseg.io.las.read_header import read_header
from bevseg.io.las.reader import read_crs, read_source
from bevseg.io.las.source import LasSource
from bevseg.io.las.upgrade import NEW_FORMAT, upgraded_header
from bevseg.io.las.version_4 import to_version_4

_MOST_BEHIND = 1 << 20
"""Bytes behind the points that are looked at."""


def compare(source: Path, result: Path) -> Difference | None:
    """Return the first difference that bevseg does not declare; None if there is none.

    Raises
    ------
    CloudFormatError
        If a file cannot be read.
    """
    one, other = read_source(source), read_source(result)
    found = _formats(one, other) or counts(len(one.points), len(other.points))
    if found is not None:
        return found
    octree = _sound_octree(one)
    is_new = is_copc(other.header) and octree is None
    header = one.header.without("copc")
    if is_new or one.point_format != other.point_format:
        header = upgraded_header(header, read_crs(one.header, source))
    elif any(record.key == EXTRA_BYTES for record in other.header.evlrs):
        header = to_version_4(header)
    written = _raw_header(result)
    return (
        las_header.compare(header, written)
        or las_records.compare(header, one, other)
        or las_octree.compare(octree, one, other)
        or _behind(source, result, len(one.points))
        or las_points.compare(one, other, sort=is_new)
    )


def _formats(source: LasSource, result: LasSource) -> Difference | None:
    """Accept the same point format, and the one that an upgrade gives."""
    old, new = source.point_format, result.point_format
    if new == old or NEW_FORMAT[old : old + 1] == (new,):
        return None
    return Difference("the point format", str(old), str(new))


def _sound_octree(source: LasSource) -> Octree | None:
    try:
        return octree_of(source)
    except ValueError:  # read and written as plain LAZ
        return None


def _raw_header(path: Path) -> Header:
    """Return the header as it stands in the file, its counts not amended."""
    with path.open("rb") as file:
        return read_header(file, path.stat().st_size)


def _behind(source: Path, result: Path, count: int) -> Difference | None:
    """Compare the bytes that belong to no point and no record: a result has those of its source, or none."""
    pairs = zip(_loose(source, count), _loose(result, count), strict=True)
    for what, (left, right) in zip(("behind the points", "at the end of the file"), pairs, strict=True):
        if right not in (b"", left):
            return Difference(f"what stands {what}", las_header.shown(left), las_header.shown(right))
    return None


def _loose(path: Path, count: int) -> tuple[bytes, bytes]:
    """Return the bytes behind the points, and those behind all. Where compressed points end is not looked at."""
    header, size = _raw_header(path), path.stat().st_size
    records = header.evlr_starts[0] if header.evlr_starts else size
    end = records + sum(len(record.head) + len(record.data) for record in header.evlrs)
    points = records if header.compressed else header.points_at + count * header.record_length
    with path.open("rb") as file:
        return _between(file, points, records), _between(file, end, size)


def _between(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(min(max(end - start, 0), _MOST_BEHIND))
