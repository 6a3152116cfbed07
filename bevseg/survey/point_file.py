"""The points of a cloud on disk, laid down by block: what tasks read them from.

A file holds, one behind the other: the segments (indices, x, y, z of each), the labels of all of them, the table of
the segments, and what is known of the cloud. It appears when it is complete.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from bevseg.core.blocks import Block, Segment
from bevseg.runtime.atomic import replacing

BYTES = 16
"""Of a point: its index in its batch, and three coordinates. A label is one byte more."""

COLUMNS = ("first", "col", "row", "start", "count")
"""Columns of the table: first point of the batch that a segment comes from, in the cloud; its block; its first point
in the file; its points."""

_TAIL = 16
"""The last bytes of a file: how long the facts are, and how long the file is."""


class PointFileWriter:
    """Writes the segments of a cloud, batch by batch."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._rows: list[tuple[int, int, int, int, int]] = []
        self._count = 0

    def add(self, first: int, block: Block, segment: Segment) -> None:
        """Write points of one block.

        Parameters
        ----------
        first
            Place in the cloud of the first point of the batch that they come from.
        block, segment
            The block and the points; their indices count from the start of the batch.
        """
        for values in (segment.indices.astype(np.uint32), segment.x, segment.y, segment.z):
            self._file.write(np.ascontiguousarray(values).tobytes())
        self._rows.append((first, *block, self._count, len(segment.x)))
        self._count += len(segment.x)

    def finish(self, labels: NDArray[np.uint8] | None, facts: dict[str, Any]) -> None:
        """Write the labels of the whole cloud, (N,) train ids or None, and what is known of it, ready for JSON."""
        if labels is not None:  # indices are read back: held, they would take 8 bytes a point
            for first, _, _, start, count in self._rows:
                self._file.seek(start * BYTES)
                indices = np.frombuffer(self._file.read(count * 4), np.uint32).astype(np.int64)
                self._file.seek(0, os.SEEK_END)
                self._file.write(labels[indices + first].tobytes())
        self._file.write(np.array(self._rows, np.int64).reshape(-1, len(COLUMNS)).tobytes())
        text = json.dumps(
            facts | {"segments": len(self._rows), "stored": self._count, "labelled": labels is not None}
        ).encode()
        self._file.write(text)
        self._file.write(np.array([len(text), self._file.tell() + _TAIL], np.int64).tobytes())


@contextmanager
def writing(path: Path) -> Iterator[PointFileWriter]:
    """Yield the writer of a file that appears when the block succeeds."""
    with replacing(path, durable=False) as temporary, temporary.open("w+b") as file:
        yield PointFileWriter(file)


@dataclass(frozen=True)
class PointFile:
    """A file of points.

    Attributes
    ----------
    path
        The file.
    facts
        What is known of the cloud.
    table
        (S, 5) the segments; see `COLUMNS`.
    """

    path: Path
    facts: dict[str, Any]
    table: NDArray[np.int64]

    @classmethod
    def open(cls, path: Path) -> Self | None:
        """Return a file; None if there is none, or if the system went down while it was written."""
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                file.seek(max(size - _TAIL, 0))
                length, whole = np.frombuffer(file.read(_TAIL), np.int64).tolist()
                if whole != size or not 0 < length < size:
                    return None
                file.seek(size - _TAIL - length)
                facts = json.loads(file.read(length))
                wide = len(COLUMNS) * 8
                file.seek(size - _TAIL - length - facts["segments"] * wide)
                table = np.frombuffer(file.read(facts["segments"] * wide), np.int64)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return cls(path, facts, table.reshape(-1, len(COLUMNS)))


def rows_of(firsts: NDArray[np.int64], start: int, stop: int) -> NDArray[np.bool_]:
    """Return which segments may hold points `start` to `stop` of their cloud, given their column `first`."""
    batches = np.unique(firsts)
    near = batches[max(int(np.searchsorted(batches, start, "right")) - 1, 0) : np.searchsorted(batches, stop)]
    return np.isin(firsts, near)


def read_segment(path: Path, number: int, start: int, count: int, labels_from: int | None) -> Segment:
    """Return a segment of a file.

    Parameters
    ----------
    path
        The file.
    number
        Number of its cloud in the survey.
    start, count
        As in the table.
    labels_from
        Number of points in the file, behind which the labels begin; None for a cloud without labels.
    """
    with path.open("rb", buffering=0) as file:
        file.seek(start * BYTES)
        data = file.read(count * BYTES)
        indices = np.frombuffer(data, np.uint32, count)
        x, y, z = np.frombuffer(data, np.int32, 3 * count, 4 * count).reshape(3, count)
        labels = None
        if labels_from is not None:
            file.seek(labels_from * BYTES + start)
            labels = np.frombuffer(file.read(count), np.uint8)
    return Segment(number, indices, x, y, z, labels)
