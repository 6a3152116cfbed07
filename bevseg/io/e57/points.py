"""The points of the scans of an E57 file -> columns, in the common frame. One scan is decoded at a time, by pye57."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.errors import CloudFormatError, DependencyError
from bevseg.io.e57.structure import Field, Scan, damaged
from bevseg.io.format_errors import too_few

_CHUNK = 1 << 20
"""Points that are decoded at a time."""

_CARTESIAN = ("cartesianX", "cartesianY", "cartesianZ")
_SPHERICAL = ("sphericalRange", "sphericalAzimuth", "sphericalElevation")
_INVALID = ("cartesianInvalidState", "sphericalInvalidState")
_COLOURS = {"colorRed": "red", "colorGreen": "green", "colorBlue": "blue"}

_NAMES = {
    **_COLOURS,
    "intensity": "intensity",
    "rowIndex": "row_index",
    "columnIndex": "column_index",
    "returnIndex": "return_number",
    "returnCount": "number_of_returns",
    "timeStamp": "gps_time",
    "nor:normalX": "nx",
    "nor:normalY": "ny",
    "nor:normalZ": "nz",
    "isColorInvalid": "is_color_invalid",
    "isIntensityInvalid": "is_intensity_invalid",
    "isTimeStampInvalid": "is_time_invalid",
}
"""Field of E57 -> its name here; others keep theirs."""


def read_columns(
    path: Path, scans: Sequence[tuple[int, Scan]]
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.generic]]]:
    """Decode scans.

    Parameters
    ----------
    path
        The file, whose structure was checked.
    scans
        Number from 1, and description, of each scan to read.

    Returns
    -------
    xyz
        (N, 3), m, with the pose of each scan applied. Rays without a return are left out.
    columns
        Name -> (N,) values: `point_source_id` is the number of the scan. Where a scan lacks a field of another, it
        is 0.

    Raises
    ------
    CloudFormatError
        If the library cannot decode the file, or a scan has no coordinates.
    DependencyError
        If pye57 is not installed.
    """
    library = _library()
    kinds = _kinds(scan for _, scan in scans)
    total = sum(scan.count for _, scan in scans)
    xyz = np.empty((total, 3))
    columns: dict[str, NDArray[Any]] = {name: np.zeros(total, kind) for name, kind in kinds.items()}
    columns["point_source_id"] = np.zeros(total, np.uint16)
    at = 0
    try:
        with _openable(path) as name:
            image = library.ImageFile(name, "r")
            try:
                for number, scan in scans:
                    for part in _chunks(library, image, number - 1, scan, path):
                        keep = _is_measured(part)
                        end = at + int(np.count_nonzero(keep))
                        xyz[at:end] = _coordinates(part, keep) @ scan.rotation.T + scan.translation
                        for field in scan.fields:
                            if _name(field) in kinds:
                                columns[_name(field)][at:end] = _values(field, part[field.name][keep], scan)
                        columns["point_source_id"][at:end] = min(number, 65535)
                        at = end
            finally:
                image.close()
    except (library.E57Exception, RuntimeError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, CloudFormatError):
            raise
        raise damaged(path, (str(error).splitlines() or ["it cannot be decoded"])[0]) from error
    return xyz[:at], {name: values[:at] for name, values in columns.items()}


def _library() -> ModuleType:
    try:
        from pye57 import libe57
    except ImportError as error:
        raise DependencyError(
            "E57 files need the package pye57",
            where="pye57",
            why=str(error),
            hint='install it: pip install "bevseg[e57]", or pip install pye57; or export the scans as LAS or LAZ',
        ) from error
    library: ModuleType = libe57
    return library


@contextmanager
def _openable(path: Path) -> Iterator[str]:
    """Yield a name of the file that the library takes: it opens no name that is not UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        with tempfile.TemporaryDirectory(prefix="bevseg-") as folder:
            link = Path(folder) / "scan.e57"
            link.symlink_to(path.absolute())
            yield str(link)
    else:
        yield str(path)


