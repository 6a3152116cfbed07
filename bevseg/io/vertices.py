"""One record per point, with a named field for each property: what PLY, PCD and arrays have in common."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import BLOCK, PointCloud
from bevseg.errors import CloudFormatError
from bevseg.io.coordinates import finite_ends, float32_step, in_file_units, in_metres, step_of
from bevseg.io.crs.degrees import ensure_no_degrees
from bevseg.io.fields import AXES, BESIDE_CLASS, CLASS, class_name, meaning
from bevseg.io.raw import RawCloud, class_codes
from bevseg.io.unit_comment import units_in

STAGES = 90.0
"""Bytes that the stages need for a point, beside its record."""

SCALAR = "scalar_"
"""CloudCompare takes properties whose names begin with this as scalar fields; others it leaves out."""

_SHOWN = 400
"""Characters of a list of names that a message shows."""


@dataclass(frozen=True)
class VertexSource:
    """Points as they were read: what a writer needs to give their properties back.

    Attributes
    ----------
    vertex
        (N,) one record per point; its fields are the properties, the coordinates among them. A field can hold several
        values.
    scheme
        Name of the scheme that bevseg wrote the classes in; None for files of other origin.
    hidden
        Fields that mean nothing, such as padding.
    """

    vertex: NDArray[np.void]
    scheme: str | None = None
    hidden: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all fields, in order."""
        return self.vertex.dtype.names or ()

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the fields that hold x, y and z; empty if there are none."""
        return axes_of(self.names)

    def fields(self) -> dict[str, NDArray[np.generic]]:
        """Return the properties that are neither coordinates nor written by bevseg, one column for each value."""
        words = (CLASS, *BESIDE_CLASS) if self.scheme is not None else ()
        ours = [own_name(word, self.names) for word in words]
        left_out = {*self.axes, *self.hidden, *ours}
        columns: dict[str, NDArray[np.generic]] = {}
        for name in self.names:
            if name not in left_out:
                columns |= _single_columns(name, self.vertex[name])
        return columns

    def ours(self, name: str) -> NDArray[np.uint8] | None:
        """Return the values of the field that bevseg wrote as `name`; None if there is none."""
        found = own_name(name, self.names) if self.scheme is not None else None
        values = None if found is None else self.vertex[found]
        return values if values is not None and values.dtype == np.uint8 and values.ndim == 1 else None

    def only_here(self) -> list[str]:
        """Return one sentence for each thing beside the fields that other formats cannot hold."""
        return []


def _single_columns(name: str, values: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
    if values.ndim == 1:
        return {name: values}
    flat = values.reshape(len(values), -1)
    return {f"{name}_{i}": flat[:, i] for i in range(flat.shape[1])}


def axes_of(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of x, y and z: in lower case, else in upper case, else by other words that mean them.

    Empty if one of them is missing, or if two names claim the same axis.
    """
    known = tuple(names)
    if set(AXES) <= set(known):
        return AXES
    for word in (str.lower, meaning):
        found = {axis: [name for name in known if word(name) == axis] for axis in AXES}
        if all(len(candidates) == 1 for candidates in found.values()):
            return tuple(candidates[0] for candidates in found.values())
    return ()


def raw_cloud(source: VertexSource, path: Path, comments: Iterable[str] = ()) -> RawCloud:
    """Turn the properties into points and class codes.

    Parameters
    ----------
    source
        The properties.
    path
        For messages.
    comments
        Of the file: one may say the units of the coordinates.

    Raises
    ------
    CloudFormatError
        If x, y or z is missing.
    CrsError
        If a unit has an impossible size.
    InputError
        If the coordinates are too large or too far apart.
    """
    axes = source.axes
    if not axes:
        known = ", ".join(source.names)[:_SHOWN] or "none"
        missing = [axis for axis in AXES if axis not in source.names]
        raise CloudFormatError(
            f"The points have no {', '.join(missing)}",
            where=path,
            why=f"their properties are {known}",
            hint="rename the properties that hold the coordinates to x, y and z",
        )
    for axis in axes:
        if source.vertex.dtype[axis].shape:
            raise CloudFormatError(
                f"The property {axis} holds several values per point",
                where=path,
                why="a coordinate is one number",
                hint="write the file again with single values for x, y and z",
            )
    kind = np.result_type(*(source.vertex.dtype[axis] for axis in axes), np.float32)
    xyz = np.empty((len(source.vertex), 3), kind.newbyteorder("="), order="F")
    columns = [source.vertex[axis] for axis in axes]
    for start in range(0, len(xyz), BLOCK):
        for i, column in enumerate(columns):
            xyz[start : start + BLOCK, i] = column[start : start + BLOCK]
    ends = finite_ends(xyz)
    _warn_of_lost_digits(float32_step(xyz, ends=ends), path)
    ensure_no_degrees(ends, len(xyz), path)
    cloud = in_metres(xyz, step_of(xyz, ends=ends), units_in(comments, path), source, path)
    label = own_name(CLASS, source.names) if source.scheme is not None else None
    label = label or class_name(source.names)
    codes = class_codes(source.vertex[label], path) if label and source.vertex[label].ndim == 1 else None
    return RawCloud(cloud, codes, source.scheme)


def own_name(word: str, names: Iterable[str]) -> str | None:
    """Return the property in which bevseg writes a field of its own; None if it has not written any.

    `Class` beside `scalar_class` is a property of the source, with other values.
    """
    return next((name for name in (word, SCALAR + word) if name in names), None)


def _warn_of_lost_digits(step: float | None, path: Path) -> None:
    if step is not None:
        warnings.warn(
            f"{path}: the coordinates are 32-bit floats, which are {step:g} units apart this far from the origin: "
            "finer detail is lost in this file already; export it again with 64-bit coordinates (double), or with "
            "a constant subtracted",
            stacklevel=3,
        )


def header_word(name: str) -> str:
    """Return a name as one word of a header: blanks and control characters become `_`."""
    word = re.sub(r"[\s\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]+", "_", name.strip())
    return word or "field"


def distinct(names: Iterable[str]) -> list[str]:
    """Return the names with a number behind those that stood before: `a a` -> `a a_2`."""
    wanted = list(names)
    taken, given = set(wanted), set[str]()
    result, last = [], dict[str, int]()
    for name in wanted:
        unique = name
        while unique in given:
            last[name] = last.get(name, 1) + 1
            candidate = f"{name}_{last[name]}"
            unique = name if candidate in taken else candidate
        given.add(unique)
        result.append(unique)
    return result


def header_text(text: str) -> str:
    """Return a text for one line of a header: control characters and line ends become `_`."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", "_", text)


def coordinates(cloud: PointCloud) -> Iterator[NDArray[np.floating]]:
    """Yield x, y and z in the units of the file, as the source holds them where it does."""
    source = cloud.source
    if isinstance(source, VertexSource) and source.axes:
        yield from (source.vertex[axis] for axis in source.axes)
    else:
        yield from in_file_units(cloud)


def code_type(kind: np.dtype[np.generic] | None, codes: NDArray[np.integer]) -> np.dtype[np.generic]:
    """Return the type of the source's own field if it holds the codes, else the smallest that does."""
    low, high = (int(codes.min()), int(codes.max())) if codes.size else (0, 0)
    for choice in ([kind] if kind is not None else []) + [np.dtype(k) for k in ("u1", "u2", "i4", "u4")]:
        if choice.kind == "f" or (np.iinfo(choice).min <= low and high <= np.iinfo(choice).max):
            return choice
    return np.dtype("f8")
