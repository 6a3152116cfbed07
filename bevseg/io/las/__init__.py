"""LAS and LAZ, read and written. The points stay packed as they are in the file, from reading to writing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.config.files import parse_json
from bevseg.core.labels import Scheme
from bevseg.core.pointcloud import Crs, PointCloud, PointLabels
from bevseg.errors import CloudFormatError
from bevseg.io.las.blocks import Dimension
from bevseg.io.las.codes import CONFIDENCE, TRAIN_ID, code_table, description, with_lookup, written_scheme
from bevseg.io.las.header import Record
from bevseg.io.las.reader import LasSource, read_crs, read_source
from bevseg.io.las.record import FIVE_BITS, WITHHELD, write_codes
from bevseg.io.raw import Scan

_UNCLASSIFIED, _GROUND = 1, 2
_NOTE = ("bevseg", 1)
"""Record in a work directory's cloud: what LAS has no field for."""


def read(path: Path) -> Scan:
    """Read a LAS or LAZ file; coordinates are views into the packed points.

    Raises
    ------
    CloudFormatError
        If the file is no LAS file, cut short, or holds no points.
    CrsError
        If its coordinates are no lengths.
    """
    source = read_source(path)
    points = source.points
    crs = read_crs(source.header, path)
    cloud = PointCloud(
        points["X"],
        points["Y"],
        points["Z"],
        scale=_metres(source.scale, crs),
        offset=_metres(source.offset, crs),
        crs=crs,
        name=str(path),
        source=source,
    )
    written = written_scheme(source.header)
    ours = written is not None and TRAIN_ID in (points.dtype.names or ())
    return Scan(cloud, _codes(source), written, points[TRAIN_ID] if ours else None)


def _metres(values: tuple[float, float, float], crs: Crs | None) -> tuple[float, float, float]:
    if crs is None:
        return values
    return values[0] * crs.horizontal, values[1] * crs.horizontal, values[2] * crs.vertical


def _codes(source: LasSource) -> NDArray[np.uint8]:
    if source.point_format >= 6:
        return source.points["classification"]
    return source.points["raw_classification"] & np.uint8(FIVE_BITS)


def write(cloud: PointCloud, point_labels: PointLabels, path: Path, scheme: Scheme) -> None:
    """Write the labelled cloud: the points of its source with new classes and `bevseg_confidence`.

    Parameters
    ----------
    cloud
        From any reader. A LAS or LAZ source keeps every other byte of header, records and points; other sources
        become LAS 1.4, point format 6.
    labelling
        One class and confidence per point.
    path
        `.las` or `.laz`.
    scheme
        Which codes are written. Where the point format ends at 31, higher codes become 1 and the train id stands
        in `bevseg_class`.

    Raises
    ------
    LabelError
        If the scheme has no code for a class, or one above 255.
    OSError
        If the system refuses the write.
    """
    table = code_table(scheme, point_labels.classes, path)
    dimensions = {CONFIDENCE: Dimension(point_labels.confidence, description(scheme))}
    limit = FIVE_BITS if _format(cloud) < 6 else 255
    if any(entry.code > limit for entry in scheme.written().values()) or TRAIN_ID in _names(cloud):
        dimensions[TRAIN_ID] = Dimension(point_labels.classes, "train id of bevseg")
    table[table > limit] = _UNCLASSIFIED
    codes = table.astype(np.uint8)[point_labels.classes]
    if cloud.finite is not None:
        codes[~cloud.finite] = 0
    write_codes(cloud, codes, path, dimensions, lambda header: with_lookup(header, scheme, limit))


def write_ground(
    cloud: PointCloud, is_ground: NDArray[np.bool_], heights: NDArray[np.float32], path: Path
) -> None:
    """Write the cloud with class 2 on ground points and 1 on all others, and `height_above_ground` (m)."""
    codes = np.where(is_ground, np.uint8(_GROUND), np.uint8(_UNCLASSIFIED))
    write_codes(cloud, codes, path, {"height_above_ground": Dimension(heights, "m above the DEM")})


def _format(cloud: PointCloud) -> int:
    return cloud.source.point_format if isinstance(cloud.source, LasSource) else 6


def _names(cloud: PointCloud) -> tuple[str, ...]:
    return cloud.source.points.dtype.names or () if isinstance(cloud.source, LasSource) else ()


def write_cloud(cloud: PointCloud, path: Path) -> None:
    """Write the cloud of a work directory: LAS 1.4 with train ids as classes; `read_cloud` gives it back exactly.

    Raises
    ------
    OSError
        If the system refuses the write.
    """
    note = {
        "scale": cloud.scale,
        "offset": cloud.offset,
        "labelled": cloud.labels is not None,
        "crs": vars(cloud.crs) if cloud.crs else None,
    }
    codes = cloud.labels if cloud.labels is not None else np.zeros(len(cloud), np.uint8)
    record = Record.new(*_NOTE, json.dumps(note).encode(), "exact scale, offset and units, m")
    bare = PointCloud(
        cloud.x, cloud.y, cloud.z, cloud.scale, cloud.offset, finite=cloud.finite, crs=cloud.crs
    )
    write_codes(bare, codes, path, {}, lambda header: header.replace(record))


def read_cloud(path: Path) -> PointCloud:
    """Read what `write_cloud` wrote: the same steps, scale, labels and mask.

    Raises
    ------
    CloudFormatError
        If the file is damaged, or is no work directory's cloud.
    """
    source = read_source(path)
    record = source.header.find(*_NOTE)
    if record is None:
        raise CloudFormatError(
            "Not the cloud of a work directory",
            where=path,
            why="it lacks the record that bevseg leaves in one",
            hint="make it with `bevseg ingest`",
        )
    note = parse_json(
        record.data.decode("utf-8", "replace"),
        path,
        CloudFormatError,
        hint="make it again with `bevseg ingest`",
    )
    points = source.points
    finite = points["classification_flags"] & np.uint8(WITHHELD) == 0
    return PointCloud(
        points["X"],
        points["Y"],
        points["Z"],
        scale=tuple(note["scale"]),
        offset=tuple(note["offset"]),
        labels=points["classification"].copy() if note["labelled"] else None,
        finite=None if finite.all() else finite,
        crs=Crs(**note["crs"]) if note["crs"] else None,
        name=path.parent.name,
    )
