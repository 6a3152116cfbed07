"""The reference system that the records of a LAS header name, as WKT or as GeoTIFF keys."""

from __future__ import annotations

from pathlib import Path

from bevseg.core.pointcloud import Crs
from bevseg.io.crs import GeoKeys, from_geokeys, from_wkt, parse_geokeys
from bevseg.io.las.header import Header
from bevseg.io.las.new_header import WKT

GEOKEYS = ("LASF_Projection", 34735)
GEOKEY_VALUES = (34736, 34737)
"""Records of the same user with the values of keys that are no 16-bit numbers."""


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
