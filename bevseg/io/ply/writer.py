"""Labelled cloud -> PLY: a PLY source comes back whole, in its own format kind; others give all their fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import Scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.io import ascii_records
from bevseg.io.class_codes import codes_to_write
from bevseg.io.colours import CHANNELS, as_bytes, channels_of
from bevseg.io.coordinates import lost_system
from bevseg.io.fields import (
    AXES,
    BESIDE_CLASS,
    CLASS,
    Source,
    beside_class,
    meaning,
    only_here,
    plain,
)
from bevseg.io.ply.elements import TYPES, Property
from bevseg.io.ply.header import SCHEME_COMMENT, Header
from bevseg.io.ply.lists import Lists, write_records
from bevseg.io.ply.source import PlySource
from bevseg.io.raw import LONGEST_NAME
from bevseg.io.unit_comment import unit_comment
from bevseg.io.vertices import (
    SCALAR,
    code_type,
    coordinates,
    distinct,
    header_text,
    header_word,
    own_name,
)

_WORDS = {kind: word for word, kind in reversed(TYPES.items()) if not word[-1].isdigit() and kind[1] != "8"}
_WORDS |= {"f8": "double", "i8": "int64", "u8": "uint64"}
"""Type word of each NumPy type."""

_KNOWN = (*CHANNELS, "nx", "ny", "nz", "intensity")
"""Names that programs know without the prefix."""
_OTHER_INTENSITIES = ("amplitude", "reflectance", "remission")
"""Names that say more than `intensity` does."""
_EXACT = 2**53


def write(cloud: PointCloud, point_labels: PointLabels, path: Path, scheme: Scheme) -> None:
    """Write a PLY with the classes and the fields of `bevseg.io.fields.beside_class`, with `scalar_` before them.

    A PLY source keeps its format kind, comments, elements, properties, types and lists. The classes go into its
    property `class` or `scalar_class`, else into a new property `scalar_class`. Other sources become binary: all
    their fields, coordinates as double where they have no type of their own.

    Raises
    ------
    LabelError
        If the scheme has no code for a class.
    OSError
        If the system refuses the write.
    """
    codes = codes_to_write(cloud, point_labels, scheme, path)
    mark = SCHEME_COMMENT + header_text(scheme.name[:LONGEST_NAME])
    if isinstance(cloud.source, PlySource):
        old = [name for name in BESIDE_CLASS if own_name(name, cloud.source.names) is not None]
        new = {CLASS: codes} | beside_class(point_labels, old)
        _write_again(cloud.source, new, path, mark)
    else:
        _write_new(cloud, {CLASS: codes} | beside_class(point_labels, ()), path, mark)


def cannot_keep(cloud: PointCloud) -> list[str]:
    """Return one sentence for each thing of the source that PLY cannot hold."""
    source = cloud.source
    if isinstance(source, PlySource) or not isinstance(source, Source):
        return []
    lost = lost_system(cloud, "PLY") + only_here(source)
    for name, values in source.fields().items():
        kind = _type_of(values)
        if kind is None:
            lost.append(f"the field {name} is left out: PLY holds no values of type {values.dtype}")
        elif values.dtype.kind in "iu" and kind == "f8" and not _exact(values):
            lost.append(f"the field {name} is rounded to 53 bits: PLY has no 64-bit integers")
    return lost


def _type_of(values: NDArray[np.generic]) -> str | None:
    """Return the NumPy type of PLY that holds the values; double for 64-bit integers too large for others."""
    kind = values.dtype.str[1:]
    if values.dtype.kind in "iu" and values.dtype.itemsize == 8:
        low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
        fitting = (k for k in ("i4", "u4") if np.iinfo(k).min <= low and high <= np.iinfo(k).max)
        return next(fitting, "f8")
    if kind in TYPES.values():
        return kind
    return {"b1": "u1", "f2": "f4"}.get(kind)


def _exact(values: NDArray[np.generic]) -> bool:
    """Whether doubles hold these integers."""
    low, high = int(values.min()), int(values.max())
    if max(-low, high) <= _EXACT:
        return True
    wide = values.astype(np.float64)
    return bool((wide < 2.0**63).all() and (wide.astype(values.dtype) == values).all())


def _write_again(source: PlySource, labels: Mapping[str, NDArray[Any]], path: Path, mark: str) -> None:
    header, names = source.header, source.names
    element = header.elements[header.vertex or 0]
    values: dict[str, NDArray[np.generic]] = {name: source.vertex[name] for name in names}
    values |= {name: lists.counts for name, lists in source.lists.items()}
    properties = {each.name: _as_read(each, values[each.name], header) for each in element.properties}
    for name, new in labels.items():
        target = own_name(name, names) or SCALAR + name
        old = properties.get(target)
        kind = code_type(np.dtype(old.kind) if old else None, new) if name == CLASS else np.dtype("u1")
        if old is None or old.kind != kind.str[1:]:
            properties[target] = Property(target, _WORDS[kind.str[1:]], kind.str[1:])
        values[target] = new.astype(kind)
    lines = _lines(header, list(properties.values()), mark)
    with path.open("wb") as file:
        file.write(lines.encode(header.encoding, "replace"))
        file.write(source.before)
        if header.order == "=":
            columns = {
                name: _texts(values[name], source.lists[name]) if name in source.lists else values[name]
                for name in properties
            }
            ascii_records.write(columns, file)
        else:
            records = _records(properties, values, header.order)
            file.write(
                write_records(records, source.lists).data if source.lists else records.view(np.uint8).data
            )
        file.write(source.behind)


def _as_read(each: Property, values: NDArray[np.generic], header: Header) -> Property:
    """Return a property whose type holds the values: text can hold others than its header says."""
    if header.order != "=" or each.counter or values.dtype.kind == np.dtype(each.kind).kind == "f":
        return each
    if values.dtype.str[1:] == each.kind:
        return each
    kind = _type_of(values) or "f8"
    return replace(each, word=_WORDS[kind], kind=kind)


def _records(
    properties: dict[str, Property], values: dict[str, NDArray[np.generic]], order: str
) -> NDArray[np.void]:
    size = len(next(iter(values.values())))
    kinds = [
        (each.name, order + (each.counter[1] if each.counter else each.kind)) for each in properties.values()
    ]
    records = np.empty(size, kinds)
    for name in properties:
        records[name] = values[name]
    return records


def _texts(counts: NDArray[np.generic], lists: Lists) -> list[str]:
    """Return a list as ASCII PLY writes it: its length, then its values."""
    words = [str(value) for value in lists.values.tolist()]
    ends = np.cumsum(counts.astype(np.int64)).tolist()
    starts = [0, *ends[:-1]]
    return [" ".join([str(b - a), *words[a:b]]) for a, b in zip(starts, ends, strict=True)]


def _lines(header: Header, properties: list[Property], mark: str) -> str:
    """Return the header as it was, with these properties of the vertices."""
    lines, left, inside, place = ["ply"], list(properties), False, -1
    for line in header.lines:
        words = [*line.split(), ""]
        if line.startswith(SCHEME_COMMENT):
            continue
        if words[0] == "element":
            lines += [each.line() for each in left] if inside else []
            place += 1
            inside = place == header.vertex
            lines += [mark] if inside else []
        if inside and words[0] == "property":
            lines.append(left.pop(0).line())
            continue
        lines.append(line)
    lines += [each.line() for each in left] if inside else []
    return "".join(line + "\n" for line in [*lines, "end_header"])


def _write_new(cloud: PointCloud, labels: Mapping[str, NDArray[Any]], path: Path, mark: str) -> None:
    values = dict(zip(AXES, coordinates(cloud), strict=True)) | _columns(cloud)
    for name, new in labels.items():
        values[SCALAR + name] = new.astype(code_type(None, new))
    properties = {}
    for name, column in values.items():
        kind = _type_of(column)
        if kind is not None:
            properties[name] = Property(name, _WORDS[kind], kind)
    count = f"element vertex {len(cloud)}"
    unit = unit_comment(cloud)
    comments = [mark, *([f"comment {unit}"] if unit else [])]
    lines = ["ply", "format binary_little_endian 1.0", *comments, count]
    lines += [*(p.line() for p in properties.values()), "end_header"]
    with path.open("wb") as file:
        file.write("".join(line + "\n" for line in lines).encode("utf-8", "replace"))
        file.write(_records(properties, values, "<").view(np.uint8).data)  # names may hold a colon


def _columns(cloud: PointCloud) -> dict[str, NDArray[np.generic]]:
    """Return the fields of the source under the names that programs look for in PLY."""
    columns = cloud.source.fields() if isinstance(cloud.source, Source) else {}
    known = [_known_name(name) for name in columns]
    names = []
    for name, what in zip(columns, known, strict=True):
        word = header_word(name)
        if what is not None and known.count(what) == 1:
            names.append(what)
        else:
            names.append(word if word.startswith(SCALAR) or word == "alpha" else SCALAR + word)
    taken = [*AXES, SCALAR + CLASS, *(SCALAR + name for name in BESIDE_CLASS)]
    named = dict(zip(distinct([*taken, *names])[len(taken) :], columns.values(), strict=True))
    colours = channels_of(named)
    narrow = as_bytes([named[name] for name in colours]) if colours else None
    return named | dict(zip(colours, narrow, strict=True)) if narrow else named


def _known_name(name: str) -> str | None:
    """Return the name of a field that programs know without the prefix."""
    what = meaning(name)
    return what if what in _KNOWN and plain(name) not in _OTHER_INTENSITIES else None
