"""LAS or LAZ -> points, packed as they stand in the file, with their class codes and reference system."""

from __future__ import annotations

import logging
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import laspy
import lazrs
import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import Crs, PointCloud
from bevseg.errors import CloudFormatError
from bevseg.io.crs import GeoKeys, from_geokeys, from_wkt, parse_geokeys
from bevseg.io.format_errors import damaged, no_points, too_few
from bevseg.io.las.codes import CONFIDENCE, FIVE_BITS, TRAIN_ID, written_scheme
from bevseg.io.las.header import Header, read_header
from bevseg.io.raw import RawCloud
from bevseg.runtime import memory

# laspy logs the errors that it raises. Without a handler of its own they would go to stderr.
logging.getLogger("laspy").addHandler(logging.NullHandler())

_STAGES = 90.0
"""Bytes that the stages need for a point, beside its record."""

WKT, GEOKEYS = ("LASF_Projection", 2112), ("LASF_Projection", 34735)
GEOKEY_VALUES = (34736, 34737)
"""Records of the same user with the values of keys that are no 16-bit numbers."""


@dataclass(frozen=True)
class LasSource:
    """A LAS file as it was read: what the writer needs to give it back.

    Attributes
    ----------
    header
        All but the points, as bytes.
    point_format
        0 to 10.
    points
        (N,) one packed record per point, extra dimensions included.
    scale, offset
        Of x, y and z, in the units of the file.
    """

    header: Header
    point_format: int
    points: NDArray[np.void]
    scale: tuple[float, float, float]
    offset: tuple[float, float, float]

    def fields(self) -> dict[str, NDArray[np.generic]]:
        """Return the dimensions of the points as laspy names them, but for X, Y, Z, the class and those of bevseg."""
        packed = laspy.PackedPointRecord(self.points, laspy.PointFormat(self.point_format))
        replaced = ("X", "Y", "Z", "classification", CONFIDENCE, TRAIN_ID)
        standard = [name for name in packed.point_format.dimension_names if name not in replaced]
        own = set(packed.point_format.dtype().names or ())
        extra = [name for name in self.points.dtype.names or () if name not in own]
        values = {name: np.asarray(packed[name]) for name in standard}
        return values | {name: self.points[name] for name in extra if name not in replaced}


def read_source(path: Path) -> LasSource:
    """Read a file whole.

    Raises
    ------
    CloudFormatError
        If the file is no LAS file, damaged, cut short, or holds no points.
    OutOfMemoryError
        If it will not fit.
    """
    try:
        with path.open("rb") as file:
            header = read_header(file)
            file.seek(0)
            reader = laspy.LasReader(file, closefd=False, read_evlrs=False)
            _check_size(reader.header, file, path)
            points = reader.read_points(-1).array
    except (laspy.LaspyException, lazrs.LazrsError, ValueError, struct.error) as error:
        if isinstance(error, CloudFormatError):
            raise
        raise damaged(path, "LAS", str(error)) from error
    fields = reader.header
    scale = (float(fields.scales[0]), float(fields.scales[1]), float(fields.scales[2]))
    offset = (float(fields.offsets[0]), float(fields.offsets[1]), float(fields.offsets[2]))
    if not np.isfinite([*scale, *offset]).all() or min(scale) <= 0:
        raise damaged(path, "LAS", f"its coordinates have scale {scale} and offset {offset}")
    return LasSource(header, int(fields.point_format.id), points, scale, offset)


def _check_size(fields: laspy.LasHeader, file: BinaryIO, path: Path) -> None:
    """Check before the points are read: the file is long enough for them, and so is the memory."""
    count, record = fields.point_count, fields.point_format.size
    if count == 0:
        raise no_points(path, "its header counts 0")
    memory.require(count, record + _STAGES, where=path)
    size, start = path.stat().st_size, fields.offset_to_point_data
    if not fields.are_points_compressed:
        if (size - start) // record < count:
            raise too_few(path, count, max(size - start, 0) // record)
        return
    file.seek(start)
    table = int.from_bytes(file.read(8), "little", signed=True)
    if table >= size:
        raise ValueError(f"its chunk table is at byte {table:,}, the file has {size:,} bytes")
    file.seek(start)


def read_crs(header: Header, path: Path) -> Crs | None:
    """Return the reference system of a file; None if it names none, or one that cannot be understood.

    Raises
    ------
    CrsError
        If its units are no lengths.
    """
    wkt = wkt_of(header)
    if wkt:
        return from_wkt(wkt, path, header.middle)
    keys = geokeys_of(header)
    return from_geokeys(keys, path, header.middle) if keys else None


def wkt_of(header: Header) -> str:
    """Return the WKT of a file; empty if it has none."""
    record = header.find(*WKT)
    return record.data.split(b"\0")[0].decode("utf-8", "replace").strip() if record else ""


def geokeys_of(header: Header) -> GeoKeys:
    """Return the GeoTIFF keys of a file; empty if it has none."""
    records = [header.find(GEOKEYS[0], number) for number in (GEOKEYS[1], *GEOKEY_VALUES)]
    return parse_geokeys(*(record.data if record else b"" for record in records)) if records[0] else {}


def read(path: Path) -> RawCloud:
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
    return RawCloud(cloud, _codes(source), written, points[TRAIN_ID] if ours else None)


def _metres(values: tuple[float, float, float], crs: Crs | None) -> tuple[float, float, float]:
    if crs is None:
        return values
    return values[0] * crs.horizontal, values[1] * crs.horizontal, values[2] * crs.vertical


def _codes(source: LasSource) -> NDArray[np.uint8]:
    if source.point_format >= 6:
        return source.points["classification"]
    return source.points["raw_classification"] & np.uint8(FIVE_BITS)
