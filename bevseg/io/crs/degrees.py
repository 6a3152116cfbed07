"""Coordinates that are no lengths -> the error, with the projection to use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bevseg.errors import CloudFormatError, CrsError
from bevseg.io.crs.units import SET_THE_SYSTEM

GEOCENTRIC = "geocentric coordinates"
LEAST = 10
"""Points whose extent says something."""
_IF_METRES = (
    "write a reference system in metres into a copy of a LAS file, or save the points as text and read them with "
    "--columns x,y,z"
)
_CLOSE = 0.05
"""Extent in x and y, below which metres are too few for a street, and degrees are kilometres."""


def not_a_length(unit: str, where: Path, middle: tuple[float, float] | None = None) -> CrsError:
    """Return the error for coordinates in `unit`.

    Parameters
    ----------
    unit
        `degrees`, or `geocentric coordinates`.
    where
        The file.
    middle
        Middle of the cloud: longitude and latitude. They give the UTM zone of the hint.
    """
    why = "bevseg needs east, north and up in a unit of length"
    if unit != GEOCENTRIC and middle and max(map(abs, middle)) > 400:  # grads go up to 400
        return CrsError(
            f"The reference system has {unit}, the coordinates have not",
            where=where,
            why=f"the middle of the cloud is at ({middle[0]:.10g}, {middle[1]:.10g}), which no angles can be",
            hint=SET_THE_SYSTEM,
        )
    code = None if unit == GEOCENTRIC or middle is None else _utm(*middle)
    rest = "" if code else ", with the zone floor((longitude + 180) / 6) + 1 for ZZ; 327ZZ in the south"
    return CrsError(
        f"Coordinates in {unit}"
        if unit != GEOCENTRIC
        else "Geocentric coordinates: from the centre of the earth",
        where=where,
        why=why,
        hint="project the cloud first, for example to its zone of UTM: pdal translate IN OUT reprojection "
        f"--filters.reprojection.out_srs=EPSG:{code or '326ZZ'}{rest}",
    )


def like_degrees(ends: Sequence[tuple[float, float]]) -> bool:
    """Whether x and y between these ends may be degrees: no street is so narrow, and z spans far more."""
    x, y, z = (high - low for low, high in ends)
    narrow = min(x, y) > 0 and max(x, y) < _CLOSE and z > 10 * max(x, y)
    farthest = [max(abs(low), abs(high)) for low, high in ends[:2]]
    return narrow and max(farthest) <= 180 and min(farthest) <= 90


def may_be_degrees(place: tuple[float, float], where: Path, if_metres: str) -> CloudFormatError:
    """Return the error for x and y that are so close together that they may be degrees.

    Parameters
    ----------
    place
        x and y of some point.
    where
        The file.
    if_metres
        What to do if they are none.
    """
    return CloudFormatError(
        "The coordinates may be degrees",
        where=where,
        why=f"x and y, near ({place[0]:.7g}, {place[1]:.7g}), differ by less than {_CLOSE}, and z by far more",
        hint="if they are degrees, project the cloud first, for example to its zone of UTM; if they are metres, "
        + if_metres,
    )


def ensure_no_degrees(ends: Sequence[tuple[float, float]], count: int, where: Path) -> None:
    """Raise CloudFormatError if a cloud without a reference system may be in degrees.

    Parameters
    ----------
    ends
        Smallest and largest x, y and z, in units of the file.
    count
        Number of points.
    where
        The file.
    """
    if count >= LEAST and like_degrees(ends):
        raise may_be_degrees((ends[0][0], ends[1][0]), where, _IF_METRES)


def _utm(longitude: float, latitude: float) -> int | None:
    """Return the EPSG code of the UTM zone (WGS 84) of a place, degrees; None beyond the zones, near the poles."""
    if not (-180 <= longitude <= 180 and -80 <= latitude <= 84):
        return None
    return (32700 if latitude < 0 else 32600) + int((longitude + 180) // 6) % 60 + 1
