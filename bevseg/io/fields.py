"""Fields of a point beside its coordinates: what a reader keeps of them, and the usual words for each.

A reader puts a `Source` into `PointCloud.source`. The writer of the same format gives the file back from it. The
writer of another format knows only `Source.fields`. `meaning` says what the name of a field stands for, in any of its
usual spellings. The words of the meanings are the names of LAS dimensions, as laspy spells them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import PROBABILITY_BANDS
from bevseg.core.pointcloud import PointLabels

AXES = ("x", "y", "z")

CLASS, CONFIDENCE, REASON = "class", "bevseg_confidence", "bevseg_reason"
"""Fields that bevseg writes into formats other than LAS."""

PROBABILITIES = tuple(f"bevseg_{band}" for band in PROBABILITY_BANDS)
"""Fields of the probability of each class, by train id."""

BESIDE_CLASS = (CONFIDENCE, REASON, *PROBABILITIES)
"""Fields that bevseg writes beside the class, in this order."""


def beside_class(point_labels: PointLabels, old: Container[str]) -> dict[str, NDArray[np.uint8]]:
    """Return the fields that are written beside the class.

    Parameters
    ----------
    point_labels
        What is written.
    old
        Names of those that the source has of bevseg. Without new values they become 0: the old ones are of other
        labels.
    """
    new: dict[str, NDArray[np.uint8]] = {}
    if point_labels.has_confidence_field:
        new[CONFIDENCE] = point_labels.confidence
    if point_labels.reasons is not None:
        new[REASON] = point_labels.reasons
    if point_labels.probabilities is not None:
        new |= zip(PROBABILITIES, point_labels.probabilities, strict=True)
    nothing = np.zeros_like(point_labels.confidence)
    return {name: new.get(name, nothing) for name in BESIDE_CLASS if name in new or name in old}


@runtime_checkable
class Source(Protocol):
    """What a reader keeps of a file, so that a writer can give it back."""

    def fields(self) -> dict[str, NDArray[np.generic]]:
        """Return name -> (N,) values, in the order of the file, with the names and types of the file.

        Coordinates are left out, and what bevseg writes anew: its confidence, and classes that it wrote itself.
        """


LABEL_NAMES = (
    "bevseg_label", "class", "classification", "label", "labels", "semantic_class", "semantic_label", "class_id",
    "classid", "label_id", "labelid", "class_code", "class_label", "class_index", "asprs_class", "semantic",
    "semantic_id", "sem_class", "category", "klasse", "classe", "clase",
)  # fmt: skip
"""Names, as `plain` spells them, of columns and properties that hold class codes; the first that a file has is
taken."""

_WORDS = {
    "x": "x e east easting eastings este rechtswert rechts rw ostwert x_coordinate x_coord xcoord x_koordinate "
    "coord_x coordinate_x coordx point_x pointx pos_x points:0 points_0 utm_x x_utm utm_e easting_x x_easting "
    "est ost leste shape_x abscisse abszisse posx utm_easting grid_easting gride grid_e world_x x_world östlich "
    "coordenada_x coordonnée_x points_m_xyz:0 itä öst восток 東",
    "y": "y n north northing northings norte hochwert hoch hw nordwert y_coordinate y_coord ycoord y_koordinate "
    "coord_y coordinate_y coordy point_y pointy pos_y points:1 points_1 utm_y y_utm utm_n northing_y y_northing "
    "nord shape_y ordonnée ordonnee posy utm_northing grid_northing gridn grid_n world_y y_world nördlich "
    "coordenada_y coordonnée_y points_m_xyz:1 pohjoinen norr север 北",
    "z": "z h height elevation elev altitude alt hoehe höhe cota z_coordinate z_coord zcoord z_koordinate coord_z "
    "coordinate_z coordz point_z pointz pos_z points:2 points_2 utm_z z_utm "
    "quota hoogte shape_z höhe_über_nn höhe_nn höhe_ü_nn höhe_über_nhn höhe_ü_nhn hoehe_ueber_nn hauteur altitude_z "
    "posz orthometric_height ortho_height ortho_elev ortho_elevation ellipsoidal_height ellipsoid_height world_z "
    "z_world altura coordenada_z coordonnée_z points_m_xyz:2 korkeus höjd высота 標高",
    "class": " ".join(LABEL_NAMES),
    "intensity": "intensity i intensities reflectance amplitude remission",
    "red": "red r diffuse_red rot",
    "green": "green g diffuse_green",
    "blue": "blue b diffuse_blue",
    "nir": "nir near_infrared infrared",
    "gps_time": "gps_time gpstime gps time timestamp t zeit gps_seconds",
    "return_number": "return_number returnnumber return_no return return_num",
    "number_of_returns": "number_of_returns numberofreturns num_returns returns number_returns",
    "scan_angle": "scan_angle scanangle scan_angle_rank scananglerank",
    "point_source_id": "point_source_id pointsourceid source_id",
    "user_data": "user_data userdata",
    "nx": "nx normal_x normalx",
    "ny": "ny normal_y normaly",
    "nz": "nz normal_z normalz",
}
_MEANINGS = {word: name for name, words in _WORDS.items() for word in words.split()}
_UNIT = re.compile(r"[\[(][^\])]*[\])]\s*$")
_WITH_UNIT = re.compile(r"(.+)_(m|metres?|meters?|ft|feet|usft|us_ft|ftus|mm|cm|km|yd)$")
"""A name with a unit of length behind it. Only coordinates have such names here."""


def class_name(names: Iterable[str]) -> str | None:
    """Return the name that means the class; among several, the one whose word stands first in the table."""
    words = _WORDS["class"].split()
    found = [name for name in names if meaning(name) == "class"]
    return min(found, key=lambda name: words.index(plain(name)), default=None)


def plain(name: str) -> str:
    """Return a name as the table of words spells it: `"Scalar field_GPS Time [s]"` -> `gps_time`."""
    word = _UNIT.sub("", name.strip().strip("\"'#/% \t<>:").lower()).strip()
    word = re.sub(r"[\s\-.]+", "_", word.rstrip("."))
    return re.sub(r"^scalar(_field)?_(?!fields?$)", "", word)


def meaning(name: str) -> str | None:
    """Return what a name stands for: `x`, `class`, `intensity`, `nx` and so on; None for other names."""
    word = plain(name)
    if word in _MEANINGS:
        return _MEANINGS[word]
    with_unit = _WITH_UNIT.match(word)
    found = _MEANINGS.get(with_unit[1]) if with_unit else None
    return found if found in AXES else None


def unit_in(name: str) -> str | None:
    """Return the unit of length in the name of a coordinate: `ft` of `X [ft]`, of `Easting (ft)` and of `x_ft`."""
    if meaning(name) not in AXES:
        return None
    brackets = _UNIT.search(name.strip().strip("\"'"))
    if brackets:
        return brackets[0].strip(" []()") or None
    with_unit = _WITH_UNIT.match(plain(name))
    return with_unit[2] if with_unit and plain(name) not in _MEANINGS else None


def written_by_bevseg(source: object, name: str) -> NDArray[np.uint8] | None:
    """Return the values (N,) of a field that bevseg wrote into a file, such as CONFIDENCE; None without one."""
    method: Callable[[str], NDArray[np.uint8] | None] = getattr(source, "ours", lambda name: None)
    return method(name)


def only_here(source: object) -> list[str]:
    """Return one sentence for each thing of a source, beside its fields, that only its own format can hold."""
    method: Callable[[], list[str]] = getattr(source, "only_here", list)
    return method()
