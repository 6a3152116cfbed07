"""System of pyproj -> Crs: its horizontal part as WKT, and metres per unit across and up."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bevseg.core.pointcloud import Crs
from bevseg.io.crs.area import warn_if_elsewhere
from bevseg.io.crs.degrees import GEOCENTRIC, not_a_length
from bevseg.io.crs.proj_database import load_pyproj
from bevseg.io.crs.units import checked_size

if TYPE_CHECKING:
    import pyproj

log = logging.getLogger(__name__)

NAMELESS = "unknown"
"""Name, by the custom of PROJ, of a local system that says no more than the unit of its coordinates."""
_ANGLES = ("degree", "radian", "grad", "gon", "arc-", "microradian", "mil_")


@dataclass(frozen=True)
class Parts:
    """A system, taken apart.

    Attributes
    ----------
    horizontal, vertical
        Systems of pyproj; None where the file has none.
    """

    horizontal: pyproj.CRS | None
    vertical: pyproj.CRS | None


def parts_of(crs: pyproj.CRS) -> Parts:
    """Take a system apart; transformations to other datums, which it may carry, are left out."""
    flat = [_unbound(part) for part in (_unbound(crs).sub_crs_list or [_unbound(crs)])]
    vertical = next((part for part in flat if part.is_vertical), None)
    return Parts(next((part for part in flat if not part.is_vertical), None), vertical)


def _unbound(crs: pyproj.CRS) -> pyproj.CRS:
    return crs.source_crs if crs.is_bound and crs.source_crs is not None else crs


def from_system(
    crs: pyproj.CRS, where: Path, middle: tuple[float, float] | None, unit: tuple[float, str] | None = None
) -> Crs:
    """Return horizontal WKT and both factors; without a vertical part, heights have the horizontal unit.

    Parameters
    ----------
    crs
        The system.
    where, middle
        See `bevseg.io.crs.wkt.from_wkt`.
    unit
        Metres and name of the unit of the coordinates, if it is not that of the system.

    Raises
    ------
    CrsError
        For angles, geocentric coordinates, and units of an impossible size.
    """
    parts = parts_of(crs)
    flat = parts.horizontal
    vertical = None if parts.vertical is None else _unit_of(parts.vertical, -1, where)
    if flat is None:
        log.warning("%s: the reference system has heights alone: metres are assumed across", where)
        return Crs("", 1.0, vertical or 1.0)
    if flat.is_geocentric:
        raise not_a_length(GEOCENTRIC, where)
    axes = flat.axis_info
    if flat.is_geographic or (axes and axes[0].unit_name.lower().startswith(_ANGLES)):
        raise not_a_length("degrees", where, middle)
    if unit is not None:
        flat = with_unit(flat, *unit)
    horizontal = _unit_of(flat, 0, where)
    if vertical is None:
        vertical = _unit_of(flat, -1, where) if len(axes) > 2 else horizontal
    if flat.is_projected:
        warn_if_elsewhere(flat, horizontal, middle, where)
    is_known = flat.type_name != "Engineering CRS" or flat.name.lower() != NAMELESS
    return Crs(text_of(flat.to_2d()) if is_known else "", horizontal, vertical)


def text_of(crs: pyproj.CRS) -> str:
    """Return WKT 1, which LAS prescribes and every viewer reads; WKT 2 for the few projections that it lacks."""
    try:
        return str(crs.to_wkt("WKT1_GDAL"))
    except load_pyproj().exceptions.CRSError:
        return str(crs.to_wkt())


def with_unit(crs: pyproj.CRS, size: float, name: str) -> pyproj.CRS:
    """Return a projected system with another unit of its coordinates: the same places, other numbers."""
    table = crs.to_2d().to_json_dict()
    table.pop("id", None)
    table["name"] += f" ({name})"
    for axis in table["coordinate_system"]["axis"]:
        axis["unit"] = {"type": "LinearUnit", "name": name, "conversion_factor": size}
    changed: pyproj.CRS = load_pyproj().CRS.from_json_dict(table)
    return changed


def _unit_of(crs: pyproj.CRS, axis: int, where: Path) -> float:
    if not crs.axis_info:
        return 1.0
    unit = crs.axis_info[axis]
    return checked_size(float(unit.unit_conversion_factor), unit.unit_name, where)
