"""Elements of a PLY file and their properties: types, sizes, and the records that they make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2",
    "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4",
    "double": "f8", "float64": "f8", "int64": "i8", "uint64": "u8", "longlong": "i8", "ulonglong": "u8",
    "long": "i8", "ulong": "u8",
}  # fmt: skip
"""NumPy type of each type word. The last six are no standard words; some tools write them."""


@dataclass(frozen=True)
class Property:
    """A property of an element.

    Attributes
    ----------
    name
        Distinct within its element.
    word
        Type word in the header; of a list, that of its values.
    kind
        NumPy type without byte order.
    counter
        Word and NumPy type of the counter of a list; None for a single value.
    """

    name: str
    word: str
    kind: str
    counter: tuple[str, str] | None = None

    def line(self) -> str:
        """Return the line of the header."""
        words = f"list {self.counter[0]} {self.word}" if self.counter else self.word
        return f"property {words} {self.name}"

    @property
    def least_bytes(self) -> int:
        """Bytes that one record takes at least: a list can be empty."""
        return np.dtype(self.counter[1] if self.counter else self.kind).itemsize


@dataclass(frozen=True)
class Element:
    """An element: its name, how many records there are, and their properties."""

    name: str
    count: int
    properties: tuple[Property, ...]

    @property
    def has_lists(self) -> bool:
        """Whether the records differ in size."""
        return any(each.counter for each in self.properties)

    @property
    def least_bytes(self) -> int:
        """Bytes that all records take at least, in a binary file."""
        return self.count * sum(each.least_bytes for each in self.properties)

    def record(self, order: str) -> np.dtype[np.void]:
        """Return the type of one record; a list counts as its counter."""
        kinds = [(each.name, each.counter[1] if each.counter else each.kind) for each in self.properties]
        return np.dtype([(name, order + kind) for name, kind in kinds])
