"""The COPC info record: the cube of the octree, and where its hierarchy begins."""

from __future__ import annotations

import dataclasses
import math
import struct
from dataclasses import dataclass

INFO, HIERARCHY = ("copc", 1), ("copc", 1000)
"""Keys of the records of COPC."""

_LAYOUT = struct.Struct("<5d2Q2d")
SIZE = 160
"""Bytes of the record; those behind the fields are reserved, and zero."""


@dataclass(frozen=True)
class Info:
    """Content of the info record.

    Attributes
    ----------
    center
        Middle of the cube, in units of the file.
    halfsize
        Half the side of the cube.
    spacing
        Distance of points in the root node; each level halves it.
    root_at, root_size
        First byte of the root page of the hierarchy in the file, and its number of bytes.
    first_time, last_time
        Lowest and highest GPS time.
    """

    center: tuple[float, float, float]
    halfsize: float
    spacing: float
    root_at: int = 0
    root_size: int = 0
    first_time: float = 0.0
    last_time: float = 0.0

    def packed(self) -> bytes:
        """Return the record as it stands in a file."""
        values = (*self.center, self.halfsize, self.spacing, self.root_at, self.root_size)
        return _LAYOUT.pack(*values, self.first_time, self.last_time).ljust(SIZE, b"\0")

    def at(self, root_at: int) -> Info:
        """Return the record for a hierarchy that lies elsewhere."""
        return dataclasses.replace(self, root_at=root_at)


def parse(data: bytes) -> Info:
    """Return the content of an info record.

    Raises
    ------
    ValueError
        If it is too short, or its cube is no cube.
    """
    if len(data) < SIZE:
        raise ValueError(f"its COPC record has {len(data)} bytes, {SIZE} are needed")
    x, y, z, halfsize, spacing, at, size, first, last = _LAYOUT.unpack_from(data)
    if not all(map(math.isfinite, (x, y, z, halfsize, spacing))) or halfsize < 0 or spacing < 0:
        raise ValueError(f"its octree has center {(x, y, z)}, half size {halfsize} and spacing {spacing}")
    return Info((x, y, z), halfsize, spacing, at, size, first, last)
