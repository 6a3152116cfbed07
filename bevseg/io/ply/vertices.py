"""PLY and PCD alike: one record per point, with a named field for each property."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import PointCloud
from bevseg.errors import CloudFormatError
from bevseg.io.fields import AXES, CLASS, CONFIDENCE
from bevseg.io.raw import RawCloud, class_codes
from bevseg.io.text.columns import LABEL_NAMES, label_name

STAGES = 90.0
"""Bytes that the stages need for a point, beside its record."""


@dataclass(frozen=True)
class VertexSource:
    """A PLY or PCD file as it was read: what a writer needs to give its properties back.

    Attributes
    ----------
    vertex
        (N,) one record per point; its fields are the properties, x, y and z among them.
    comments
        Comment lines of the header.
    others
        Header lines of the elements behind the vertices, and their bytes.
    scheme
        Name of the scheme that bevseg wrote the classes in; None for files of other origin.
    """

    vertex: NDArray[np.void]
    comments: tuple[str, ...] = ()
    others: tuple[tuple[str, ...], bytes] = ((), b"")
    scheme: str | None = None

    def fields(self) -> dict[str, NDArray[np.generic]]:
        """Return the properties that are neither coordinates nor written by bevseg."""
        ours = (CLASS, CONFIDENCE) if self.scheme is not None else ()
        names = self.vertex.dtype.names or ()
        return {name: self.vertex[name] for name in names if name not in (*AXES, *ours)}


def raw_cloud(source: VertexSource, path: Path) -> RawCloud:
    """Turn the properties into points and class codes.

    Raises
    ------
    CloudFormatError
        If x, y or z is missing.
    """
    names = source.vertex.dtype.names or ()
    missing = [axis for axis in AXES if axis not in names]
    if missing:
        raise CloudFormatError(
            f"The points have no {', '.join(missing)}",
            where=path,
            why=f"their properties are {', '.join(names)}",
            hint="rename the properties that hold the coordinates to x, y and z",
        )
    kind = np.result_type(*(source.vertex.dtype[axis] for axis in AXES), np.float32)
    xyz = np.empty((len(source.vertex), 3), kind.newbyteorder("="), order="F")
    for i, axis in enumerate(AXES):
        xyz[:, i] = source.vertex[axis]
    cloud = PointCloud.from_xyz(xyz, name=str(path), source=source)
    return RawCloud(cloud, _codes(source, path), source.scheme)


def _codes(source: VertexSource, path: Path) -> NDArray[np.int64] | None:
    names = source.vertex.dtype.names or ()
    labels = sorted((LABEL_NAMES.index(label_name(n)), n) for n in names if label_name(n) in LABEL_NAMES)
    return class_codes(source.vertex[labels[0][1]], path) if labels else None
