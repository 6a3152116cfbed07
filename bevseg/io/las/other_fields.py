"""Fields of a source of another format -> the LAS dimensions of that meaning, or extra dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import PointCloud
from bevseg.io.fields import Source, meaning
from bevseg.io.las.codes import OURS
from bevseg.io.las.dimensions import Dimension
from bevseg.io.las.extra_bytes import TYPES, distinct
from bevseg.io.las.point_formats import STANDARD, bits, dimension_names

Values = NDArray[np.generic]

_HIGHEST = 65_535
_COLOURS = ("red", "green", "blue")
_EXACT = 2**53
"""Whole numbers up to here are exact in float64."""
_ANGLE_STEP, _MOST_STEPS = 0.006, 30_000
"""Degrees in one step of `scan_angle`, and its limit."""
_NEARLY = 1e-3
"""Rounding of float32 degrees, in steps."""
_RETURNS = ("return_number", "number_of_returns")
_EIGHT_TO_SIXTEEN = 257
"""Factor from 8-bit to 16-bit colours: 255 becomes 65,535."""
_HIGHEST_VALUES = {
    "point_source_id": _HIGHEST,
    "user_data": 255,
    **{word: part.highest for word, part in bits(6).items() if part.field == "classification_flags"},
}
_NORMALS = {"nx": "NormalX", "ny": "NormalY", "nz": "NormalZ"}
_WIDENED = {"b1": "u1", "f2": "f4"}
"""Types that LAS lacks -> the type that holds all of their values."""


@dataclass(frozen=True)
class OtherFields:
    """What becomes of the fields.

    Attributes
    ----------
    point_format
        6, 7 with colour, or 8 with near infrared.
    standard
        Name of a LAS dimension, as laspy spells it -> (N,) values that fit it.
    extras
        Name -> extra dimension.
    lost
        One sentence for each field that LAS cannot hold.
    """

    point_format: int = 6
    standard: dict[str, Values] = field(default_factory=dict)
    extras: dict[str, Dimension] = field(default_factory=dict)
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Fit:
    """Values of a LAS dimension, and whether those of the source can be had back from them."""

    values: Values
    exact: bool = True


def other_fields(cloud: PointCloud) -> OtherFields:
    """Return where LAS keeps the fields of a cloud that was no LAS."""
    fields = cloud.source.fields() if isinstance(cloud.source, Source) else {}
    named: dict[str, str] = {}
    for name in fields:
        named.setdefault(meaning(name) or name, name)
    fits = _fits({word: fields[name] for word, name in named.items()})
    point_format = 8 if "nir" in fits else 7 if "red" in fits else 6
    taken = {*dimension_names(point_format), *(STANDARD[point_format].names or ()), *OURS}
    extras: dict[str, Dimension] = {}
    lost = []
    for name, values in fields.items():
        word = meaning(name) or name
        if named[word] == name and word in fits and fits[word].exact:
            continue
        kind = values.dtype.str[1:]
        kind = _WIDENED.get(kind, kind)
        if kind not in TYPES:
            lost.append(f"{name} is left out: LAS has no dimensions of type {values.dtype}")
            continue
        new = _NORMALS.get(word, name)
        new = f"{new}_source" if new in taken else new
        extras[distinct(new, extras.__contains__)] = Dimension(values.astype(f"<{kind}", copy=False))
    standard = {word: fit.values for word, fit in fits.items()}
    return OtherFields(point_format, standard, extras, tuple(lost))


def _fits(found: Mapping[str, Values]) -> dict[str, _Fit]:
    """Return the dimensions of LAS that the fields fit, from word -> values."""
    fits: dict[str, _Fit | None] = {}
    for word, values in found.items():
        if word == "intensity":
            fits[word] = _whole(values, _HIGHEST) or _share(values)
        elif word in _HIGHEST_VALUES:
            fits[word] = _whole(values, _HIGHEST_VALUES[word])
        elif word == "gps_time":
            fits[word] = _time(values)
        elif word == "scan_angle":
            fits[word] = _angle(values)
    if all(word in found for word in _COLOURS):
        fits |= _colours({word: found[word] for word in (*_COLOURS, "nir") if word in found})
    if all(word in found for word in _RETURNS):
        returns = {word: _whole(found[word], 15, lowest=1) for word in _RETURNS}
        fits |= returns if all(returns.values()) else {}
    return {word: fit for word, fit in fits.items() if fit is not None}


def _whole(values: Values, highest: int, lowest: int = 0) -> _Fit | None:
    """Return whole numbers of a range as uint16; None if one is something else."""
    if values.dtype.kind not in "biuf" or not len(values):
        return None
    if not (values.min() >= lowest and values.max() <= highest):  # NaN is neither
        return None
    small = values.astype(np.uint16)
    return _Fit(small) if np.array_equal(small, values) else None


def _share(values: Values) -> _Fit | None:
    """Return floats from 0 to 1 as shares of the highest value; None for others."""
    if values.dtype.kind != "f" or not (len(values) and values.min() >= 0 and values.max() <= 1):
        return None
    return _Fit(np.rint(values.astype(np.float64) * _HIGHEST).astype(np.uint16), exact=False)


def _colours(found: Mapping[str, Values]) -> dict[str, _Fit | None]:
    """Return colours in 16 bits. Whole numbers up to 255 are 8-bit colours, unless their type is uint16."""
    columns = list(found.values())
    if all(values.dtype.kind == "f" for values in columns):
        shares = {word: _share(values) for word, values in found.items()}
        if all(shares.values()):
            return dict(shares)
    bytes_ = {word: _whole(values, 255) for word, values in found.items()}
    if all(bytes_.values()) and not any(values.dtype.str[1:] == "u2" for values in columns):
        wide = {word: fit.values.astype(np.uint16) for word, fit in bytes_.items() if fit}
        return {word: _Fit(values * np.uint16(_EIGHT_TO_SIXTEEN)) for word, values in wide.items()}
    words = {word: _whole(values, _HIGHEST) for word, values in found.items()}
    return dict(words) if all(words.values()) else {}


def _time(values: Values) -> _Fit | None:
    """Return times as float64; None if one of them is not exact in it."""
    if values.dtype.kind == "f" and values.dtype.itemsize <= 8:
        return _Fit(values.astype(np.float64))
    if values.dtype.kind not in "iu" or not len(values):
        return None
    exact = int(values.min()) >= -_EXACT and int(values.max()) <= _EXACT
    return _Fit(values.astype(np.float64)) if exact else None


def _angle(values: Values) -> _Fit | None:
    """Return scan angles in steps: int16 are steps of another LAS file, others degrees that are whole steps."""
    if values.dtype.str[1:] == "i2":
        return _Fit(values)
    if values.dtype.kind not in "iuf" or not len(values):
        return None
    steps = values.astype(np.float64) / _ANGLE_STEP
    if not (np.abs(steps) <= _MOST_STEPS).all() or (np.abs(steps - np.rint(steps)) > _NEARLY).any():
        return None
    return _Fit(np.rint(steps).astype(np.int16))
