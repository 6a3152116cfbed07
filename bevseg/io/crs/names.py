"""Reference system of a file -> names of its systems and datums, across and up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bevseg.io.crs.geokeys import GeoKeys, codes_of, datum_code_of, texts_of
from bevseg.io.crs.proj_database import load_pyproj
from bevseg.io.crs.system import Parts, parts_of

if TYPE_CHECKING:
    import pyproj

NAMES = ("horizontal", "horizontal_datum", "vertical", "vertical_datum")
"""Keys of the result; None stands for what the file does not name."""


def names_of_wkt(wkt: str) -> dict[str, str | None]:
    """Return the names of a WKT string; all are None if it cannot be understood."""
    pyproj = load_pyproj()
    try:
        parts = parts_of(pyproj.CRS.from_wkt(wkt))
    except pyproj.exceptions.CRSError:
        return dict.fromkeys(NAMES)
    return _names(parts)


def names_of_geokeys(keys: GeoKeys) -> dict[str, str | None]:
    """Return the names of GeoTIFF keys: those of their codes, else what they say in words."""
    across, up = codes_of(keys)
    horizontal, vertical = _parts(across), _parts(up)
    names = _names(Parts(horizontal.horizontal, vertical.vertical or horizontal.vertical))
    if horizontal.horizontal is None:  # a projection given by parameters names the datum that it stands on
        names["horizontal_datum"] = _names(_parts(datum_code_of(keys)))["horizontal_datum"]
    in_words = dict(zip(("horizontal", "vertical"), texts_of(keys), strict=True))
    return names | {name: names[name] or text for name, text in in_words.items()}


def _parts(code: int | None) -> Parts:
    """Return the parts of a system of the register; none of a code that is not in it."""
    pyproj = load_pyproj()
    try:
        return parts_of(pyproj.CRS.from_epsg(code)) if code else Parts(None, None)
    except pyproj.exceptions.CRSError:
        return Parts(None, None)


def _names(parts: Parts) -> dict[str, str | None]:
    values: list[str | None] = []
    for system in (parts.horizontal, parts.vertical):
        datum = system.datum if system is not None else None
        values += [
            _with_code(system) if system is not None else None,
            datum.name if datum is not None else None,
        ]
    return dict(zip(NAMES, values, strict=True))


def _with_code(system: pyproj.CRS) -> str:
    authority = system.to_authority(min_confidence=100)
    return f"{system.name} ({':'.join(authority)})" if authority else str(system.name)
