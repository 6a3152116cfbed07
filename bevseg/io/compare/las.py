"""Two LAS or LAZ files: every byte but the class, the dimensions of bevseg, and what says where things stand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bevseg.io.compare.difference import Difference, counts, first_difference
from bevseg.io.las.codes import FIVE_BITS, LOOKUP
from bevseg.io.las.extra_bytes import KEY as EXTRA_BYTES
from bevseg.io.las.header import Header
from bevseg.io.las.reader import read_source
from bevseg.io.las.source import LasSource

_PLACES = ((96, 104), (105, 107), (227, 247))
"""Bytes of the header that say where records and points stand, how many records there are, how long a point is."""

_FORMAT, _COMPRESSED = 104, 0x80
_DESCRIPTION = 192
_OWN = b"bevseg_"
_LAZ, _COPC = "laszip encoded", "copc"


def compare(source: Path, result: Path) -> Difference | None:
    """Return the first difference that bevseg does not declare; None if there is none.

    Raises
    ------
    CloudFormatError
        If a file cannot be read.
    """
    one, other = read_source(source), read_source(result)
    return (
        _headers(one.header, other.header)
        or counts(len(one.points), len(other.points))
        or _records(one.header, other.header)
        or _points(one, other)
    )


def _headers(source: Header, result: Header) -> Difference | None:
    one, other = bytearray(source.block), bytearray(result.block)
    if len(one) != len(other):
        return Difference("the size of the header", str(len(one)), str(len(other)))
    for block in (one, other):
        block[_FORMAT] &= ~_COMPRESSED & 255
        for start, end in _PLACES:
            block[start:end] = bytes(len(block[start:end]))
    for at, (left, right) in enumerate(zip(one, other, strict=True)):
        if left != right:
            return Difference(f"byte {at} of the header", str(left), str(right))
    if source.gap != result.gap:
        return Difference("what stands before the points", _shown(source.gap), _shown(result.gap))
    return None


def _records(source: Header, result: Header) -> Difference | None:
    """Compare all records but those of LAZ and COPC; bevseg may add descriptions, and names of codes."""
    for name, one, other in (
        ("record", source.vlrs, result.vlrs),
        ("extended record", source.evlrs, result.evlrs),
    ):
        left, right = (
            [
                (r.head, r.data)
                for r in records
                if r.key not in (EXTRA_BYTES, LOOKUP) and r.key[0] not in (_LAZ, _COPC)
            ]
            for records in (one, other)
        )
        if left != right:
            at = next(
                (i for i, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]), None
            )
            at = min(len(left), len(right)) if at is None else at
            return Difference(f"{name} {at + 1}", _record(left, at), _record(right, at))
    descriptions, kept = (_descriptions(header) for header in (source, result))
    missing = next((entry for entry in descriptions if entry not in kept), None)
    if missing is not None:
        return Difference(
            f"the description of dimension {_name(missing)!r}", _shown(missing), "another or missing"
        )
    return None


def _points(source: LasSource, result: LasSource) -> Difference | None:
    one, other = source.points, result.points
    there = other.dtype.names or ()
    for name in one.dtype.names or ():
        if name.encode().startswith(_OWN) or name == "classification":
            continue
        if name not in there:
            return Difference(f"dimension {name}", "present", "missing")
        left, right = one[name], other[name]
        if left.dtype != right.dtype:
            return Difference(f"the type of dimension {name}", str(left.dtype), str(right.dtype))
        if name == "raw_classification":
            found = first_difference(
                "the flags of the class", left & ~np.uint8(FIVE_BITS), right & ~np.uint8(FIVE_BITS)
            )
        else:
            found = first_difference(name, left, right)
        if found is not None:
            return found
    known = set(one.dtype.names or ())
    new = next((name for name in there if name not in known and not name.encode().startswith(_OWN)), None)
    return None if new is None else Difference(f"dimension {new}", "missing", "present")


def _descriptions(header: Header) -> list[bytes]:
    """Return the descriptions of all dimensions but those of bevseg."""
    records = [record.data for record in (*header.vlrs, *header.evlrs) if record.key == EXTRA_BYTES]
    entries = [data[i : i + _DESCRIPTION] for data in records for i in range(0, len(data), _DESCRIPTION)]
    return [entry for entry in entries if not entry[4:36].startswith(_OWN)]


def _name(description: bytes) -> str:
    return description[4:36].split(b"\0")[0].decode("latin-1")


def _record(records: Sequence[tuple[bytes, bytes]], at: int) -> str:
    if at >= len(records):
        return "missing"
    head, data = records[at]
    user = head[2:18].split(b"\0")[0].decode("latin-1")
    return f"{user} {int.from_bytes(head[18:20], 'little')} ({len(data)} bytes, {_shown(data)})"


def _shown(data: bytes) -> str:
    return (data[:16].hex(" ") + (" ..." if len(data) > 16 else "")) or "nothing"
