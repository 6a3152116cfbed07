"""The comment in which PLY and PCD, which have no place for units, say how long those of the coordinates are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from bevseg.core.pointcloud import PointCloud
from bevseg.io.coordinates import units
from bevseg.io.crs.units import checked_size, name_of_size

_FORM = re.compile(r"bevseg units: x and y in (.{1,60}) of (\d\S{0,30}) m, z in (.{1,60}) of (\d\S{0,30}) m$")


def unit_comment(cloud: PointCloud) -> str | None:
    """Return the comment, without what begins a comment; None for metres."""
    across, _, up = units(cloud)
    if across == up == 1.0:
        return None
    words = [f"{name_of_size(size) or 'a unit'} of {size!r} m" for size in (across, up)]
    return f"bevseg units: x and y in {words[0]}, z in {words[1]}"


def units_in(comments: Iterable[str], path: Path) -> tuple[float, float] | None:
    """Return metres per horizontal and per vertical unit; None if no comment says them.

    Raises
    ------
    CrsError
        If no unit of length has such a size.
    """
    found = next(filter(None, map(_FORM.search, comments)), None)
    if found is None:
        return None
    try:
        sizes = float(found[2]), float(found[4])
    except ValueError:
        return None
    return checked_size(sizes[0], found[1], path), checked_size(sizes[1], found[3], path)
