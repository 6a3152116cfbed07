"""Ranges of values that `copclib` writes into COPC files, for the dimensions that bevseg changes.

They are no part of COPC 1.0, but `copclib` refuses a file whose ranges are more or fewer than the dimensions. Record
10000 has minimum and maximum, record 10001 mean and variance: of x, y, z, each standard and each extra dimension.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from bevseg.io.copc.octree import Octree
from bevseg.io.las.codes import OURS
from bevseg.io.las.header import Header
from bevseg.io.las.point_formats import standard_size
from bevseg.io.las.records import Record

ENDS, MOMENTS = ("copc", 10000), ("copc", 10001)
"""Keys of the two records."""
_ITEM = 16
"""Bytes of the two numbers of a dimension."""
_CLASS = 9
"""Place of the classification."""
_STANDARD = {6: 14, 7: 17, 8: 18}
"""Point format -> number of items without those of extra dimensions."""


class Extents:
    """Ranges of some dimensions of the points, gathered block by block.

    Parameters
    ----------
    point_format
        6, 7 or 8.
    record, source
        Type of the points of the file, and of those of its source.
    """

    def __init__(self, point_format: int, record: np.dtype[np.void], source: np.dtype[np.void]) -> None:
        extras, old = (_extras(points, point_format) for points in (record, source))
        first = _STANDARD[point_format]
        self._places = changed_items(point_format, record, source)
        self._size, self._old_size = first + len(extras), first + len(old)
        self._moments = {name: np.zeros(3) for name in self._places}
        self._ends = dict.fromkeys(self._places, (np.inf, -np.inf))

    def add(self, block: NDArray[np.void]) -> None:
        """Take the values of a block into account."""
        for name in self._places:
            values = block[name].astype(np.float64)
            low, high = self._ends[name]
            self._ends[name] = min(low, float(values.min())), max(high, float(values.max()))
            self._moments[name] += len(values), values.sum(), np.square(values).sum()

    def with_room(self, octree: Octree) -> Octree:
        """Return the octree with records that have an item for each dimension of the file."""
        vlrs = {place: self._sized(record) for place, record in octree.vlrs.items()}
        return dataclasses.replace(octree, vlrs=vlrs)

    def filled_in(self, header: Header) -> Header:
        """Return the header with the ranges of all blocks."""
        return dataclasses.replace(header, vlrs=tuple(map(self._filled, header.vlrs)))

    def _sized(self, record: Record) -> Record:
        """Add items to a record; leave one of another size alone, for nobody knows what its items are."""
        if record.key not in (ENDS, MOMENTS) or len(record.data) != self._old_size * _ITEM:
            return record
        added = (self._size - self._old_size) * _ITEM
        return record.with_data(record.data + bytes(added))

    def _filled(self, record: Record) -> Record:
        if record.key not in (ENDS, MOMENTS) or len(record.data) != self._size * _ITEM:
            return record
        items = np.frombuffer(record.data, "<f8").reshape(-1, 2).copy()
        for name, place in self._places.items():
            items[place] = self._ends[name] if record.key == ENDS else _mean_and_variance(self._moments[name])
        return record.with_data(items.tobytes())


def changed_items(point_format: int, record: np.dtype[np.void], source: np.dtype[np.void]) -> dict[str, int]:
    """Return the dimensions that bevseg changes or adds, and the place of each among the items of a record."""
    extras, old = (_extras(points, point_format) for points in (record, source))
    first = _STANDARD[point_format]
    added = {name: first + i for i, name in enumerate(extras) if name in OURS or name not in old}
    return {"classification": _CLASS} | added


def _mean_and_variance(moments: NDArray[np.float64]) -> tuple[float, float]:
    count, total, squares = moments.tolist()
    mean = total / count
    return mean, max(squares / count - mean * mean, 0.0)


def _extras(record: np.dtype[np.void], point_format: int) -> list[str]:
    """Return the names of the extra dimensions of a point."""
    offsets = {name: record.fields[name][1] for name in record.names or ()}  # type: ignore[index]
    return [name for name, offset in offsets.items() if offset >= standard_size(point_format)]
