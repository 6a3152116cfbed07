"""NumPy files, read: `.npy` with one array, `.npz` with named arrays. Objects, which are pickles, are refused."""

from __future__ import annotations

import io
import math
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from bevseg.errors import CloudFormatError
from bevseg.io.columns import SKIPPED, STAGES, raw_cloud, read_names
from bevseg.io.fields import AXES, meaning, plain
from bevseg.io.format_errors import damaged, no_points
from bevseg.io.packed import ensure_no_bomb
from bevseg.io.raw import RawCloud
from bevseg.runtime import memory

_TRIPLES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("points", "xyz", "coords", "coordinates", "positions", "pos", "locations", "pc"), AXES),
    **dict.fromkeys(("rgb", "color", "colors", "colour", "colours"), ("red", "green", "blue")),
    **dict.fromkeys(("normal", "normals"), ("nx", "ny", "nz")),
}
"""Usual names of arrays with three columns -> their columns."""

_MOST_COLUMNS = 16
"""Columns that points without names have at most; an array that is shorter and wider has them as rows."""

_UNNAMED = "arr_0"
"""Name that `numpy.savez` gives to an array without one."""

_ERRORS = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What numpy and zipfile raise for headers and members that make no sense."""


def read(path: Path, *, columns: str | None = None) -> RawCloud:
    """Read an array of points, or named arrays.

    Parameters
    ----------
    path
        `.npy`: an array (N, 3) of x, y, z, or a structured array. `.npz`: `points` or `xyz` (N, 3), or `x`, `y`, `z`;
        beside them `intensity`, `rgb`, `labels` and other arrays of N rows.
    columns
        Names of the columns of an array that has more than three and no names.

    Raises
    ------
    CloudFormatError
        If the file is damaged, has no points, or does not say which numbers are the coordinates.
    UsageError
        If `columns` does not fit.
    """
    arrays = {"": _npy(path)} if _is_npy(path) else _npz(path)
    if list(arrays) == [_UNNAMED]:
        arrays = {"": arrays[_UNNAMED]}
    named: dict[str, NDArray[np.generic]] = {}
    for name, array in arrays.items():
        found = _columns(name, array, columns, path)
        _ensure_new(found, named, name, arrays, path)
        named |= found
    ends = [name for name in named if meaning(name) in AXES]
    if not set(AXES) <= {meaning(name) for name in ends}:
        raise CloudFormatError(
            "The file does not say which numbers are x, y and z",
            where=path,
            why=f"it holds {_held(arrays)}",
            hint="save an array `points` of shape (N, 3), or arrays x, y and z",
        )
    count = len(named[ends[0]])
    other = [name for name, values in named.items() if len(values) != count]
    if any(name in other for name in ends):
        raise CloudFormatError(
            "The coordinates differ in number",
            where=path,
            why=f"it holds {_held(arrays)}",
            hint="save as many x as y and z",
        )
    if other:
        warnings.warn(f"{path}: left out, not one value per point: {', '.join(other)}", stacklevel=2)
    return raw_cloud({name: values for name, values in named.items() if name not in other}, path)


def looks_like_points(path: Path) -> bool:
    """Whether the file holds coordinates, by shapes and names alone."""
    try:
        if _is_npy(path):
            with path.open("rb") as file:
                shape, _, kind = _header(file)
            if kind.names:
                return set(AXES) <= {meaning(name) for name in kind.names}
            return len(shape) == 2 and shape[1] == 3 and kind.kind == "f"
        with zipfile.ZipFile(path) as archive:
            names = {plain(name.removesuffix(".npy")) for name in archive.namelist()}
    except _ERRORS:
        return False
    return bool(names & {n for n, of in _TRIPLES.items() if of is AXES}) or set(AXES) <= {
        meaning(n) for n in names
    }


def _is_npy(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(6) == b"\x93NUMPY"


def _npy(path: Path) -> NDArray[np.generic]:
    """Return the array of a `.npy` file."""
    with path.open("rb") as file:
        try:
            shape, by_columns, kind = _header(file)
        except _ERRORS as error:
            raise damaged(path, "NumPy", str(error)) from error
        held = path.stat().st_size - file.tell()
        _check(shape, kind, held, path)
        return np.fromfile(file, kind, math.prod(shape)).reshape(shape, order="F" if by_columns else "C")


def _npz(path: Path) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of a `.npz` file, by name."""
    try:
        archive = zipfile.ZipFile(path)
    except _ERRORS as error:
        raise damaged(path, "NumPy", str(error)) from error
    with archive:
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        size = sum(info.file_size for info in members)
        ensure_no_bomb(size, path.stat().st_size, path)
        memory.require(1, 2.0 * size, where=path)
        return dict(_members(archive, members, path))


