"""Cloud, or open LAS file -> a LAS file before bevseg adds to it: everything is as it is in the source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import Crs, PointCloud
from bevseg.io.las.block_writer import Fill, Rows
from bevseg.io.las.decode import COORDINATES
from bevseg.io.las.dimensions import Dimension
from bevseg.io.las.header import Header
from bevseg.io.las.las_file import LasFile
from bevseg.io.las.new_header import new_header
from bevseg.io.las.other_fields import OtherFields, other_fields
from bevseg.io.las.point_formats import bits, standard_size
from bevseg.io.las.source import LasSource
from bevseg.io.las.upgrade import NEW_FORMAT, upgraded_header, upgrading

WITHHELD = 0b100
"""Bit of the flags of point formats 6 to 10."""
_FLAGS = "classification_flags"
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
    count
        Number of points.
    fill
        Fills a block of points with those of the given slice.
    channels
        The flags of all points of the source, some at a time, with the scanner channels in them; not called for
        sources without them.
    dimensions
        Extra dimensions for the fields of a source of another format.
    """

    header: Header
    point_format: int
    length: int
    count: int
    fill: Fill
    channels: Callable[[], Iterable[NDArray[np.uint8]]] = tuple
    dimensions: dict[str, Dimension] = field(default_factory=dict)


def layout(cloud: PointCloud, *, upgrade: bool = False) -> Layout:
    """Return how a cloud becomes LAS; with `upgrade`, point formats 0 to 5 become those of LAS 1.4."""
    source = cloud.source
    if not isinstance(source, LasSource):
        return _new(cloud, other_fields(cloud))

    def channels() -> Iterator[NDArray[np.uint8]]:
        yield source.points[_FLAGS]

    return _kept(
        source.header, source.points.dtype, len(source.points), source.rows, channels, cloud.crs, upgrade
    )


def layout_of_file(
    source: LasFile, *, upgrade: bool = False, size: int | None = None, threads: int | None = None
) -> Layout:
    """Return the layout of a file that is read while it is written: once, from the first point to the last.

    Parameters
    ----------
    source
        The open file.
    upgrade
        As for `layout`.
    size, threads
        Of the batches in which flags are looked at, and of the decoder.
    """
    read, held = source.reader(threads=threads), np.empty(0, source.record)

    def rows(part: slice | NDArray[np.intp]) -> NDArray[np.uint8]:
        nonlocal held
        assert isinstance(part, slice)
        count = part.stop - part.start
        if len(held) < count:
            held = np.empty(count, source.record)
        read(held[:count])
        return held[:count].view(np.uint8).reshape(count, -1)

    def channels() -> Iterator[NDArray[np.uint8]]:
        return (points[_FLAGS] for points in source.batches(size, COORDINATES, threads=threads))

    crs = source.crs if upgrade else None
    return _kept(source.header, source.record, len(source), rows, channels, crs, upgrade)


def _kept(
    header: Header,
    record: np.dtype[np.void],
    count: int,
    rows: Rows,
    channels: Callable[[], Iterable[NDArray[np.uint8]]],
    crs: Crs | None,
    upgrade: bool,
) -> Layout:
    """Return the layout of a LAS source with `count` points, which `rows` returns."""
    header, point_format, length = header.without("copc"), header.point_format, record.itemsize
    if not upgrade or point_format >= len(NEW_FORMAT):
        return Layout(header, point_format, length, count, _copying(rows, length), channels)
    new = NEW_FORMAT[point_format]
    longer = length + standard_size(new) - standard_size(point_format)
    filler = upgrading(rows, record, point_format)
    return Layout(upgraded_header(header, crs), new, longer, count, filler, channels)


def _copying(rows: Rows, length: int) -> Fill:
    """Return a filler that copies whole records: one copy of bytes, whatever the fields are."""

    def fill(block: NDArray[np.void], part: slice | NDArray[np.intp]) -> None:
        block.view(np.uint8).reshape(len(block), -1)[:, :length] = rows(part)

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
    filler = _building(cloud, others.standard)
    return Layout(header, others.point_format, size, len(cloud), filler, dimensions=others.extras)


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
        block[_FLAGS] = 0
        for name, values in standard.items():
            if name in parts:
                block[parts[name].field] |= values[part].astype(np.uint8) << np.uint8(parts[name].first)
            else:
                block[name] = values[part]
        if cloud.finite is not None:
            block[_FLAGS] |= np.where(cloud.finite[part], 0, WITHHELD).astype(np.uint8)

    return fill


def _extent(steps: NDArray[np.int32], cloud: PointCloud) -> tuple[int, int]:
    kept = steps if cloud.finite is None else steps[cloud.finite]
    return (int(kept.min()), int(kept.max())) if len(kept) else (0, 0)
