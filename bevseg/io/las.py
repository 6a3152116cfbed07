"""LAS and LAZ, read and written. The points stay packed as they are in the file, from reading to writing."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import laspy
import numpy as np
from numpy.typing import NDArray

from bevseg import __version__
from bevseg.errors import CloudFormatError, UsageError
from bevseg.io.coordinates import units
from bevseg.io.lascodes import CONFIDENCE, TRAIN_ID, code_table, description, with_lookup, written_scheme
from bevseg.io.lasheader import Header, Record, read_header
from bevseg.io.lasreader import WKT, LasSource, read_crs, read_source
from bevseg.io.laswriter import Dimension, standard_size, with_dimensions, write_file
from bevseg.io.scan import Scan
from bevseg.io.vertices import VertexSource
from bevseg.labels import Scheme
from bevseg.pointcloud import Crs, Labelling, PointCloud

_UNCLASSIFIED, _GROUND = 1, 2
_FIVE_BITS = 31
"""Highest code in point formats 0 to 5; their other three bits are flags."""
_WITHHELD, _CHANNEL = 0b100, 0b110000
"""Bits of the flags of point formats 6 to 10."""
_LAYERED_WAVEFORMS = (9, 10)
_ONE_OF_ONE = 0x11
"""Return 1 of 1, in point format 6."""
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
    if written is not None and TRAIN_ID in (points.dtype.names or ()):
        return Scan(cloud, points[TRAIN_ID], "shrec20")  # train ids are the codes of SHREC'20
    return Scan(cloud, _codes(source), written)


def _metres(values: tuple[float, float, float], crs: Crs | None) -> tuple[float, float, float]:
    if crs is None:
        return values
    return values[0] * crs.horizontal, values[1] * crs.horizontal, values[2] * crs.vertical


def _codes(source: LasSource) -> NDArray[np.uint8]:
    if source.point_format >= 6:
        return source.points["classification"]
    return source.points["raw_classification"] & np.uint8(_FIVE_BITS)


def write(cloud: PointCloud, labelling: Labelling, path: Path, scheme: Scheme) -> None:
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
    table = code_table(scheme)
    dimensions = {CONFIDENCE: Dimension(labelling.confidence, description(scheme))}
    limit = _FIVE_BITS if _format(cloud) < 6 else 255
    if table.max() > limit or TRAIN_ID in _names(cloud):
        dimensions[TRAIN_ID] = Dimension(labelling.classes, "train id of bevseg")
    table[table > limit] = _UNCLASSIFIED
    codes = table.astype(np.uint8)[labelling.classes]
    if cloud.finite is not None:
        codes[~cloud.finite] = 0
    write_codes(cloud, codes, path, dimensions, lambda header: with_lookup(header, scheme, limit))


def write_codes(
    cloud: PointCloud,
    codes: NDArray[np.uint8],
    path: Path,
    dimensions: Mapping[str, Dimension],
    edit: Callable[[Header], Header] = lambda header: header,
) -> None:
    """Write the cloud with these class codes and extra dimensions, everything else as in its source.

    Parameters
    ----------
    cloud
        From any reader.
    codes
        (N,) codes as the file is to hold them; at most 31 in point formats 0 to 5.
    path
        `.las` or `.laz`.
    dimensions
        Extra dimensions to add, or to replace where the source has them.
    edit
        Last change to the records of the header.
    """
    source = cloud.source
    if isinstance(source, LasSource):
        _refuse_scrambled_waveforms(source, path)
        header, point_format, record = source.header.without("copc"), source.point_format, source.points.dtype
        fill = _copying(source)
    else:
        header, point_format, record = _new_header(cloud), 6, laspy.PointFormat(6).dtype()
        fill = _building(cloud)
        dimensions = _carried(cloud) | dict(dimensions)
    header, record = with_dimensions(header, record, standard_size(point_format), dimensions, path)

    def labelled(block: NDArray[np.void], part: slice) -> None:
        fill(block, part)
        if point_format >= 6:
            block["classification"] = codes[part]
        else:
            flags = block["raw_classification"] & np.uint8(~_FIVE_BITS & 255)
            block["raw_classification"] = flags | codes[part]
        for name, dimension in dimensions.items():
            block[name] = dimension.values[part]

    write_file(path, edit(header), point_format, record, len(cloud), labelled)


def write_ground(
    cloud: PointCloud, is_ground: NDArray[np.bool_], heights: NDArray[np.float32], path: Path
) -> None:
    """Write the cloud with class 2 on ground points and 1 on all others, and `height_above_ground` (m)."""
    codes = np.where(is_ground, np.uint8(_GROUND), np.uint8(_UNCLASSIFIED))
    write_codes(cloud, codes, path, {"height_above_ground": Dimension(heights, "m above the DEM")})


def _refuse_scrambled_waveforms(source: LasSource, path: Path) -> None:
    """Refuse what lazrs (0.8.2) gets wrong: waveform references of several scanner channels, in LAZ."""
    if source.point_format not in _LAYERED_WAVEFORMS:
        return
    channels = np.unique(source.points["classification_flags"] & np.uint8(_CHANNEL))
    if len(channels) > 1 and (source.header.compressed or path.suffix.lower() == ".laz"):
        raise UsageError(
            "The waveform references of this cloud would be scrambled",
            where=path,
            why=f"LAZ of point format {source.point_format} with {len(channels)} scanner channels, which the "
            "library for LAZ does not pack and unpack rightly",
            hint="bring the cloud as uncompressed .las, and choose --format las",
        )


def _format(cloud: PointCloud) -> int:
    return cloud.source.point_format if isinstance(cloud.source, LasSource) else 6


def _names(cloud: PointCloud) -> tuple[str, ...]:
    return cloud.source.points.dtype.names or () if isinstance(cloud.source, LasSource) else ()


def _copying(source: LasSource) -> Callable[[NDArray[np.void], slice], None]:
    """Return a filler that copies whole records: one copy of bytes, whatever the fields are."""
    size = source.points.dtype.itemsize
    rows = source.points.view(np.uint8).reshape(-1, size)

    def fill(block: NDArray[np.void], part: slice) -> None:
        block.view(np.uint8).reshape(len(block), -1)[:, :size] = rows[part]

    return fill


def _building(cloud: PointCloud) -> Callable[[NDArray[np.void], slice], None]:
    """Return a filler for clouds that were no LAS; points that are not finite go to the lower corner, withheld."""
    corner = [_lowest(steps, cloud) for steps in (cloud.x, cloud.y, cloud.z)]

    def fill(block: NDArray[np.void], part: slice) -> None:
        for name, steps, lowest in zip("XYZ", (cloud.x, cloud.y, cloud.z), corner, strict=True):
            block[name] = steps[part]
            if cloud.finite is not None:
                block[name][~cloud.finite[part]] = lowest
        block["bit_fields"] = _ONE_OF_ONE
        if cloud.finite is not None:
            block["classification_flags"] = np.where(cloud.finite[part], 0, _WITHHELD)

    return fill


def _carried(cloud: PointCloud) -> dict[str, Dimension]:
    """Return the properties of a PLY or PCD source as extra dimensions; a name that LAS has itself gets a suffix."""
    if not isinstance(cloud.source, VertexSource):
        return {}
    taken = {
        *laspy.PointFormat(6).dimension_names,
        *(laspy.PointFormat(6).dtype().names or ()),
        "x",
        "y",
        "z",
    }
    taken |= {CONFIDENCE, TRAIN_ID}
    return {
        f"{name}_source" if name in taken else name: Dimension(values)
        for name, values in cloud.source.carried().items()
    }


def _lowest(steps: NDArray[np.int32], cloud: PointCloud) -> int:
    kept = steps if cloud.finite is None else steps[cloud.finite]
    return int(kept.min()) if len(kept) else 0


def _new_header(cloud: PointCloud) -> Header:
    """Build a LAS 1.4 header, point format 6, in the units of the cloud's reference system."""
    metres = np.array(units(cloud))
    fields = laspy.LasHeader(version="1.4", point_format=6)
    fields.system_identifier, fields.generating_software = "OTHER", f"bevseg {__version__}"[:32]
    fields.scales, fields.offsets = np.array(cloud.scale) / metres, np.array(cloud.offset) / metres
    bounds = cloud.bounds()
    if bounds is not None:
        fields.mins, fields.maxs = np.array(bounds).T / metres
    fields.point_count = len(cloud)
    fields.number_of_points_by_return[0] = len(cloud)
    fields.global_encoding.wkt = True
    data = io.BytesIO()
    fields.write_to(data)
    data.seek(0)
    header = read_header(data)
    if cloud.crs is not None and cloud.crs.wkt:
        header = header.replace(Record.new(*WKT, cloud.crs.wkt.encode() + b"\0", "OGC WKT"))
    return header


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
    note = json.loads(record.data)
    points = source.points
    finite = points["classification_flags"] & np.uint8(_WITHHELD) == 0
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
