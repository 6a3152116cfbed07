"""LAS or LAZ -> points, packed as they stand in the file, with their class codes and reference system."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import Crs, PointCloud
from bevseg.errors import CloudFormatError
from bevseg.io.crs.degrees import ensure_no_degrees
from bevseg.io.format_errors import damaged
from bevseg.io.las.codes import FIVE_BITS, TRAIN_ID, written_scheme
from bevseg.io.las.header import Header
from bevseg.io.las.plausible import ensure_plausible, warn_if_elsewhere
from bevseg.io.las.point_formats import STANDARD
from bevseg.io.las.points import read_points
from bevseg.io.las.read_header import UnknownVersionError, read_header
from bevseg.io.las.reference_system import read_crs
from bevseg.io.las.source import LasSource
from bevseg.io.raw import RawCloud


def read_source(path: Path) -> LasSource:
    """Read a file whole.

    Raises
    ------
    CloudFormatError
        If the file is no LAS file, contradicts itself, is cut short, or holds no points.
    OutOfMemoryError
        If it will not fit.
    """
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            header = read_header(file, size)
            _ensure_known(header, path)
            if not np.isfinite([*header.scale, *header.offset]).all() or 0 in header.scale:
                raise ValueError(f"its coordinates have scale {header.scale} and offset {header.offset}")
            points, chunks = read_points(file, header, path)
    except CloudFormatError:
        raise
    except UnknownVersionError as error:
        raise CloudFormatError(
            f"LAS {error.version} is not known",
            where=path,
            why="LAS has versions 1.0 to 1.5",
            hint="export the cloud again as LAS 1.4; if this file should have one of these versions, it is damaged",
        ) from error
    except ValueError as error:
        raise damaged(path, "LAS", str(error)) from error
    return LasSource(
        header.counting(len(points)), header.point_format, points, header.scale, header.offset, chunks
    )


def _ensure_known(header: Header, path: Path) -> None:
    if header.point_format < len(STANDARD):
        return
    raise CloudFormatError(
        f"Point format {header.point_format} is not known",
        where=path,
        why=f"LAS has point formats 0 to {len(STANDARD) - 1}",
        hint="export the cloud again as LAS 1.4, or as PLY",
    )


def read(path: Path) -> RawCloud:
    """Read a LAS or LAZ file; coordinates are views into the packed points.

    Raises
    ------
    CloudFormatError
        If the file is no LAS file, cut short, or holds no points, or if its coordinates are absurd.
    CrsError
        If its coordinates are no lengths.
    """
    source = read_source(path)
    crs = read_crs(source, path)
    scale, offset = _metres(source.scale, crs), _metres(source.offset, crs)
    x, y, z = (
        _upward(source.points[name], step, path) for name, step in zip("XYZ", source.scale, strict=True)
    )
    cloud = PointCloud(
        x,
        y,
        z,
        scale=(abs(scale[0]), abs(scale[1]), abs(scale[2])),
        offset=offset,
        crs=crs,
        name=str(path),
        source=source,
    )
    ends, bounds = cloud.ends or [], cloud.bounds()
    ensure_plausible((x, y, z), ends, scale, offset, path)
    warn_if_elsewhere(ends, [abs(step) for step in source.scale], source.offset, source.header.bounds, path)
    if crs is None and bounds is not None:
        ensure_no_degrees(bounds, len(cloud), path)
    written = written_scheme(source.header)
    train_ids = source.ours(TRAIN_ID) if written is not None else None
    return RawCloud(cloud, _codes(source), written, train_ids)


def _upward(steps: NDArray[np.int32], scale: float, path: Path) -> NDArray[np.int32]:
    """Return the steps for the absolute value of a scale; a copy if it is negative."""
    if scale > 0:
        return steps
    if steps.min() == np.iinfo(np.int32).min:
        raise damaged(path, "LAS", "it has a negative scale, and coordinates at the end of their range")
    return np.negative(steps)


def _metres(values: tuple[float, float, float], crs: Crs | None) -> tuple[float, float, float]:
    if crs is None:
        return values
    return values[0] * crs.horizontal, values[1] * crs.horizontal, values[2] * crs.vertical


def _codes(source: LasSource) -> NDArray[np.uint8]:
    if source.point_format >= 6:
        return source.points["classification"]
    return source.points["raw_classification"] & np.uint8(FIVE_BITS)
