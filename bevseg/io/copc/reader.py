"""COPC -> points, as of any LAZ file, with a warning if its octree is not that of its points."""

from __future__ import annotations

import warnings
from pathlib import Path

from bevseg.io.copc.info import INFO
from bevseg.io.copc.octree import HEADER_SIZE, octree_in, octree_of
from bevseg.io.las import reader as las_reader
from bevseg.io.las.laz import read_chunks
from bevseg.io.las.read_header import read_header
from bevseg.io.las.records import Record
from bevseg.io.las.source import LasSource
from bevseg.io.raw import RawCloud

_RECORD_HEAD = 54


def holds(path: Path) -> bool:
    """Whether a file says that it is COPC: by the record that has a known place."""
    try:
        with path.open("rb") as file:
            start = file.read(HEADER_SIZE + _RECORD_HEAD)
    except OSError:
        return False
    head = start[HEADER_SIZE:]
    return start[:4] == b"LASF" and len(head) == _RECORD_HEAD and Record(head, b"").key == INFO


def ending(path: Path) -> str:
    """Return the ending of an output in the format of this file: `copc.laz`, or `laz` if its octree is wrong."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header = read_header(file, size)
            octree_in(header, read_chunks(file, header, header.counts[0], size).points)
    except (OSError, ValueError, IndexError):  # the reader says what is wrong with the file
        return "laz"
    return "copc.laz"


def read(path: Path) -> RawCloud:
    """Read a COPC file as any other LAZ file: its points come in the order of the file.

    Raises
    ------
    CloudFormatError
        If it is no sound LAZ file. A wrong octree is a warning.
    CrsError
        If its coordinates are no lengths.
    """
    raw = las_reader.read(path)
    source = raw.cloud.source
    try:
        if isinstance(source, LasSource):
            octree_of(source)
    except ValueError as error:
        warnings.warn(
            f"{path}: read as plain LAZ: it says that it is COPC, but {error}; its result is plain LAZ too, unless "
            "--format copc.laz builds a new octree",
            stacklevel=2,
        )
    return raw
