"""A LAS file -> its header: all that stands before and after the points. Claims are checked against its bytes."""

from __future__ import annotations

import dataclasses
import struct
from typing import BinaryIO

from bevseg.io.las.header import Header, standard_length
from bevseg.io.las.records import cut_records

_ENCODING, _VERSION, _SIZE = 6, 24, 94
_WAVEFORM_AT, _EVLR_AT, _LEAST = 227, 235, 227
_INTERNAL_WAVEFORM = 0x02
_NEWEST = 5
"""Minor version."""


class UnknownVersionError(ValueError):
    """The file has a version that LAS does not have."""

    def __init__(self, major: int, minor: int) -> None:
        super().__init__(f"its version is {major}.{minor}; LAS has versions 1.0 to 1.5")
        self.version = f"{major}.{minor}"


def read_header(file: BinaryIO, size: int) -> Header:
    """Read all that stands before and after the points.

    Parameters
    ----------
    file
        At its start.
    size
        Bytes of the file.

    Raises
    ------
    ValueError
        If the file ends before its header does, or is no LAS file.
    """
    block = file.read(_LEAST)
    if block[:4] != b"LASF":
        raise ValueError(f"a LAS file begins with 'LASF', this one with {block[:4]!r}")
    if len(block) < _LEAST:
        raise ValueError(f"the header takes {_LEAST} bytes at least, the file has {len(block)}")
    length, points_at, count = struct.unpack_from("<HII", block, _SIZE)
    major, minor = block[_VERSION : _VERSION + 2]
    if major != 1 or minor > _NEWEST:
        raise UnknownVersionError(major, minor)
    least = _LEAST if minor < 4 else standard_length(minor)
    if length < least:
        raise ValueError(f"the header of LAS 1.{minor} takes {least} bytes, this one {length}")
    if not length <= points_at <= size:
        raise ValueError(f"points begin at byte {points_at:,}, the file has {size:,} bytes")
    before = block + file.read(points_at - len(block))
    vlrs, end = cut_records(before, length, count, extended=False)
    return _with_evlrs(Header(before[:length], tuple(vlrs), before[end:]), file, size)


def _with_evlrs(header: Header, file: BinaryIO, size: int) -> Header:
    start, count = 0, 0
    if header.minor >= 4:
        start, count = struct.unpack_from("<QI", header.block, _EVLR_AT)
    elif header.minor == 3 and header.block[_ENCODING] & _INTERNAL_WAVEFORM and len(header.block) >= _EVLR_AT:
        start, count = struct.unpack_from("<Q", header.block, _WAVEFORM_AT)[0], 1
    if not start or not count:
        return header
    if not header.points_at <= start <= size:
        raise ValueError(f"extended records begin at byte {start:,}, the file has {size:,} bytes")
    file.seek(start)
    records, _ = cut_records(file.read(), 0, count, extended=True)
    starts, at = [], start
    for record in records:
        starts.append(at)
        at += len(record.head) + len(record.data)
    return dataclasses.replace(header, evlrs=tuple(records), evlr_starts=tuple(starts))
