"""The bytes of a LAS file around its points: kept as they are, changed only where a field must change.

A library that parses and writes a header again loses what it does not know: legacy counts, padding, the sequence
of records. Export promises the same header, so it patches the original bytes. Offsets are those of the public
header block, ASPRS LAS 1.4 R15, table 3.
"""

from __future__ import annotations

import dataclasses
import struct
from dataclasses import dataclass, field
from typing import BinaryIO

_ENCODING, _VERSION, _SIZE, _POINTS_AT, _VLR_COUNT, _FORMAT, _RECORD = 6, 24, 94, 96, 100, 104, 105
_BOUNDS_AT, _WAVEFORM_AT, _EVLR_AT, _EVLR_COUNT = 179, 227, 235, 243
_SOFTWARE = slice(58, 90)
_COMPRESSED = 0x80
_INTERNAL_WAVEFORM = 0x02


@dataclass(frozen=True)
class Record:
    """A variable-length record: the 54 (extended: 60) bytes of its head, and its content."""

    head: bytes
    data: bytes

    @classmethod
    def new(cls, user: str, number: int, data: bytes, description: str = "") -> Record:
        """Build a record that was not in the file."""
        head = struct.pack("<2x16sHH32s", user.encode(), number, len(data), description.encode())
        return cls(head, data)

    @property
    def key(self) -> tuple[str, int]:
        """User id and record id."""
        user = self.head[2:18].split(b"\0")[0].decode("ascii", "replace")
        return user, int.from_bytes(self.head[18:20], "little")

    def with_data(self, data: bytes) -> Record:
        """Return the record with other content."""
        width = len(self.head) - 52
        return Record(self.head[:20] + len(data).to_bytes(width, "little") + self.head[20 + width :], data)


@dataclass(frozen=True)
class Header:
    """Everything in a LAS file but the points.

    Attributes
    ----------
    block
        The public header block, user's bytes at its end included.
    vlrs, evlrs
        Records before and after the points.
    gap
        Bytes between the last record and the first point.
    """

    block: bytes
    vlrs: tuple[Record, ...]
    gap: bytes
    evlrs: tuple[Record, ...] = ()
    evlr_starts: tuple[int, ...] = field(default=(), repr=False)

    @property
    def minor(self) -> int:
        """Minor version: 4 for LAS 1.4."""
        return self.block[_VERSION + 1]

    @property
    def compressed(self) -> bool:
        """Whether the points stood in the file as LAZ."""
        return bool(self.block[_FORMAT] & _COMPRESSED)

    @property
    def middle(self) -> tuple[float, float]:
        """Middle of the bounds in the header, (x, y) in units of the file."""
        east, west, north, south = struct.unpack_from("<4d", self.block, _BOUNDS_AT)
        return (west + east) / 2, (south + north) / 2

    @property
    def software(self) -> str:
        """Name of the software that made the file."""
        return self.block[_SOFTWARE].split(b"\0")[0].decode("ascii", "replace").strip()

    def find(self, user: str, number: int) -> Record | None:
        """Return the first record of that user and number, extended ones last."""
        return next((record for record in self.vlrs + self.evlrs if record.key == (user, number)), None)

    def replace(self, record: Record) -> Header:
        """Return the header with `record` in the place of the one with its key, or behind those before the points."""
        vlrs = tuple(record if old.key == record.key else old for old in self.vlrs)
        evlrs = tuple(record if old.key == record.key else old for old in self.evlrs)
        if record not in vlrs + evlrs:
            vlrs = (*vlrs, record)
        return dataclasses.replace(self, vlrs=vlrs, evlrs=evlrs)

    def without(self, *users: str) -> Header:
        """Return the header without the records of these users."""
        kept = [i for i, record in enumerate(self.evlrs) if record.key[0] not in users]
        return dataclasses.replace(
            self,
            vlrs=tuple(record for record in self.vlrs if record.key[0] not in users),
            evlrs=tuple(self.evlrs[i] for i in kept),
            evlr_starts=tuple(self.evlr_starts[i] for i in kept),
        )

    def head(self, point_format: int, record_length: int, compressed: bool, evlrs_at: int = 0) -> bytes:
        """Return all bytes before the first point.

        Parameters
        ----------
        point_format, record_length
            Of the points as they are written, bytes.
        compressed
            Whether they are written as LAZ.
        evlrs_at
            Where the extended records begin, once that is known.
        """
        vlrs = b"".join(record.head + record.data for record in self.vlrs)
        block = bytearray(self.block)
        struct.pack_into("<I", block, _POINTS_AT, len(block) + len(vlrs) + len(self.gap))
        struct.pack_into("<I", block, _VLR_COUNT, len(self.vlrs))
        struct.pack_into("<BH", block, _FORMAT, point_format | _COMPRESSED * compressed, record_length)
        if self.evlrs and evlrs_at:
            self._move_evlrs(block, evlrs_at)
        elif self.minor >= 4:
            struct.pack_into("<QI", block, _EVLR_AT, 0, 0)
        return bytes(block) + vlrs + self.gap

    def _move_evlrs(self, block: bytearray, start: int) -> None:
        """Point the header to the extended records, and to the waveforms if they are one of them."""
        if self.minor >= 4:
            struct.pack_into("<QI", block, _EVLR_AT, start, len(self.evlrs))
        waveform = struct.unpack_from("<Q", block, _WAVEFORM_AT)[0]
        for record, old in zip(self.evlrs, self.evlr_starts, strict=True):
            if old == waveform:
                struct.pack_into("<Q", block, _WAVEFORM_AT, start)
            start += len(record.head) + len(record.data)

    def tail(self) -> bytes:
        """Return the bytes of the extended records."""
        return b"".join(record.head + record.data for record in self.evlrs)


