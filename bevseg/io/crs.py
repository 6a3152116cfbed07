"""Reference system of a file -> Crs: WKT and metres per unit. A unit that is not a length is an error."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from bevseg.core.pointcloud import Crs
from bevseg.errors import CrsError

if TYPE_CHECKING:
    import pyproj

log = logging.getLogger(__name__)

# GeoKeys of units and codes (OGC GeoTIFF 1.1, annex; LAS 1.4, 2.8).
_GEOGRAPHIC, _PROJECTED, _LINEAR_UNITS, _VERTICAL, _VERTICAL_UNITS = 2048, 3072, 3076, 4096, 4099
_MODEL_TYPE, _MODEL_GEOGRAPHIC, _MODEL_GEOCENTRIC = 1024, 2, 3
_METRES = {9001: 1.0, 9002: 0.3048, 9003: 1200 / 3937}
"""Metres per unit of the EPSG units metre, international foot and US survey foot."""


def from_wkt(wkt: str, where: Path, middle: tuple[float, float] | None = None) -> Crs | None:
    """Read a WKT string; None, with a warning, if it cannot be understood.

    Parameters
    ----------
    wkt
        The system.
    where
        The file, for messages.
    middle
        Middle of the cloud, (x, y) in units of the file. In a geographic system these are longitude and latitude,
        and give the UTM zone of the hint.

    Raises
    ------
    CrsError
        For angular units, with the projection to use, and geocentric coordinates.
    """
    import pyproj

    try:
        return _from_pyproj(pyproj.CRS.from_wkt(wkt), where, middle)
    except pyproj.exceptions.CRSError as error:
        _warn(where, str(error))
        return None


def from_geokeys(keys: dict[int, int], where: Path, middle: tuple[float, float] | None = None) -> Crs | None:
    """Read GeoTIFF keys (id -> value); None, with a warning, if they cannot be understood.

    Parameters
    ----------
    keys, where, middle
        See `from_wkt`.

    Raises
    ------
    CrsError
        See `from_wkt`.
    """
    import pyproj

    if keys.get(_MODEL_TYPE) == _MODEL_GEOCENTRIC:
        raise _not_a_length("geocentric coordinates", where)
    code = keys.get(_PROJECTED) or keys.get(_GEOGRAPHIC)
    if keys.get(_MODEL_TYPE) == _MODEL_GEOGRAPHIC:
        code = keys.get(_GEOGRAPHIC)
    crs = None
    try:
        if code is not None and 1024 <= code <= 32766:
            crs = _from_pyproj(pyproj.CRS.from_epsg(code), where, middle)
        elif keys.get(_MODEL_TYPE) == _MODEL_GEOGRAPHIC:
            raise _not_a_length("degrees", where, middle)
        horizontal = _METRES.get(keys.get(_LINEAR_UNITS, 0), crs.horizontal if crs else 0.0)
        vertical = _METRES.get(keys.get(_VERTICAL_UNITS, 0)) or _vertical_of(keys.get(_VERTICAL, 0))
    except pyproj.exceptions.CRSError as error:
        _warn(where, str(error))
        return None
    if not horizontal:
        _warn(where, f"projection code {code}, and no unit of length that is known")
        return None
    return Crs(crs.wkt if crs else "", horizontal, vertical or horizontal)


def wkt_of_epsg(code: int) -> str:
    """Return a reference system of the EPSG register as WKT."""
    import pyproj

    return str(pyproj.CRS.from_epsg(code).to_wkt())


def _vertical_of(code: int) -> float | None:
    """Return metres per unit of an EPSG vertical system, None if the code names none."""
    import pyproj

    if not 1024 <= code <= 32766:
        return None
    axes = pyproj.CRS.from_epsg(code).axis_info
    return float(axes[-1].unit_conversion_factor) if axes else None


def _from_pyproj(crs: pyproj.CRS, where: Path, middle: tuple[float, float] | None) -> Crs:
    """Split a system into its horizontal part and two factors; without a vertical part, heights share the unit."""
    if crs.is_bound and crs.source_crs is not None:
        crs = crs.source_crs
    parts = crs.sub_crs_list or [crs]
    flat = parts[0]
    if flat.is_bound and flat.source_crs is not None:
        flat = flat.source_crs
    if flat.is_geographic:
        raise _not_a_length("degrees", where, middle)
    if flat.is_geocentric:
        raise _not_a_length("geocentric coordinates", where)
    if flat.is_vertical:
        factor = float(flat.axis_info[0].unit_conversion_factor)
        return Crs("", 1.0, factor)
    horizontal = float(flat.axis_info[0].unit_conversion_factor) if flat.axis_info else 1.0
    last = parts[-1].axis_info[-1] if parts[-1].axis_info else None
    upward = last is not None and (len(parts) > 1 or len(flat.axis_info) > 2)
    vertical = float(last.unit_conversion_factor) if last is not None and upward else horizontal
    # WKT 1 is what LAS prescribes and what every viewer reads.
    return Crs(flat.to_2d().to_wkt("WKT1_GDAL"), horizontal, vertical)


def _not_a_length(unit: str, where: Path, middle: tuple[float, float] | None = None) -> CrsError:
    """Return the error for coordinates in `unit`, with the projection to use."""
    code = middle and _utm(*middle)
    rest = "" if code else ", with the zone floor((longitude + 180) / 6) + 1 for ZZ; 327ZZ in the south"
    return CrsError(
        "Coordinates in " + unit,
        where=where,
        why="bevseg needs east, north and up in a unit of length",
        hint="project the cloud first, for example to its zone of UTM: pdal translate IN OUT reprojection "
        f"--filters.reprojection.out_srs=EPSG:{code or '326ZZ'}{rest}",
    )


def _utm(longitude: float, latitude: float) -> int | None:
    """Return the EPSG code of the UTM zone (WGS 84) of a place, degrees; None beyond the zones, near the poles."""
    if not (-180 <= longitude <= 180 and -80 <= latitude <= 84):
        return None
    return (32700 if latitude < 0 else 32600) + int((longitude + 180) // 6) % 60 + 1


def _warn(where: Path, why: str) -> None:
    log.warning("%s: unknown coordinate reference system (%.120s): metres are assumed", where, why)
