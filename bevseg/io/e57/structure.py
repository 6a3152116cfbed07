"""The XML of an E57 file -> its scans: point counts, fields and poses. No native code sees a file before this does.

The file is cut into pages of 1,024 bytes, each with a checksum in its last 4. The XML at the end describes the scans;
the points lie before it (ASTM E2807).
"""

from __future__ import annotations

import math
import struct
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.errors import CloudFormatError

SIGNATURE = b"ASTM-E57"
_HEADER = struct.Struct("<8sIIQQQQ")
_CHECKSUM = 4
_LARGEST_XML = 1 << 26
_DEEPEST = 64
"""Elements within each other. The standard needs fewer than ten."""
_INTEGERS = ("B", "b", "H", "h", "i", "q")
"""Types of whole numbers, small ones first."""
_LARGEST = 2**63


class NotE57Error(ValueError):
    """The file is not built as the standard says."""


@dataclass(frozen=True)
class Field:
    """A field of the points of a scan.

    Attributes
    ----------
    name
        As the file spells it, such as `cartesianX`.
    kind
        Type of its values in memory.
    bits
        What a point needs of the file for it; 0 for a constant.
    limits
        The least and the greatest value by the description of the scan; None where it says nothing.
    """

    name: str
    kind: np.dtype[Any]
    bits: int
    limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class Scan:
    """A scan of a file.

    Attributes
    ----------
    name
        For people.
    count
        Number of points.
    fields
        In the order of the file.
    rotation
        (3, 3), from the frame of the scan into that of the file.
    translation
        (3,), m.
    start
        Start of the scan, seconds of GPS time; 0 if unknown.
    """

    name: str
    count: int
    fields: tuple[Field, ...]
    rotation: NDArray[np.float64]
    translation: NDArray[np.float64]
    start: float


@dataclass(frozen=True)
class Structure:
    """What the XML of a file says: its scans, and the reference system of their common frame."""

    scans: tuple[Scan, ...]
    crs: str


def read_structure(path: Path) -> Structure:
    """Read the description of a file.

    Raises
    ------
    CloudFormatError
        If it is no E57 file, is cut short, or describes more points than it has bytes for.
    """
    try:
        root = _parse(_xml(path))
        scans = root.find("data3D")
        found = [_scan(node, i) for i, node in enumerate([] if scans is None else scans)]
        room = 8 * path.stat().st_size
        for number, scan in enumerate(found, start=1):
            if scan.count * sum(field.bits for field in scan.fields) > room:
                raise NotE57Error(f"scan {number} has {scan.count:,} points, too many for its bytes")
        return Structure(tuple(found), _text(root, "coordinateMetadata").strip())
    except (NotE57Error, ET.ParseError, ValueError, OverflowError, struct.error) as error:
        raise damaged(path, str(error)) from error


def damaged(path: Path, why: str) -> CloudFormatError:
    """Return the error for a file that is not built as the standard says."""
    return CloudFormatError(
        "The E57 file is damaged or truncated",
        where=path,
        why=why,
        hint="copy it again, or export the scans as LAZ or E57 with the program that made them",
    )


