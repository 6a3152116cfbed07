"""Records of a LAS file -> its reference system: WKT or GeoTIFF keys, whichever counts."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from bevseg.core.pointcloud import Crs
from bevseg.io.crs import METRES_ASSUMED, GeoKeys, from_geokeys, from_wkt, parse_geokeys
from bevseg.io.las.header import Header
from bevseg.io.las.new_header import WKT, WKT_FLAG
from bevseg.io.las.point_formats import FIRST_NEW

GEOKEYS = ("LASF_Projection", 34735)
GEOKEY_VALUES = (34736, 34737)
"""Records of the same user with the values of keys that are no 16-bit numbers."""
_ENCODING = 6


class Located(Protocol):
    """A LAS file, open or read: its records, and where its points lie."""

    @property
    def header(self) -> Header:
        """All but the points."""

    @property
    def middle(self) -> tuple[float, float]:
        """Median of x and of y, in units of the file. It is asked for only if there is a system to read."""


def read_crs(source: Located, path: Path) -> Crs | None:
    """Return the reference system of a file; None if it names none, or none that can be understood.

    Raises
    ------
    CrsError
        If its units are no lengths.
    """
    wkt, keys = wkt_of(source.header), geokeys_of(source.header)
    ways: list[Callable[..., Crs | None]] = [functools.partial(from_wkt, wkt)] if wkt else []
    if keys:
        ways.append(functools.partial(from_geokeys, keys))
    if not wkt_counts(source.header):
        ways.reverse()
    for number, way in enumerate(ways, 1):
        otherwise = METRES_ASSUMED if number == len(ways) else "its other description in the file is read"
        crs = way(path, source.middle, otherwise)
        if crs is not None:
            return crs
    return None


def wkt_counts(header: Header) -> bool:
    """Whether the WKT of a file comes before its GeoTIFF keys. A flag says so; WKT alone is taken without it."""
    if not wkt_of(header) or not geokeys_of(header):
        return bool(wkt_of(header))
    return header.point_format >= FIRST_NEW or bool(header.block[_ENCODING] & WKT_FLAG)


def wkt_of(header: Header) -> str:
    """Return the WKT of a file; empty if it has none."""
    record = header.find(*WKT)
    return record.data.split(b"\0")[0].decode("utf-8", "replace").strip() if record else ""


def geokeys_of(header: Header) -> GeoKeys:
    """Return the GeoTIFF keys of a file; empty if it has none."""
    records = [header.find(GEOKEYS[0], number) for number in (GEOKEYS[1], *GEOKEY_VALUES)]
    return parse_geokeys(*(record.data if record else b"" for record in records)) if records[0] else {}
