"""Labelled clouds -> the points of each tile, one tile behind the other: the second pass over the files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import GROUND
from bevseg.core.pointcloud import PointCloud
from bevseg.io.crs import names_of_wkt
from bevseg.io.read_shown import Shown, read_shown
from bevseg.runtime.progress import Progress, Step
from bevseg.viewer.count_points import BATCH, Counted, drawn, world
from bevseg.viewer.ground_heights import GroundSums
from bevseg.viewer.layout import Layout, cell_keys
from bevseg.viewer.point_records import PointRecords
from bevseg.viewer.sources import TileSource
from bevseg.viewer.tile_file import TiledCloud, cells_in_square, write_points


@dataclass
class Placed:
    """What the second pass finds beside the points.

    Attributes
    ----------
    sums
        Heights of the ground points.
    clouds
        The clouds, in their order.
    crs
        Name of the horizontal reference system; empty if no file names one.
    has
        Which values occur: confidence, reason, truth, intensity, rgb.
    """

    sums: GroundSums
    clouds: list[TiledCloud] = field(default_factory=list)
    crs: str = ""
    has: set[str] = field(default_factory=set)


def place_points(
    sources: Sequence[TileSource], folder: Path, counted: Counted, layout: Layout, progress: Progress
) -> Placed:
    """Write every point to the next free place of its tile, in `records.bin` and `exact.bin` of a folder."""
    placed = Placed(GroundSums(layout.squares))
    with (
        (folder / "records.bin").open("wb", buffering=0) as records,
        (folder / "exact.bin").open("wb", buffering=0) as exact,
    ):
        writer = _Writer(layout, records, exact)
        for number, source in enumerate(sources):
            classes, before = counted.classes[number], int(counted.starts[number])
            values = PointRecords(number, classes, source.truth())
            last: list[PointCloud] = []

            def take(
                first: int,
                shown: Shown,
                values: PointRecords = values,
                last: list[PointCloud] = last,
                step: tuple[int, int] = (number, before),
            ) -> None:
                _place(first, shown, values, counted, layout, placed, writer)
                last[:] = [shown.cloud]
                points = step[1] + first + len(shown.cloud)
                progress(Step("sort points", step[0], len(sources), points=points))

            read_shown(source.path, take, size=BATCH)
            _add_cloud(placed, source.name, classes, last[0])
            placed.has |= values.has
    progress(Step("sort points", len(sources), len(sources), points=int(counted.starts[-1])))
    return placed


def _place(
    first: int,
    shown: Shown,
    values: PointRecords,
    counted: Counted,
    layout: Layout,
    placed: Placed,
    writer: _Writer,
) -> None:
    """Write the points of a batch."""
    part = drawn(first, shown.cloud, counted.every)
    records, exact = (each[part] for each in values.of(first, shown))
    if not len(records):
        return
    x, y, z = world(shown.cloud, part)
    tile, square = layout.find(cell_keys(x, y))
    placed.sums.add(square, cells_in_square(x, y), z - counted.origin[2], records["label"] == GROUND)
    writer.write(tile, records, exact)


def _add_cloud(placed: Placed, name: str, classes: NDArray[np.uint8], cloud: PointCloud) -> None:
    """Add a cloud that is read; `cloud` is its last batch."""
    placed.clouds.append(TiledCloud(name, len(classes), cloud.scale, cloud.offset, bool(classes.any())))
    if not placed.crs and cloud.crs is not None and cloud.crs.wkt:
        placed.crs = names_of_wkt(cloud.crs.wkt)["horizontal"] or ""


class _Writer:
    """Two files of points, and the next free place of each tile in them."""

    def __init__(self, layout: Layout, records: BinaryIO, exact: BinaryIO) -> None:
        self._records, self._exact = records, exact
        self._following = layout.firsts.copy()

    def write(self, tile: NDArray[np.int64], records: NDArray[np.void], exact: NDArray[np.void]) -> None:
        """Write some points, the tile of each given."""
        order = np.argsort(tile.astype(np.uint16) if tile.max() < 1 << 16 else tile, kind="stable")
        tile, records, exact = tile[order], records[order], exact[order]
        starts = np.flatnonzero(np.diff(tile, prepend=-1))
        for start, end in zip(starts, [*starts[1:], len(tile)], strict=True):
            place = int(self._following[tile[start]])
            write_points(self._records, records[start:end], place)
            write_points(self._exact, exact[start:end], place)
            self._following[tile[start]] += end - start
