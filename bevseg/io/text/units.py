"""The lines before the points -> the unit of the coordinates: metres, another length, or an error for angles."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

from bevseg.errors import CrsError
from bevseg.io.crs.degrees import not_a_length
from bevseg.io.crs.units import size_of_name
from bevseg.io.fields import AXES, meaning, plain, unit_in
from bevseg.io.text.columns import Layout
from bevseg.io.text.stated_units import stated_unit, unit_of_system
from bevseg.io.text.tokens import Dialect

_METRE = {"m", "metre", "metres", "meter", "meters"}
_DEGREES = {"deg", "degree", "degrees", "dd", "°", "decimal_degrees", "decimal_degree"}
_OTHER_ANGLES = {"grad", "gon", "rad", "radians", "dms"}
_OTHERS = {
    "in",
    "inch",
    "inches",
    "px",
    "pixel",
    "pixels",
    "nm",
    "um",
    "µm",
    "μm",
    "dm",
    "mi",
    "mile",
    "miles",
}
"""Units that are not read: no survey has them."""
_NO_UNIT = {"", "-", "--", "1"}
_LATITUDES, _LONGITUDES = (
    {"lat", "latitude", "breite"},
    {"lon", "long", "lng", "longitude", "laenge", "länge"},
)
_LIKE_LENGTH = re.compile(r"(?:us_?|intl_?)?[a-z]{1,3}$|[a-z_-]*(?:foot|feet|met(?:er|re)s?|yards?)$|us-ft$")


def is_units_row(fields: Sequence[str]) -> bool:
    """Whether the fields of a line are units and nothing else, at least those of three columns."""
    words = [_bare(field) for field in fields]
    named = [word for word in words if word not in _NO_UNIT]
    return (
        len(words) >= len(AXES)
        and bool(named)
        and all(_is_length(word) or word in _DEGREES | _OTHER_ANGLES | _OTHERS for word in words[:3])
    )


def of_coordinates(
    names: Sequence[str] | None, layout: Layout, heading: Iterable[str], dialect: Dialect
) -> dict[str, str]:
    """Return the unit of each axis for which the lines before the points have one, as it is spelt there.

    Parameters
    ----------
    names
        Names in the header, one per column; None if there is none.
    layout
        Which column is which axis.
    heading
        The lines before the points.
    dialect
        Of the lines of points.
    """
    found: dict[str, str] = {}
    places = {axis: layout.names.index(axis) for axis in AXES if axis in layout.names}
    lines = [*heading]
    system = unit_of_system(lines)
    if system:
        found |= dict.fromkeys(AXES, system)
    for text in lines:
        stated = stated_unit(text)
        if stated:
            found |= dict.fromkeys(AXES, stated)
        fields = dialect.split(text.strip().lstrip("#/% "))
        # Columns that were added later, as bevseg does, have no field in the row.
        if len(fields) > max(places.values(), default=0) and is_units_row(fields):
            found |= {
                axis: fields[i].strip(" []()")
                for axis, i in places.items()
                if _bare(fields[i]) not in _NO_UNIT
            }
    for axis, i in places.items():
        for source in (names[i] if names and i < len(names) else "", layout.titles[i]):
            word = unit_in(source)
            if word and _bare(word) not in _NO_UNIT:
                found[axis] = word
                break
    return found


def sizes(
    units: dict[str, str], path: Path, middle: tuple[float, float] | None = None
) -> tuple[float, float] | None:
    """Return metres per horizontal and per vertical unit; None if no unit is stated.

    Parameters
    ----------
    units
        Axis -> unit, as `of_coordinates` gives it.
    path
        For messages.
    middle
        x and y of a point, for the zone to project degrees to.

    Raises
    ------
    CrsError
        If a unit is an angle, is not known, or x and y have different units.
    """
    known: dict[str, float] = {}
    for axis, unit in units.items():
        word = _bare(unit)
        first_word = word.split("_")[0]
        if {word, first_word} & _DEGREES:
            raise not_a_length("degrees", path, middle)
        if first_word in _OTHER_ANGLES:
            raise not_a_length(unit, path)
        size = size_of(unit)
        if size is not None:
            known[axis] = size
        elif {word, first_word} & _OTHERS:
            raise CrsError(
                f"The unit {unit[:30]!r} of the coordinates is not known",
                where=path,
                why=f"the lines before the points give {axis} in it",
                hint="convert the coordinates to metres, or name a unit of length: m, ft, us-ft, mm, cm, km, yd",
            )
    strange = sorted({unit for axis, unit in units.items() if axis not in known})
    if strange:
        warnings.warn(
            f"{path}: {', '.join(map(repr, strange))} behind the name of a coordinate is no unit of length: "
            + ("it is passed over" if known else "the coordinates are read as metres"),
            stacklevel=3,
        )
    if not known:
        return None
    across = {known[axis] for axis in ("x", "y") if axis in known}
    if len(across) > 1:
        raise CrsError(
            "x and y have different units",
            where=path,
            why=f"the lines before the points say {units['x']!r} and {units['y']!r}",
            hint="write both in the same unit",
        )
    horizontal = next(iter(across), known.get("z", 1.0))
    if len(known) < len(AXES):
        missing = [axis for axis in AXES if axis not in known]
        warnings.warn(
            f"{path}: {' and '.join(missing)} without a unit: read in that of the other coordinates",
            stacklevel=3,
        )
    if any(size != 1.0 for size in known.values()):
        warnings.warn(
            f"{path}: the coordinates are in {', '.join(sorted({*units.values()}))} of {horizontal:.10g} m, as the "
            "lines before the points say: outputs keep this unit and name it",
            stacklevel=3,
        )
    return horizontal, known.get("z", horizontal)


def size_of(unit: str) -> float | None:
    """Return metres per unit of length: of the whole words, or of the first, as in `m above sea level`."""
    word = _bare(unit)
    for part in (word, word.split("_")[0]):
        if part in _METRE:
            return 1.0
        size = size_of_name(part)
        if size is not None:
            return size
    return None


def word_of(size: float) -> str | None:
    """Return a word that behind the name of a coordinate says its unit, as in `x_ft`; None for sizes without one."""
    words = ("m", "ft", "usft", "yd", "km", "cm", "mm")
    return next((word for word in words if math.isclose(size_of(word) or 0.0, size, rel_tol=1e-12)), None)


def geographic(
    names: Sequence[str], rows: Sequence[Sequence[str]], dialect: Dialect
) -> tuple[float, float] | None:
    """Return longitude and latitude of the first point, if two columns have these names and hold such angles."""
    words = [plain(name) for name in names]
    places = []
    for wanted in (_LONGITUDES, _LATITUDES):
        place = next(
            (i for i, word in enumerate(words) if word in wanted or word.split("_")[0] in wanted), None
        )
        if place is None:
            return None
        places.append(place)
    values = []
    for place, most in zip(places, (180, 90), strict=True):
        field = rows[0][place].replace(",", ".") if dialect.decimal_comma else rows[0][place]
        if not dialect.is_number(rows[0][place]):
            return None
        value = float(field)
        if not abs(value) <= most:
            return None
        values.append(value)
    return values[0], values[1]


def _is_length(word: str) -> bool:
    if word in _NO_UNIT or word in _METRE:
        return True
    return bool(_LIKE_LENGTH.match(word)) and meaning(word) is None and size_of_name(word) is not None


def _bare(unit: str) -> str:
    return re.sub(r"[\s.]+", "_", unit.strip(" []()\"'.#").lower())