def _chunks(
    library: ModuleType, image: Any, index: int, scan: Scan, path: Path
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield the points of a scan, some at a time, as field -> values; the arrays are used again."""
    if scan.count == 0:
        return
    capacity = min(scan.count, _CHUNK)
    # The library fills no `int`, and takes a `long` for 32 bits. So whole numbers of 32 and 64 bits are `long long`.
    kinds = {field.name: np.dtype("q") if field.kind.char in "il" else field.kind for field in scan.fields}
    arrays: dict[str, NDArray[Any]] = {name: np.empty(capacity, kind) for name, kind in kinds.items()}
    buffers = library.VectorSourceDestBuffer()
    for name, values in arrays.items():
        buffers.append(library.SourceDestBuffer(image, name, values, capacity, True, True))
    reader = image.root()["data3D"][index]["points"].reader(buffers)
    left = scan.count
    try:
        while left > 0:
            read = reader.read()
            if not 0 < read <= left:
                raise too_few(path, scan.count, scan.count - left)
            yield {name: values[:read] for name, values in arrays.items()}
            left -= read
    finally:
        reader.close()


def _is_measured(part: dict[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Return which points have a position. A ray into the sky has none, or a direction alone."""
    keep = np.ones(len(next(iter(part.values()))), bool)
    for name in _INVALID:
        if name in part:
            keep &= part[name] == 0
    return keep


def _coordinates(part: dict[str, NDArray[Any]], keep: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return (N, 3) coordinates in the frame of the scan, m."""
    if set(_CARTESIAN) <= set(part):
        return np.stack([part[name][keep] for name in _CARTESIAN], axis=1).astype(np.float64)
    if not set(_SPHERICAL) <= set(part):
        raise ValueError(f"a scan has no coordinates; its fields are {', '.join(part)}")
    distance, azimuth, elevation = (part[name][keep].astype(np.float64) for name in _SPHERICAL)
    level = distance * np.cos(elevation)
    return np.stack([level * np.cos(azimuth), level * np.sin(azimuth), distance * np.sin(elevation)], axis=1)


def _kinds(scans: Iterator[Scan]) -> dict[str, np.dtype[Any]]:
    """Return the fields to keep of all scans, and the type that holds the values of each in every scan."""
    kinds: dict[str, np.dtype[Any]] = {}
    for scan in scans:
        for field in scan.fields:
            if field.name in (*_CARTESIAN, *_SPHERICAL, *_INVALID):
                continue
            kind = _kind(field)
            kinds[_name(field)] = np.result_type(kinds.get(_name(field), kind), kind)
    return kinds


def _kind(field: Field) -> np.dtype[Any]:
    if field.name in _COLOURS:
        return np.dtype(np.uint8 if _is_byte(field) else np.uint16)
    if field.name in ("returnIndex", "returnCount"):
        return np.dtype(np.uint8)
    return np.dtype(np.float64) if field.name == "timeStamp" else field.kind


def _is_byte(field: Field) -> bool:
    """Whether a colour is 0 to 255, as it stands in the file."""
    highest = field.limits[1] if field.limits is not None else 2.0**field.bits - 1
    return field.kind.kind != "f" and highest <= 255


def _values(field: Field, values: NDArray[Any], scan: Scan) -> NDArray[Any]:
    """Return the values of a field in the units of LAS: 16-bit colours, GPS seconds, returns that count from 1."""
    if field.name in _COLOURS and field.kind.kind == "f":
        low, high = field.limits or (0.0, 1.0)
        share = np.nan_to_num((values.astype(np.float64) - low) / ((high - low) or 1.0))
        return np.clip(np.rint(share * 65535), 0, 65535)
    if field.name in _COLOURS:
        return np.clip(values, 0, 255 if _is_byte(field) else 65535)
    if field.name == "timeStamp":
        return values + scan.start
    if field.name == "returnIndex":
        return np.clip(values, 0, 254) + 1
    return np.clip(values, 0, 255) if field.name == "returnCount" else values


def _name(field: Field) -> str:
    return _NAMES.get(field.name, field.name)
