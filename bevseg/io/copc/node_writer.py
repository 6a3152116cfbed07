"""Write points to a COPC file: one chunk of LAZ for each node of an octree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import lazrs
import numpy as np
from numpy.typing import NDArray

from bevseg.io.copc.octree import Octree
from bevseg.io.las.block_writer import BLOCK, LASZIP, ErrorKeepingFile, Fill
from bevseg.io.las.header import Header
from bevseg.io.las.point_formats import standard_size
from bevseg.io.las.records import Record


def write_nodes(
    path: Path,
    header: Header,
    point_format: int,
    record: np.dtype[np.void],
    fill: Fill,
    octree: Octree,
    order: NDArray[np.intp] | None = None,
    finish: Callable[[Header], Header] = lambda header: header,
    *,
    size: int | None = None,
    threads: int | None = None,
) -> None:
    """Write a file.

    Parameters
    ----------
    path
        The file.
    header
        All but the points, without the records of COPC.
    point_format, record
        Of the points.
    fill
        Called with a block of zeros or of older points.
    octree
        Its chunks hold all points.
    order
        (N,) points in the order of the chunks; None if they are in this order.
    finish
        Last change to records, which keep their length, when all points are written.
    size
        Points that are put together at a time, unless a node has more; None for `BLOCK`.
    threads
        Nodes that are compressed at once; None for as many as there are cores.

    Raises
    ------
    OSError
        If the system refuses the write.
    """
    vlr = lazrs.LazVlr.new_for_compression(point_format, record.itemsize - standard_size(point_format), True)
    ours = Record.new(*LASZIP, vlr.record_data(), "http://laszip.org")
    header = header.replace(ours).keep(lambda old: old.key != LASZIP or old is ours)
    header = octree.described_in(header)
    block = np.zeros(0, record)
    with ErrorKeepingFile(path) as file:
        start = file.write(header.head(point_format, record.itemsize, True))
        compressor = lazrs.ParLasZipCompressor(file, vlr)
        try:
            for ends in _batches(octree.counts, size or BLOCK):
                first, last = int(ends[0]), int(ends[-1])
                if last - first > len(block):
                    block = np.zeros(last - first, record)
                filled = block[: last - first]
                fill(filled, slice(first, last) if order is None else order[first:last])
                nodes = [node.view(np.uint8) for node in np.split(filled, ends[1:-1] - first)]
                at_once = threads or len(nodes)
                for start_node in range(0, len(nodes), at_once):
                    compressor.compress_chunks(nodes[start_node : start_node + at_once])
            compressor.done()
        except lazrs.LazrsError as error:
            raise file.error or OSError(str(error)) from error
        end = file.seek(0, 2)
        file.flush()
        sizes = _chunk_sizes(path, start, vlr)
        offsets = start + 8 + np.cumsum(sizes) - sizes
        header = finish(octree.placed_in(header, offsets, sizes, end))
        file.write(header.tail())
        file.seek(0)
        file.write(header.head(point_format, record.itemsize, True, end))


def _batches(counts: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    """Yield the first points of some nodes and the end of the last: as many nodes as have `size` points, or one."""
    ends = np.concatenate([[0], np.cumsum(counts)])
    first = 0
    while first < len(counts):
        last = int(np.searchsorted(ends, ends[first] + size, side="right")) - 1
        last = max(last, first + 1)
        yield ends[first : last + 1]
        first = last


def _chunk_sizes(path: Path, start: int, vlr: lazrs.LazVlr) -> NDArray[np.int64]:
    with path.open("rb") as file:
        file.seek(start)
        return np.array([size for _, size in lazrs.read_chunk_table(file, vlr)], np.int64)
