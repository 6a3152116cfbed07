"""Coordinates that are no lengths -> the error, with the projection to use."""

from __future__ import annotations

from pathlib import Path

from bevseg.errors import CrsError
from bevseg.io.crs.units import SET_THE_SYSTEM

GEOCENTRIC = "geocentric coordinates"


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


def _utm(longitude: float, latitude: float) -> int | None:
    """Return the EPSG code of the UTM zone (WGS 84) of a place, degrees; None beyond the zones, near the poles."""
    if not (-180 <= longitude <= 180 and -80 <= latitude <= 84):
        return None
    return (32700 if latitude < 0 else 32600) + int((longitude + 180) // 6) % 60 + 1
