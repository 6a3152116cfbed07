"""Fields of a cloud in one format, and those of its result in another: each is there, with the values that it had."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import PointCloud
from bevseg.io.compare.difference import Difference, Same, first_difference
from bevseg.io.fields import BESIDE_CLASS, CLASS, Source, meaning, plain
from bevseg.io.las.point_formats import dimension_names
from bevseg.io.las.source import LasSource

Values = NDArray[Any]

_NUMBERS = "biuf"
_COLOURS = ("red", "green", "blue", "nir")
_BYTE_COLOUR, _HIGHEST = 257, 65_535
"""A colour of 8 bits times this is one of 16 bits; the highest value of LAS intensities and colours."""
_ANGLE, _NEARLY = 0.006, 2e-3
"""Degrees per step of a scan angle in LAS; rounding of degrees in float32, in steps."""


def compare_fields(source: PointCloud, result: PointCloud, lost: Sequence[str]) -> Difference | None:
    """Return the first difference of the fields of two clouds.

    A field can have another name in another format. It is looked for by name, then by meaning, then by its values.

    Parameters
    ----------
    source, result
        The clouds.
    lost
        Sentences on what the format of the result cannot hold: fields that they name may be missing.
    """
    fields, there = (fields_of(cloud) for cloud in (source, result))
    left = dict(fields)
    free = dict(there)
    for name, values in fields.items():
        matches = [word for word in named(name, free) if _same(name, values, free[word]) is None]
        if matches:  # a dimension that LAS demands can agree by chance, such as 0 for 0.0
            exact = [word for word in matches if word.endswith("_source") and word not in fields]
            del left[name], free[(exact or matches)[0]]
    for name, values in left.items():
        found = next((word for word in free if _same(name, values, free[word]) is None), None)
        if found is not None:
            del free[found]
        elif plain(name) in (CLASS, *BESIDE_CLASS) or any(
            f"field {name} is" in sentence for sentence in lost
        ):
            continue
        else:
            same_name = next(named(name, free), None)
            missing = Difference(f"field {name}", "present", "missing")
            return missing if same_name is None else _same(name, values, free[same_name])
    return _new(source, result, fields, free)


def fields_of(cloud: PointCloud) -> dict[str, Values]:
    """Return the fields of a cloud beside coordinates and classes."""
    return cloud.source.fields() if isinstance(cloud.source, Source) else {}


def named(name: str, there: Mapping[str, Values]) -> Iterator[str]:
    """Yield the fields that the name can have become, the likeliest first."""
    word, what = plain(name), meaning(name)
    yield from (other for other in there if other == name)
    yield from (other for other in there if other != name and plain(other).removesuffix("_source") == word)
    if what is not None:
        yield from (other for other in there if meaning(other) == what and plain(other) != word)


def _same(name: str, source: Values, result: Values) -> Difference | None:
    """Return the first difference of a field; None if all values are the same in one of the ways to store them."""
    if source.dtype.kind not in _NUMBERS or result.dtype.kind not in _NUMBERS:
        return Difference(f"the type of field {name}", str(source.dtype), str(result.dtype))
    ways: list[Same] = [_equal]
    if meaning(name) in _COLOURS:
        ways += [_times(_BYTE_COLOUR, 1), _times(1, _BYTE_COLOUR)]
    if meaning(name) == "scan_angle":
        ways.append(_degrees)
    found = [first_difference(name, source, result, way) for way in ways]
    if None in found:
        return None
    return max((each for each in found if each is not None), key=lambda each: each.point or 0)


def _equal(a: Values, b: Values) -> NDArray[np.bool_]:
    """Return where numbers are the same. Only values of 32 bits in the source are compared in 32 bits."""
    if a.dtype.kind in "biu" and b.dtype.kind in "biu":
        return np.asarray(((a < 0) == (b < 0)) & (a.astype(np.uint64) == b.astype(np.uint64)))
    kind = np.float32 if a.dtype.kind == "f" and a.dtype.itemsize <= 4 else np.float64
    with np.errstate(over="ignore", invalid="ignore"):
        left, right = a.astype(kind), b.astype(kind)
    return np.asarray((left == right) | (np.isnan(left) & np.isnan(right)))


def _times(one: int, other: int) -> Same:
    def same(a: Values, b: Values) -> NDArray[np.bool_]:
        return np.asarray(a.astype(np.float64) * one == b.astype(np.float64) * other)

    return same


def _degrees(a: Values, b: Values) -> NDArray[np.bool_]:
    return np.asarray(np.abs(a.astype(np.float64) / _ANGLE - b.astype(np.float64)) <= _NEARLY)


def _new(
    source: PointCloud, result: PointCloud, fields: Mapping[str, Values], free: Mapping[str, Values]
) -> Difference | None:
    """Compare fields that the source has not: dimensions that every LAS point has, without values of their own."""
    known = dimension_names(result.source.point_format) if isinstance(result.source, LasSource) else []
    for name, values in free.items():
        if name not in known:
            return Difference(f"field {name}", "missing", "present")
        found = first_difference(name, _default(name, source), values, _equal)
        if found is not None and not any(
            _is_share(each, values, name) for word, each in fields.items() if meaning(word) == name
        ):
            return found
    return None


def _default(name: str, source: PointCloud) -> Values:
    """Return the values of a LAS dimension that the source does not fill."""
    if name == "withheld" and source.finite is not None:
        return ~source.finite
    return np.full(len(source), name in ("return_number", "number_of_returns"), np.uint8)


def _is_share(source: Values, result: Values, name: str) -> bool:
    """Whether floats from 0 to 1 became LAS intensities or colours. Those of whole bytes are read as bytes."""
    if source.dtype.kind != "f" or not (source.min(initial=0) >= 0 and source.max(initial=0) <= 1):
        return False
    scale = _BYTE_COLOUR if name in _COLOURS and result.dtype == np.uint8 else 1
    expected = np.rint(source.astype(np.float64) * _HIGHEST)
    return np.array_equal(expected, result.astype(np.float64) * scale)
