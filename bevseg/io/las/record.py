"""Cloud, class codes and extra dimensions -> a LAS file. Everything else stays as it is in the source."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import laspy
import numpy as np
from numpy.typing import NDArray

from bevseg import __version__
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import UsageError
from bevseg.io.coordinates import units
from bevseg.io.fields import Source
from bevseg.io.las.block_writer import standard_size, write_file
from bevseg.io.las.codes import CONFIDENCE, FIVE_BITS, TRAIN_ID
from bevseg.io.las.dimensions import Dimension, with_dimensions
from bevseg.io.las.header import Header, Record, read_header
from bevseg.io.las.reader import WKT, LasSource

WITHHELD, _CHANNEL = 0b100, 0b110000
"""Bits of the flags of point formats 6 to 10."""
_LAYERED_WAVEFORMS = (9, 10)
_ONE_OF_ONE = 0x11
"""Return 1 of 1, in point format 6."""


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
        _ensure_waveforms_survive(source, path)
        header, point_format, record = source.header.without("copc"), source.point_format, source.points.dtype
        fill = _copying(source)
    else:
        header, point_format, record = _new_header(cloud), 6, laspy.PointFormat(6).dtype()
        fill = _building(cloud)
        dimensions = _properties(cloud) | dict(dimensions)
    header, record = with_dimensions(header, record, standard_size(point_format), dimensions, path)

    def labelled(block: NDArray[np.void], part: slice) -> None:
        fill(block, part)
        if point_format >= 6:
            block["classification"] = codes[part]
        else:
            flags = block["raw_classification"] & np.uint8(~FIVE_BITS & 255)
            block["raw_classification"] = flags | codes[part]
        for name, dimension in dimensions.items():
            block[name] = dimension.values[part]

    write_file(path, edit(header), point_format, record, len(cloud), labelled)


def _ensure_waveforms_survive(source: LasSource, path: Path) -> None:
    """Raise UsageError for what lazrs (0.8.2) gets wrong: waveform references of several scanner channels, in LAZ."""
    if source.point_format not in _LAYERED_WAVEFORMS:
        return
    channels = np.unique(source.points["classification_flags"] & np.uint8(_CHANNEL))
    if len(channels) > 1 and (source.header.compressed or path.suffix.lower() == ".laz"):
        raise UsageError(
            "The waveform references of this cloud would be corrupted",
            where=path,
            why=f"LAZ of point format {source.point_format} with {len(channels)} scanner channels, which the "
            "library for LAZ does not compress correctly",
            hint="convert the cloud to uncompressed .las, and choose --format las",
        )


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
            block["classification_flags"] = np.where(cloud.finite[part], 0, WITHHELD)

    return fill


def _properties(cloud: PointCloud) -> dict[str, Dimension]:
    """Return the fields of a source of another format as extra dimensions; a name that LAS has gets a suffix."""
    if not isinstance(cloud.source, Source):
        return {}
    standard = laspy.PointFormat(6)
    taken = {*standard.dimension_names, *(standard.dtype().names or ()), CONFIDENCE, TRAIN_ID}
    return {
        f"{name}_source" if name in taken else name: Dimension(values)
        for name, values in cloud.source.fields().items()
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
