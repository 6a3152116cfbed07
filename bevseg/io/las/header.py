"""The bytes of a LAS file around its points: kept as they are, changed only where a field must change.

A library that parses and writes a header again loses what it does not know: legacy counts, padding, the sequence
of records. Export promises the same header, so it patches the original bytes. Offsets are those of the public
header block, ASPRS LAS 1.4 R15, table 3.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from bevseg.io.las.records import Record

_ENCODING, _VERSION, _SIZE, _POINTS_AT, _VLR_COUNT, _FORMAT, _RECORD = 6, 24, 94, 96, 100, 104, 105
_LEGACY_COUNT, _SCALE_AT, _OFFSET_AT, _BOUNDS_AT = 107, 131, 155, 179
_WAVEFORM_AT, _EVLR_AT, _COUNT = 227, 235, 247
_SOFTWARE = slice(58, 90)
_COMPRESSED = 0x80
_NEW_EVLR = -1
"""Start of an extended record that is in no file yet."""


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
    def point_format(self) -> int:
        """Point format without the bit for LAZ."""
        return self.block[_FORMAT] & ~_COMPRESSED

    @property
    def record_length(self) -> int:
        """Bytes of a point."""
        return int.from_bytes(self.block[_RECORD : _RECORD + 2], "little")

    @property
    def points_at(self) -> int:
        """Where the first point begins, bytes."""
        return int.from_bytes(self.block[_POINTS_AT : _POINTS_AT + 4], "little")

    @property
    def counts(self) -> tuple[int, ...]:
        """Numbers of points that the header names and that are not 0, the one that counts first."""
        (legacy,) = struct.unpack_from("<I", self.block, _LEGACY_COUNT)
        wide = struct.unpack_from("<Q", self.block, _COUNT)[0] if self.minor >= 4 else 0
        return tuple(dict.fromkeys(count for count in (wide, legacy) if count))

    @property
    def scale(self) -> tuple[float, float, float]:
        """Units of the file per step, for x, y and z."""
        return struct.unpack_from("<3d", self.block, _SCALE_AT)

    @property
    def offset(self) -> tuple[float, float, float]:
        """Place of step 0, for x, y and z, in units of the file."""
        return struct.unpack_from("<3d", self.block, _OFFSET_AT)

    @property
    def bounds(self) -> tuple[tuple[float, float], ...]:
        """(min, max) of x, y and z as the header says, in units of the file."""
        ends = struct.unpack_from("<6d", self.block, _BOUNDS_AT)
        return tuple((low, high) for high, low in zip(ends[::2], ends[1::2], strict=True))

    @property
    def software(self) -> str:
        """Name of the software that made the file."""
        return self.block[_SOFTWARE].split(b"\0")[0].decode("ascii", "replace").strip()

    def find(self, user: str, number: int) -> Record | None:
        """Return the first record of that user and number, extended ones last."""
        return next((record for record in self.vlrs + self.evlrs if record.key == (user, number)), None)

    def replace(self, record: Record) -> Header:
        """Return the header with `record` in the place of the one that `find` returns, or behind the `vlrs`."""
        records = [*self.vlrs, *self.evlrs]
        place = next((i for i, old in enumerate(records) if old.key == record.key), None)
        if place is None:
            return dataclasses.replace(self, vlrs=(*self.vlrs, record))
        records[place] = record
        count = len(self.vlrs)
        return dataclasses.replace(self, vlrs=tuple(records[:count]), evlrs=tuple(records[count:]))

    def keep(self, wanted: Callable[[Record], bool]) -> Header:
        """Return the header with those records that are wanted."""
        kept = [i for i, record in enumerate(self.evlrs) if wanted(record)]
        return dataclasses.replace(
            self,
            vlrs=tuple(record for record in self.vlrs if wanted(record)),
            evlrs=tuple(self.evlrs[i] for i in kept),
            evlr_starts=tuple(self.evlr_starts[i] for i in kept),
        )

    def without(self, *users: str) -> Header:
        """Return the header without the records of these users."""
        return self.keep(lambda record: record.key[0] not in users)

    def with_evlr(self, record: Record) -> Header:
        """Return the header with one more record behind the points."""
        return dataclasses.replace(
            self, evlrs=(*self.evlrs, record), evlr_starts=(*self.evlr_starts, _NEW_EVLR)
        )

    def counting(self, count: int) -> Header:
        """Return the header with this number of points in the field that counts, should another stand there."""
        if self.counts[:1] == (count,) and (self.minor < 4 or self.block[_COUNT : _COUNT + 8].strip(b"\0")):
            return self
        block = bytearray(self.block)
        struct.pack_into(*("<Q", block, _COUNT) if self.minor >= 4 else ("<I", block, _LEGACY_COUNT), count)
        return dataclasses.replace(self, block=bytes(block))

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


def standard_length(minor: int) -> int:
    """Return the bytes of the header block whose fields are used here, for LAS 1.`minor`.

    LAS 1.5 has 18 bytes more. They are carried as they are, like bytes of the user.
    """
    return 227 if minor < 3 else 235 if minor == 3 else 375
