"""Middle of a cloud, area of use of its reference system -> a warning if they fit in another unit alone."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from bevseg.io.crs.proj_database import load_pyproj
from bevseg.io.crs.units import SET_THE_SYSTEM

if TYPE_CHECKING:
    import pyproj

log = logging.getLogger(__name__)

_WORDS = {"metres": 1.0, "feet": 0.3048}
"""Units that are taken for each other: metres each."""
_MARGIN, _NARROW = 0.1, 0.02
"""Degrees that a cloud may lie beyond the area, at most; and as a share of its size."""
_ZONE, _BESIDE = (5.5, 6.5), 3.0
"""Width of a zone of UTM, degrees. It is often used for the next zone as well, so far."""


def warn_if_elsewhere(crs: pyproj.CRS, unit: float, middle: tuple[float, float] | None, where: Path) -> None:
    """Warn if the cloud lies outside the area of use as the file has it, and inside in feet or in metres.

    Parameters
    ----------
    crs
        Projected system.
    unit
        Metres per unit of the coordinates.
    middle
        Middle of the cloud, (x, y) in units of the file.
    where
        The file.
    """
    bounds = _bounds(crs)
    if middle is None or bounds is None or _inside(crs, unit, middle, bounds, widened=True):
        return
    for word, size in _WORDS.items():
        if abs(unit / size - 1) > 0.01 and _inside(crs, size, middle, bounds, widened=False):
            said = next(
                (name for name, value in _WORDS.items() if abs(unit / value - 1) < 0.01), f"{unit:g} m"
            )
            log.warning(
                "%s: are the coordinates in %s? The middle of the cloud, (%.10g, %.10g), lies outside the area of "
                "use of %s in %s, which the file names, and inside it in %s. %s are used. If that is wrong, %s",
                *(where, word, *middle, crs.name, said, word, said.capitalize(), SET_THE_SYSTEM),
            )
            return


def _bounds(crs: pyproj.CRS) -> tuple[float, float, float, float] | None:
    """Return west, south, east and north of the area of use, degrees."""
    area = crs.area_of_use
    if area is None:  # WKT 1 has no area, but usually a code
        code = crs.to_epsg()
        area = load_pyproj().CRS.from_epsg(code).area_of_use if code else None
    return area.bounds if area else None


def _inside(
    crs: pyproj.CRS,
    unit: float,
    middle: tuple[float, float],
    bounds: tuple[float, float, float, float],
    widened: bool,
) -> bool:
    pyproj = load_pyproj()
    own = crs.axis_info[0].unit_conversion_factor
    try:
        longitude, latitude = pyproj.Proj(crs)(middle[0] * unit / own, middle[1] * unit / own, inverse=True)
    except pyproj.exceptions.ProjError:  # a projection that has no formula back
        return widened
    west, south, east, north = bounds
    width = (east - west) % 360 or 360
    across, along = (min(_MARGIN, _NARROW * size) if widened else 0.0 for size in (width, north - south))
    if widened and _ZONE[0] <= width <= _ZONE[1] and "Transverse Mercator" in _method(crs):
        across = _BESIDE
    return bool(
        (longitude - west + across) % 360 <= width + 2 * across and south - along <= latitude <= north + along
    )


def _method(crs: pyproj.CRS) -> str:
    return crs.coordinate_operation.method_name if crs.coordinate_operation else ""
