"""LAS, LAZ or COPC -> batches of points, and then their classes: memory does not grow with the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from bevseg.core.labels import Scheme
from bevseg.core.pointcloud import PointCloud
from bevseg.io import formats, packed
from bevseg.io.find import stem
from bevseg.io.las.batches import open_cloud
from bevseg.io.las.las_file import LasFile, open_file
from bevseg.io.raw import RawCloud
from bevseg.io.read import FileCodes, labels_of

_BATCHED = {"bevseg.io.las.reader", "bevseg.io.copc.reader"}
"""Readers whose files are read by batches as well."""


def is_read_in_batches(path: Path) -> bool:
    """Return whether a file can be read by batches."""
    return not packed.is_packed(path) and formats.format_to_read(path).reader in _BATCHED


def points_in(path: Path) -> int:
    """Return the number of points of a file that can be read by batches."""
    with open_file(path) as las:
        return len(las)


def read_batches(
    path: Path,
    take: Callable[[int, PointCloud], None],
    *,
    scheme: Scheme | None = None,
    size: int,
    check: Callable[[LasFile], None] = lambda _: None,
) -> tuple[PointCloud, FileCodes | None]:
    """Read a file by batches, in their order.

    Parameters
    ----------
    path
        The file.
    take
        Called with the place of the first point of each batch, and the batch: a cloud without labels.
    scheme
        How class codes are understood; None for the default of the format.
    size
        Points of a batch.
    check
        Called with the open file before its points are read.

    Returns
    -------
    tuple
        A cloud with the labels of all points, whose coordinates are all zero; and their codes. Labels and codes are
        those of `read_with_codes`.

    Raises
    ------
    CloudFormatError, CrsError, LabelError
        As `read_with_codes`.
    """
    name, entry = stem(path), formats.format_to_read(path)
    with open_cloud(path) as file:
        check(file.las)
        codes = np.empty(len(file), np.uint8)
        train_ids = np.empty(len(file), np.uint8)
        has_ids = False
        for batch in file.batches(size, codes=True):
            part = slice(batch.first, batch.first + len(batch))
            assert batch.codes is not None, "codes are asked for"
            codes[part] = batch.codes
            if batch.train_ids is not None:
                train_ids[part], has_ids = batch.train_ids, True
            take(
                batch.first,
                PointCloud(batch.x, batch.y, batch.z, file.scale, file.offset, crs=file.crs, name=name),
            )
        nothing = np.broadcast_to(np.int32(0), len(file))
        cloud = PointCloud(
            nothing,
            nothing,
            nothing,
            file.scale,
            file.offset,
            crs=file.crs,
            name=name,
            origin=path.absolute(),
        )
        raw = RawCloud(cloud, codes, file.scheme, train_ids if has_ids else None)
    labels, decoder = labels_of(raw, entry, path, scheme, strict=False)
    return PointCloud(
        nothing,
        nothing,
        nothing,
        file.scale,
        file.offset,
        labels,
        crs=file.crs,
        name=name,
        origin=cloud.origin,
    ), FileCodes(codes, decoder)