def _xml(path: Path) -> bytes:
    """Return the XML section, without the checksums."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEADER.size)
        if not head.startswith(SIGNATURE) or len(head) < _HEADER.size:
            raise NotE57Error(
                f"an E57 file begins with {SIGNATURE!r} and a header, this one with {head[:8]!r}"
            )
        _, _, _, length, start, xml_length, page = _HEADER.unpack(head)
        if length != size or page != 1024:
            raise NotE57Error(f"by its header it has {length:,} bytes in pages of {page:,}; it has {size:,}")
        if start >= size or xml_length > min(size, _LARGEST_XML):
            raise NotE57Error(f"its description is {xml_length:,} bytes at byte {start:,}")
        file.seek(start - start % page)
        pages = file.read(xml_length + page + (xml_length // (page - _CHECKSUM) + 2) * _CHECKSUM)
    payload = b"".join(pages[at : at + page - _CHECKSUM] for at in range(0, len(pages), page))
    xml = payload[start % page :][:xml_length]
    if len(xml) < xml_length:
        raise NotE57Error("its description runs over the end of the file")
    return xml


def _parse(xml: bytes) -> ET.Element:
    """Parse the XML; a document type, which could define entities, and deep nests are refused."""
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise NotE57Error("its description has a document type")
    parser: Any = ET.XMLPullParser(("start", "end"))
    try:
        parser.feed(xml)
    except LookupError as error:
        raise NotE57Error(f"its description names an {error}") from error
    parser.close()
    depth, root = 0, None
    for event, element in parser.read_events():
        assert isinstance(element, ET.Element)
        root = element if root is None else root
        element.tag = _plain_tag(element.tag)
        depth += 1 if event == "start" else -1
        if depth > _DEEPEST:
            raise NotE57Error("the elements of its description are nested too deep")
    if root is None:
        raise NotE57Error("its description is empty")
    return root


def _plain_tag(tag: str) -> str:
    """Return the name of an element: without the namespace of the standard, extensions as `nor:normalX`."""
    if not tag.startswith("{"):
        return tag
    space, _, name = tag[1:].partition("}")
    return f"nor:{name}" if "normals" in space.lower() else name


def _scan(node: ET.Element, index: int) -> Scan:
    points = node.find("points")
    prototype = None if points is None else points.find("prototype")
    if points is None or prototype is None:
        raise NotE57Error(f"scan {index + 1} has no points element")
    count = int(points.get("recordCount", "0"))
    if not 0 <= count < _LARGEST:
        raise NotE57Error(f"scan {index + 1} has {count} points")
    limits = {
        "intensity": _limits(node, "intensityLimits", "intensity"),
        **{f"color{c}": _limits(node, "colorLimits", f"color{c}") for c in ("Red", "Green", "Blue")},
    }
    fields = tuple(_field(element, limits.get(element.tag)) for element in prototype)
    rotation, translation = _pose(node, index)
    return Scan(
        _text(node, "name") or f"scan {index + 1}",
        count,
        fields,
        rotation,
        translation,
        _number(node, "acquisitionStart/dateTimeValue", 0.0),
    )


def _field(element: ET.Element, limits: tuple[float, float] | None) -> Field:
    kind = element.get("type")
    if kind == "Float":
        single = element.get("precision") == "single"
        return Field(element.tag, np.dtype("f" if single else "d"), 32 if single else 64, limits)
    if kind not in ("Integer", "ScaledInteger"):
        raise NotE57Error(f"the field {element.tag} has the type {kind}")
    low, high = int(element.get("minimum", -_LARGEST)), int(element.get("maximum", _LARGEST - 1))
    if not -_LARGEST <= low <= high < _LARGEST:
        raise NotE57Error(f"the field {element.tag} lies between {low} and {high}")
    bits = (high - low).bit_length()
    if kind == "ScaledInteger":
        return Field(element.tag, np.dtype("d"), bits, limits)
    fits = (t for t in _INTEGERS if np.iinfo(t).min <= low and high <= np.iinfo(t).max)
    return Field(element.tag, np.dtype(next(fits)), bits, limits)


def _pose(node: ET.Element, index: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return rotation matrix and translation; without a pose, the scan stands in the frame of the file."""
    if node.find("pose") is None:
        return np.eye(3), np.zeros(3)
    rotated = node.find("pose/rotation") is not None
    turn = [_number(node, f"pose/rotation/{c}", 0.0) for c in "wxyz"] if rotated else [1.0, 0.0, 0.0, 0.0]
    move = np.array([_number(node, f"pose/translation/{c}", 0.0) for c in "xyz"])
    norm = math.hypot(*turn)
    if not (math.isfinite(norm) and norm > 0 and np.isfinite(move).all()):
        raise NotE57Error(f"scan {index + 1} has the pose {turn}, {move.tolist()}")
    w, x, y, z = (part / norm for part in turn)
    rotation = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.array(rotation), move


def _limits(node: ET.Element, group: str, name: str) -> tuple[float, float] | None:
    if node.find(f"{group}/{name}Maximum") is None:
        return None
    return _number(node, f"{group}/{name}Minimum", 0.0), _number(node, f"{group}/{name}Maximum", 0.0)


def _text(node: ET.Element, name: str) -> str:
    return node.findtext(name) or ""


def _number(node: ET.Element, name: str, default: float) -> float:
    """Return the value of a number; an element without text is 0 by the standard."""
    element = node.find(name)
    if element is None:
        return default
    text = (element.text or "0").strip() or "0"
    if element.get("type") == "ScaledInteger":
        return int(text) * float(element.get("scale", "1")) + float(element.get("offset", "0"))
    return float(text)
