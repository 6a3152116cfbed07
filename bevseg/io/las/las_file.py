"""A LAS or LAZ file, opened, and checked before memory, time or native code is spent on its points."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import Crs
from bevseg.errors import CloudFormatError
from bevseg.io.format_errors import damaged, too_few
from bevseg.io.las import laz
from bevseg.io.las.block_writer import BLOCK
from bevseg.io.las.claims import read_checked
from bevseg.io.las.decode import COORDINATES, EVERYTHING, CompressedPoints, PlainPoints
from bevseg.io.las.extra_bytes import Description, described, record_type
from bevseg.io.las.header import Header
from bevseg.io.las.read_header import UnknownVersionError
from bevseg.io.las.reference_system import read_crs
from bevseg.io.las.source import middle_of

_FIRST = 50_000
"""Points at the start of a file that say where it lies: a chunk, as most software writes LAZ."""


@dataclass(frozen=True)
class LasFile:
    """An open file whose claims have been compared with its bytes; its points are still to be read.

    Attributes
    ----------
    path
        The file.
    header
        All but the points.
    record
        Type of a point: one field per stored value, extra dimensions included.
    count
        Number of points, at least 1.
    chunks
        The chunks of LAZ; None for LAS.
    """

    path: Path
    header: Header
    record: np.dtype[np.void]
    count: int
    chunks: laz.Chunks | None
    _file: BinaryIO = field(repr=False)

    def __len__(self) -> int:
        return self.count

    @property
    def point_format(self) -> int:
        """Point format, 0 to 10."""
        return self.header.point_format

    @property
    def chunk_counts(self) -> NDArray[np.int64] | None:
        """(C,) numbers of points of the chunks of LAZ; None for LAS."""
        return None if self.chunks is None else self.chunks.points

    @functools.cached_property
    def extras(self) -> list[Description]:
        """Extra dimensions, in their order in the point."""
        return described(self.header, self.point_format, self.record.itemsize)

    @functools.cached_property
    def middle(self) -> tuple[float, float]:
        """Median of x and of y over a sample of the first points, in units of the file."""
        return middle_of(next(self.batches(_FIRST, COORDINATES)), self.header)

    @functools.cached_property
    def crs(self) -> Crs | None:
        """The reference system; None if the file names none that can be understood, which is logged once."""
        return read_crs(self, self.path)

    def reader(
        self, layers: int = EVERYTHING, *, threads: int | None = None
    ) -> Callable[[NDArray[np.void]], None]:
        """Return a function that fills an array with the next points of the file, from the first point on.

        Parameters
        ----------
        layers, threads
            As for `bevseg.io.las.decode.CompressedPoints`.

        Raises
        ------
        CloudFormatError
            By the function, if the points cannot be decoded.
        """
        points = (
            PlainPoints(self._file, self.header)
            if self.chunks is None
            else CompressedPoints(self._file, self.header, self.chunks, layers, threads)
        )

        def read(target: NDArray[np.void]) -> None:
            with _errors_about(self.path):
                try:
                    points.read_into(target.view(np.uint8))
                except EOFError:
                    raise too_few(self.path, self.count) from None

        return read

    def batches(
        self, size: int | None = None, layers: int = EVERYTHING, *, threads: int | None = None
    ) -> Iterator[NDArray[np.void]]:
        """Yield all points, `size` at a time (None: `BLOCK`). Each batch stands in the memory of the one before.

        Parameters
        ----------
        size
            Points of a batch; the last has fewer.
        layers, threads
            As for `bevseg.io.las.decode.CompressedPoints`.

        Raises
        ------
        CloudFormatError
            If the points cannot be decoded.
        """
        size = size or BLOCK
        read = self.reader(layers, threads=threads)
        points = np.empty(min(size, self.count), self.record)
        for first in range(0, self.count, size):
            batch = points[: self.count - first]
            read(batch)
            yield batch


@contextmanager
def open_file(path: Path) -> Iterator[LasFile]:
    """Open a file and check it.

    Raises
    ------
    CloudFormatError
        If it is no LAS file, contradicts itself, is cut short, or holds no points.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        with _errors_about(path):
            header, count, chunks = read_checked(file, size, path)
            extras = described(header, header.point_format, header.record_length)
            record = record_type(header.point_format, header.record_length, extras)
        yield LasFile(path, header, record, count, chunks, file)


@contextmanager
def _errors_about(path: Path) -> Iterator[None]:
    """Turn what is found wrong with a file into errors that name it."""
    try:
        yield
    except CloudFormatError:
        raise
    except UnknownVersionError as error:
        raise CloudFormatError(
            f"LAS {error.version} is not known",
            where=path,
            why="LAS has versions 1.0 to 1.5",
            hint="export the cloud again as LAS 1.4; if this file should have one of these versions, it is damaged",
        ) from error
    except ValueError as error:
        raise damaged(path, "LAS", str(error)) from error
