"""Extra dimensions, added to LAS points behind those that are there, and described in the header."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.errors import UsageError
from bevseg.io.las.extra_bytes import (
    KEY,
    SIZE,
    TYPES,
    UNDESCRIBED,
    Description,
    described,
    distinct,
    record_type,
)
from bevseg.io.las.header import Header
from bevseg.io.las.point_formats import STANDARD, dimension_names
from bevseg.io.las.records import LONGEST, Record
from bevseg.io.las.version_4 import to_version_4

MOST = LONGEST // SIZE
"""Extra dimensions that a record before the points can describe."""
LONGEST_NAME = 31
"""Bytes of the name of a dimension, without the zero at its end."""
_LONGEST_POINT = 65_535
_HAS_SCALE, _ROOM = 8, 31
"""Flag of a description; bytes of its text, without the zero at its end."""


@dataclass(frozen=True)
class Dimension:
    """An extra dimension.

    Attributes
    ----------
    values
        (N,) stored values, of a type that LAS has.
    description
        At most 31 bytes.
    scale
        What a stored value is multiplied by to get what it means; None for 1.
    """

    values: NDArray[np.generic]
    description: str = ""
    scale: float | None = None


def with_dimensions(
    header: Header, point_format: int, length: int, added: Mapping[str, Dimension], where: Path
) -> tuple[Header, np.dtype[np.void], dict[str, str]]:
    """Describe extra dimensions in the header and make room for them behind the others.

    A dimension that the points already have in the same type keeps its place and gets the new description. In another
    type it stays, and the new one gets a number at the end of its name. Names that are too long are cut, and numbered
    if that makes two equal.

    Parameters
    ----------
    header, point_format, length
        Of the points as they are; bytes.
    added
        Name -> dimension.
    where
        The file, for messages.

    Returns
    -------
    tuple
        Header and record type of the points to write, and name -> name in them.

    Raises
    ------
    UsageError
        If a point gets longer than LAS allows.
    """
    old = described(header, point_format, length)
    if not added:
        return header, record_type(point_format, length, old), {}
    places = {extra.name: i for i, extra in enumerate(old)}
    fields = list(old)
    entries = [extra.data or _undescribed(extra.kind.itemsize) for extra in old]
    taken = {*dimension_names(point_format), *(STANDARD[point_format].names or ()), *places}
    kinds = {extra.name: extra.kind for extra in old}
    names: dict[str, str] = {}
    for name, dimension in added.items():
        kind = dimension.values.dtype.newbyteorder("<")
        new = distinct(name, _taken_for(kind, taken, kinds), LONGEST_NAME)
        names[name] = new
        data = _described(new, name, dimension)
        if new in places:
            entries[places[new]] = data
            continue
        fields.append(Description(data, new, length, kind))
        entries.append(data)
        taken.add(new)
        length += kind.itemsize
    if length > _LONGEST_POINT:
        raise UsageError(
            "The fields of this cloud do not fit a LAS file",
            where=where,
            why=f"a point with all {len(fields):,} extra dimensions takes {length:,} bytes, "
            f"LAS allows {_LONGEST_POINT:,}",
            hint="choose --format ply",
        )
    return _with_record(header, b"".join(entries)), record_type(point_format, length, fields), names


def _taken_for(
    kind: np.dtype[np.generic], taken: set[str], kinds: Mapping[str, np.dtype[np.generic]]
) -> Callable[[str], bool]:
    """Return whether a name is taken: all in use are, but those of dimensions of the source with this type."""
    return lambda name: name in taken and not (name in kinds and kinds[name] == kind)


def _with_record(header: Header, data: bytes) -> Header:
    """Return the header with one record of descriptions, in the place of the first of those that were there."""
    first = header.find(*KEY)
    record = first.with_data(data) if first else Record.new(*KEY, data, "Extra Bytes Record")
    if record.extended and header.minor < 4:
        header = to_version_4(header)
    moves = record.extended and (first is None or not first.extended)
    header = header.keep(lambda old: old.key != KEY or (old is first and not moves))
    return header.with_evlr(record) if moves else header.replace(record)


def _described(name: str, wanted: str, dimension: Dimension) -> bytes:
    """Return the description of a dimension; it holds the end of a name that had to be cut."""
    kind = TYPES.index(dimension.values.dtype.str[1:]) + 1
    text = dimension.description
    if not text and len(wanted.encode()) > LONGEST_NAME:
        text = "..." + wanted.encode()[3 - _ROOM :].decode("utf-8", "ignore")
    return _entry(kind, _HAS_SCALE * (dimension.scale is not None), name, text, dimension.scale or 0.0)


def _undescribed(size: int) -> bytes:
    """Return entries for bytes without meaning, 7 at most in each: laspy takes higher counts for option flags."""
    starts = range(0, size, 7)
    names = [UNDESCRIBED, *(f"{UNDESCRIBED}{i}" for i in range(2, len(starts) + 1))]
    return b"".join(_entry(0, min(7, size - at), name, "") for at, name in zip(starts, names, strict=True))


def _entry(kind: int, options: int, name: str, description: str, scale: float = 0.0) -> bytes:
    text = description.encode("utf-8", "replace")[:_ROOM].decode("utf-8", "ignore").encode()
    return struct.pack("<2xBB32s76xd40x32s", kind, options, name.encode(), scale, text)