def read_header(file: BinaryIO) -> Header:
    """Read all that stands before and after the points.

    Raises
    ------
    ValueError
        If the file ends before its header does, or is no LAS file.
    """
    block = file.read(227)
    if block[:4] != b"LASF":
        raise ValueError(f"a LAS file begins with 'LASF', this one with {block[:4]!r}")
    if len(block) < 227:
        raise ValueError(f"the header takes 227 bytes at least, the file has {len(block)}")
    size, points_at, count = struct.unpack_from("<HII", block, _SIZE)
    rest = file.read(points_at - len(block))
    if size < 227 or points_at < size or len(block) + len(rest) < points_at:
        raise ValueError(f"points begin at byte {points_at}, the file has {len(block) + len(rest)} bytes")
    before = block + rest
    vlrs, end = _records(before, size, count, width=2)
    header = Header(before[:size], tuple(vlrs), before[end:])
    return _with_evlrs(header, file)


def _with_evlrs(header: Header, file: BinaryIO) -> Header:
    start, count = 0, 0
    if header.minor >= 4:
        start, count = struct.unpack_from("<QI", header.block, _EVLR_AT)
    elif header.minor == 3 and header.block[_ENCODING] & _INTERNAL_WAVEFORM:
        start, count = struct.unpack_from("<Q", header.block, _WAVEFORM_AT)[0], 1
    if not start or not count:
        return header
    file.seek(start)
    data = file.read()
    records, _ = _records(data, 0, count, width=8)
    starts, at = [], start
    for record in records:
        starts.append(at)
        at += len(record.head) + len(record.data)
    return dataclasses.replace(header, evlrs=tuple(records), evlr_starts=tuple(starts))


def _records(data: bytes, at: int, count: int, width: int) -> tuple[list[Record], int]:
    """Cut `count` records out of `data`; `width` is the number of bytes of their length field."""
    records: list[Record] = []
    for _ in range(count):
        head = data[at : at + 52 + width]
        end = at + len(head) + int.from_bytes(head[20 : 20 + width], "little")
        if len(head) < 52 + width or end > len(data):
            raise ValueError(f"record {len(records) + 1} of {count} runs over its end")
        records.append(Record(head, data[at + len(head) : end]))
        at = end
    return records, at
