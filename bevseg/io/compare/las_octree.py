"""The octrees of two COPC files: the same nodes, pages and records, wherever they lie in the file."""

from __future__ import annotations

import numpy as np

from bevseg.io.compare.difference import Difference
from bevseg.io.compare.las_header import shown
from bevseg.io.copc.extents import ENDS, MOMENTS, changed_items
from bevseg.io.copc.info import HIERARCHY, INFO
from bevseg.io.copc.octree import Octree, is_copc, octree_of
from bevseg.io.las.source import LasSource

_ITEM = 16
_ROOT_AT = slice(40, 48)
"""Where the root page lies, in the info record."""


def compare(octree: Octree | None, source: LasSource, result: LasSource) -> Difference | None:
    """Return the first difference of two octrees.

    Parameters
    ----------
    octree
        That of the source; None if it has none that is right.
    source, result
        The files. A result that says that it is COPC has an octree of its points; plain LAZ has none to compare.
    """
    if not is_copc(result.header):
        return None
    try:
        other = octree_of(result)
    except ValueError as error:
        return Difference("the octree", "right" if octree else "missing", f"wrong: {error}")
    if octree is None or other is None:
        return None
    for name in ("key", "points"):
        left, right = octree.hierarchy.nodes[name], other.hierarchy.nodes[name]
        if not np.array_equal(left, right):
            return Difference(f"the {name} of the nodes of the octree", str(len(left)), str(len(right)))
    one, two = ([*part.vlrs.values(), *part.evlrs.values()] for part in (octree, other))
    if [record.key for record in one] != [record.key for record in two]:
        return Difference("the number of records of COPC", str(len(one)), str(len(two)))
    changed = set(changed_items(source.point_format, result.points.dtype, source.points.dtype).values())
    for left_record, right_record in zip(one, two, strict=True):
        key, left_data, right_data = (
            left_record.key,
            bytearray(left_record.data),
            bytearray(right_record.data),
        )
        if key == HIERARCHY:
            left_data, right_data = (
                bytearray(str(len(left_data)), "ascii"),
                bytearray(str(len(right_data)), "ascii"),
            )
        if key == INFO:
            left_data[_ROOT_AT] = right_data[_ROOT_AT] = bytes(8)
        if key in (ENDS, MOMENTS) and len(left_data) % _ITEM == len(right_data) % _ITEM == 0:
            left_data, right_data = (_without(part, changed) for part in (left_data, right_data))
        heads = (part.head[:20] + part.head[-32:] for part in (left_record, right_record))
        if left_data != right_data or len(set(heads)) > 1:
            return Difference(f"record {key[0]} {key[1]}", shown(bytes(left_data)), shown(bytes(right_data)))
    return None


def _without(data: bytearray, items: set[int]) -> bytearray:
    """Return the ranges of all dimensions but some."""
    kept = [data[i : i + _ITEM] for i in range(0, len(data), _ITEM) if i // _ITEM not in items]
    return bytearray(b"".join(kept))
