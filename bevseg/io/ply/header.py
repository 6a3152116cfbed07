"""The header of a PLY file, checked in full: nothing behind it is read before it is sound."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bevseg.errors import CloudFormatError
from bevseg.io.format_errors import damaged
from bevseg.io.ply.elements import TYPES, Element, Property
from bevseg.io.vertices import axes_of, distinct

AMBIGUOUS = ("long", "ulong")
"""Words that are 4 bytes long in files of some tools and 8 in files of others."""

SCHEME_COMMENT = "comment bevseg classes="
"""Start of the comment in which bevseg writes the name of the scheme of the class codes."""

_ORDERS = {"ascii": "=", "binary_little_endian": "<", "binary_big_endian": ">"}
_LONGEST = 1 << 20
_LONGEST_NAME = 1000
_MOST_DIGITS = 18
_BOM = b"\xef\xbb\xbf"
_SHOWN = 60


@dataclass(frozen=True)
class Header:
    """A header.

    Attributes
    ----------
    order
        `<` or `>`; `=` for ASCII.
    lines
        All lines behind `ply` and before `end_header`, as they stand.
    elements
        As they follow each other.
    vertex
        Place of the vertices among the elements: of `vertex`, else of the first that has x, y and z.
    size
        Bytes that the header takes.
    encoding
        Of the lines: UTF-8, else Latin-1.
    """

    order: str
    lines: tuple[str, ...]
    elements: tuple[Element, ...]
    vertex: int | None
    size: int
    encoding: str

    @property
    def scheme(self) -> str | None:
        """Name of the scheme that bevseg wrote the class codes in."""
        mark = next((line for line in self.lines if line.startswith(SCHEME_COMMENT)), None)
        return mark.removeprefix(SCHEME_COMMENT).strip() if mark else None


def read_header(path: Path) -> Header:
    """Read and check the header of a file.

    Raises
    ------
    CloudFormatError
        If it is none, is cut short, or has a line that PLY does not know.
    """
    with path.open("rb") as file:
        head = file.read(_LONGEST)
    start = len(_BOM) if head.startswith(_BOM) else 0
    magic = re.compile(rb"ply[ \t]*(\r\n|\n|\r)").match(head, start)
    if magic is None:
        raise damaged(path, "PLY", f"it begins with {head[:20]!r}")
    terminator = rb"\r" if magic[1] == b"\r" else rb"\r?\n"
    last_line = re.compile(rb"(?<=[\r\n])[ \t]*end_header[ \t]*(?:" + terminator + rb"|\Z)")
    end = last_line.search(head, magic.end())
    if end is None:
        raise damaged(path, "PLY", f"it has no end of header in its first {len(head):,} bytes")
    block = head[magic.end() : end.start()]
    text, encoding = _decoded(block.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    lines = tuple(line.strip(" \t") for line in text.split("\n") if line.strip(" \t"))
    order = _order(lines, path)
    elements = _elements(lines, path)
    places = [i for i, element in enumerate(elements) if element.name.lower() == "vertex"]
    if len(places) > 1:
        raise header_fault(path, "two elements are called vertex")
    if not places:
        places = [i for i, each in enumerate(elements) if axes_of(part.name for part in each.properties)]
    return Header(order, lines, elements, places[0] if places else None, end.end(), encoding)


def _decoded(block: bytes) -> tuple[str, str]:
    try:
        return block.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return block.decode("latin-1"), "latin-1"


def _order(lines: Iterable[str], path: Path) -> str:
    formats = [line.split() for line in lines if line.split(None, 1)[:1] == ["format"]]
    kind = formats[0][1] if formats and len(formats[0]) > 1 else "none"
    if len(formats) != 1 or kind not in _ORDERS:
        raise header_fault(
            path, f"format {kind[:_SHOWN]}, expected one line with one of {', '.join(_ORDERS)}"
        )
    return _ORDERS[kind]


def _elements(lines: tuple[str, ...], path: Path) -> tuple[Element, ...]:
    """Read the elements; a line that is no comment must be one of theirs."""
    parts: list[tuple[str, int, list[Property]]] = []
    for line in lines:
        words = line.encode(
            "utf-8"
        ).split()  # bytes: only ASCII blanks separate words, only ASCII digits count
        keyword = words[0] if words else b"comment"
        if keyword in (b"comment", b"obj_info", b"format"):
            continue
        if keyword == b"element" and len(words) == 3 and words[2].isdigit() and len(words[2]) <= _MOST_DIGITS:
            parts.append((words[1].decode("utf-8"), int(words[2]), []))
            continue
        each = _property([word.decode("utf-8") for word in words]) if parts else None
        if each is None:
            raise header_fault(path, f"the line {line[:_SHOWN]!r} is not understood")
        parts[-1][2].append(each)
    return tuple(_element(*part, path) for part in parts)


def _property(words: list[str]) -> Property | None:
    """Read the line of a property; None if it is none."""
    if words[0] != "property" or len(words[-1]) > _LONGEST_NAME:
        return None
    kinds = [TYPES.get(word.lower()) for word in words[2:4]]
    if len(words) == 5 and words[1].lower() == "list" and all(kinds) and str(kinds[0])[0] != "f":
        return Property(words[4], words[3], str(kinds[1]), (words[2], str(kinds[0])))
    kind = TYPES.get(words[1].lower()) if len(words) == 3 else None
    return None if kind is None else Property(words[2], words[1], kind)


def _element(name: str, count: int, properties: list[Property], path: Path) -> Element:
    """Build an element whose properties have distinct names."""
    names = [each.name for each in properties]
    twice = [each for each, times in Counter(names).items() if times > 1]
    if name.lower() == "vertex" and set(twice) & {"x", "y", "z"}:
        raise header_fault(path, f"the property {twice[0]} of the vertices occurs twice")
    renamed = distinct(names) if twice else names
    if name.lower() == "vertex" and twice:
        warnings.warn(
            f"{path}: properties of the points have the same name, {', '.join(twice)[:_SHOWN]}: "
            "all but the first get a number",
            stacklevel=4,
        )
    listed = (
        Property(unique, each.word, each.kind, each.counter)
        for unique, each in zip(renamed, properties, strict=True)
    )
    return Element(name, count, tuple(listed))


def header_fault(path: Path, why: str) -> CloudFormatError:
    """Return the error for a header that cannot be used."""
    return CloudFormatError(
        "This PLY header is not supported",
        where=path,
        why=why,
        hint="write it again as plain PLY, ASCII or binary",
    )
