"""A line before the points -> the unit that it states for all coordinates: `units: feet`, `coordinates in feet`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bevseg.io.crs.proj_database import load_pyproj

_SEARCHED = 500
"""Characters of a line that are searched for a unit."""
_STATED = re.compile(r"\bunits?\b\s*[:=]\s*[\"'\[(]?\s*([^\W\d][\w \-]*)", re.IGNORECASE)
_SENTENCE = re.compile(
    r"\b(?:units?|coordinates?|measured|values|xyz)\b[^.;:]{0,30}?\b(?:in|are|is)\s+"
    r"((?:(?:international|(?:us|u\.s\.)[ -]?(?:survey)?|survey)\s*)?(?:feet|foot|ft)|yards?"
    r"|(?:milli|centi|kilo)?met(?:er|re)s?|[mck]?m|(?:decimal )?degrees?)\b",
    re.IGNORECASE,
)
_SYSTEM = re.compile(r"\bEPSG\W{0,3}(\d{4,6})\b", re.IGNORECASE)


def stated_unit(text: str) -> str | None:
    """Return the unit that a line states in words, as it is spelt there."""
    text = text[:_SEARCHED]
    found = _STATED.search(text) or _SENTENCE.search(text)
    return found[1].strip().replace(".", "") if found else None


def unit_of_system(lines: Iterable[str]) -> str | None:
    """Return the unit of the only reference system that the lines name, if it is a projected one and no metre."""
    codes = {code for text in lines for code in _SYSTEM.findall(text[:_SEARCHED])}
    if len(codes) != 1:
        return None
    pyproj = load_pyproj()
    try:
        system = pyproj.CRS.from_epsg(int(codes.pop()))
    except pyproj.exceptions.CRSError:
        return None
    unit = system.axis_info[0] if system.is_projected else None
    return unit.unit_name if unit is not None and unit.unit_conversion_factor != 1 else None
