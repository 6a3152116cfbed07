"""The points of two LAS files: every byte but the class and the dimensions of bevseg."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bevseg.io.compare.difference import Difference
from bevseg.io.compare.las_records import replaced_names
from bevseg.io.las.codes import FIVE_BITS
from bevseg.io.las.extra_bytes import record_type
from bevseg.io.las.point_formats import STANDARD, standard_size
from bevseg.io.las.source import LasSource
from bevseg.io.las.upgrade import upgrading

_BLOCK = 1 << 18
"""Points that are compared at a time."""
_MIX = np.uint64(0x9E3779B97F4A7C15)
_Rows = NDArray[np.uint8]


def compare(source: LasSource, result: LasSource, *, sort: bool) -> Difference | None:
    """Return the first difference of two files' points.

    Parameters
    ----------
    source, result
        Files with the same number of points.
    sort
        Whether the order does not count: each point of one file then has one of its own in the other, byte by byte.
    """
    mask = _mask(source, result.point_format)
    found = _added(source, result, len(mask))
    if found is not None:
        return found
    size = len(mask)
    parts = (
        (start, _expected(source, result.point_format, start, size)) for start in _starts(len(source.points))
    )
    rows = result.points.view(np.uint8).reshape(len(result.points), -1)[:, :size]
    if sort:
        return _as_sets(parts, rows, mask, source, result)
    for start, expected in parts:
        other = rows[start : start + _BLOCK]
        differs = ((expected ^ other) & mask).any(axis=1)
        if differs.any():
            at = int(np.argmax(differs))
            byte = int(np.argmax((expected[at] ^ other[at]) & mask))
            return _at_byte(byte, expected[at], other[at], start + at + 1, source, result.point_format)
    return None


def _starts(count: int) -> range:
    return range(0, count, _BLOCK)


def _mask(source: LasSource, new: int) -> _Rows:
    """Return the bits of a point that are compared."""
    shift = standard_size(new) - standard_size(source.point_format)
    mask = np.full(source.points.itemsize + shift, 255, np.uint8)
    field = "classification" if new >= 6 else "raw_classification"
    place = STANDARD[new].fields[field][1]  # type: ignore[index]
    mask[place] = 0 if new >= 6 else ~FIVE_BITS & 255
    names = replaced_names(source)
    for extra in source.extras:
        if extra.name in names:
            mask[extra.start + shift] = 0
    return mask


def _added(source: LasSource, result: LasSource, size: int) -> Difference | None:
    """Compare what the points have beside the bytes of the source: bytes of bevseg's own dimensions alone."""
    if result.points.itemsize < size:
        return Difference("the bytes of a point", str(size), str(result.points.itemsize))
    names = replaced_names(source)
    added = [extra for extra in result.extras if extra.start >= size and extra.kind.itemsize]
    strange = next((e for e in added if e.name not in names or e.kind != np.dtype("u1")), None)
    return None if strange is None else Difference(f"dimension {strange.name}", "missing", "present")


def _expected(source: LasSource, new: int, start: int, size: int) -> _Rows:
    """Return the bytes that points have in the point format of the result."""
    part = slice(start, min(start + _BLOCK, len(source.points)))
    if new == source.point_format:
        return source.points[part].view(np.uint8).reshape(part.stop - start, size)
    block = np.zeros(part.stop - start, record_type(new, size, ()))
    upgrading(source.rows, source.points.dtype, source.point_format)(block, part)
    return block.view(np.uint8).reshape(len(block), size)


def _at_byte(byte: int, expected: _Rows, other: _Rows, point: int, source: LasSource, new: int) -> Difference:
    """Name the value that a byte of a point belongs to."""
    shift = standard_size(new) - standard_size(source.point_format)
    fields = [(name, *STANDARD[new].fields[name][:2]) for name in STANDARD[new].names or ()]  # type: ignore[index]
    fields += [(extra.name, extra.kind, extra.start + shift) for extra in source.extras]
    for name, kind, start in fields:
        if start <= byte < start + kind.itemsize:
            left, right = (row[start : start + kind.itemsize].tobytes() for row in (expected, other))
            values = [np.frombuffer(data, kind.base) for data in (left, right)]
            shown = [str(each[0]) if len(each) == 1 else str(each.tolist()) for each in values]
            if name == "raw_classification":
                flags = [str(int(each[0]) >> 5) for each in values]
                return Difference("the flags of the class", flags[0], flags[1], point)
            if shown[0] == shown[1]:  # other bits of one number, such as of NaN
                shown = [data.hex(" ") for data in (left, right)]
            return Difference(name, shown[0], shown[1], point)
    return Difference(f"byte {byte} of the point", str(expected[byte]), str(other[byte]), point)


def _as_sets(
    parts: Iterator[tuple[int, _Rows]], rows: _Rows, mask: _Rows, source: LasSource, result: LasSource
) -> Difference | None:
    """Compare points in any order. Sorted by a hash, the points of both files are compared byte by byte."""
    one = np.concatenate([expected & mask for _, expected in parts])
    other = rows & mask
    hashes = [_hashes(part) for part in (one, other)]
    orders = [np.argsort(each, kind="stable") for each in hashes]
    sorted_hashes = [each[order] for each, order in zip(hashes, orders, strict=True)]
    differs = sorted_hashes[0] != sorted_hashes[1]
    for start in _starts(len(one)):
        left, right = (order[start : start + _BLOCK] for order in orders)
        differs[start : start + _BLOCK] |= (one[left] != other[right]).any(axis=1)
    if not differs.any():
        return None
    lone = ~np.isin(hashes[0], hashes[1])
    at = int(np.argmax(lone)) if lone.any() else int(orders[0][np.argmax(differs)])
    return _nearest(at, one, other, source, result)


def _nearest(at: int, one: _Rows, other: _Rows, source: LasSource, result: LasSource) -> Difference:
    """Name the first value in which a point without a match differs from the point at the same place."""
    places = one[at, :12]
    same = np.flatnonzero((other[:, :12] == places).all(axis=1))
    if len(same) == 1:
        byte = int(np.argmax(one[at] != other[same[0]]))
        if one[at, byte] != other[same[0], byte]:
            return _at_byte(byte, one[at], other[same[0]], at + 1, source, result.point_format)
    steps = source.points[at]
    shown = ", ".join(f"{name} {steps[name]}" for name in "XYZ")
    return Difference("the point", f"there ({shown})", "missing, or not as often", at + 1)


def _hashes(rows: _Rows) -> NDArray[np.uint64]:
    """Return a number for each row that hardly any other row has."""
    width = -(-rows.shape[1] // 8) * 8
    hashes = np.zeros(len(rows), np.uint64)
    for start in _starts(len(rows)):
        part = rows[start : start + _BLOCK]
        words = np.zeros((len(part), width), np.uint8)
        words[:, : rows.shape[1]] = part
        mixed = np.zeros(len(part), np.uint64)
        for word in words.view(np.uint64).T:
            mixed = (mixed ^ word) * _MIX
            mixed ^= mixed >> np.uint64(29)
        hashes[start : start + _BLOCK] = mixed
    return hashes
