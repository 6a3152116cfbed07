"""LAS source -> what its header says: version, dimensions, software, dates, datums."""

from __future__ import annotations

import struct
from datetime import date, timedelta
from typing import Any

import laspy
import numpy as np

from bevseg.io.crs import names_of_geokeys, names_of_wkt
from bevseg.io.las.gps_time import time_range
from bevseg.io.las.header import Header
from bevseg.io.las.reference_system import geokeys_of, wkt_of
from bevseg.io.las.source import LasSource

_SYSTEM, _CREATED_AT, _RECORD_AT = slice(26, 58), 90, 105


def describe(source: LasSource) -> dict[str, Any]:
    """Return the facts of a LAS, LAZ or COPC file.

    Returns
    -------
    dict
        `format`, `fields` (name -> type), `gps_time` and `reference_system`, for `bevseg.io.describe.describe`.
    """
    header = source.header
    times = source.fields().get("gps_time")
    return {
        "format": _format(source),
        "fields": _dimensions(source),
        "gps_time": None if times is None else time_range(times, header.block),
        "reference_system": names_of_wkt(wkt_of(header))
        if wkt_of(header)
        else names_of_geokeys(geokeys_of(header)),
    }


def _format(source: LasSource) -> dict[str, Any]:
    header = source.header
    copc = any(record.key[0] == "copc" for record in header.vlrs)
    return {
        "name": "COPC" if copc else "LAZ" if header.compressed else "LAS",
        "version": f"1.{header.minor}",
        "point_format": source.point_format,
        "record_length": struct.unpack_from("<H", header.block, _RECORD_AT)[0],
        "scale": source.scale,
        "offset": source.offset,
        "created": _created(header),
        "generating_software": header.software or None,
        "system": header.block[_SYSTEM].split(b"\0")[0].decode("latin-1").strip() or None,
        "records": len(header.vlrs) + len(header.evlrs),
    }


def _created(header: Header) -> str | None:
    """Return the day that the header names as that of the file; None if it is not set or none."""
    day, year = struct.unpack_from("<HH", header.block, _CREATED_AT)
    if not (1980 <= year <= 9000 and 1 <= day <= 366):
        return None
    return (date(year, 1, 1) + timedelta(days=day - 1)).isoformat()


def _dimensions(source: LasSource) -> dict[str, str]:
    """Return the type of each dimension: whole types by NumPy's names, parts of a byte in bits."""
    try:
        layout = laspy.PointFormat(source.point_format)
        standard = {each.name: _type(each) for each in layout.dimensions}
        stored = set(layout.dtype().names or ())
    except (laspy.LaspyException, KeyError):
        standard, stored = {}, set()
    record = source.points.dtype
    extra = {name: _extra(record[name]) for name in record.names or () if name not in stored}
    return standard | extra


def _type(dimension: Any) -> str:
    return str(dimension.dtype) if dimension.dtype is not None else f"{dimension.num_bits} bits"


def _extra(kind: np.dtype[Any]) -> str:
    return f"{kind.base} x {kind.shape[0]}, extra" if kind.shape else f"{kind}, extra"
