"""Binary records with lists, which differ in size: found one after the other, and put together again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.io.format_errors import too_few
from bevseg.io.ply.elements import Element
from bevseg.runtime.kernels import compiled

MOST_COLUMNS = 64
"""Longest lists that become columns, one for each place in the list."""


@dataclass(frozen=True)
class Lists:
    """The lists of one property: their lengths (N,), and the values of all, one list behind the other."""

    counts: NDArray[np.integer]
    values: NDArray[np.generic]

    def columns(self) -> NDArray[np.generic] | None:
        """Return the values as (N, k) if all lists have the same length k <= `MOST_COLUMNS`; else None."""
        length = int(self.counts[0]) if len(self.counts) else 0
        if not 0 < length <= MOST_COLUMNS or (self.counts != length).any():
            return None
        return self.values.reshape(-1, length)


def read_records(
    data: NDArray[np.uint8], start: int, element: Element, order: str, path: Path
) -> tuple[NDArray[np.void], dict[str, Lists], int]:
    """Read the records of an element.

    Parameters
    ----------
    data
        The whole file.
    start
        Byte of the first record.
    element, order
        What the header says.
    path
        For messages.

    Returns
    -------
    tuple
        (N,) records without the lists; property -> lists; byte behind the last record.

    Raises
    ------
    CloudFormatError
        If the file ends before the last record does.
    """
    if element.least_bytes > len(data) - start:
        raise too_few(path, element.count)
    record = element.record(order)
    sizes, values = _sizes(element)
    lists = [each for each in element.properties if each.counter]
    packed = np.empty((element.count, record.itemsize), np.uint8)
    starts = np.empty((element.count, len(lists)), np.int64)
    lengths = np.empty((element.count, len(lists)), np.int64)
    held, end = _walk(data, start, sizes, values, _signed(element), order == ">", packed, starts, lengths)
    if held < element.count:
        raise too_few(path, element.count, held)
    records = packed.view(record).reshape(-1)
    found: dict[str, Lists] = {}
    for column, each in enumerate(lists):
        content = np.empty(int(lengths[:, column].sum()), np.uint8)
        _gather(data, starts[:, column], lengths[:, column], content)
        found[each.name] = Lists(records[each.name].copy(), content.view(order + each.kind))
    single = [each.name for each in element.properties if not each.counter]
    return _only(records, single), found, end


def end_of(data: NDArray[np.uint8], start: int, element: Element, order: str) -> int | None:
    """Return the byte behind the last record of an element that begins at `start`; None if the data end before."""
    if not element.has_lists:
        end = start + element.least_bytes
        return end if end <= len(data) else None
    sizes, values = _sizes(element)
    end = _end(data, start, element.count, sizes, values, _signed(element), order == ">")
    return end if end >= 0 else None


def write_records(records: NDArray[np.void], lists: dict[str, Lists]) -> NDArray[np.uint8]:
    """Return records with their lists as bytes; the field of a list holds its length."""
    names = records.dtype.names or ()
    kinds = [records.dtype[name] for name in names]
    pool = np.concatenate([each.values.view(np.uint8) for each in lists.values()])
    starts = np.zeros((len(records), len(lists)), np.int64)
    lengths = np.empty((len(records), len(lists)), np.int64)
    base = 0
    for column, each in enumerate(lists.values()):
        lengths[:, column] = each.counts.astype(np.int64) * each.values.itemsize
        starts[:, column] = base + np.cumsum(lengths[:, column]) - lengths[:, column]
        base += each.values.nbytes
    out = np.empty(records.nbytes + base, np.uint8)
    sizes = np.array([kind.itemsize for kind in kinds], np.int64)
    is_list = np.array([name in lists for name in names])
    packed = records.view(np.uint8).reshape(len(records), -1)
    _interleave(packed, sizes, is_list, pool, starts, lengths, out)
    return out


def _only(records: NDArray[np.void], names: list[str]) -> NDArray[np.void]:
    kept = np.empty(len(records), [(name, records.dtype[name]) for name in names])
    for name in names:
        kept[name] = records[name]
    return kept


def _sizes(element: Element) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the bytes of each value or counter, and of each value of a list; 0 where there is no list."""
    sizes = [each.least_bytes for each in element.properties]
    values = [np.dtype(each.kind).itemsize if each.counter else 0 for each in element.properties]
    return np.array(sizes, np.int64), np.array(values, np.int64)


def _signed(element: Element) -> NDArray[np.bool_]:
    """Return which properties are lists whose counter can be negative."""
    return np.array([each.counter is not None and each.counter[1][0] == "i" for each in element.properties])


@compiled
def _count(data, at, size, big):  # type: ignore[no-untyped-def]
    """Return the unsigned number of `size` bytes at `at`."""
    count = np.uint64(0)
    for k in range(size):
        position = at + k if big else at + size - 1 - k
        count = (count << np.uint64(8)) | np.uint64(data[position])
    return count


@compiled
def _end(data, at, records, sizes, values, signed, big):  # type: ignore[no-untyped-def]
    """Return where the records end; -1 if the data hold fewer."""
    for _ in range(records):
        for p in range(len(sizes)):
            size = sizes[p]
            if size > len(data) - at:
                return -1
            if values[p] > 0:
                count = _count(data, at, size, big)
                if signed[p] and (count >> np.uint64(8 * size - 1)) != 0:
                    return -1
                if count > np.uint64((len(data) - at - size) // values[p]):
                    return -1
                at += np.int64(count) * values[p]
            at += size
    return at


@compiled
def _walk(data, at, sizes, values, signed, big, packed, starts, lengths):  # type: ignore[no-untyped-def]
    """Fill the records and find their lists; return how many the data hold, and where they end."""
    for i in range(len(packed)):
        column = 0
        place = 0
        for p in range(len(sizes)):
            size = sizes[p]
            if size > len(data) - at:
                return i, at
            for k in range(size):
                packed[i, column + k] = data[at + k]
            count = _count(data, at, size, big)
            column += size
            at += size
            if values[p] > 0:
                if signed[p] and (count >> np.uint64(8 * size - 1)) != 0:
                    return i, at
                if count > np.uint64((len(data) - at) // values[p]):
                    return i, at
                starts[i, place] = at
                lengths[i, place] = np.int64(count) * values[p]
                at += lengths[i, place]
                place += 1
    return len(packed), at


@compiled
def _gather(data, starts, lengths, out):  # type: ignore[no-untyped-def]
    at = 0
    for i in range(len(starts)):
        for k in range(lengths[i]):
            out[at + k] = data[starts[i] + k]
        at += lengths[i]


@compiled
def _interleave(packed, sizes, is_list, pool, starts, lengths, out):  # type: ignore[no-untyped-def]
    at = 0
    for i in range(len(packed)):
        column = 0
        place = 0
        for p in range(len(sizes)):
            for k in range(sizes[p]):
                out[at + k] = packed[i, column + k]
            at += sizes[p]
            column += sizes[p]
            if is_list[p]:
                for k in range(lengths[i, place]):
                    out[at + k] = pool[starts[i, place] + k]
                at += lengths[i, place]
                place += 1
