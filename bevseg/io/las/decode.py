"""Points of a LAS or LAZ file -> memory: in their order, as many at a time as are asked for."""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

import lazrs
import numpy as np
from numpy.typing import NDArray

from bevseg.io.las.block_writer import BLOCK
from bevseg.io.las.header import Header
from bevseg.io.las.laz import CHUNKED, POINTER, VARIABLE, Chunks, call_lazrs, laszip_record

COORDINATES = lazrs.SELECTIVE_DECOMPRESS_XY_RETURNS_CHANNEL | lazrs.SELECTIVE_DECOMPRESS_Z
"""Layers of x, y, z, of the return numbers, and of the scanner channel."""
CLASSES = lazrs.SELECTIVE_DECOMPRESS_CLASSIFICATION
EXTRA_BYTES = lazrs.SELECTIVE_DECOMPRESS_ALL_EXTRA_BYTES
EVERYTHING = lazrs.SELECTIVE_DECOMPRESS_ALL

_COMPRESSOR_AT, _CHUNK_SIZE_AT = 0, 12


class PlainPoints:
    """Points of a LAS file in their order.

    Parameters
    ----------
    file, header
        The file, and all of it but the points.
    """

    def __init__(self, file: BinaryIO, header: Header) -> None:
        self._file, self._at = file, header.points_at

    def read_into(self, target: NDArray[np.uint8]) -> None:
        """Fill `target` with the next points; EOFError if the file ends before."""
        self._file.seek(self._at)
        if self._file.readinto(target) != target.nbytes:  # type: ignore[attr-defined]
            raise EOFError
        self._at += target.nbytes


class CompressedPoints:
    """Points of a LAZ file in their order.

    The chunks that lie whole in what is asked for are decoded into it, in parallel. Of a chunk that ends beyond it,
    the rest waits for the next call. A chunk of more than `BLOCK` points is decoded point by point, so that memory
    does not grow with it.

    Parameters
    ----------
    file, header, chunks
        The file, all of it but the points, and its chunks as `read_chunks` has checked them.
    layers
        What is decoded of the points of formats 6 to 10, such as `COORDINATES`; the bytes of other values are
        meaningless. Points of formats 0 to 5 have one layer.
    threads
        Chunks that are decoded at once; None for as many as there are cores.
    """

    def __init__(
        self, file: BinaryIO, header: Header, chunks: Chunks, layers: int, threads: int | None = None
    ) -> None:
        self._file, self._chunks, self._length = file, chunks, header.record_length
        self._record = laszip_record(header)[0]
        self._selection = lazrs.DecompressionSelection(layers)
        self._most = threads or len(chunks.points)
        self._ends = np.cumsum(chunks.points)
        self._starts = chunks.start + np.cumsum(chunks.sizes) - chunks.sizes
        self._chunk = self._point = 0
        self._rest = np.empty(0, np.uint8)
        self._long: lazrs.LasZipDecompressor | None = None

    def read_into(self, target: NDArray[np.uint8]) -> None:
        """Fill `target` with the next points.

        Raises
        ------
        ValueError
            If the bytes are no compressed points.
        """
        while len(target):
            if len(self._rest):
                done = min(len(self._rest), len(target))
                target[:done], self._rest = self._rest[:done], self._rest[done:]
            elif self._long is not None:
                done = self._go_on(target)
            else:
                done = self._decode(target)
            target = target[done:]

    def _decode(self, target: NDArray[np.uint8]) -> int:
        """Decode whole chunks; return the bytes of `target` that are filled. None are if one is too long for it."""
        first, room = self._chunk, len(target) // self._length
        start = int(self._ends[first] - self._chunks.points[first])
        last = int(np.searchsorted(self._ends, start + min(room, BLOCK), "right"))
        last = min(last, first + self._most)
        if last <= first:
            points = int(self._chunks.points[first])
            if points <= room:
                last = first + 1
            elif points > BLOCK:
                self._chunk, self._point, self._long = first + 1, 0, self._opened(first)
                return 0
            else:
                self._rest = np.empty(points * self._length, np.uint8)
                self._decode_into(self._rest, first, first + 1)
                return 0
        size = int(self._ends[last - 1] - start) * self._length
        self._decode_into(target[:size], first, last)
        return size

    def _decode_into(self, target: NDArray[np.uint8], first: int, last: int) -> None:
        points, sizes = self._chunks.points[first:last], self._chunks.sizes[first:last]
        self._file.seek(int(self._starts[first]))
        data = self._file.read(int(sizes.sum()))
        entries = list(zip(points.tolist(), sizes.tolist(), strict=True))
        call_lazrs(
            lazrs.decompress_points_with_chunk_table, data, self._record, target, entries, self._selection
        )
        self._chunk = last

    def _opened(self, chunk: int) -> lazrs.LasZipDecompressor:
        """Return a decoder of a single long chunk."""
        points, size = int(self._chunks.points[chunk]), int(self._chunks.sizes[chunk])
        record = bytearray(self._record)
        if record[_COMPRESSOR_AT] < CHUNKED:  # a single run of points is a chunk without a table
            record[_COMPRESSOR_AT] = CHUNKED
        struct.pack_into("<I", record, _CHUNK_SIZE_AT, VARIABLE)
        table = io.BytesIO()
        lazrs.write_chunk_table(table, [(points, size)], lazrs.LazVlr(bytes(record)))
        alone = _ChunkAlone(self._file, int(self._starts[chunk]), size, table.getvalue())
        return call_lazrs(lazrs.LasZipDecompressor, alone, bytes(record), self._selection)

    def _go_on(self, target: NDArray[np.uint8]) -> int:
        """Decode more of a long chunk; return the bytes of `target` that are filled."""
        assert self._long is not None
        left = int(self._chunks.points[self._chunk - 1]) - self._point
        number = min(left, len(target) // self._length)
        call_lazrs(self._long.decompress_many, target[: number * self._length])
        self._point += number
        if number == left:
            self._long = None
        return number * self._length


class _ChunkAlone(io.RawIOBase):
    """A chunk of a file, as the decoder wants the points of a file: with a chunk table, and the place of the table.

    Parameters
    ----------
    file, start, size
        Where the chunk stands; bytes.
    table
        A chunk table with this chunk alone.
    """

    def __init__(self, file: BinaryIO, start: int, size: int, table: bytes) -> None:
        self._file, self._start, self._end = file, start - POINTER, POINTER + size
        self._pointer, self._table = struct.pack("<q", POINTER + size), table
        self._at = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a byte."""
        starts = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end + len(self._table)}
        self._at = starts[whence] + offset
        return self._at

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        """Fill the start of `target` with the next bytes of the part that the place is in; return their number."""
        if self._at < POINTER:
            data = self._pointer[self._at :][: len(target)]
        elif self._at < self._end:
            self._file.seek(self._start + self._at)
            data = self._file.read(min(len(target), self._end - self._at))
        else:
            data = self._table[self._at - self._end :][: len(target)]
        target[: len(data)] = data
        self._at += len(data)
        return len(data)
