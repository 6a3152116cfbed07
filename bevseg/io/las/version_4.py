"""Header of LAS 1.0 to 1.3 -> header of LAS 1.4, which has room for long records and for all classes."""

from __future__ import annotations

import dataclasses
import struct

from bevseg.io.las.header import Header, standard_length

_ENCODING, _VERSION_MINOR, _SIZE, _LEGACY_COUNT, _WAVEFORM_AT = 6, 25, 94, 107, 227
_LEGACY_NUMBERS = struct.Struct("<6I")
"""Number of points, and of those by return, 1 to 5."""


def to_version_4(header: Header) -> Header:
    """Return the header as LAS 1.4; bytes of the user behind the header block stay behind it."""
    if header.minor >= 4:
        return header
    old = standard_length(header.minor)
    block = bytearray(header.block[:old].ljust(235, b"\0"))
    count, *by_return = _LEGACY_NUMBERS.unpack_from(block, _LEGACY_COUNT)
    block += struct.pack("<QIQ15Q", 0, 0, count, *by_return, *[0] * 10) + header.block[old:]
    if header.minor < 2:
        block[_ENCODING : _ENCODING + 2] = bytes(2)  # reserved, then
    block[_VERSION_MINOR] = 4
    struct.pack_into("<H", block, _SIZE, len(block))
    return dataclasses.replace(header, block=bytes(block))


def without_legacy_counts(header: Header) -> Header:
    """Return a header of LAS 1.4 with zeros in the old fields for counts, as point formats 6 to 10 demand."""
    block = bytearray(header.block)
    block[_LEGACY_COUNT : _LEGACY_COUNT + _LEGACY_NUMBERS.size] = bytes(_LEGACY_NUMBERS.size)
    return dataclasses.replace(header, block=bytes(block))
