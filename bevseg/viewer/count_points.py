"""Labelled clouds -> points in each small cell, and classes: the first pass over the files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import CLASS_NAMES
from bevseg.core.pointcloud import PointCloud
from bevseg.io.read_shown import read_classes
from bevseg.runtime.progress import Progress, Step
from bevseg.viewer.layout import CellCounts, cell_keys
from bevseg.viewer.sources import TileSource
from bevseg.viewer.tile_file import SIDE

BATCH = 1_000_000
"""Points that are read at once."""

Axes = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


class Counted:
    """What the first pass finds.

    Attributes
    ----------
    every
        One point in so many is drawn.
    cells
        Points that are drawn, by small cell.
    classes
        (N,) train ids of all points, by cloud.
    """

    def __init__(self, every: int) -> None:
        self.every = every
        self.cells = CellCounts()
        self.classes: list[NDArray[np.uint8]] = []
        self._lowest = np.full(3, np.inf)

    @property
    def starts(self) -> NDArray[np.int64]:
        """(clouds + 1,) number of points of all clouds before each."""
        return np.cumsum([0, *(len(each) for each in self.classes)])

    @property
    def origin(self) -> tuple[float, float, float]:
        """A corner below and south-west of all points: of a square of 50 m, and of a whole metre in height."""
        x, y, z = self._lowest
        return float(x // SIDE * SIDE), float(y // SIDE * SIDE), float(np.floor(z))

    @property
    def class_counts(self) -> NDArray[np.int64]:
        """(6,) number of points by class."""
        counts = np.zeros(len(CLASS_NAMES), np.int64)
        for classes in self.classes:
            counts += np.bincount(classes, minlength=len(counts))
        return counts

    def add(self, first: int, cloud: PointCloud) -> None:
        """Add a batch; `first` is the place of its first point in the cloud."""
        x, y, z = world(cloud, drawn(first, cloud, self.every))
        if len(x):
            self.cells.add(cell_keys(x, y))
            self._lowest = np.minimum(self._lowest, [x.min(), y.min(), z.min()])


def count_points(sources: Sequence[TileSource], every: int, progress: Progress) -> Counted:
    """Read coordinates and classes of all clouds."""
    counted = Counted(every)
    for number, source in enumerate(sources):
        before = int(counted.starts[-1])

        def take(first: int, cloud: PointCloud, number: int = number, before: int = before) -> None:
            counted.add(first, cloud)
            progress(Step("read points", number, len(sources), points=before + first + len(cloud)))

        counted.classes.append(read_classes(source.path, take, scheme=source.scheme, size=BATCH))
    progress(Step("read points", len(sources), len(sources), points=int(counted.starts[-1])))
    return counted


def drawn(first: int, cloud: PointCloud, every: int) -> NDArray[np.bool_]:
    """Return which points of a batch are drawn; `first` is the place of its first point in the cloud.

    The bits of a point's place are mixed: so a scanner that fires its beams in turn keeps all of them.
    """
    part = np.ones(len(cloud), np.bool_) if cloud.used is None else cloud.used
    if every == 1:
        return part
    mixed = np.arange(first, first + len(cloud), dtype=np.uint64).astype(np.uint32)
    for factor in (0x7FEB352D, 0x846CA68B):  # Wellons, hash prospector
        mixed = (mixed ^ (mixed >> np.uint32(16))) * np.uint32(factor)
    return part & (mixed % np.uint32(every) == 0)


def world(cloud: PointCloud, part: NDArray[np.bool_]) -> Axes:
    """Return x, y and z of some points in metres, to the bit those of `PointCloud.xyz`."""
    x, y, z = (
        getattr(cloud, name)[part] * cloud.scale[axis] + cloud.offset[axis] for axis, name in enumerate("xyz")
    )
    return x, y, z
