"""Labelled cloud, or a cloud with its ground -> LAS or LAZ."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import Scheme
from bevseg.core.pointcloud import NO_LABELS, PointCloud, PointLabels
from bevseg.io.fields import only_here
from bevseg.io.las.block_writer import write_file
from bevseg.io.las.codes import OURS, class_codes
from bevseg.io.las.dimensions import MOST, Dimension, with_dimensions
from bevseg.io.las.extra_bytes import unknown_type
from bevseg.io.las.header import Header
from bevseg.io.las.label_fields import LabelFields
from bevseg.io.las.las_file import LasFile
from bevseg.io.las.layout import Layout, layout, layout_of_file
from bevseg.io.las.left_out import has_outside_waveforms
from bevseg.io.las.other_fields import other_fields
from bevseg.io.las.record import write_codes, write_records
from bevseg.io.las.source import LasSource

COPC = ("copc", 1)
"""The record that makes a LAZ file COPC."""
_UNCLASSIFIED, _GROUND = 1, 2


def write(
    cloud: PointCloud,
    point_labels: PointLabels,
    path: Path,
    scheme: Scheme,
    *,
    upgrade: bool = False,
    write_points: Callable[..., None] = write_file,
) -> None:
    """Write the labelled cloud: the points of its source with new classes, and what stands beside them.

    Parameters
    ----------
    cloud
        From any reader. A LAS or LAZ source keeps every other byte of header, records and points; other sources
        become LAS 1.4, point format 6, with colour 7 or 8.
    point_labels
        One class and confidence per point. What they lack is not written, or as zeros into a field of the source.
    path
        `.las` or `.laz`.
    scheme
        Which codes are written. Where the point format ends at 31, higher codes become 1 and the train id stands
        in `bevseg_class`.
    upgrade
        Whether point formats 0 to 5 become 6, 7, 9 or 10 of LAS 1.4, which hold all codes.
    write_points
        What writes the file, called as `bevseg.io.las.block_writer.write_file`.

    Raises
    ------
    LabelError
        If the scheme has no code for a class, or one above 255.
    UsageError
        If LAS cannot hold the fields of the source.
    OSError
        If the system refuses the write.
    """
    base = layout(cloud, upgrade=upgrade)
    fields = LabelFields.of(base.header, base.point_format, base.length, scheme, path, point_labels)
    codes = fields.codes(point_labels)
    if cloud.used is not None:
        codes[~cloud.used] = 0
    write_codes(
        base, codes, path, fields.dimensions(point_labels), fields.named_in, write_points=write_points
    )


def relabel(
    source: LasFile,
    labels: Callable[[int, NDArray[np.uint8]], PointLabels],
    path: Path,
    scheme: Scheme,
    *,
    upgrade: bool = False,
    like: PointLabels = NO_LABELS,
    size: int | None = None,
    threads: int | None = None,
    write_points: Callable[..., None] = write_file,
) -> None:
    """Copy a file with new labels, a batch of points at a time: `write` of the whole cloud gives the same bytes.

    Parameters
    ----------
    source, labels, like
        As for `bevseg.io.write.relabel_file`.
    path, scheme, upgrade, write_points
        As for `write`.
    size
        Points of a batch; None for `bevseg.io.las.block_writer.BLOCK`.
    threads
        Chunks of LAZ that are decoded or encoded at once; None for as many as there are cores.

    Raises
    ------
    CloudFormatError
        If points of the source cannot be decoded.
    LabelError, UsageError, OSError
        As `write`.
    """
    base = layout_of_file(source, upgrade=upgrade, size=size, threads=threads)
    fields = LabelFields.of(base.header, base.point_format, base.length, scheme, path, like)

    def change(
        block: NDArray[np.void], part: slice | NDArray[np.intp]
    ) -> tuple[NDArray[np.uint8], dict[str, NDArray[np.generic]]]:
        assert isinstance(part, slice)
        given = labels(part.start, class_codes(block, base.point_format))
        values = {name: dimension.values for name, dimension in fields.dimensions(given).items()}
        return fields.codes(given), values

    write_records(
        base,
        path,
        fields.dimensions(like),
        change,
        fields.named_in,
        write_points=partial(write_points, size=size, threads=threads),
    )


def write_ground(
    cloud: PointCloud, is_ground: NDArray[np.bool_], heights: NDArray[np.float32], path: Path
) -> None:
    """Write the cloud with class 2 on ground points and 1 on all others, and `height_above_ground` (m)."""
    codes = np.where(is_ground, np.uint8(_GROUND), np.uint8(_UNCLASSIFIED))
    write_codes(layout(cloud), codes, path, {"height_above_ground": Dimension(heights, "m above the DEM")})


def cannot_keep(cloud: PointCloud | LasFile) -> list[str]:
    """Return one sentence for each thing of the source that does not come back as it was.

    Parameters
    ----------
    cloud
        What `write` or `relabel` is to write.

    Raises
    ------
    UsageError
        If the fields of the source do not fit a LAS file at all.
    """
    source = cloud if isinstance(cloud, LasFile) else cloud.source
    if isinstance(source, LasFile | LasSource) and source.header.find(*COPC) is not None:
        return [*lost(cloud), "the octree of COPC: the result is LAS or LAZ without one, and no longer COPC"]
    return lost(cloud)


def lost(cloud: PointCloud | LasFile) -> list[str]:
    """Return the same for all that both LAS and COPC can hold."""
    if isinstance(cloud, LasFile):
        return _lost_of_las(cloud.header, layout_of_file(cloud), cloud.path)
    base, path = layout(cloud), cloud.origin or Path(cloud.name)
    if isinstance(cloud.source, LasSource):
        return _lost_of_las(cloud.source.header, base, path)
    _described(base, path)
    return [*_without_coordinates(cloud), *other_fields(cloud).lost, *only_here(cloud.source)]


def _lost_of_las(header: Header, base: Layout, path: Path) -> list[str]:
    beside = [*_waveforms_beside(header, path), *_undescribed(header)]
    if _described(base, path).minor != base.header.minor:
        beside.append(
            f"the version becomes LAS 1.4: LAS 1.{base.header.minor} describes {MOST} extra dimensions at most"
        )
    return beside


def _described(base: Layout, path: Path) -> Header:
    """Return the header with all extra dimensions that bevseg adds; UsageError if they do not fit."""
    ours = dict.fromkeys(OURS, Dimension(NO_LABELS.classes))
    return with_dimensions(base.header, base.point_format, base.length, base.dimensions | ours, path)[0]


def _waveforms_beside(header: Header, path: Path) -> list[str]:
    """Return one sentence for waveforms that stand in a file of their own."""
    if not has_outside_waveforms(header):
        return []
    name = f"{path.stem}.wdp"
    return [
        f"the waveforms stand in a file of their own, {name}: copy it beside the result, under the result's name"
    ]


def _undescribed(header: Header) -> list[str]:
    """Return one sentence for descriptions of dimensions whose place in the points cannot be known."""
    found = unknown_type(header)
    if found is None:
        return []
    name, number = found
    return [
        f"the descriptions of the extra dimensions from {name!r} on are left out: LAS has no type {number}; "
        "their bytes stay, without a description"
    ]


def _without_coordinates(cloud: PointCloud) -> list[str]:
    """Return one sentence for the points that are not finite, which LAS cannot hold as such."""
    count = 0 if cloud.finite is None else int(np.count_nonzero(~cloud.finite))
    if not count:
        return []
    return [
        f"{count:,} of {len(cloud):,} points have no finite coordinates: they get the flag withheld, class 0, and "
        "the lowest coordinates of the others where their own are none, or lie outside the extent of the others"
    ]
