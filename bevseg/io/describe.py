"""Path and cloud -> what the file says of itself: its format, its fields, times and datums. For `bevseg inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bevseg.core.pointcloud import PointCloud
from bevseg.io import packed
from bevseg.io.crs import names_of_wkt
from bevseg.io.crs.names import NAMES
from bevseg.io.fields import Source, meaning
from bevseg.io.formats import format_to_read
from bevseg.io.text.columns import LABEL, SKIPPED
from bevseg.io.text.source import TextSource

_HEAD = 1 << 16
"""Bytes at the start of a file that are looked at."""
_SEPARATORS = {" ": "blanks", "\t": "tab", ",": "comma", ";": "semicolon"}
_PCD_KINDS = {"F": "float", "I": "int", "U": "uint"}


def describe(path: Path, cloud: PointCloud) -> dict[str, Any]:
    """Return the facts of a file that are not those of its points.

    Parameters
    ----------
    path
        The file.
    cloud
        What was read from it.

    Returns
    -------
    dict
        `format`: name, version and the like. `fields`: name -> type, with the meaning behind it if the name does not
        say it. `gps_time` and `reference_system`: None where the file says nothing. Values are JSON values.
    """
    facts: dict[str, Any] = {
        "format": {"name": format_to_read(path).name},
        "fields": _fields_of(cloud),
        "gps_time": None,
        "reference_system": names_of_wkt(cloud.crs.wkt)
        if cloud.crs and cloud.crs.wkt
        else dict.fromkeys(NAMES),
    }
    head = packed.head(path, _HEAD)
    if head.startswith(b"LASF"):
        from bevseg.io.las.describe import describe as describe_las

        facts |= describe_las(cloud.source)
    elif head.startswith(b"ply"):
        facts |= _ply(head)
    elif b"\nDATA " in head and b"\nFIELDS " in head:
        facts |= _pcd(head)
    elif isinstance(cloud.source, TextSource):
        facts |= _text(cloud.source)
    return facts


def _fields_of(cloud: PointCloud) -> dict[str, str]:
    values = cloud.source.fields() if isinstance(cloud.source, Source) else {}
    return {name: _with_meaning(name, str(each.dtype)) for name, each in values.items()}


def _with_meaning(name: str, kind: str) -> str:
    stands_for = meaning(name)
    return f"{kind} ({stands_for})" if stands_for not in (None, name) else kind


def _lines(head: bytes, end: bytes) -> list[list[str]]:
    """Return the words of the lines of a header, up to the one that begins with `end`."""
    lines = head.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    stop = next((i for i, line in enumerate(lines) if line.startswith(end)), len(lines))
    return [line.decode("utf-8", "replace").split() for line in lines[: stop + 1]]


def _ply(head: bytes) -> dict[str, Any]:
    """Return kind and properties of the vertices, as the header names them."""
    kind, element, counts = "-", "", {}
    fields: dict[str, str] = {}
    for words in _lines(head, b"end_header"):
        if words[:1] == ["format"] and len(words) > 2:
            kind = " ".join(words[1:3])
        elif words[:1] == ["element"] and len(words) == 3:
            element = words[1]
            counts[element] = words[2]
        elif words[:1] == ["property"] and element == "vertex" and len(words) > 2:
            fields.setdefault(words[-1], _with_meaning(words[-1], " ".join(words[1:-1])))
    return {"format": {"name": "PLY", "kind": kind, "elements": counts}, "fields": fields}


def _pcd(head: bytes) -> dict[str, Any]:
    """Return version, kind and fields, as the header names them."""
    entries = {words[0]: words[1:] for words in _lines(head, b"DATA ") if words}
    names = entries.get("FIELDS", [])
    counts = entries.get("COUNT", ["1"] * len(names))
    fields = {}
    for name, size, kind, count in zip(
        names, entries.get("SIZE", []), entries.get("TYPE", []), counts, strict=False
    ):
        bits = int(size) * 8 if size.isdigit() and len(size) < 3 else size
        several = "" if count == "1" else f" x {count}"
        fields[name] = _with_meaning(name, f"{_PCD_KINDS.get(kind, kind)}{bits}{several}")
    version, kinds, viewpoint = (entries.get(key) for key in ("VERSION", "DATA", "VIEWPOINT"))
    described = {"version": version, "kind": kinds, "viewpoint": viewpoint}
    return {
        "format": {"name": "PCD"}
        | {key: " ".join(words) if words else None for key, words in described.items()},
        "fields": fields,
    }


def _text(source: TextSource) -> dict[str, Any]:
    """Return header, separator and columns. A comment behind the points is a header too."""
    lines = [line.strip() for line in (source.head + source.names).decode("utf-8", "replace").splitlines()]
    header = next((line for line in reversed(lines) if line and not line.isdigit()), None)
    start = source.layout
    columns = {
        title: "class" if name == LABEL else meaning(title) or "-" if name == SKIPPED else name
        for title, name in zip(start.titles or start.names, start.names, strict=False)
    }
    return {
        "format": {
            "name": "text",
            "header": header,
            "separator": _SEPARATORS.get(start.separator, repr(start.separator)),
            "columns": columns,
        }
    }
