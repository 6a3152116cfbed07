"""The points of a LAS or LAZ file, as they stand in it. Their number is checked before memory is spent."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from bevseg.errors import CloudFormatError
from bevseg.io.format_errors import no_points, too_few
from bevseg.io.las import laz
from bevseg.io.las.extra_bytes import described, record_type
from bevseg.io.las.header import Header
from bevseg.io.las.point_formats import standard_size
from bevseg.runtime import memory

_STAGES = 90.0
"""Bytes that the stages need for a point, beside its record."""
_WORST, _WORST_START = 2.0, 256
"""A compressed point takes at most this many times its bytes, and a chunk this many more: a generous bound."""


def read_points(
    file: BinaryIO, header: Header, path: Path
) -> tuple[NDArray[np.void], NDArray[np.int64] | None]:
    """Read all points.

    Returns
    -------
    tuple
        (N,) points, and the numbers of points of the chunks; None for LAS.

    Raises
    ------
    CloudFormatError
        If there are no points, or fewer than the header says.
    OutOfMemoryError
        If they will not fit.
    ValueError
        If the header or the chunks contradict each other.
    """
    length, least = header.record_length, standard_size(header.point_format)
    if length < least:
        raise ValueError(f"a point has {length} bytes, point format {header.point_format} takes {least}")
    size = path.stat().st_size
    end = header.evlr_starts[0] if header.evlr_starts else size
    if not header.counts:
        raise _uncounted(path, end - header.points_at, length)
    if header.compressed:
        chunks = _chunks(file, header, end)
        count = int(chunks.points.sum())
        more = int(chunks.sizes[-1] > _WORST * length * chunks.points[-1] + _WORST_START)
    else:
        chunks = None
        held = (end - header.points_at) // length
        count = next((count for count in header.counts if count <= held), 0)
        if not count:
            raise too_few(path, header.counts[0], held)
        more = held - count
    if more or len(header.counts) > 1:
        _warn(header.counts, count, path)
    memory.require(count, length + _STAGES, where=path)
    extras = described(header, header.point_format, length)
    points = np.empty(count, record_type(header.point_format, length, extras))
    if chunks is not None:
        laz.decompress(file, header, chunks, points)
        return points, chunks.points
    file.seek(header.points_at)
    if file.readinto(points.view(np.uint8)) != points.nbytes:  # type: ignore[attr-defined]
        raise too_few(path, count)
    return points, None


def _uncounted(path: Path, held: int, length: int) -> CloudFormatError:
    """Return the error for a header that counts 0, and `held` bytes where points of `length` bytes would be."""
    if held <= length:  # LAZ without points has an empty chunk table
        return no_points(path, "its header counts 0")
    return CloudFormatError(
        "The header counts no points",
        where=path,
        why=f"{held:,} bytes stand where points are: the program that wrote the file has probably not finished it",
        hint="export it again, or let a program count the points, for example lasinfo -repair_counters of LAStools",
    )


def _chunks(file: BinaryIO, header: Header, size: int) -> laz.Chunks:
    """Return the chunks for the first number of points of the header that agrees with them."""
    first, *others = header.counts
    try:
        return laz.read_chunks(file, header, first, size)
    except ValueError:
        for count in others:
            try:
                return laz.read_chunks(file, header, count, size)
            except ValueError:
                continue
        raise


def _warn(counts: tuple[int, ...], count: int, path: Path) -> None:
    """Warn of a file that may hold more points than are read."""
    if len(counts) > 1:
        why = f"the header counts {counts[0]:,} points at one place and {counts[1]:,} at another"
    else:
        why = "behind the last point there is room for more"
    warnings.warn(f"{path}: {why}: {count:,} points are read; compare with the original", stacklevel=2)
