"""Cloud file -> its points on disk, laid down by block: the first pass over a survey."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.bev.slices import count_heights
from bevseg.core.blocks import PointsByBlock
from bevseg.core.far_points import count_cells
from bevseg.core.pointcloud import PointCloud
from bevseg.io import formats
from bevseg.io.find import CloudFile
from bevseg.io.las.las_file import LasFile
from bevseg.io.read import FileCodes, read_with_codes
from bevseg.io.read_batches import is_read_in_batches, read_batches
from bevseg.survey.area import CoveredArea
from bevseg.survey.point_file import PointFileWriter, writing
from bevseg.survey.reading import Reading

BATCH = 1_000_000
"""Points that are laid down at once: 20 chunks of LAZ."""


def lay_down(
    file: CloudFile,
    reading: Reading,
    path: Path,
    *,
    facts: dict[str, Any],
    whole: bool,
    check: Callable[[PointCloud | LasFile, FileCodes | None], None],
) -> tuple[PointCloud, FileCodes | None] | None:
    """Read a cloud and write its points.

    Parameters
    ----------
    file
        The cloud.
    reading
        How it is read.
    path
        The file of its points.
    facts
        Goes into this file, with what is found out about the cloud.
    whole
        Whether the cloud is read as a whole, and returned. Else those formats that allow it are read by batches.
    check
        Called with the cloud, or the open file, and its codes, before the points are written; None as codes if they
        are not known yet.

    Returns
    -------
    tuple
        The cloud and its codes; None if it was read by batches.

    Raises
    ------
    BevsegError
        As `bevseg.io.read.read_cloud`; OutputWriteError if there is no room.
    """
    began = time.perf_counter()
    with writing(path) as writer:
        points = _Points(reading, writer)
        if whole or not is_read_in_batches(file.path):
            cloud, codes = read_with_codes(
                file.path, scheme=reading.scheme, columns=reading.columns, scan=file.scan
            )
            check(cloud, codes)
            for first in range(0, max(len(cloud), 1), BATCH):
                points.add(first, _part(cloud, slice(first, first + BATCH)))
            found: tuple[PointCloud, FileCodes | None] | None = cloud, codes
        else:
            cloud, codes = read_batches(
                file.path,
                points.add,
                scheme=reading.scheme,
                size=BATCH,
                check=lambda las: check(las, None),
            )
            check(cloud, codes)
            found = None
        known = facts | _facts(cloud, codes, file.path) | points.facts()
        writer.finish(cloud.labels, known | {"seconds": time.perf_counter() - began})
    return found


def _part(cloud: PointCloud, part: slice) -> PointCloud:
    finite = None if cloud.finite is None else cloud.finite[part]
    return PointCloud(
        cloud.x[part],
        cloud.y[part],
        cloud.z[part],
        cloud.scale,
        cloud.offset,
        finite=finite,
        crs=cloud.crs,
        name=cloud.name,
    )


def _facts(cloud: PointCloud, codes: FileCodes | None, path: Path) -> dict[str, Any]:
    return {
        "points": len(cloud),
        "crs": None if cloud.crs is None else dataclasses.asdict(cloud.crs),
        "scheme": None if codes is None or codes.scheme is None else dataclasses.asdict(codes.scheme),
        "own_place": formats.format_to_read(path).sensor_frame,
    }


class _Points:
    """Writes the batches of a cloud, and adds up what is known of them."""

    def __init__(self, reading: Reading, writer: PointFileWriter) -> None:
        self._reading, self._writer = reading, writer
        self._bounds: NDArray[np.float64] | None = None
        self._cells: Counter[int] = Counter()
        self._heights: Counter[int] = Counter()
        self._area = CoveredArea(reading.layout)
        self._not_finite = 0

    def add(self, first: int, cloud: PointCloud) -> None:
        """Write a batch, the points of which begin at `first`."""
        points = PointsByBlock.of_cloud(cloud, self._reading.layout)
        for block in points:
            for segment in points.segments(block):
                self._writer.add(first, block, segment)
                self._area.add(block, segment)
        self._not_finite += 0 if cloud.finite is None else len(cloud) - int(cloud.finite.sum())
        bounds = cloud.bounds()
        if bounds is None:
            return
        ends = np.array(bounds)
        if self._bounds is not None:
            ends[:, 0], ends[:, 1] = (
                np.minimum(ends[:, 0], self._bounds[:, 0]),
                np.maximum(ends[:, 1], self._bounds[:, 1]),
            )
        self._bounds = ends
        self._cells.update(dict(zip(*(each.tolist() for each in count_cells(cloud)), strict=True)))
        if self._reading.count_heights:
            self._heights.update(count_heights(cloud))

    def facts(self) -> dict[str, Any]:
        """Return what is known of all batches."""
        return {
            "not_finite": self._not_finite,
            "bounds": None if self._bounds is None else self._bounds.tolist(),
            "area": self._area.total(),
            "cells": [list(self._cells), list(self._cells.values())],
            "heights": [list(self._heights), list(self._heights.values())],
        }
