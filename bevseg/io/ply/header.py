"""The header of a PLY file, and where each of its elements ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bevseg.errors import CloudFormatError
from bevseg.io.format_errors import damaged

TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2",
    "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4",
    "double": "f8", "float64": "f8",
}  # fmt: skip
"""NumPy type of each type word."""

SCHEME_COMMENT = "comment bevseg classes="
"""Start of the comment in which bevseg writes the name of the scheme of the class codes."""

_ORDERS = {"ascii": "=", "binary_little_endian": "<", "binary_big_endian": ">"}
_LONGEST = 1 << 20


@dataclass(frozen=True)
class Element:
    """An element: its name, how many there are, and its lines in the header, verbatim."""

    name: str
    count: int
    lines: tuple[str, ...]

    def record(self, order: str) -> np.dtype[np.void] | None:
        """Return the type of one record; None if it has lists."""
        words = [line.split() for line in self.lines[1:]]
        if any(word[1] == "list" for word in words):
            return None
        return np.dtype([(word[2], order + TYPES[word[1]]) for word in words])

    def size(self, data: memoryview, order: str) -> int:
        """Return the bytes that all records take at the start of `data`; more than there are if it is cut short."""
        record = self.record(order)
        if record is not None:
            return self.count * record.itemsize
        steps = [self._step(line.split(), order) for line in self.lines[1:]]
        at = 0
        for _ in range(self.count):
            for counter, size in steps:
                if counter is None:
                    at += size
                    continue
                if at + counter.itemsize > len(data):
                    return len(data) + 1
                at += counter.itemsize + size * int(np.frombuffer(data, counter, 1, at)[0])
        return at

    @staticmethod
    def _step(words: list[str], order: str) -> tuple[np.dtype[np.generic] | None, int]:
        """Return the type of the counter of a list, None for a scalar, and the bytes of one value."""
        if words[1] == "list":
            return np.dtype(order + TYPES[words[2]]), np.dtype(TYPES[words[3]]).itemsize
        return None, np.dtype(TYPES[words[1]]).itemsize


@dataclass(frozen=True)
class Header:
    """A header.

    Attributes
    ----------
    order
        `<` or `>`; `=` for ASCII.
    comments
        Comment lines, verbatim.
    elements
        As they follow each other.
    size, lines
        Bytes and lines that the header takes.
    """

    order: str
    comments: tuple[str, ...]
    elements: tuple[Element, ...]
    size: int
    lines: int


def read_header(path: Path) -> Header:
    """Read the header of a file.

    Raises
    ------
    CloudFormatError
        If it is none, or cut short.
    """
    with path.open("rb") as file:
        head = file.read(_LONGEST)
    end = head.find(b"end_header")
    stop = head.find(b"\n", end) + 1
    if not head.startswith(b"ply") or end < 0 or stop == 0:
        why = f"it begins with {head[:20]!r} and has {'an' if end >= 0 else 'no'} end of header"
        raise damaged(path, "PLY", why)
    lines = [line.strip() for line in head[:end].decode("latin-1").splitlines()]
    kind = next((line.split(" ")[1] for line in lines if line.startswith("format ")), "none")
    elements = tuple(_elements(lines))
    if kind not in _ORDERS or not all(_is_known(element) for element in elements):
        raise CloudFormatError(
            "This PLY header is not supported",
            where=path,
            why=f"format {kind}; "
            + "; ".join(line for e in elements if not _is_known(e) for line in e.lines),
            hint="write it again as plain PLY, ASCII or binary",
        )
    comments = tuple(line for line in lines if line.startswith(("comment", "obj_info")))
    return Header(_ORDERS[kind], comments, elements, stop, len(lines) + 1)


def _elements(lines: list[str]) -> Iterator[Element]:
    element: Element | None = None
    for line in lines:
        words = line.split()
        if line.startswith("element "):
            if element:
                yield element
            count = int(words[2]) if len(words) == 3 and words[2].isdigit() else -1
            element = Element(words[1], count, (line,))
        elif line.startswith("property ") and element:
            element = replace(element, lines=(*element.lines, line))
    if element:
        yield element


def _is_known(element: Element) -> bool:
    """Whether count and types of an element are as they should be."""
    words = [line.split() for line in element.lines[1:]]
    return element.count >= 0 and all(
        (len(word) == 3 and word[1] in TYPES)
        or (len(word) == 5 and word[1] == "list" and word[2] in TYPES and word[3] in TYPES)
        for word in words
    )
