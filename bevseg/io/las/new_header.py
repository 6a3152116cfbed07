"""Cloud that was no LAS -> a header of LAS 1.4, in the units of its reference system."""

from __future__ import annotations

import datetime
import struct

import numpy as np
from numpy.typing import NDArray

from bevseg import __version__
from bevseg.core.pointcloud import Crs, PointCloud
from bevseg.io.coordinates import units
from bevseg.io.crs import to_wkt
from bevseg.io.las.header import Header
from bevseg.io.las.point_formats import standard_size
from bevseg.io.las.records import Record

WKT_FLAG = 0b1_0000
"""Bit of the global encoding: the reference system is WKT, as point formats 6 to 10 demand."""
WKT = ("LASF_Projection", 2112)
_BLOCK = struct.Struct("<4sHH16xBB32s32sHHHIIBHI20x12dQQIQ15Q")
"""Public header block, LAS 1.4 R15, table 3."""


def new_header(cloud: PointCloud, point_format: int, by_return: NDArray[np.int64]) -> Header:
    """Build a header.

    Parameters
    ----------
    cloud
        Its coordinates.
    point_format
        6 to 10.
    by_return
        (15,) numbers of points by return number.
    """
    metres = np.array(units(cloud))
    bounds = cloud.bounds()
    extremes = np.zeros((2, 3)) if bounds is None else np.array(bounds).T / metres
    low, high = extremes
    today = datetime.datetime.now(datetime.UTC).timetuple()
    block = _BLOCK.pack(
        b"LASF",
        0,
        WKT_FLAG,
        1,
        4,
        b"OTHER",
        f"bevseg {__version__}"[:32].encode(),
        today.tm_yday,
        today.tm_year,
        _BLOCK.size,
        _BLOCK.size,
        0,
        point_format,
        standard_size(point_format),
        0,
        *(np.array(cloud.scale) / metres),
        *(np.array(cloud.offset) / metres),
        *np.column_stack([high, low]).ravel(),
        0,
        0,
        0,
        len(cloud),
        *by_return.tolist(),
    )
    return with_wkt(Header(block, (), b""), cloud.crs)


def with_wkt(header: Header, crs: Crs | None) -> Header:
    """Return the header with a record of the reference system, or of its units if no more is known."""
    wkt = to_wkt(crs) if crs is not None else ""
    if not wkt:
        return header
    old, data = header.find(*WKT), wkt.encode() + b"\0"
    return header.replace(old.with_data(data) if old else Record.new(*WKT, data, "OGC WKT"))
