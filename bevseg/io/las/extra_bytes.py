"""Descriptions of extra dimensions in the records of a LAS header: read here, of any number of records.

The standard knows one record. Files of several are read as if their descriptions stood in one. A description is kept
as the bytes that it was; its name is decoded only to be shown.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.io.las.header import Header
from bevseg.io.las.point_formats import STANDARD, dimension_names

KEY = ("LASF_Spec", 4)
SIZE = 192
"""Bytes of one description (LAS 1.4 R15, table 24)."""
UNDESCRIBED = "ExtraBytes"
"""Name for the bytes of a point that no description covers; laspy uses the same."""
TYPES = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8")
"""Types 1 to 10; 11 to 20 are pairs and 21 to 30 triples of them (LAS 1.4 R11, since withdrawn)."""
_HAS_SCALE, _HAS_OFFSET = 8, 16
_SCALE_AT, _OFFSET_AT = 112, 136


@dataclass(frozen=True)
class Description:
    """One extra dimension of the points.

    Attributes
    ----------
    data
        The description as it stands in the header, `SIZE` bytes; empty for `UNDESCRIBED`.
    name
        Distinct from all other names of the point.
    start
        Where its bytes begin in the point.
    kind
        Type of the stored values; several values or bytes are an array.
    """

    data: bytes
    name: str
    start: int
    kind: np.dtype[np.generic]

    @property
    def text(self) -> str:
        """What the file says about the dimension."""
        return decoded(self.data[160:])

    def values(self, stored: NDArray[np.generic], part: int = 0) -> NDArray[np.generic]:
        """Return stored values with scale and offset applied; those of array member `part`."""
        options = self.data[3] if self.data and self.data[2] else 0
        if not options & (_HAS_SCALE | _HAS_OFFSET):
            return stored
        scale = struct.unpack_from("<3d", self.data, _SCALE_AT)[part] if options & _HAS_SCALE else 1.0
        offset = struct.unpack_from("<3d", self.data, _OFFSET_AT)[part] if options & _HAS_OFFSET else 0.0
        with np.errstate(invalid="ignore", over="ignore"):  # NaN that signal, values out of reach
            return stored.astype(np.float64) * scale + offset


def descriptions(header: Header) -> list[bytes]:
    """Return all descriptions of the header, `SIZE` bytes each; the copy of a whole record counts once."""
    data = dict.fromkeys(record.data for record in header.vlrs + header.evlrs if record.key == KEY)
    return [block[i : i + SIZE] for block in data for i in range(0, len(block) - SIZE + 1, SIZE)]


def described(header: Header, point_format: int, length: int) -> list[Description]:
    """Return the extra dimensions of points of `length` bytes, in their order in the point.

    Descriptions without bytes in the point are left out. Bytes without a description come last, as `UNDESCRIBED`.
    """
    found: list[Description] = []
    taken = {*dimension_names(point_format), *(STANDARD[point_format].names or ())}
    start = STANDARD[point_format].itemsize
    for data in descriptions(header):
        kind = _kind(data)
        if kind is None or start + kind.itemsize > length:
            break
        found.append(
            Description(data, distinct(decoded(data[4:36]) or UNDESCRIBED, taken.__contains__), start, kind)
        )
        taken.add(found[-1].name)
        start += kind.itemsize
    if start < length:
        kind = np.dtype(("u1", (length - start,)))
        found.append(Description(b"", distinct(UNDESCRIBED, taken.__contains__), start, kind))
    return found


def unknown_type(header: Header) -> tuple[str, int] | None:
    """Return name and type of the first dimension of a type, and so of a size, that is not known; else None."""
    found = ((decoded(data[4:36]), data[2]) for data in descriptions(header) if _kind(data) is None)
    return next(found, None)


def record_type(point_format: int, length: int, extras: Iterable[Description]) -> np.dtype[np.void]:
    """Return the type of points of `length` bytes, with one field per stored value."""
    standard = STANDARD[point_format]
    fields = [(name, *standard.fields[name][:2]) for name in standard.names or ()]  # type: ignore[index]
    fields += [(extra.name, extra.kind, extra.start) for extra in extras if extra.kind.itemsize]
    names, formats, offsets = zip(*fields, strict=True)
    return np.dtype(
        {"names": list(names), "formats": list(formats), "offsets": list(offsets), "itemsize": length}
    )


def decoded(data: bytes) -> str:
    """Return the text of a field of fixed width: UTF-8, or Latin-1 where it is not that."""
    text = data.split(b"\0")[0]
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")


def distinct(name: str, taken: Callable[[str], bool], longest: int | None = None) -> str:
    """Return the name, with _2, _3 and so on at its end if it is taken; `longest` is its limit in bytes."""
    new, number = _cut(name, longest), 1
    while taken(new):
        number += 1
        end = f"_{number}"
        new = _cut(name, longest and longest - len(end)) + end
    return new


def _cut(name: str, longest: int | None) -> str:
    return name.encode()[:longest].decode("utf-8", "ignore")


def _kind(data: bytes) -> np.dtype[np.generic] | None:
    """Return the type of a dimension; None for a type that the standard does not know."""
    number, options = data[2], data[3]
    if number == 0:
        return np.dtype("u1") if options == 1 else np.dtype(("u1", (options,)))
    if number > 3 * len(TYPES):
        return None
    count, base = (number - 1) // len(TYPES) + 1, np.dtype("<" + TYPES[(number - 1) % len(TYPES)])
    return base if count == 1 else np.dtype((base, (count,)))
