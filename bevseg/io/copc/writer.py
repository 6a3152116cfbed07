"""Labelled cloud -> COPC: in the octree of its source, or in a new one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import Scheme
from bevseg.core.pointcloud import NO_LABELS, PointCloud, PointLabels
from bevseg.errors import UsageError
from bevseg.io.copc.build_octree import build, cube_of, morton_codes
from bevseg.io.copc.extents import Extents
from bevseg.io.copc.node_writer import write_nodes
from bevseg.io.copc.octree import (
    HEADER_SIZE,
    POINT_FORMATS,
    Octree,
    is_copc,
    new_octree,
    octree_in,
    octree_of,
)
from bevseg.io.las import writer as las_writer
from bevseg.io.las.block_writer import BLOCK, Fill
from bevseg.io.las.header import Header
from bevseg.io.las.las_file import LasFile
from bevseg.io.las.layout import layout
from bevseg.io.las.source import LasSource
from bevseg.io.las.upgrade import upgraded_header

_WAVEFORMS = (4, 5, 9, 10)
"""Point formats with references to waveforms; COPC has none."""


def write(cloud: PointCloud, point_labels: PointLabels, path: Path, scheme: Scheme) -> None:
    """Write the labelled cloud as COPC.

    Parameters
    ----------
    cloud
        From any reader. A COPC source keeps the order of its points, its octree and all other records. Others become
        LAS 1.4, and their points are sorted into a new octree.
    point_labels, path, scheme
        As for `bevseg.io.las.writer.write`.

    Raises
    ------
    UsageError
        If COPC cannot hold the points of a LAS source: those with waveforms, or of LAS 1.5.
    LabelError
        If the scheme has no code for a class, or one above 255.
    OSError
        If the system refuses the write.
    """
    octree = _kept(cloud, path)
    if octree is not None:
        write_points = _into(octree, cloud.source.points.dtype)
        las_writer.write(cloud, point_labels, path, scheme, upgrade=True, write_points=write_points)
        return

    def write_points_sorted(
        path: Path, header: Header, point_format: int, record: np.dtype[np.void], count: int, fill: Fill
    ) -> None:
        header = upgraded_header(header, cloud.crs)
        new, order = _new(header, record, count, fill)
        write_nodes(path, header, point_format, record, fill, new, order)

    las_writer.write(cloud, point_labels, path, scheme, upgrade=True, write_points=write_points_sorted)


def relabel(
    source: LasFile,
    labels: Callable[[int, NDArray[np.uint8]], PointLabels],
    path: Path,
    scheme: Scheme,
    *,
    like: PointLabels = NO_LABELS,
    size: int | None = None,
    threads: int | None = None,
) -> None:
    """Copy a COPC file with new labels, some nodes at a time: `write` of the whole cloud gives the same bytes.

    Parameters
    ----------
    source, labels, path, scheme, like, size, threads
        As for `bevseg.io.las.writer.relabel`.

    Raises
    ------
    UsageError
        If the source has no octree, or not that of its points: a new one needs all points at once.
    CloudFormatError, LabelError, OSError
        As `bevseg.io.las.writer.relabel`.
    """
    write_points = _into(_kept_in_copy(source), source.record)
    las_writer.relabel(
        source,
        labels,
        path,
        scheme,
        like=like,
        size=size,
        threads=threads,
        write_points=write_points,
    )


def _into(octree: Octree, source: np.dtype[np.void]) -> Callable[..., None]:
    """Return what writes points into an octree that is kept; `source` is the type of its points."""

    def write_points(
        path: Path,
        header: Header,
        point_format: int,
        record: np.dtype[np.void],
        _: int,
        fill: Fill,
        *,
        size: int | None = None,
        threads: int | None = None,
    ) -> None:
        extents = Extents(point_format, record, source)

        def fill_and_see(block: NDArray[np.void], part: slice | NDArray[np.intp]) -> None:
            fill(block, part)
            extents.add(block)

        kept = extents.with_room(octree)
        finish = extents.filled_in
        write_nodes(
            path, header, point_format, record, fill_and_see, kept, finish=finish, size=size, threads=threads
        )

    return write_points


def cannot_keep(cloud: PointCloud | LasFile) -> list[str]:
    """Return what of the cloud COPC cannot hold, one sentence for each thing.

    Parameters
    ----------
    cloud
        What `write` or `relabel` is to write.

    Raises
    ------
    UsageError
        As `write` or `relabel`.
    """
    sentences = las_writer.lost(cloud)
    if isinstance(cloud, LasFile):
        _kept_in_copy(cloud)
        return sentences
    if _kept(cloud, Path(cloud.name)) is not None:
        return sentences
    if isinstance(cloud.source, LasSource) and cloud.source.point_format not in POINT_FORMATS:
        new = layout(cloud, upgrade=True).point_format
        sentences += [f"point format {cloud.source.point_format} becomes {new}: COPC has no older ones"]
    return [*sentences, "the order of the points changes: COPC sorts them into an octree"]


def _kept(cloud: PointCloud, where: Path) -> Octree | None:
    """Return the octree of the source; None if it has none that is right."""
    source = cloud.source
    if not isinstance(source, LasSource):
        return None
    try:
        octree = octree_of(source)
    except ValueError:  # the reader has warned of it
        octree = None
    if octree is None:
        _ensure_possible(cloud, source, where)
    return octree


def _kept_in_copy(source: LasFile) -> Octree:
    """Return the octree of an open file; UsageError if it has none that is right."""
    octree, why = None, "it is no COPC file"
    try:
        octree = octree_in(source.header, source.chunk_counts) if is_copc(source.header) else None
    except ValueError as error:
        why = str(error)
    if octree is None:
        raise UsageError(
            "The cloud cannot be copied as COPC",
            where=source.path,
            why=f"{why}, and an octree is built of all points at once",
            hint="read it whole, or choose --format laz",
        )
    return octree


def _ensure_possible(cloud: PointCloud, source: LasSource, where: Path) -> None:
    """Raise UsageError for what has no place in COPC: waveforms, and fields behind the header of LAS 1.4."""
    if source.point_format in _WAVEFORMS:
        why = f"its points have waveforms (point format {source.point_format}); COPC has point formats 6 to 8"
    else:
        header = layout(cloud, upgrade=True).header
        if header.minor == 4 and len(header.block) == HEADER_SIZE:
            return
        why = f"its header is that of LAS 1.{header.minor} with {len(header.block)} bytes; COPC is LAS 1.4 with 375"
    raise UsageError("The cloud cannot be COPC", where=where, why=why, hint="choose --format laz")


def _new(
    header: Header, record: np.dtype[np.void], count: int, fill: Fill
) -> tuple[Octree, NDArray[np.intp]]:
    """Build an octree on the points as they will be written, and return the points in its order."""
    scale, offset = header.scale, header.offset
    steps = [np.empty(count, np.int32) for _ in "XYZ"]
    times: list[float] = []
    block = np.zeros(min(count, BLOCK), record)
    for start in range(0, count, BLOCK):
        part = slice(start, min(start + BLOCK, count))
        filled = block[: part.stop - part.start]
        fill(filled, part)
        for values, name in zip(steps, "XYZ", strict=True):
            values[part] = filled[name]
        known = filled["gps_time"][np.isfinite(filled["gps_time"])]
        times += [float(known.min()), float(known.max())] if len(known) else []
    ends = [
        (float(v.min()) * s + o, float(v.max()) * s + o) for v, s, o in zip(steps, scale, offset, strict=True)
    ]
    cube = cube_of([min(pair) for pair in ends], [max(pair) for pair in ends], max(map(abs, scale)))
    nodes, order = build(morton_codes(steps, scale, offset, cube))
    cube = dataclasses.replace(cube, first_time=min(times, default=0.0), last_time=max(times, default=0.0))
    return new_octree(cube, nodes), order
