"""Write points and their header to a LAS or LAZ file, block by block, so that the points are never held twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lazrs
import numpy as np
from numpy.typing import NDArray

from bevseg.io.las.header import Header
from bevseg.io.las.point_formats import standard_size
from bevseg.io.las.records import Record
from bevseg.runtime.cores import cores

BLOCK = 50_000 * max(32, 4 * cores())
"""Points that are put together and compressed at a time: so many chunks of LAZ that all cores end about together."""

LASZIP = ("laszip encoded", 22204)
_ITEMS_AT, _ITEM, _WAVEFORMS = 34, 6, b"\x09\x00"
"""Items of the LASzip record, 6 bytes each: type, size and version."""

Fill = Callable[[NDArray[np.void], slice | NDArray[np.intp]], None]
"""Fills a block of records with the points of a slice, or with those of some indices."""
Rows = Callable[[slice | NDArray[np.intp]], NDArray[np.uint8]]
"""Returns the points of a slice, or of some indices, as rows of bytes. A file read in order has only slices."""


def write_file(
    path: Path,
    header: Header,
    point_format: int,
    record: np.dtype[np.void],
    count: int,
    fill: Fill,
    *,
    size: int | None = None,
    threads: int | None = None,
) -> None:
    """Write a file; compressed if its name ends with .laz.

    Parameters
    ----------
    path
        The file.
    header
        All but the points.
    point_format, record
        Of the points.
    count
        Number of points.
    fill
        Called with a block of zeros or of older points, to be filled with those of the given slice.
    size
        Points of a block; None for `BLOCK`.
    threads
        Chunks that are compressed at once; None for as many as there are cores.

    Raises
    ------
    OSError
        If the system refuses the write.
    """
    size = size or BLOCK
    compressed = path.suffix.lower() == ".laz"
    vlr = None
    if compressed:
        vlr = lazrs.LazVlr.new_for_compression(point_format, record.itemsize - standard_size(point_format))
        ours = Record.new(*LASZIP, laszip_record(vlr), "http://laszip.org")
        header = header.replace(ours).keep(lambda old: old.key != LASZIP or old is ours)
    else:
        header = header.without(LASZIP[0])
    with ErrorKeepingFile(path) as file:
        file.write(header.head(point_format, record.itemsize, compressed))
        sink = lazrs.ParLasZipCompressor(file, vlr) if compressed else None
        put = sink.compress_many if sink else file.write
        at_once = threads * vlr.chunk_size() if vlr and threads else size
        block = np.zeros(min(count, size), record)
        try:
            for start in range(0, count, size):
                part = slice(start, min(start + size, count))
                filled = block[: part.stop - part.start]
                fill(filled, part)
                for first in range(0, len(filled), at_once):
                    put(filled[first : first + at_once].view(np.uint8))
            if sink:
                sink.done()
        except lazrs.LazrsError as error:
            raise file.error or OSError(str(error)) from error
        if header.evlrs:
            end = file.seek(0, 2)
            file.write(header.tail())
            file.seek(0)
            file.write(header.head(point_format, record.itemsize, compressed, end))


def laszip_record(vlr: lazrs.LazVlr) -> bytes:
    """Return the LASzip record of lazrs with the version of waveforms that LASzip knows.

    lazrs (0.8.2) says 2 for the waveforms of point formats 4 and 5. The bytes are those of version 1, the only one.
    """
    record = bytearray(vlr.record_data())
    for at in range(_ITEMS_AT, len(record), _ITEM):
        if record[at : at + 2] == _WAVEFORMS:
            record[at + 4] = 1
    return bytes(record)


class ErrorKeepingFile:
    """A file that keeps the exception of a failed write. The compressor reports a failure, but not which one."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self.error: BaseException | None = None
        self.seek, self.tell, self.flush = self._file.seek, self._file.tell, self._file.flush

    def __enter__(self) -> ErrorKeepingFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, data: Any) -> int:
        """Write to the file."""
        try:
            return self._file.write(data)
        except BaseException as error:
            self.error = error
            raise
