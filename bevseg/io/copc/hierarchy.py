"""The pages of a hierarchy: entries of nodes, and links to further pages."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ENTRY = np.dtype([("key", "<i4", 4), ("offset", "<u8"), ("size", "<i4"), ("points", "<i4")])
"""An entry: level and x, y, z of the node, its first byte in the file, bytes, points; -1 points link to a page."""

_LINK, _NO_LINK = -1, -1
_DEEPEST = 30
"""Highest level whose cells an int32 counts."""


@dataclass(frozen=True)
class Hierarchy:
    """The entries of all pages, and where they stand in the records that hold them.

    Attributes
    ----------
    data
        Bytes of all records of the hierarchy, one behind the other.
    sizes
        Bytes of each of these records.
    root
        Byte of `data` where the root page begins.
    nodes, nodes_at
        (M,) entries of the nodes, and the byte of `data` where each begins.
    links_at, links_to
        (L,) bytes of `data` where the links begin, and where the pages begin that they point to.
    """

    data: bytes
    sizes: tuple[int, ...]
    root: int
    nodes: NDArray[np.void]
    nodes_at: NDArray[np.int64]
    links_at: NDArray[np.int64]
    links_to: NDArray[np.int64]

    def moved(self, nodes: NDArray[np.void], starts: Sequence[int]) -> tuple[list[bytes], int]:
        """Return the content of the records with these nodes, and the byte of the file where the root page begins.

        Parameters
        ----------
        nodes
            (M,) new entries, in the order of `nodes`.
        starts
            Byte of the file where the content of each record begins.
        """
        data = np.frombuffer(self.data, np.uint8).copy()
        _put(data, self.nodes_at, nodes)
        places = _Places(self.sizes, starts)
        linked = _get(data, self.links_at)
        linked["offset"] = places.in_file(self.links_to)
        _put(data, self.links_at, linked)
        cuts = np.cumsum(self.sizes)[:-1]
        root = places.in_file(np.array([self.root]))[0]
        return [part.tobytes() for part in np.split(data, cuts)], int(root)


class _Places:
    """Bytes of a file <-> bytes of the records that it holds, one behind the other."""

    def __init__(self, sizes: Sequence[int], starts: Sequence[int]) -> None:
        self.sizes, self.starts = list(sizes), list(starts)
        self.begins = np.cumsum(sizes, dtype=np.int64) - np.array(sizes, np.int64)

    def in_file(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the bytes of the file for bytes of the records."""
        record = np.searchsorted(self.begins, at, side="right") - 1
        return at - self.begins[record] + np.array(self.starts, np.int64)[record]

    def in_records(self, start: int, size: int) -> int:
        """Return where a page lies in the records; ValueError if it lies in none of them."""
        record = bisect.bisect_right(self.starts, start) - 1
        if record < 0 or start + size > self.starts[record] + self.sizes[record]:
            raise ValueError(f"a page of its octree is at byte {start:,}, outside of the octree's records")
        return int(self.begins[record]) + start - self.starts[record]


def single_page(nodes: NDArray[np.void]) -> Hierarchy:
    """Return a hierarchy of one page."""
    at, none = np.arange(len(nodes), dtype=np.int64) * ENTRY.itemsize, np.zeros(0, np.int64)
    return Hierarchy(nodes.tobytes(), (nodes.nbytes,), 0, nodes, at, none, none)


def parse(records: Sequence[bytes], starts: Sequence[int], root_at: int, root_size: int) -> Hierarchy:
    """Follow the links from the root page.

    Parameters
    ----------
    records, starts
        Content of the records of the hierarchy, and the byte of the file where each begins, ascending.
    root_at, root_size
        Root page, as the info record says.

    Raises
    ------
    ValueError
        If a page lies outside of the records or is reached twice, or an entry cannot be that of a node.
    """
    data, sizes = np.frombuffer(b"".join(records), np.uint8), tuple(map(len, records))
    places = _Places(sizes, starts)
    pages, links, found, unread = [(_NO_LINK, root_at, root_size)], {}, [], len(data)
    while pages:
        link, start, size = pages.pop()
        if size <= 0 or size % ENTRY.itemsize:
            raise ValueError(f"a page of its octree has {size:,} bytes; an entry has {ENTRY.itemsize}")
        place = links[link] = places.in_records(start, size)
        unread -= size
        if unread < 0:  # links that turn in a circle end here: no byte belongs to two pages
            raise ValueError("pages of its octree are reached twice")
        found.append(place + np.arange(0, size, ENTRY.itemsize))
        entries = _get(data, found[-1])
        linked = np.flatnonzero(entries["points"] == _LINK)
        pages += zip(
            found[-1][linked].tolist(),
            entries["offset"][linked].tolist(),
            entries["size"][linked].tolist(),
            strict=True,
        )
    root = links.pop(_NO_LINK)
    at = np.concatenate(found)
    entries = _get(data, at)
    is_node = entries["points"] != _LINK
    nodes = entries[is_node]
    _check(nodes)
    to = (np.array(list(part), np.int64) for part in (links.keys(), links.values()))
    return Hierarchy(data.tobytes(), sizes, root, nodes, at[is_node], *to)


def _check(nodes: NDArray[np.void]) -> None:
    level, cells = nodes["key"][:, 0], nodes["key"][:, 1:]
    if (nodes["points"] < 0).any() or (nodes["size"] < 0).any():
        raise ValueError("a node of its octree has a negative number of points or bytes")
    if ((level < 0) | (level > _DEEPEST)).any():
        raise ValueError(f"a node of its octree is on level {level[(level < 0) | (level > _DEEPEST)][0]}")
    if (cells < 0).any() or (cells.astype(np.int64) >= np.int64(1) << level[:, None].astype(np.int64)).any():
        raise ValueError("a node of its octree lies outside of the octree")
    keys = np.ascontiguousarray(nodes["key"]).view("V16")
    if len(np.unique(keys)) != len(nodes):
        raise ValueError("a node of its octree is listed twice")


def _get(data: NDArray[np.uint8], at: NDArray[np.int64]) -> NDArray[np.void]:
    """Return the entries that begin at these bytes, which need not be aligned."""
    rows = data[at[:, None] + np.arange(ENTRY.itemsize)]
    return rows.view(ENTRY).reshape(len(at))


def _put(data: NDArray[np.uint8], at: NDArray[np.int64], entries: NDArray[np.void]) -> None:
    data[at[:, None] + np.arange(ENTRY.itemsize)] = entries.view(np.uint8).reshape(-1, ENTRY.itemsize)
