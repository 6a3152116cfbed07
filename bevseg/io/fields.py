"""Fields of a point beside its coordinates: what a reader keeps of them, and the usual words for each.

A reader puts a `Source` into `PointCloud.source`. The writer of the same format gives the file back from it. The
writer of another format knows only `Source.fields`. `meaning` says what the name of a field stands for, in any of its
usual spellings. The words of the meanings are the names of LAS dimensions, as laspy spells them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

AXES = ("x", "y", "z")

CLASS, CONFIDENCE = "class", "bevseg_confidence"
"""Fields that bevseg writes into formats other than LAS."""


@runtime_checkable
class Source(Protocol):
    """What a reader keeps of a file, so that a writer can give it back."""

    def fields(self) -> dict[str, NDArray[np.generic]]:
        """Return name -> (N,) values, in the order of the file, with the names and types of the file.

        Coordinates are left out, and what bevseg writes anew: its confidence, and classes that it wrote itself.
        """


_WORDS = {
    "x": "x e east easting rechtswert rw x_coordinate coord_x point_x pos_x",
    "y": "y n north northing hochwert hw y_coordinate coord_y point_y pos_y",
    "z": "z h height elevation elev altitude alt hoehe höhe z_coordinate coord_z point_z pos_z",
    "class": "class classification label labels semantic_class semantic_label classid class_id",
    "intensity": "intensity i intensities reflectance amplitude remission",
    "red": "red r diffuse_red",
    "green": "green g diffuse_green",
    "blue": "blue b diffuse_blue",
    "nir": "nir near_infrared infrared",
    "gps_time": "gps_time gpstime time timestamp t",
    "return_number": "return_number returnnumber return_no return",
    "number_of_returns": "number_of_returns numberofreturns num_returns returns",
    "scan_angle": "scan_angle scanangle scan_angle_rank scananglerank",
    "point_source_id": "point_source_id pointsourceid source_id",
    "user_data": "user_data userdata",
    "nx": "nx normal_x normalx",
    "ny": "ny normal_y normaly",
    "nz": "nz normal_z normalz",
}
_MEANINGS = {word: name for name, words in _WORDS.items() for word in words.split()}
_UNIT = re.compile(r"[\[(][^\])]*[\])]\s*$")


def class_name(names: Iterable[str]) -> str | None:
    """Return the name that means the class; among several, the one whose word stands first in the table."""
    words = _WORDS["class"].split()
    found = [name for name in names if meaning(name) == "class"]
    return min(found, key=lambda name: words.index(plain(name)), default=None)


def plain(name: str) -> str:
    """Return a name as the table of words spells it: `"Scalar field_GPS Time [s]"` -> `gps_time`."""
    word = _UNIT.sub("", name.strip().strip("\"'#/ \t").lower()).strip()
    word = re.sub(r"^scalar(_field)?_", "", word)
    return re.sub(r"[\s\-.]+", "_", word)


def meaning(name: str) -> str | None:
    """Return what a name stands for: `x`, `class`, `intensity`, `nx` and so on; None for other names."""
    return _MEANINGS.get(plain(name))