def _members(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], path: Path
) -> Iterator[tuple[str, NDArray[np.generic]]]:
    for info in members:
        name = info.filename.removesuffix(".npy")
        try:
            with archive.open(info) as stream:
                data = stream.read(info.file_size + 1)
            file = io.BytesIO(data)
            shape, by_columns, kind = _header(file)
        except _ERRORS as error:
            raise damaged(path, "NumPy", f"array {name!r}: {error}") from error
        count = math.prod(shape)
        if shape and count:  # a single number is no column
            _check(shape, kind, len(data) - file.tell(), path)
            flat = np.frombuffer(data, kind, count, file.tell())
            yield name, flat.reshape(shape, order="F" if by_columns else "C")


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """Read the header of an array: its shape, whether it is stored by columns, and its type."""
    version = np.lib.format.read_magic(file)
    read_header = (
        np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # headers of Python 2
        shape, by_columns, kind = read_header(file)
    if any(side < 0 for side in shape):
        raise ValueError(f"its shape is {shape}")
    if kind.itemsize == 0 or kind.subdtype is not None:
        raise ValueError(f"its type is {kind}")
    return shape, by_columns, kind


def _check(shape: tuple[int, ...], kind: np.dtype[np.generic], held: int, path: Path) -> None:
    """Check before memory is spent that the numbers are there, are numbers, and fit."""
    if kind.hasobject:
        raise CloudFormatError(
            "The array holds Python objects",
            where=path,
            why="they are pickles, which can run code when they are read",
            hint="save arrays of numbers: numpy.savez(path, points=..., labels=...)",
        )
    count = math.prod(shape)
    if count == 0 or not shape:
        raise no_points(path, f"its array has the shape {shape}")
    if count * kind.itemsize > held:
        why = f"an array of shape {shape} has {count * kind.itemsize:,} bytes, {held:,} are there"
        raise damaged(path, "NumPy", why)
    memory.require(shape[0], 2.0 * kind.itemsize * math.prod(shape[1:]) + STAGES, where=path)


def _columns(
    name: str, array: NDArray[Any], columns: str | None, path: Path
) -> dict[str, NDArray[np.generic]]:
    """Return the columns of an array, by name; none for an array that holds no numbers."""
    if array.dtype.names is not None:
        return {
            column: values
            for field in array.dtype.names
            for column, values in _columns(field, array[field], None, path).items()
        }
    if array.dtype.kind not in "biuf":
        return {}
    if name and (array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1)):
        return {name: array.reshape(-1)}
    if array.ndim != 2:
        return {}
    triple = _TRIPLES.get(plain(name), AXES if not name else ())
    if columns is not None and triple is AXES:
        names = read_names(columns, array.shape[1], path)
    elif array.shape[1] == len(triple):
        names = triple
    elif triple is AXES and len(array) <= _MOST_COLUMNS < array.shape[1]:
        raise CloudFormatError(
            "The array has a row per coordinate, not a row per point",
            where=path,
            why=f"the array {name or 'of the file'} has the shape {array.shape}",
            hint="save it transposed, with the shape (N, 3): numpy.save(path, array.T)",
        )
    elif triple is AXES:
        raise CloudFormatError(
            "The columns of the array have no names",
            where=path,
            why=f"the array {name or 'of the file'} has the shape {array.shape}; without names only x, y, z, shape "
            "(N, 3), is certain",
            hint="name all of them: --columns x,y,z,intensity, with - for one to skip",
        )
    else:
        names = tuple(f"{name}_{i}" for i in range(array.shape[1]))
    return {column: array[:, i] for i, column in enumerate(names) if column != SKIPPED}


def _ensure_new(
    found: dict[str, NDArray[np.generic]],
    named: dict[str, NDArray[np.generic]],
    name: str,
    arrays: dict[str, NDArray[np.generic]],
    path: Path,
) -> None:
    """Refuse an array whose columns another one has: `points` beside `xyz`, `rgb` beside `colors`."""
    twice = [column for column in found if column in named]
    if twice:
        raise CloudFormatError(
            f"Two arrays hold {', '.join(twice)[:60]}",
            where=path,
            why=f"one of them is {name!r}, and the file holds {_held(arrays)}",
            hint="save a file with one of them alone",
        )


def _held(arrays: dict[str, NDArray[np.generic]]) -> str:
    def text(name: str, array: NDArray[np.generic]) -> str:
        fields = f" with the fields {', '.join(array.dtype.names)}" if array.dtype.names else ""
        return f"{name or 'an array'} of shape {array.shape}{fields}"

    return "; ".join(text(name, array) for name, array in list(arrays.items())[:12]) or "no array of numbers"
