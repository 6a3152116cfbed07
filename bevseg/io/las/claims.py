"""What a LAS or LAZ file says of its points, compared with the bytes that are there."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np

from bevseg.errors import CloudFormatError
from bevseg.io.format_errors import no_points, too_few
from bevseg.io.las import laz
from bevseg.io.las.header import Header
from bevseg.io.las.point_formats import STANDARD, standard_size
from bevseg.io.las.read_header import read_header

_WORST, _WORST_START = 2.0, 256
"""A compressed point takes at most this many times its bytes, and a chunk this many more: a generous bound."""


def read_checked(file: BinaryIO, size: int, path: Path) -> tuple[Header, int, laz.Chunks | None]:
    """Read a header and check it; warn if the file may hold more points than are read.

    Parameters
    ----------
    file
        At its start.
    size
        Bytes of the file.
    path
        The file, for messages.

    Returns
    -------
    Header
        All but the points, with the number of points that counts.
    int
        That number, at least 1.
    Chunks, optional
        Of LAZ; None for LAS.

    Raises
    ------
    CloudFormatError
        If its point format is not known, or it has no points, or fewer than it says.
    ValueError
        If it is no LAS file, or contradicts itself.
    """
    header = read_header(file, size)
    if header.point_format >= len(STANDARD):
        raise CloudFormatError(
            f"Point format {header.point_format} is not known",
            where=path,
            why=f"LAS has point formats 0 to {len(STANDARD) - 1}",
            hint="export the cloud again as LAS 1.4, or as PLY",
        )
    if not np.isfinite([*header.scale, *header.offset]).all() or 0 in header.scale:
        raise ValueError(f"its coordinates have scale {header.scale} and offset {header.offset}")
    length, least = header.record_length, standard_size(header.point_format)
    if length < least:
        raise ValueError(f"a point has {length} bytes, point format {header.point_format} takes {least}")
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
    return header.counting(count), count, chunks


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
