"""Labelled cloud -> PCD: a PCD source keeps its fields, other sources give all of theirs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import Scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.io import ascii_records
from bevseg.io.class_codes import codes_to_write
from bevseg.io.colours import as_bytes, channels_of, packed
from bevseg.io.coordinates import lost_system
from bevseg.io.fields import AXES, CLASS, Source, beside_class, only_here
from bevseg.io.pcd.header import IDENTITY, PADDING, SCHEME_COMMENT, Header
from bevseg.io.pcd.source import PcdSource
from bevseg.io.raw import LONGEST_NAME
from bevseg.io.unit_comment import unit_comment
from bevseg.io.vertices import code_type, coordinates, distinct, header_text, header_word

_VERSION = "# .PCD v0.7 - Point Cloud Data file format"


def write(cloud: PointCloud, point_labels: PointLabels, path: Path, scheme: Scheme) -> None:
    """Write a PCD with `class` and the fields of `bevseg.io.fields.beside_class`.

    A PCD source keeps its fields, types, comments, grid and viewpoint; text stays text, and compressed files become
    binary. Other sources become binary: all their fields; colours of 8 bits as the packed field `rgb`.

    Raises
    ------
    LabelError
        If the scheme has no code for a class.
    OSError
        If the system refuses the write.
    """
    codes = codes_to_write(cloud, point_labels, scheme, path)
    source = cloud.source
    header = source.header if isinstance(source, PcdSource) else None
    if isinstance(source, PcdSource):
        columns = {name: source.vertex[name] for name in source.names}
    else:
        columns = _columns(cloud)
    old = columns[CLASS].dtype if CLASS in columns and columns[CLASS].ndim == 1 else None
    columns[CLASS] = codes.astype(code_type(old, codes))
    columns |= beside_class(point_labels, columns if isinstance(source, PcdSource) else ())
    is_text = header is not None and header.data == "ascii"
    marks = [SCHEME_COMMENT + header_text(scheme.name[:LONGEST_NAME])]
    unit = unit_comment(cloud) if header is None else None
    marks += [f"# {unit}"] if unit else []
    with path.open("wb") as file:
        file.write(_lines(columns, len(cloud), header, marks).encode("utf-8", "replace"))
        if is_text:
            ascii_records.write(_single(columns), file)
        else:
            file.write(_records(columns, len(cloud)).view(np.uint8).data)  # names may hold a colon


def cannot_keep(cloud: PointCloud) -> list[str]:
    """Return one sentence for each thing of the source that PCD cannot hold."""
    source = cloud.source
    if isinstance(source, PcdSource) or not isinstance(source, Source):
        return []
    lost = lost_system(cloud, "PCD") + only_here(source)
    return lost + [
        f"the field {name} is left out: PCD holds no values of type {values.dtype}"
        for name, values in source.fields().items()
        if _type_of(values) is None
    ]


def _type_of(values: NDArray[np.generic]) -> str | None:
    """Return the NumPy type of PCD that holds the values."""
    kind = values.dtype.str[1:]
    if values.dtype.kind in "iu" or kind in ("f4", "f8"):
        return kind
    return {"b1": "u1", "f2": "f4"}.get(kind)


def _columns(cloud: PointCloud) -> dict[str, NDArray[np.generic]]:
    """Return coordinates and fields of a source of another format."""
    fields = cloud.source.fields() if isinstance(cloud.source, Source) else {}
    kept = {name: values for name, values in fields.items() if _type_of(values) is not None}
    colours = channels_of(kept)
    narrow = as_bytes([kept[name] for name in colours]) if colours else None
    named: list[tuple[str, NDArray[np.generic]]] = []
    for name, values in kept.items():
        if narrow is None or name not in colours:
            word = header_word(name).replace(",", "_")  # readers take a comma for a blank
            named.append((f"{word}field" if word == PADDING else word, values))
        elif name == colours[0]:
            named.append(("rgb", packed(narrow).view(np.float32)))
    names = distinct([*AXES, *(name for name, _ in named)])
    return dict(zip(names, [*coordinates(cloud), *(values for _, values in named)], strict=True))


def _records(columns: dict[str, NDArray[np.generic]], size: int) -> NDArray[np.void]:
    kinds = [(name, "<" + str(_type_of(values)), values.shape[1:]) for name, values in columns.items()]
    records = np.empty(size, kinds)
    for name, values in columns.items():
        records[name] = values
    return records


def _single(columns: dict[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
    """Return the columns with those of several values apart."""
    single: dict[str, NDArray[np.generic]] = {}
    for values in columns.values():
        flat = values.reshape(len(values), -1)
        single |= {f"{len(single)}_{i}": flat[:, i] for i in range(flat.shape[1])}
    return single


def _lines(
    columns: dict[str, NDArray[np.generic]], size: int, header: Header | None, marks: list[str]
) -> str:
    padding = header.padding if header else frozenset[str]()
    kinds = [np.dtype(str(_type_of(values))) for values in columns.values()]
    if (
        header is not None and header.data == "ascii"
    ):  # the declared type: text has its digits whatever that is
        record = header.record
        kinds = [
            record[name].base
            if name in (record.names or ()) and record[name].base.kind == kind.kind == "f"
            else kind
            for name, kind in zip(columns, kinds, strict=True)
        ]
    counts = [int(np.prod(values.shape[1:], dtype=np.int64)) for values in columns.values()]
    comments = [
        line for line in (header.comments if header else (_VERSION,)) if not line.startswith(SCHEME_COMMENT)
    ]
    lines = [
        *comments,
        *marks,
        "VERSION 0.7",
        "FIELDS " + " ".join(PADDING if name in padding else name for name in columns),
        "SIZE " + " ".join(str(kind.itemsize) for kind in kinds),
        "TYPE " + " ".join(kind.kind.upper() for kind in kinds),
        "COUNT " + " ".join(str(count) for count in counts),
        f"WIDTH {header.width if header else size}",
        f"HEIGHT {header.height if header else 1}",
        f"VIEWPOINT {header.viewpoint if header else IDENTITY}",
        f"POINTS {size}",
        f"DATA {'ascii' if header is not None and header.data == 'ascii' else 'binary'}",
    ]
    return "".join(line + "\n" for line in lines)
