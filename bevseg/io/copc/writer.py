"""Labelled cloud -> COPC: in the octree of its source, or in a new one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import Scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import UsageError
from bevseg.io.copc.build_octree import build, cube_of, morton_codes
from bevseg.io.copc.extents import Extents
from bevseg.io.copc.node_writer import write_nodes
from bevseg.io.copc.octree import HEADER_SIZE, POINT_FORMATS, Octree, new_octree, octree_of
from bevseg.io.las import writer as las_writer
from bevseg.io.las.block_writer import BLOCK, Fill
from bevseg.io.las.header import Header
from bevseg.io.las.record import layout
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

    def write_points(
        path: Path, header: Header, point_format: int, record: np.dtype[np.void], count: int, fill: Fill
    ) -> None:
        if octree is None:
            header = upgraded_header(header, cloud.crs)
            new, order = _new(header, record, count, fill)
            write_nodes(path, header, point_format, record, fill, new, order)
            return
        extents = Extents(point_format, record, cloud.source.points.dtype)

        def fill_and_see(block: NDArray[np.void], part: slice | NDArray[np.intp]) -> None:
            fill(block, part)
            extents.add(block)

        kept = extents.with_room(octree)
        write_nodes(path, header, point_format, record, fill_and_see, kept, finish=extents.filled_in)

    las_writer.write(cloud, point_labels, path, scheme, upgrade=True, write_points=write_points)


def cannot_keep(cloud: PointCloud) -> list[str]:
    """Return what of the cloud COPC cannot hold, one sentence for each thing.

    Raises
    ------
    UsageError
        As `write`.
    """
    sentences = las_writer.lost(cloud)
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
