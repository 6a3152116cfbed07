"""GeoTIFF keys -> Crs. LAS 1.0 to 1.3 has no other description of its coordinates.

Sources: OGC GeoTIFF 1.1, sections 7.2 to 7.5 (OGC 19-008r4); LAS 1.4 R15, section 3.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Mapping
from pathlib import Path

from bevseg.core.pointcloud import Crs
from bevseg.errors import CrsError
from bevseg.io.crs import units
from bevseg.io.crs.degrees import GEOCENTRIC, not_a_length
from bevseg.io.crs.parameters import wkt_of_parameters
from bevseg.io.crs.proj_database import load_pyproj
from bevseg.io.crs.system import from_system, parts_of
from bevseg.io.crs.wkt import METRES_ASSUMED, warn_unknown

log = logging.getLogger(__name__)

Value = int | float | str
GeoKeys = Mapping[int, Value]
"""Key -> its (first) value."""

DIRECTORY, DOUBLES, TEXTS = 34735, 34736, 34737
"""Numbers of the records: the keys, and the values that do not fit into 16 bits."""

_MODEL, _CITATION, _GEOGRAPHIC, _PROJECTED, _PROJECTED_CITATION = 1024, 1026, 2048, 3072, 3073
_UNIT, _UNIT_SIZE, _VERTICAL, _VERTICAL_UNIT = 3076, 3077, 4096, 4099
_GEOGRAPHIC_CITATION, _VERTICAL_CITATION = 2049, 4097
_PROJECTED_MODEL, _GEOGRAPHIC_MODEL, _GEOCENTRIC_MODEL = 1, 2, 3
_DATUM, _SEMI_MAJOR, _PROJECTION, _METHOD = 2050, 2057, 3074, 3075
_OF_PROJECTIONS = range(3072, 3100)
_CODES = range(1024, 32767)
_USER_DEFINED = 32767
_SAME = 1e-7
"""Sizes of units differ by more: the feet of surveys by 2e-6."""


def parse_geokeys(directory: bytes, doubles: bytes = b"", texts: bytes = b"") -> dict[int, Value]:
    """Return key -> value of the three records. What lies beyond the end of a record is left out.

    Parameters
    ----------
    directory, doubles, texts
        Contents of the records 34735, 34736 and 34737; the latter two are absent in many files.
    """
    shorts = struct.unpack(f"<{len(directory) // 2}H", directory[: len(directory) // 2 * 2])
    if len(shorts) < 4:
        return {}
    floats = struct.unpack(f"<{len(doubles) // 8}d", doubles[: len(doubles) // 8 * 8])
    keys: dict[int, Value] = {}
    claimed = shorts[3] or len(shorts)  # some writers leave the count at 0
    for at in range(4, min(4 + 4 * claimed, len(shorts) // 4 * 4), 4):
        key, place, count, value = shorts[at : at + 4]
        if place == 0:
            keys.setdefault(key, value)
        elif place == TEXTS:
            text = texts[value : value + count].split(b"\0")[0].decode("latin-1")
            keys.setdefault(key, text.strip("| "))
        elif place in (DOUBLES, DIRECTORY):
            values = floats if place == DOUBLES else shorts
            if value < len(values):
                keys.setdefault(key, values[value])
    return keys


def from_geokeys(
    keys: GeoKeys,
    where: Path,
    middle: tuple[float, float] | None = None,
    otherwise: str = METRES_ASSUMED,
) -> Crs | None:
    """Read GeoTIFF keys; None, with a warning, if they name neither a system nor a unit of length.

    The unit of key 3076 counts, also beside a system that has another one, as in libgeotiff.

    Parameters
    ----------
    keys
        See `parse_geokeys`.
    where, middle, otherwise
        See `bevseg.io.crs.from_wkt`.

    Raises
    ------
    CrsError, DependencyError
        See `bevseg.io.crs.from_wkt`. CrsError also for a unit that the file says is a special one, without its size.
    """
    if keys.get(_MODEL) == _GEOCENTRIC_MODEL:
        raise not_a_length(GEOCENTRIC, where)
    geographic = _is_geographic(keys)
    code = _number(keys, _GEOGRAPHIC if geographic else _PROJECTED)
    pyproj = load_pyproj()
    unit = None if geographic else _unit(keys, where, known=code in _CODES)
    crs = None
    if code in _CODES:
        try:
            crs = from_system(pyproj.CRS.from_epsg(code), where, middle, _other_unit(code, unit, where))
        except pyproj.exceptions.CRSError as error:
            if unit is None:
                warn_unknown(where, str(error), otherwise)
                return None
            log.warning("%s: %.120s; the coordinates have the unit that the file names", where, error)
    elif geographic:
        raise not_a_length("degrees", where, middle)
    if crs is None and unit is None:
        why = f"{_citation(keys)}projection code {code}, and no unit of length that is known"
        warn_unknown(where, why, otherwise)
        return None
    horizontal = crs.horizontal if crs else (unit or (1.0, ""))[0]
    vertical = _vertical(keys, where) or (horizontal if crs is None or unit else crs.vertical)
    if crs is not None:
        return Crs(crs.wkt, horizontal, vertical)
    return Crs(wkt_of_parameters(keys, horizontal) if _has_parameters(keys) else "", horizontal, vertical)


def codes_of(keys: GeoKeys) -> tuple[int | None, int | None]:
    """Return the EPSG codes of the horizontal and of the vertical system; None where the keys have none."""
    across = _number(keys, _GEOGRAPHIC if _is_geographic(keys) else _PROJECTED)
    up = _number(keys, _VERTICAL)
    return across if across in _CODES else None, up if up in _CODES else None


def datum_code_of(keys: GeoKeys) -> int | None:
    """Return the EPSG code of the geographic system that a projection stands on; None where the keys have none."""
    code = _number(keys, _GEOGRAPHIC)
    return code if code in _CODES else None


def texts_of(keys: GeoKeys) -> tuple[str | None, str | None]:
    """Return what the keys say of the horizontal and of the vertical system in words."""
    across = (keys.get(_PROJECTED_CITATION), keys.get(_GEOGRAPHIC_CITATION), keys.get(_CITATION))
    return next((str(text) for text in across if text), None), str(keys.get(_VERTICAL_CITATION) or "") or None


def _is_geographic(keys: GeoKeys) -> bool:
    """Return whether the coordinates are angles. A projected system names the geographic one that it stands on."""
    if keys.get(_MODEL) in (_PROJECTED_MODEL, _GEOGRAPHIC_MODEL):
        return keys[_MODEL] == _GEOGRAPHIC_MODEL
    return _GEOGRAPHIC in keys and not any(key in keys for key in _OF_PROJECTIONS)


def _has_parameters(keys: GeoKeys) -> bool:
    """Return whether the keys name a projection and what it stands on: without a datum, GDAL would assume one."""
    stands_on = any(_number(keys, key) in _CODES for key in (_GEOGRAPHIC, _DATUM)) or _SEMI_MAJOR in keys
    return stands_on and bool(_number(keys, _METHOD) or _number(keys, _PROJECTION))


def _number(keys: GeoKeys, key: int) -> int:
    """Return a code; 0, which means undefined, if it is absent or no number."""
    value = keys.get(key, 0)
    return int(value) if not isinstance(value, str) and value == value and abs(value) < 1 << 16 else 0


def _citation(keys: GeoKeys) -> str:
    """Return the name of the system in words, for messages: it is free text, and no number is taken from it."""
    across, _ = texts_of(keys)
    return f"{across!r}, " if across else ""


def _unit(keys: GeoKeys, where: Path, known: bool) -> tuple[float, str] | None:
    """Return metres and name of the unit of the coordinates; None where the keys name none.

    Parameters
    ----------
    keys, where
        See `from_geokeys`.
    known
        Whether the system is known by its code, and has a unit of its own.
    """
    code = _number(keys, _UNIT)
    size = keys.get(_UNIT_SIZE)
    if code in (0, _USER_DEFINED) and isinstance(size, int | float):
        return units.checked_size(float(size), "user-defined (key 3077)", where), "user-defined"
    if code == 0:
        return None
    metres = units.size_of_code(code)
    if metres is not None:
        return metres, units.name_of_code(code)
    what = (
        "user-defined, and its size (key 3077) is missing"
        if code == _USER_DEFINED
        else f"no EPSG length: {code}"
    )
    if known:
        log.warning(
            "%s: the unit of the coordinates is %s: that of the reference system is used", where, what
        )
        return None
    raise CrsError(
        "The unit of the coordinates is unknown",
        where=where,
        why=f"{_citation(keys)}the unit (key 3076) is {what}",
        hint=units.SET_THE_SYSTEM,
    )


def _other_unit(code: int, unit: tuple[float, str] | None, where: Path) -> tuple[float, str] | None:
    """Return the unit of the keys if a system of the register has another one; a warning says so."""
    if unit is None:
        return None
    flat = parts_of(load_pyproj().CRS.from_epsg(code)).horizontal
    if flat is None or not flat.is_projected:
        return None
    axis = flat.axis_info[0]
    if abs(unit[0] / axis.unit_conversion_factor - 1) < _SAME:
        return None
    log.warning(
        "%s: the file names EPSG:%d, which is in %s, and the unit %s (%.9g m): the unit is used",
        *(where, code, axis.unit_name, unit[1], unit[0]),
    )
    return unit


def _vertical(keys: GeoKeys, where: Path) -> float | None:
    """Return metres per unit of the heights; None where the keys name neither unit nor vertical system."""
    unit, code = _number(keys, _VERTICAL_UNIT), _number(keys, _VERTICAL)
    size = units.size_of_code(unit)
    if size is None and unit:
        log.warning("%s: the unit of the heights (key 4099) is no EPSG length: %d", where, unit)
    if code not in _CODES:
        return size
    pyproj = load_pyproj()
    try:
        system = parts_of(pyproj.CRS.from_epsg(code)).vertical
    except pyproj.exceptions.CRSError:
        system = None
    if system is None:  # GeoTIFF 1.0 has codes of datums and ellipsoids here, all in the unit of key 4099
        if size is None:
            log.warning(
                "%s: EPSG:%d (key 4096) is no vertical system: heights have the horizontal unit", where, code
            )
        return size
    own = system.axis_info[-1]
    if size is not None and abs(size / own.unit_conversion_factor - 1) > _SAME:
        log.warning(
            "%s: the file names EPSG:%d, which is in %s, and the unit %s for heights (%.9g m): the unit is used",
            *(where, code, own.unit_name, units.name_of_code(unit), size),
        )
    return float(own.unit_conversion_factor) if size is None else size
