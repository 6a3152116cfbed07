"""Units of length: EPSG code or name -> metres. Sizes that no unit can have are refused."""

from __future__ import annotations

import functools
import logging
import math
from pathlib import Path

from bevseg.errors import CrsError
from bevseg.io.crs.proj_database import load_pyproj

log = logging.getLogger(__name__)

_LEAST, _MOST = 1e-6, 1e6
"""Sizes of units, metres. The EPSG register has units from a millimetre to a nautical mile."""

_FIRST_CODES = {
    9006: 9080,
    9007: 9098,
    9008: 9063,
    9009: 9043,
    9010: 9062,
    9011: 9042,
    9012: 9040,
    9013: 9084,
}
_FIRST_CODES |= {9015: 9030}
"""Codes of GeoTIFF 1.0 (section 6.3.1.3) that EPSG has renumbered: Indian foot, link, Sears chain and so on."""
_MODIFIED_AMERICAN_FOOT = 9004, 12.0004584 / 39.37
"""In GeoTIFF 1.0, but not in the register of today."""

_ALIASES = {
    "metre": "m meter meters metres",
    "foot": "ft feet international_foot foot_international ifoot foot_intl international_feet intl_ft ift intl_foot",
    "US survey foot": "us_foot us_ft usft ftus us-ft foot_us foot_us_survey us_survey_feet survey_foot us_feet sft "
    "us_survey_ft survey_feet survey_ft ussft",
    "yard": "yd yards international_yard",
    "kilometre": "km kilometer kilometers kilometres",
    "centimetre": "cm centimeter centimeters centimetres",
    "millimetre": "mm millimeter millimeters millimetres",
}
"""Usual words for units, beside the names of the register."""


@functools.cache
def _by_code() -> dict[int, float]:
    units = load_pyproj().database.get_units_map("EPSG", "linear", allow_deprecated=True).values()
    sizes = {int(unit.code): float(unit.conv_factor) for unit in units}
    return {_MODIFIED_AMERICAN_FOOT[0]: _MODIFIED_AMERICAN_FOOT[1]} | sizes


@functools.cache
def _by_name() -> dict[str, float]:
    units = load_pyproj().database.get_units_map("EPSG", "linear", allow_deprecated=True)
    sizes = {_plain(name): float(unit.conv_factor) for name, unit in units.items()}
    return sizes | {
        _plain(alias): sizes[_plain(name)] for name, aliases in _ALIASES.items() for alias in aliases.split()
    }


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("'", "")


def size_of_code(code: int) -> float | None:
    """Return metres per unit of an EPSG unit of length; None for codes that are none."""
    return _by_code().get(_FIRST_CODES.get(code, code))


def size_of_name(name: str) -> float | None:
    """Return metres per unit of length by its name or a usual word for it; None for words that are none."""
    return _by_name().get(_plain(name))


def name_of_code(code: int) -> str:
    """Return the name of an EPSG unit of length."""
    units = load_pyproj().database.get_units_map("EPSG", "linear", allow_deprecated=True).values()
    wanted = str(_FIRST_CODES.get(code, code))
    return next((str(unit.name) for unit in units if unit.code == wanted), f"unit {code}")


def name_of_size(size: float) -> str | None:
    """Return the name of a unit of length by its metres: a usual one, else one of the register; None for others."""
    sizes = {name: _by_name()[_plain(name)] for name in _ALIASES} | _by_name()
    return next((name for name, known in sizes.items() if math.isclose(known, size, rel_tol=1e-12)), None)


def checked_size(size: float, name: str, where: Path) -> float:
    """Return the size of a unit, metres.

    Parameters
    ----------
    size
        As the file has it.
    name
        Of the unit or of the key, for messages. If the register has a unit of this name and another size, a warning
        says so: the size counts.
    where
        The file.

    Raises
    ------
    CrsError
        If no unit of length has this size: zero, negative, not finite, or far from all that people measure in.
    """
    if not (math.isfinite(size) and _LEAST <= size <= _MOST):
        raise CrsError(
            "The unit of the coordinates has an impossible size",
            where=where,
            why=f"the file gives the unit {name!r} {size:g} m",
            hint=SET_THE_SYSTEM,
        )
    usual = _by_name().get(_plain(name))
    if usual is not None and abs(size / usual - 1) > 1e-4:
        log.warning(
            "%s: the unit is named %r, which has %.9g m, but its size is given as %.9g m: the size is used; "
            "if the name is right, %s",
            *(where, name, usual, size, SET_THE_SYSTEM),
        )
    return size


SET_THE_SYSTEM = (
    "write the right reference system into a copy of the file: "
    "pdal translate IN OUT --writers.las.a_srs=EPSG:CODE"
)
"""What to do about a file with a wrong reference system."""
