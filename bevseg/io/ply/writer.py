"""Labelled cloud -> PLY."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import Scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.io.class_codes import codes_to_write
from bevseg.io.coordinates import in_file_units
from bevseg.io.fields import AXES, CLASS, CONFIDENCE
from bevseg.io.ply.header import SCHEME_COMMENT, TYPES
from bevseg.io.ply.vertices import VertexSource
from bevseg.io.raw import LONGEST_NAME

_WORDS = {kind: word for word, kind in reversed(TYPES.items()) if not word[-1].isdigit()}
"""Type word of each NumPy type."""


def write(cloud: PointCloud, point_labels: PointLabels, path: Path, scheme: Scheme) -> None:
    """Write a binary PLY with `class` and `bevseg_confidence`.

    The properties of a PLY or PCD source are kept as they are; other sources give x, y and z as double.

    Raises
    ------
    LabelError
        If the scheme has no code for a class.
    OSError
        If the system refuses the write.
    """
    codes = codes_to_write(cloud, point_labels, scheme, path)
    source = cloud.source if isinstance(cloud.source, VertexSource) else None
    old = source.vertex if source else _coordinates(cloud)
    kinds = {name: old.dtype[name] for name in old.dtype.names or ()}
    order: Literal["<", ">"] = ">" if kinds["x"].byteorder == ">" else "<"
    kinds[CLASS] = _wide_enough(kinds.get(CLASS), codes)
    kinds[CONFIDENCE] = np.dtype("u1")
    points = np.empty(len(cloud), [(name, kind.newbyteorder(order)) for name, kind in kinds.items()])
    for name in kinds:
        if name not in (CLASS, CONFIDENCE):
            points[name] = old[name]
    points[CLASS], points[CONFIDENCE] = codes, point_labels.confidence
    with path.open("wb") as file:
        file.write(_header_lines(points, order, source, scheme))
        file.write(points.data)
        file.write(source.others[1] if source else b"")


def _coordinates(cloud: PointCloud) -> NDArray[np.void]:
    points = np.empty(len(cloud), [(axis, "<f8") for axis in AXES])
    for axis, values in zip(AXES, in_file_units(cloud), strict=True):
        points[axis] = values
    return points


def _wide_enough(kind: np.dtype[np.generic] | None, codes: NDArray[np.int64]) -> np.dtype[np.generic]:
    """Return the type of the source's own property if it holds the codes, else the smallest that does."""
    low, high = (int(codes.min()), int(codes.max())) if codes.size else (0, 0)
    for choice in ([kind] if kind is not None else []) + [np.dtype(k) for k in ("u1", "u2", "i4")]:
        if choice.kind == "f" or (np.iinfo(choice).min <= low and high <= np.iinfo(choice).max):
            return choice
    raise ValueError(f"codes from {low} to {high} do not fit a PLY property")


def _header_lines(points: NDArray[np.void], order: str, source: VertexSource | None, scheme: Scheme) -> bytes:
    kind = "binary_big_endian" if order == ">" else "binary_little_endian"
    comments = [line for line in (source.comments if source else ()) if not line.startswith(SCHEME_COMMENT)]
    properties = [
        f"property {_WORDS[points.dtype[name].str[1:]]} {name}" for name in points.dtype.names or ()
    ]
    lines = [
        "ply",
        f"format {kind} 1.0",
        *comments,
        SCHEME_COMMENT + scheme.name[:LONGEST_NAME],
        f"element vertex {len(points)}",
        *properties,
        *(source.others[0] if source else ()),
        "end_header",
    ]
    return "".join(line + "\n" for line in lines).encode("latin-1", "replace")
