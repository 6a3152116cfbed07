"""Points and their header -> a LAS or LAZ file, block by block, so that the points are never held twice."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import laspy
import lazrs
import numpy as np
from numpy.typing import NDArray

from bevseg.errors import CloudFormatError
from bevseg.io.las.header import Header, Record

BLOCK = 50_000 * max(32, 4 * (os.cpu_count() or 1))
"""Points that are put together and compressed at a time: so many chunks of LAZ that all cores end about together."""

EXTRA_BYTES = ("LASF_Spec", 4)
LASZIP = ("laszip encoded", 22204)
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
                f"The dimension {name} is taken",
                where=where,
                why=f"the cloud has one of that name and holds {dict(fields)[name]} in it",
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


def write_file(
    path: Path,
    header: Header,
    point_format: int,
    record: np.dtype[np.void],
    count: int,
    fill: Callable[[NDArray[np.void], slice], None],
) -> None:
    """Write a file; compressed if its name ends with .laz.

    Parameters
    ----------
    path
        The file.
    header
        All but the points.
    point_format, record
        Of the points.
    count
        Number of points.
    fill
        Called with a block of zeros or of older points, to be filled with those of the given slice.

    Raises
    ------
    OSError
        If the system refuses the write.
    """
    compressed = path.suffix.lower() == ".laz"
    vlr = None
    if compressed:
        vlr = lazrs.LazVlr.new_for_compression(point_format, record.itemsize - standard_size(point_format))
        header = header.replace(Record.new(*LASZIP, vlr.record_data(), "http://laszip.org"))
    else:
        header = header.without(LASZIP[0])
    with _Attentive(path) as file:
        file.write(header.head(point_format, record.itemsize, compressed))
        sink = lazrs.ParLasZipCompressor(file, vlr) if compressed else None
        put = sink.compress_many if sink else file.write
        block = np.zeros(min(count, BLOCK), record)
        try:
            for start in range(0, count, BLOCK):
                part = slice(start, min(start + BLOCK, count))
                filled = block[: part.stop - part.start]
                fill(filled, part)
                put(filled.view(np.uint8))
            if sink:
                sink.done()
        except lazrs.LazrsError as error:
            raise file.error or OSError(str(error)) from error
        if header.evlrs:
            end = file.seek(0, 2)
            file.write(header.tail())
            file.seek(0)
            file.write(header.head(point_format, record.itemsize, compressed, end))


def standard_size(point_format: int) -> int:
    """Return the bytes of a point without extra dimensions."""
    return int(laspy.PointFormat(point_format).size)


class _Attentive:
    """A file that remembers why a write failed: the compressor tells of a failure, or an interrupt, but not which."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self.error: BaseException | None = None
        self.seek, self.tell, self.flush = self._file.seek, self._file.tell, self._file.flush

    def __enter__(self) -> _Attentive:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, data: Any) -> int:
        try:
            return self._file.write(data)
        except BaseException as error:
            self.error = error
            raise
