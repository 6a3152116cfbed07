"""LAS or LAZ -> points, packed as they stand in the file, with their class codes and reference system."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import Crs, PointCloud
from bevseg.io.crs.degrees import ensure_no_degrees
from bevseg.io.format_errors import damaged
from bevseg.io.las.codes import TRAIN_ID, class_codes, written_scheme
from bevseg.io.las.header import Header
from bevseg.io.las.las_file import open_file
from bevseg.io.las.plausible import Extent, ensure_plausible, ensure_steps, warn_if_elsewhere
from bevseg.io.las.reference_system import read_crs
from bevseg.io.las.source import LasSource
from bevseg.io.raw import RawCloud
from bevseg.runtime import memory

_STAGES = 90.0
"""Bytes that the stages need for a point, beside its record."""


def read_source(path: Path) -> LasSource:
    """Read a file whole.

    Raises
    ------
    CloudFormatError
        If the file is no LAS file, contradicts itself, is cut short, or holds no points.
    OutOfMemoryError
        If it will not fit.
    """
    with open_file(path) as las:
        memory.require(len(las), las.record.itemsize + _STAGES, where=path)
        points = np.empty(len(las), las.record)
        las.reader()(points)
    header = las.header
    return LasSource(header, header.point_format, points, header.scale, header.offset, las.chunk_counts)


class Placement:
    """Where the stored coordinates of a file lie.

    Parameters
    ----------
    header
        Of the file.
    crs
        Its reference system; None if it names none that can be understood.
    path
        The file, for messages.

    Attributes
    ----------
    scale, offset
        Metres per step, and metres, for x, y and z.

    Raises
    ------
    CloudFormatError
        If a step is no length that an instrument has.
    """

    def __init__(self, header: Header, crs: Crs | None, path: Path) -> None:
        self.scale = _metres([abs(step) for step in header.scale], crs)
        self.offset = _metres(header.offset, crs)
        self._header, self._crs, self._path = header, crs, path
        ensure_steps(self.scale, path)

    def steps(self, points: NDArray[np.void], extent: Extent) -> list[NDArray[np.int32]]:
        """Return x, y and z of some points, and add them to the extent. They are views, unless a scale is negative.

        Raises
        ------
        CloudFormatError
            If a scale is negative, and a coordinate has no opposite number.
        """
        steps = [
            _upward(points[name], step, self._path)
            for name, step in zip("XYZ", self._header.scale, strict=True)
        ]
        extent.add(steps)
        return steps

    def extent(self) -> Extent:
        """Return an extent without points."""
        return Extent(self.scale, self.offset)

    def check(self, extent: Extent) -> None:
        """Check the places of all points; warn if some are absurd.

        Raises
        ------
        CloudFormatError
            If all are absurd, or if they may be degrees and the file names no reference system.
        """
        ensure_plausible(extent, self._path)
        warn_if_elsewhere(extent, self._header, self._path)
        if self._crs is None:
            ensure_no_degrees(extent.box(), extent.count, self._path)


def read(path: Path) -> RawCloud:
    """Read a LAS or LAZ file; coordinates are views into the packed points.

    Raises
    ------
    CloudFormatError
        If the file is no LAS file, cut short, or holds no points, or if its coordinates are absurd, or may be
        degrees that it does not name.
    CrsError
        If its coordinates are no lengths.
    """
    source = read_source(path)
    crs = read_crs(source, path)
    placement = Placement(source.header, crs, path)
    extent = placement.extent()
    x, y, z = placement.steps(source.points, extent)
    placement.check(extent)
    cloud = PointCloud(
        x,
        y,
        z,
        scale=placement.scale,
        offset=placement.offset,
        crs=crs,
        name=str(path),
        source=source,
    )
    written = written_scheme(source.header)
    train_ids = source.ours(TRAIN_ID) if written is not None else None
    return RawCloud(cloud, class_codes(source.points, source.point_format), written, train_ids)


def _upward(steps: NDArray[np.int32], scale: float, path: Path) -> NDArray[np.int32]:
    """Return the steps for the absolute value of a scale; a copy if it is negative."""
    if scale > 0:
        return steps
    if steps.min() == np.iinfo(np.int32).min:
        raise damaged(path, "LAS", "it has a negative scale, and coordinates at the end of their range")
    return np.negative(steps)


def _metres(values: Sequence[float], crs: Crs | None) -> tuple[float, float, float]:
    x, y, z = values
    return (x, y, z) if crs is None else (x * crs.horizontal, y * crs.horizontal, z * crs.vertical)
