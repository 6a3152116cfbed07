"""Chunks of a LAZ file: everything that the decoder takes on trust is checked before it sees the file.

The decoder (lazrs) allocates what the file claims, and it panics or aborts the process where the claims are wrong. So
the chunk table, the sizes of all chunks and the sizes of all layers within them are compared with the bytes that are
there. Layout: LASzip, "A compressed LAS file format" and laszip_common; LAS 1.4 chunks are layered.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

import lazrs
import numpy as np
from numpy.typing import NDArray

from bevseg.io.las.block_writer import LASZIP
from bevseg.io.las.header import Header
from bevseg.io.las.point_formats import laz_items, standard_size

_WHOLE, CHUNKED, _LAYERED = 1, 2, 3
"""Compressors: one run of points, one run per chunk (formats 0 to 5), and one layer per group of fields and chunk."""
VARIABLE = 0xFFFFFFFF
"""Chunk size of files whose chunks have numbers of points of their own."""
_TABLE_HEAD, POINTER = 8, 8
_LAYERS = {10: 9, 11: 1, 12: 2, 13: 1}
"""Layers of the items of point formats 6 to 10; the item of extra bytes has one for each byte."""
_EXTRA_BYTES_ITEM = 14


@dataclass(frozen=True)
class Chunks:
    """The chunks of a LAZ file: points and bytes of each, and where the first one begins in the file."""

    points: NDArray[np.int64]
    sizes: NDArray[np.int64]
    start: int


def read_chunks(file: BinaryIO, header: Header, count: int, size: int) -> Chunks:
    """Read and check the chunk table of a file of `size` bytes with `count` points.

    Raises
    ------
    ValueError
        If it contradicts the header, or the bytes that are there.
    """
    record, compressor, chunk_size = laszip_record(header)
    if compressor == _WHOLE and count < 2**63:
        return Chunks(np.array([count]), np.array([size - header.points_at]), header.points_at)
    start = header.points_at + POINTER
    table = _table_start(file, header.points_at, size)
    file.seek(table)
    version, number = struct.unpack("<II", file.read(_TABLE_HEAD))
    if chunk_size == VARIABLE:
        fits = number <= min(table - start, count) and count < 2**63
    else:
        fits = number == -(-count // chunk_size) and number * header.record_length <= table - start
    if version != 0 or not fits:
        raise ValueError(f"its chunk table names {number:,} chunks for {count:,} points (version {version})")
    file.seek(table)
    entries = call_lazrs(lazrs.read_chunk_table_only, file, lazrs.LazVlr(record)) if number else []
    if sum(entry[1] for entry in entries) != table - start:
        raise ValueError("the sizes in its chunk table are not those of the points in the file")
    sizes = np.array([entry[1] for entry in entries], np.int64)
    if chunk_size == VARIABLE:
        if sum(entry[0] for entry in entries) != count:
            raise ValueError(f"the numbers in its chunk table do not add up to {count:,} points")
        points = np.array([entry[0] for entry in entries], np.int64)
    else:
        points = np.full(number, chunk_size, np.int64)
        points[-1:] = count - chunk_size * (number - 1)
    chunks = Chunks(points, sizes, start)
    if (sizes[points > 0] < header.record_length).any():
        raise ValueError("a chunk is smaller than its first point")
    if compressor == _LAYERED:
        _check_layers(file, header, chunks)
    return chunks


def call_lazrs(function, *arguments):  # type: ignore[no-untyped-def]
    """Call a function of lazrs; its errors and panics become ValueError. A panic is no Exception, and has no type."""
    try:
        return function(*arguments)
    except lazrs.LazrsError as error:
        raise ValueError(f"its compressed points cannot be decoded ({error})") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise ValueError(f"its compressed points cannot be decoded ({error})") from None


def laszip_record(header: Header) -> tuple[bytes, int, int]:
    """Return content, compressor and chunk size of the LASzip record, checked against the points.

    Raises
    ------
    ValueError
        If there is none, or it describes other points, or a way of compression that is not known.
    """
    record = header.find(*LASZIP)
    if record is None or len(record.data) < 34:
        raise ValueError("it is compressed, and its LASzip record is missing")
    compressor, _, _, _, _, _, chunk_size, _, _, count = struct.unpack_from("<HHBBHIIqqH", record.data)
    data = record.data[34:]
    found = [struct.unpack_from("<HH", data, i) for i in range(0, min(6 * count, len(data) - 5), 6)]
    point_format, length = header.point_format, header.record_length
    expected = laz_items(point_format, length - standard_size(point_format))
    if not found:
        raise ValueError("its LASzip record has no items")
    if found != expected or count != len(expected):
        raise ValueError(
            f"its LASzip record has items of {' + '.join(str(size) for _, size in found)} bytes, which is not "
            f"point format {point_format} with {length} bytes a point"
        )
    if compressor not in ((_LAYERED,) if point_format >= 6 else (_WHOLE, CHUNKED)):
        raise ValueError(f"it is compressed in a way (number {compressor}) that bevseg does not know")
    if chunk_size == 0 and compressor != _WHOLE:
        raise ValueError("its LASzip record says 0 points a chunk")
    return record.data, compressor, chunk_size


def _table_start(file: BinaryIO, points_at: int, size: int) -> int:
    """Return where the chunk table begins. Software that could not go back writes -1, and the place at the end."""
    place = points_at
    for place in (points_at, size - POINTER):
        file.seek(max(place, points_at))
        table = int.from_bytes(file.read(POINTER), "little", signed=True)
        if table != -1:
            break
    if not points_at + POINTER <= table <= size - _TABLE_HEAD:
        raise ValueError(f"its chunk table is at byte {table:,}, the file has {size:,} bytes")
    return table


def _check_layers(file: BinaryIO, header: Header, chunks: Chunks) -> None:
    """Compare the sizes of the layers of each chunk with the size of the chunk.

    A layered chunk is its first point, the number of its points, the size of each layer, and the layers.
    """
    items = laz_items(header.point_format, header.record_length - standard_size(header.point_format))
    layers = sum(size if kind == _EXTRA_BYTES_ITEM else _LAYERS[kind] for kind, size in items)
    head = header.record_length + 4 * (1 + layers)
    starts = chunks.start + np.cumsum(chunks.sizes) - chunks.sizes
    for start, size, points in zip(starts, chunks.sizes, chunks.points, strict=True):
        if not points:
            continue
        file.seek(int(start) + header.record_length)
        if size < head:
            raise ValueError(f"the chunk at byte {start:,} is too small for its layers")
        numbers = np.frombuffer(file.read(head - header.record_length), "<u4")
        if numbers[0] != points:
            raise ValueError(
                f"the chunk at byte {start:,} has {numbers[0]:,} points, by the header {points:,}"
            )
        if head + int(numbers[1:].sum(dtype=np.int64)) != size:
            raise ValueError(f"the layers of the chunk at byte {start:,} do not add up to its size")
