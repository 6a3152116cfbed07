"""Two clouds of any formats: coordinates within their resolution, and every further field of the source."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import PointCloud
from bevseg.io.compare.difference import Difference, Same, counts, first_difference, same_bytes
from bevseg.io.coordinates import in_file_units, units
from bevseg.io.fields import AXES, CONFIDENCE, Source, meaning, plain
from bevseg.io.read import read_cloud

_BYTE_COLOUR = 257
"""A colour of 8 bits times this is one of 16 bits."""
_ANGLE = 0.006
"""Degrees per step of a scan angle in point formats 6 to 10 of LAS; older ones have whole degrees."""


def compare(source: Path, result: Path, columns: str | None = None) -> Difference | None:
    """Return the first difference that bevseg does not declare; None if there is none.

    Parameters
    ----------
    source, result
        The files; in the same format, PLY or PCD, their properties are compared byte by byte.
    columns
        Columns of a text source.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of classes, which do not matter here
        one, other = read_cloud(source, columns=columns), read_cloud(result)
    found = counts(len(one), len(other)) or _not_finite(one, other)
    if found is not None:
        return found
    left, right = getattr(one.source, "vertex", None), getattr(other.source, "vertex", None)
    if left is not None and right is not None and source.suffix.lower() == result.suffix.lower():
        return _properties(left, right)
    return _coordinates(one, other) or _fields(one, other)


def _not_finite(source: PointCloud, result: PointCloud) -> Difference | None:
    """Compare which points have no coordinates. LAS cannot say so: such points are withheld there, or left out."""
    if source.finite is None or result.finite is None:
        return None
    return first_difference("whether the coordinates are finite", source.finite, result.finite)


def _coordinates(source: PointCloud, result: PointCloud) -> Difference | None:
    steps = [
        max(a / u, b / v)
        for a, u, b, v in zip(source.scale, units(source), result.scale, units(result), strict=True)
    ]
    pairs = zip(AXES, steps, in_file_units(source), in_file_units(result), strict=True)
    for axis, step, left, right in pairs:
        within = 0.5 * step * (1 + 1e-6)

        def close(a: NDArray[Any], b: NDArray[Any], within: float = within) -> NDArray[np.bool_]:
            rounding = 4 * np.finfo(np.float64).eps * np.abs(a)
            return np.asarray(np.isnan(a) | (np.abs(a - b) <= within + rounding))

        found = first_difference(axis, left, right, close)
        if found is not None:
            return found
    return None


def _properties(source: NDArray[np.void], result: NDArray[np.void]) -> Difference | None:
    for name in source.dtype.names or ():
        if _is_class(name):
            continue
        if name not in (result.dtype.names or ()):
            return Difference(f"property {name}", "present", "missing")
        left, right = source[name], result[name]
        if left.dtype.newbyteorder("=") != right.dtype.newbyteorder("="):
            return Difference(f"the type of property {name}", str(left.dtype), str(right.dtype))
        found = first_difference(name, left, right, _same_native)
        if found is not None:
            return found
    return None


def _same_native(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where values are the same, whatever the order of their bytes."""
    native = a.dtype.newbyteorder("=")
    return same_bytes(a.astype(native), b.astype(native))


def _fields(source: PointCloud, result: PointCloud) -> Difference | None:
    if not isinstance(source.source, Source):
        return None
    there = result.source.fields() if isinstance(result.source, Source) else {}
    by_word = {plain(name).removesuffix("_source"): name for name in reversed(there)}
    by_meaning = {word: name for name in reversed(there) if (word := meaning(name)) is not None}
    for name, values in source.source.fields().items():
        if _is_class(name):
            continue
        match = by_word.get(plain(name)) or by_meaning.get(meaning(name) or "")
        if match is None:
            return Difference(f"field {name}", "present", "missing")
        found = first_difference(name, values, there[match], _same_values(name))
        if found is not None:
            return found
    return None


def _same_values(name: str) -> Same:
    """Return what compares a field across formats: the same number, as exact as the coarser type holds it."""
    ratios: tuple[float, ...] = (1.0,)
    if meaning(name) in ("red", "green", "blue"):
        ratios = (1.0, _BYTE_COLOUR, 1 / _BYTE_COLOUR)
    is_angle = meaning(name) == "scan_angle"

    def same(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
        left, right = a.astype(np.float64), b.astype(np.float64)
        equal = np.isnan(left) & np.isnan(right)
        for ratio in ratios:
            equal |= np.float32(left * ratio) == np.float32(right) if _coarse(a, b) else left * ratio == right
        if is_angle:
            equal |= np.abs(left - right * _ANGLE) <= _ANGLE / 2 + 1e-9
        return np.asarray(equal)

    return same


def _coarse(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return any(part.dtype.kind == "f" and part.dtype.itemsize <= 4 for part in (a, b))


def _is_class(name: str) -> bool:
    return meaning(name) == "class" or plain(name).startswith("bevseg_") or name == CONFIDENCE
