"""Point formats 0 to 5 -> 6, 7, 9 and 10 of LAS 1.4, whose class codes end at 255 instead of 31."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import Crs
from bevseg.io.las.block_writer import Fill, Rows
from bevseg.io.las.header import Header
from bevseg.io.las.new_header import WKT_FLAG, with_wkt
from bevseg.io.las.point_formats import STANDARD, bits, standard_size
from bevseg.io.las.reference_system import wkt_counts
from bevseg.io.las.version_4 import to_version_4, without_legacy_counts

NEW_FORMAT = (6, 6, 7, 7, 9, 10)
"""Point format that has all fields of formats 0 to 5."""
_DEGREE = 1000 / 6
"""Steps of `scan_angle`, 0.006 degrees, in one of `scan_angle_rank`."""
_OVERLAP = 12
"""Old class code for points of overlapping flight lines; a flag in the new formats."""
_ENCODING = 6


def upgraded_header(header: Header, crs: Crs | None) -> Header:
    """Return the header as LAS 1.4; with a WKT record if GeoKeys name the reference system."""
    header = without_legacy_counts(to_version_4(header))
    if not wkt_counts(header):
        header = with_wkt(header, crs)
    block = bytearray(header.block)
    block[_ENCODING] |= WKT_FLAG
    return dataclasses.replace(header, block=bytes(block))


def upgrading(rows: Rows, record: np.dtype[np.void], old: int) -> Fill:
    """Return a filler of blocks of points of the new format: every value is that of the source.

    Parameters
    ----------
    rows
        Returns the points of the source.
    record, old
        Their type and point format.
    """
    new, length = NEW_FORMAT[old], record.itemsize
    start, shift = standard_size(old), standard_size(new) - standard_size(old)
    alike = [
        name
        for name in STANDARD[old].names or ()
        if name in (STANDARD[new].names or ()) and name != "bit_fields"
    ]

    def fill(block: NDArray[np.void], part: slice | NDArray[np.intp]) -> None:
        stored = rows(part)
        points = stored.reshape(-1).view(record)
        for name in alike:
            block[name] = points[name]
        block["bit_fields"] = block["classification_flags"] = 0
        for name, place in bits(new).items():
            if name in bits(old):
                block[place.field] |= bits(old)[name].of(points) << np.uint8(place.first)
        block["classification"] = codes = bits(old)["classification"].of(points)
        overlap = (codes == _OVERLAP).astype(np.uint8)
        block["classification_flags"] |= overlap << np.uint8(bits(new)["overlap"].first)
        block["scan_angle"] = np.rint(points["scan_angle_rank"] * _DEGREE)
        block.view(np.uint8).reshape(len(block), -1)[:, start + shift : length + shift] = stored[:, start:]

    return fill
