"""An octree over the points of a file: its nodes, in the order of their chunks, and the records that describe it."""

from __future__ import annotations

import dataclasses
import struct
from dataclasses import dataclass

import lazrs
import numpy as np
from numpy.typing import NDArray

from bevseg.io.copc import hierarchy, info
from bevseg.io.copc.hierarchy import Hierarchy
from bevseg.io.copc.info import HIERARCHY, INFO, Info
from bevseg.io.las.block_writer import LASZIP
from bevseg.io.las.header import Header
from bevseg.io.las.records import Record
from bevseg.io.las.source import LasSource

POINT_FORMATS = (6, 7, 8)
HEADER_SIZE = 375
"""Bytes of the LAS 1.4 header; COPC allows no more, so that the info record is at a known place."""
_EVLR_HEAD, _POINTER = 60, 8
_LAST = 1 << 30
"""Place of a record behind all others."""


@dataclass(frozen=True)
class Octree:
    """Nodes with their chunks of points, and the records of COPC.

    Attributes
    ----------
    info
        The info record.
    hierarchy
        The entries of all nodes.
    chunks
        (C,) index into `hierarchy.nodes` of the node of each chunk, in the order of the file. Nodes without points
        have none.
    vlrs, evlrs
        The records of COPC: place among all records -> record.
    """

    info: Info
    hierarchy: Hierarchy
    chunks: NDArray[np.intp]
    vlrs: dict[int, Record]
    evlrs: dict[int, Record]

    @property
    def counts(self) -> NDArray[np.int64]:
        """(C,) points of each chunk."""
        return self.hierarchy.nodes["points"][self.chunks].astype(np.int64)

    def described_in(self, header: Header) -> Header:
        """Return the header with the records of this octree; where its nodes lie is not known yet."""
        evlrs, starts = list(header.evlrs), list(header.evlr_starts)
        for place, record in sorted(self.evlrs.items()):
            evlrs.insert(place, record)
            starts.insert(place, -1)
        vlrs = list(header.vlrs)
        for place, record in sorted(self.vlrs.items()):
            vlrs.insert(place, record)
        return dataclasses.replace(header, vlrs=tuple(vlrs), evlrs=tuple(evlrs), evlr_starts=tuple(starts))

    def placed_in(
        self, header: Header, offsets: NDArray[np.int64], sizes: NDArray[np.int64], evlrs_at: int
    ) -> Header:
        """Return the header with the places of chunks and pages.

        Parameters
        ----------
        header
            As `described_in` returned it.
        offsets, sizes
            (C,) first byte of each chunk in the file, and its bytes.
        evlrs_at
            Byte of the file where the extended records begin.
        """
        nodes = self.hierarchy.nodes.copy()
        nodes["offset"] = nodes["size"] = 0
        nodes["offset"][self.chunks], nodes["size"][self.chunks] = offsets, sizes
        lengths = [len(record.head) + len(record.data) for record in header.evlrs]
        begins = evlrs_at + np.cumsum([0, *lengths])
        ours = [i for i, record in enumerate(header.evlrs) if record.key == HIERARCHY]
        starts = [int(begins[i]) + _EVLR_HEAD for i in ours]
        pages, root_at = self.hierarchy.moved(nodes, starts)
        evlrs, vlrs = list(header.evlrs), list(header.vlrs)
        for i, page in zip(ours, pages, strict=True):
            evlrs[i] = evlrs[i].with_data(page)
        vlrs[0] = vlrs[0].with_data(self.info.at(root_at).packed())
        return dataclasses.replace(header, vlrs=tuple(vlrs), evlrs=tuple(evlrs))


def new_octree(cube: Info, nodes: NDArray[np.void]) -> Octree:
    """Return an octree of new nodes, which all have points, with one page."""
    pages = hierarchy.single_page(nodes)
    cube = dataclasses.replace(cube, root_size=len(pages.data))
    # An extended record has 60 bytes of head: its length takes 8 bytes instead of 2.
    key = struct.pack("<2x16sH", HIERARCHY[0].encode(), HIERARCHY[1])
    head = key + struct.pack("<Q32s", len(pages.data), b"COPC hierarchy")
    return Octree(
        cube,
        pages,
        np.arange(len(nodes)),
        {0: Record.new(*INFO, cube.packed(), "COPC info VLR")},
        {_LAST: Record(head, pages.data)},
    )


def is_copc(header: Header) -> bool:
    """Whether a file says that it is COPC."""
    return any(record.key == INFO for record in header.vlrs)


def octree_of(source: LasSource) -> Octree | None:
    """Return the octree of a COPC file; None for other files.

    Raises
    ------
    ValueError
        If the file says that it is COPC, but its octree is not that of its points.
    """
    header = source.header
    return octree_in(header, source.chunks) if is_copc(header) else None


def octree_in(header: Header, chunks: NDArray[np.int64] | None) -> Octree:
    """Return the octree that the header of a COPC file describes.

    Parameters
    ----------
    header
        Of the file.
    chunks
        (C,) points of each chunk of LAZ; None if the file is not compressed.

    Raises
    ------
    ValueError
        If it is not that of these chunks.
    """
    if chunks is None or not _is_chunked(header):
        raise ValueError("its points do not lie in one chunk for each node")
    _check_kind(header)
    cube = info.parse(header.vlrs[0].data)
    ours = [i for i, record in enumerate(header.evlrs) if record.key == HIERARCHY]
    starts = [header.evlr_starts[i] + _EVLR_HEAD for i in ours]
    pages = hierarchy.parse([header.evlrs[i].data for i in ours], starts, cube.root_at, cube.root_size)
    return Octree(
        cube,
        pages,
        _nodes_of_chunks(header, pages.nodes, chunks),
        {i: record for i, record in enumerate(header.vlrs) if record.key[0] == INFO[0]},
        {i: record for i, record in enumerate(header.evlrs) if record.key[0] == INFO[0]},
    )


def _is_chunked(header: Header) -> bool:
    laszip = header.find(*LASZIP)
    return laszip is not None and bool(lazrs.LazVlr(laszip.data).uses_variable_size_chunks())


def _check_kind(header: Header) -> None:
    if header.vlrs[0].key != INFO or len(header.block) != HEADER_SIZE:
        raise ValueError(f"its COPC record is not at byte {HEADER_SIZE}, where it has to be")
    minor, point_format = header.minor, header.point_format
    if minor != 4 or point_format not in POINT_FORMATS:
        raise ValueError(f"it is LAS 1.{minor}, point format {point_format}; COPC is LAS 1.4, format 6 to 8")


def _nodes_of_chunks(header: Header, nodes: NDArray[np.void], chunks: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the node of each chunk; ValueError if nodes and chunks are not the same."""
    with_points = np.flatnonzero(nodes["points"])
    order = with_points[np.argsort(nodes["offset"][with_points], kind="stable")]
    if not np.array_equal(nodes["points"][order], chunks):
        raise ValueError("the nodes of its octree do not have the points of its chunks")
    sizes = nodes["size"][order].astype(np.uint64)
    starts = np.uint64(header.points_at + _POINTER) + np.cumsum(sizes) - sizes
    if not np.array_equal(nodes["offset"][order], starts):
        raise ValueError("the nodes of its octree are not where its chunks are")
    return order
