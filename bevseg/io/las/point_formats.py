"""Point formats 0 to 10 of LAS: their fields, their bits, and the items that LAZ splits them into."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_PLACE = [("X", "<i4"), ("Y", "<i4"), ("Z", "<i4"), ("intensity", "<u2"), ("bit_fields", "u1")]
_OLD = [
    *_PLACE,
    ("raw_classification", "u1"),
    ("scan_angle_rank", "i1"),
    ("user_data", "u1"),
    ("point_source_id", "<u2"),
]
_NEW = [
    *_PLACE,
    ("classification_flags", "u1"),
    ("classification", "u1"),
    ("user_data", "u1"),
    ("scan_angle", "<i2"),
    ("point_source_id", "<u2"),
    ("gps_time", "<f8"),
]
_TIME, _NIR = [("gps_time", "<f8")], [("nir", "<u2")]
_COLOUR = [("red", "<u2"), ("green", "<u2"), ("blue", "<u2")]
_WAVES = [
    ("wavepacket_index", "u1"),
    ("wavepacket_offset", "<u8"),
    ("wavepacket_size", "<u4"),
    ("return_point_wave_location", "<f4"),
    ("x_t", "<f4"),
    ("y_t", "<f4"),
    ("z_t", "<f4"),
]
STANDARD: tuple[np.dtype[np.void], ...] = tuple(
    np.dtype(fields)
    for fields in (
        _OLD,
        _OLD + _TIME,
        _OLD + _COLOUR,
        _OLD + _TIME + _COLOUR,
        _OLD + _TIME + _WAVES,
        _OLD + _TIME + _COLOUR + _WAVES,
        _NEW,
        _NEW + _COLOUR,
        _NEW + _COLOUR + _NIR,
        _NEW + _WAVES,
        _NEW + _COLOUR + _NIR + _WAVES,
    )
)
"""Record of each point format, without extra dimensions (LAS 1.4 R15, tables 7 to 17)."""

FIRST_NEW = 6
"""Point format from which on fields are wider, classes end at 255, and WKT is the only reference system."""


@dataclass(frozen=True)
class Bits:
    """A value that is a part of a byte."""

    field: str
    first: int
    width: int

    @property
    def highest(self) -> int:
        """Largest value."""
        return (1 << self.width) - 1

    def of(self, points: NDArray[np.void]) -> NDArray[np.uint8]:
        """Return the (N,) values."""
        values: NDArray[np.uint8] = (points[self.field] >> np.uint8(self.first)) & np.uint8(self.highest)
        return values


_OLD_BITS = {
    "return_number": Bits("bit_fields", 0, 3),
    "number_of_returns": Bits("bit_fields", 3, 3),
    "scan_direction_flag": Bits("bit_fields", 6, 1),
    "edge_of_flight_line": Bits("bit_fields", 7, 1),
    "classification": Bits("raw_classification", 0, 5),
    "synthetic": Bits("raw_classification", 5, 1),
    "key_point": Bits("raw_classification", 6, 1),
    "withheld": Bits("raw_classification", 7, 1),
}
_NEW_BITS = {
    "return_number": Bits("bit_fields", 0, 4),
    "number_of_returns": Bits("bit_fields", 4, 4),
    "synthetic": Bits("classification_flags", 0, 1),
    "key_point": Bits("classification_flags", 1, 1),
    "withheld": Bits("classification_flags", 2, 1),
    "overlap": Bits("classification_flags", 3, 1),
    "scanner_channel": Bits("classification_flags", 4, 2),
    "scan_direction_flag": Bits("classification_flags", 6, 1),
    "edge_of_flight_line": Bits("classification_flags", 7, 1),
}


def standard_size(point_format: int) -> int:
    """Return the bytes of a point without extra dimensions."""
    return STANDARD[point_format].itemsize


def bits(point_format: int) -> dict[str, Bits]:
    """Return the values that are parts of bytes, by the names that laspy gives them."""
    return _NEW_BITS if point_format >= FIRST_NEW else _OLD_BITS


def dimension_names(point_format: int) -> list[str]:
    """Return the names of all values of a point as laspy gives them, in its order."""
    parts: dict[str, list[str]] = {}
    for name, part in bits(point_format).items():
        parts.setdefault(part.field, []).append(name)
    return [name for field in STANDARD[point_format].names or () for name in parts.get(field, [field])]


def laz_items(point_format: int, extra: int) -> list[tuple[int, int]]:
    """Return type and size of the items of a compressed point (LASzip), for `extra` bytes of extra dimensions."""
    new = point_format >= FIRST_NEW
    items = [(10, 30)] if new else [(6, 20)]
    names = STANDARD[point_format].names or ()
    if "gps_time" in names and not new:
        items.append((7, 8))
    if "nir" in names:
        items.append((12, 8))
    elif "red" in names:
        items.append((11 if new else 8, 6))
    if "x_t" in names:
        items.append((13 if new else 9, 29))
    return items + ([(14 if new else 0, extra)] if extra else [])
