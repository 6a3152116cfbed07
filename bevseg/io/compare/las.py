"""Two LAS, LAZ or COPC files: every byte but those that bevseg declares to change.

What a change of version or of point format must give is computed by the functions that the writer uses.
"""

from __future__ import annotations

from pathlib import Path

from bevseg.io.compare import las_header, las_loose, las_octree, las_points, las_records
from bevseg.io.compare.difference import Difference, counts
from bevseg.io.copc.octree import Octree, is_copc, octree_of
from bevseg.io.las.extra_bytes import KEY as EXTRA_BYTES
from bevseg.io.las.read_header import read_header
from bevseg.io.las.reader import read_source
from bevseg.io.las.reference_system import read_crs
from bevseg.io.las.source import LasSource
from bevseg.io.las.upgrade import NEW_FORMAT, upgraded_header
from bevseg.io.las.version_4 import to_version_4


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
    with result.open("rb") as file:
        written = read_header(file, result.stat().st_size)  # its counts not amended
    return (
        las_header.compare(header, written)
        or las_records.compare(header, one, other)
        or las_octree.compare(octree, one, other)
        or las_loose.compare(source, result, len(one.points))
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
