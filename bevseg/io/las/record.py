"""Cloud, class codes and extra dimensions -> a LAS file. Everything else stays as it is in the source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import PointCloud
from bevseg.errors import UsageError
from bevseg.io.las.block_writer import Fill, write_file
from bevseg.io.las.codes import FIVE_BITS
from bevseg.io.las.dimensions import Dimension, with_dimensions
from bevseg.io.las.header import Header
from bevseg.io.las.new_header import new_header
from bevseg.io.las.other_fields import OtherFields, other_fields
from bevseg.io.las.point_formats import bits, standard_size
from bevseg.io.las.source import LasSource
from bevseg.io.las.upgrade import NEW_FORMAT, upgraded_header, upgrading

WITHHELD, _CHANNEL = 0b100, 0b110000
"""Bits of the flags of point formats 6 to 10."""
_LAYERED_WAVEFORMS = (9, 10)
_ONE_OF_ONE = 0x11
"""Return 1 of 1, in point format 6."""


@dataclass(frozen=True)
class Layout:
    """A LAS file before bevseg adds to it.

    Attributes
    ----------
    header
        All but the points.
    point_format, length
        Of the points; bytes.
    fill
        Fills a block of points with those of the given slice.
    dimensions
        Extra dimensions for the fields of a source of another format.
    """

    header: Header
    point_format: int
    length: int
    fill: Fill
    dimensions: dict[str, Dimension] = field(default_factory=dict)


def layout(cloud: PointCloud, *, upgrade: bool = False) -> Layout:
    """Return how a cloud becomes LAS; with `upgrade`, point formats 0 to 5 become those of LAS 1.4."""
    source = cloud.source
    if not isinstance(source, LasSource):
        return _new(cloud, other_fields(cloud))
    header, point_format, length = source.header.without("copc"), source.point_format, source.points.itemsize
    if not upgrade or point_format >= len(NEW_FORMAT):
        return Layout(header, point_format, length, _copying(source))
    new = NEW_FORMAT[point_format]
    longer = length + standard_size(new) - standard_size(point_format)
    return Layout(upgraded_header(header, cloud.crs), new, longer, upgrading(source))


def write_codes(
    cloud: PointCloud,
    codes: NDArray[np.uint8],
    path: Path,
    dimensions: Mapping[str, Dimension],
    edit: Callable[[Header], Header] = lambda header: header,
    *,
    upgrade: bool = False,
    write_points: Callable[..., None] = write_file,
) -> None:
    """Write the cloud with these class codes and extra dimensions, everything else as in its source.

    Parameters
    ----------
    cloud
        From any reader.
    codes
        (N,) codes as the file is to hold them; at most 31 in point formats 0 to 5.
    path
        `.las` or `.laz`.
    dimensions
        Extra dimensions to add, or to replace where the source has them.
    edit
        Last change to the records of the header.
    upgrade
        Whether point formats 0 to 5 become those of LAS 1.4.
    write_points
        What writes the file, called as `write_file`.

    Raises
    ------
    UsageError
        If LAS cannot hold all of it.
    OSError
        If the system refuses the write.
    """
    base = layout(cloud, upgrade=upgrade)
    if isinstance(cloud.source, LasSource):
        _ensure_waveforms_survive(cloud.source, base.point_format, path)
    added = base.dimensions | dict(dimensions)
    header, record, names = with_dimensions(base.header, base.point_format, base.length, added, path)

    def labelled(block: NDArray[np.void], part: slice | NDArray[np.intp]) -> None:
        base.fill(block, part)
        if base.point_format >= 6:
            block["classification"] = codes[part]
        else:
            flags = block["raw_classification"] & np.uint8(~FIVE_BITS & 255)
            block["raw_classification"] = flags | codes[part]
        for name, dimension in added.items():
            block[names[name]] = dimension.values[part]

    write_points(path, edit(header), base.point_format, record, len(cloud), labelled)


def _ensure_waveforms_survive(source: LasSource, point_format: int, path: Path) -> None:
    """Raise UsageError for what lazrs (0.8.2) gets wrong: waveform references of several scanner channels, in LAZ."""
    if point_format not in _LAYERED_WAVEFORMS or source.point_format not in _LAYERED_WAVEFORMS:
        return
    channels = np.unique(source.points["classification_flags"] & np.uint8(_CHANNEL))
    if len(channels) > 1 and (source.header.compressed or path.suffix.lower() == ".laz"):
        raise UsageError(
            "The waveform references of this cloud would be corrupted",
            where=path,
            why=f"LAZ of point format {source.point_format} with {len(channels)} scanner channels, which the "
            "library for LAZ does not compress correctly",
            hint="convert the cloud to uncompressed .las, and choose --format las",
        )


def _copying(source: LasSource) -> Fill:
    """Return a filler that copies whole records: one copy of bytes, whatever the fields are."""
    size = source.points.dtype.itemsize
    rows = source.points.view(np.uint8).reshape(-1, size)

    def fill(block: NDArray[np.void], part: slice | NDArray[np.intp]) -> None:
        block.view(np.uint8).reshape(len(block), -1)[:, :size] = rows[part]

    return fill


def _new(cloud: PointCloud, others: OtherFields) -> Layout:
    """Return the layout of a cloud that was no LAS."""
    numbers = others.standard.get("return_number")
    by_return = np.zeros(15, np.int64)
    if numbers is None:
        by_return[0] = len(cloud)
    else:
        by_return += np.bincount(numbers, minlength=16)[1:]
    header = new_header(cloud, others.point_format, by_return)
    size = standard_size(others.point_format)
    return Layout(header, others.point_format, size, _building(cloud, others.standard), others.extras)


def _building(cloud: PointCloud, standard: Mapping[str, NDArray[np.generic]]) -> Fill:
    """Return a filler for clouds that were no LAS.

    Points that are not finite are withheld; a coordinate of theirs outside the extent of the others is its minimum.
    """
    extent = [_extent(steps, cloud) for steps in (cloud.x, cloud.y, cloud.z)]
    parts = bits(6)

    def fill(block: NDArray[np.void], part: slice | NDArray[np.intp]) -> None:
        for name, steps, (lowest, highest) in zip("XYZ", (cloud.x, cloud.y, cloud.z), extent, strict=True):
            block[name] = steps[part]
            if cloud.finite is not None:
                outside = (block[name] < lowest) | (block[name] > highest)
                block[name][outside & ~cloud.finite[part]] = lowest
        block["bit_fields"] = 0 if "return_number" in standard else _ONE_OF_ONE
        block["classification_flags"] = 0
        for name, values in standard.items():
            if name in parts:
                block[parts[name].field] |= values[part].astype(np.uint8) << np.uint8(parts[name].first)
            else:
                block[name] = values[part]
        if cloud.finite is not None:
            block["classification_flags"] |= np.where(cloud.finite[part], 0, WITHHELD).astype(np.uint8)

    return fill


def _extent(steps: NDArray[np.int32], cloud: PointCloud) -> tuple[int, int]:
    kept = steps if cloud.finite is None else steps[cloud.finite]
    return (int(kept.min()), int(kept.max())) if len(kept) else (0, 0)
