"""Extra dimensions of LAS points, and the record of the header that describes them."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.errors import CloudFormatError
from bevseg.io.las.header import Header, Record

EXTRA_BYTES = ("LASF_Spec", 4)
_STRUCT = 192
"""Bytes of one description in the extra-bytes record (LAS 1.4 R15, table 24)."""
_TYPES = {"u1": 1, "i1": 2, "u2": 3, "i2": 4, "u4": 5, "i4": 6, "u8": 7, "i8": 8, "f4": 9, "f8": 10}


@dataclass(frozen=True)
class Dimension:
    """An extra dimension: (N,) values and what they are, in at most 31 characters."""

    values: NDArray[np.generic]
    description: str = ""


def with_dimensions(
    header: Header, record: np.dtype[np.void], standard_size: int, added: Mapping[str, Dimension], where: Path
) -> tuple[Header, np.dtype[np.void]]:
    """Describe extra dimensions in the header and make room for them behind the others.

    A dimension that the points already have keeps its place and gets the new description.

    Parameters
    ----------
    header, record
        Of the points as they are; `record` has one field per stored value.
    standard_size
        Bytes of a point without extra dimensions.
    added
        Name -> dimension.
    where
        The file, for messages.

    Returns
    -------
    tuple
        Header and record type of the points to write.
    """
    known = header.find(*EXTRA_BYTES)
    extra = record.itemsize - standard_size
    described = known.data if known is not None and extra else b""
    names = [described[i + 4 : i + 36].split(b"\0")[0].decode() for i in range(0, len(described), _STRUCT)]
    fields = [(name, record.fields[name][0]) for name in record.names or ()]  # type: ignore[index]
    if "ExtraBytes" in dict(fields) and "ExtraBytes" not in names:
        # Bytes at the end of a point that nobody described: ours come behind them, so they get a description.
        described += _undescribed(dict(fields)["ExtraBytes"].itemsize)
    for name, dimension in added.items():
        entry = _described(name, dimension)
        if name not in names:
            described += entry
            fields.append((name, dimension.values.dtype.newbyteorder("<")))
            continue
        if dict(fields)[name] != dimension.values.dtype:
            raise CloudFormatError(
                f"The cloud already has a dimension {name}",
                where=where,
                why=f"bevseg writes this dimension; that of the cloud has another type, {dict(fields)[name]}",
                hint="rename that dimension",
            )
        at = names.index(name) * _STRUCT
        described = described[:at] + entry + described[at + _STRUCT :]
    if not described:
        return header, record
    new = known.with_data(described) if known else Record.new(*EXTRA_BYTES, described, "Extra Bytes Record")
    return header.replace(new), np.dtype(fields)


def _described(name: str, dimension: Dimension) -> bytes:
    kind = _TYPES[dimension.values.dtype.str[1:]]
    return _entry(kind, 0, name, dimension.description)


def _undescribed(size: int) -> bytes:
    """Return entries for bytes without meaning, 7 at most in each: laspy takes higher counts for option flags."""
    starts = range(0, size, 7)
    names = ["ExtraBytes", *(f"ExtraBytes{i}" for i in range(2, len(starts) + 1))]
    return b"".join(_entry(0, min(7, size - at), name, "") for at, name in zip(starts, names, strict=True))


def _entry(kind: int, options: int, name: str, description: str) -> bytes:
    text = description.encode("utf-8", "replace")[:31]
    return struct.pack("<2xBB32s4x120x32s", kind, options, name.encode()[:32], text)
