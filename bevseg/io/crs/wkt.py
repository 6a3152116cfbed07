"""WKT -> Crs, and back."""

from __future__ import annotations

import logging
from pathlib import Path

from bevseg.core.pointcloud import Crs
from bevseg.io.crs.proj_database import load_pyproj
from bevseg.io.crs.system import NAMELESS, from_system, text_of
from bevseg.io.crs.units import name_of_size

log = logging.getLogger(__name__)

METRES_ASSUMED = "metres are assumed"
"""What is done without a reference system."""


def from_wkt(
    wkt: str,
    where: Path,
    middle: tuple[float, float] | None = None,
    otherwise: str = METRES_ASSUMED,
) -> Crs | None:
    """Read a WKT string; None, with a warning, if it cannot be understood.

    Parameters
    ----------
    wkt
        The system.
    where
        The file, for messages.
    middle
        Middle of the cloud, (x, y) in units of the file. In a geographic system these are longitude and latitude,
        and give the UTM zone of the hint. In a projected one a warning says if it lies outside of the area of use.
    otherwise
        What is done if it cannot be understood, for the warning.

    Raises
    ------
    CrsError
        For angular units, with the projection to use; geocentric coordinates; units of an impossible size.
    DependencyError
        If the database of PROJ cannot be used.
    """
    pyproj = load_pyproj()
    try:
        return from_system(pyproj.CRS.from_wkt(wkt), where, middle)
    except pyproj.exceptions.CRSError as error:
        warn_unknown(where, str(error), otherwise)
        return None


def to_wkt(crs: Crs) -> str:
    """Return the WKT of a file in this system; empty for metres in an unknown one.

    Other units in an unknown system make a local one, which says how long they are and claims no place. So do units
    of heights that the horizontal system does not say.
    """
    same_unit = crs.vertical == crs.horizontal
    if same_unit and (crs.wkt or crs.horizontal == 1.0):
        return crs.wkt
    flat = crs.wkt or (
        f'LOCAL_CS["{NAMELESS}",LOCAL_DATUM["{NAMELESS}",32767],{_unit(crs.horizontal)},'
        'AXIS["Easting",EAST],AXIS["Northing",NORTH]]'
    )
    if same_unit:
        return flat
    pyproj = load_pyproj()
    up = f'VERT_CS["{NAMELESS}",VERT_DATUM["{NAMELESS}",2005],{_unit(crs.vertical)},AXIS["Up",UP]]'
    parts = [pyproj.CRS.from_wkt(part) for part in (flat, up)]
    return text_of(pyproj.crs.CompoundCRS(" + ".join(part.name for part in parts), parts))


def _unit(size: float) -> str:
    return f'UNIT["{name_of_size(size) or NAMELESS}",{size!r}]'


def wkt_of_epsg(code: int) -> str:
    """Return a reference system of the EPSG register as WKT."""
    return str(load_pyproj().CRS.from_epsg(code).to_wkt())


def warn_unknown(where: Path, why: str, otherwise: str) -> None:
    """Say that a system was not understood, and what is done."""
    log.warning("%s: unknown coordinate reference system (%.120s): %s", where, why, otherwise)
