"""WKT -> Crs."""

from __future__ import annotations

import logging
from pathlib import Path

from bevseg.core.pointcloud import Crs
from bevseg.io.crs.proj_database import load_pyproj
from bevseg.io.crs.system import from_system

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


def wkt_of_epsg(code: int) -> str:
    """Return a reference system of the EPSG register as WKT."""
    return str(load_pyproj().CRS.from_epsg(code).to_wkt())


def warn_unknown(where: Path, why: str, otherwise: str) -> None:
    """Say that a system was not understood, and what is done."""
    log.warning("%s: unknown coordinate reference system (%.120s): %s", where, why, otherwise)
