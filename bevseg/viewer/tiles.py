"""Labelled clouds -> tiles on disk, in two passes over the files. Memory does not grow with the number of points.

The first pass counts the points of each place, and reads the classes. The second writes each point to its tile. Then
every tile is shuffled. Any prefix of it is a sample, in which rare classes are denser: a pole is visible in the first
points that a page draws.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import CLASS_NAMES, GROUND, UNDEFINED, Scheme
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import InputError
from bevseg.io.crs import names_of_wkt
from bevseg.io.read_shown import Shown, read_classes, read_shown
from bevseg.runtime.atomic import write_json
from bevseg.runtime.progress import Progress, Step, silent
from bevseg.viewer.ground_heights import GroundSums
from bevseg.viewer.layout import CellCounts, Layout, cell_keys
from bevseg.viewer.tile_file import (
    EXACT,
    NO_TRUTH,
    NOWHERE,
    RECORD,
    SIDE,
    TILE,
    VERSION,
    TiledCloud,
    Tiles,
    cells_in_square,
    coordinates,
)

BATCH = 1_000_000
"""Points that are read at once."""

FAVOUR = 0.75
"""A class comes as much earlier in a tile as it is rarer than the commonest one, to this power: of 1 %, 30 times."""

_SEED = 16
_MOST_CLOUDS = 1 << 16
_STEP_OF_HEIGHT = 0.1


@dataclass(frozen=True)
class TileSource:
    """A labelled cloud that becomes tiles.

    Attributes
    ----------
    name
        Of the cloud in the viewer.
    path
        The file.
    scheme
        How its class codes are understood; None for the one that bevseg wrote, or the default of the format.
    truth
        Returns (N,) train ids of the truth, None if there is none.
    sha256
        Of the file, kept in the index; None if nobody needs it.
    """

    name: str
    path: Path
    scheme: Scheme | None = None
    truth: Callable[[], NDArray[np.uint8] | None] = lambda: None
    sha256: str | None = None


def build_tiles(
    sources: Sequence[TileSource], folder: Path, key: str = "", progress: Progress = silent, *, every: int = 1
) -> Tiles:
    """Write the tiles of some clouds into a folder, and open them. What the folder held is removed.

    Parameters
    ----------
    sources
        The clouds.
    folder
        Where the files go; without `index.json`, which comes last, they are not complete.
    key
        Kept in the index: it tells whether the tiles still belong to the clouds.
    progress
        Progress callback.
    every
        One point in so many goes into the tiles, whatever its class. The counts are those of all points.

    Raises
    ------
    InputError
        If there is no point to draw, or too many clouds; and as `read_classes`.
    OutputWriteError
        If the files cannot be written.
    """
    if len(sources) > _MOST_CLOUDS:
        raise InputError(
            f"{len(sources):,} clouds are too many for one view",
            hint=f"view at most {_MOST_CLOUDS:,} of them",
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    counted = _count(sources, every, progress)
    layout = counted.cells.layout()
    if not len(layout.points):
        raise InputError(
            "There is no point to draw", where=sources[0].path, why="no point has finite coordinates"
        )
    building = _Building(sources, folder, counted, layout, progress)
    building.place()
    building.shuffle()
    building.write_index(key)
    return Tiles.open(folder)


class _Counted:
    """What the first pass finds."""

    def __init__(self, every: int) -> None:
        self.every = every
        self.cells = CellCounts()
        self.lowest = np.full(3, np.inf)
        self.classes: list[NDArray[np.uint8]] = []

    @property
    def points(self) -> int:
        """Number of points of the clouds that are read."""
        return sum(len(each) for each in self.classes)

    def add(self, first: int, cloud: PointCloud) -> None:
        x, y, z = _world(cloud, _part(first, cloud, self.every))
        if len(x):
            self.cells.add(cell_keys(x, y))
            self.lowest = np.minimum(self.lowest, [x.min(), y.min(), z.min()])


def _part(first: int, cloud: PointCloud, every: int) -> NDArray[np.bool_]:
    """Return which points of a batch take part; `first` is the place of its first point in the cloud.

    The bits of a point's place are mixed: so a scanner that fires its beams in turn keeps all of them.
    """
    part = np.ones(len(cloud), np.bool_) if cloud.used is None else cloud.used
    if every == 1:
        return part
    mixed = np.arange(first, first + len(cloud), dtype=np.uint64).astype(np.uint32)
    for factor in (0x7FEB352D, 0x846CA68B):  # Wellons, hash prospector
        mixed = (mixed ^ (mixed >> np.uint32(16))) * np.uint32(factor)
    return part & (mixed % np.uint32(every) == 0)


def _world(cloud: PointCloud, part: NDArray[np.bool_]) -> tuple[NDArray[np.float64], ...]:
    """Return x, y and z of the points that take part, in metres."""
    return tuple(
        getattr(cloud, name)[part] * cloud.scale[axis] + cloud.offset[axis] for axis, name in enumerate("xyz")
    )


def _count(sources: Sequence[TileSource], every: int, progress: Progress) -> _Counted:
    counted = _Counted(every)
    for number, source in enumerate(sources):
        before = counted.points

        def take(first: int, cloud: PointCloud, number: int = number, before: int = before) -> None:
            counted.add(first, cloud)
            progress(Step("read points", number, len(sources), points=before + first + len(cloud)))

        counted.classes.append(read_classes(source.path, take, scheme=source.scheme, size=BATCH))
    progress(Step("read points", len(sources), len(sources), points=counted.points))
    return counted


class _Building:
    """Tiles on their way to the disk."""

    def __init__(
        self,
        sources: Sequence[TileSource],
        folder: Path,
        counted: _Counted,
        layout: Layout,
        progress: Progress,
    ) -> None:
        self.sources, self.folder, self.layout, self.progress = sources, folder, layout, progress
        self.classes, self.every = counted.classes, counted.every
        self.starts = np.cumsum([0, *(len(each) for each in self.classes)])
        self.firsts = np.cumsum(layout.points) - layout.points
        low = counted.lowest
        self.origin = (float(low[0] // SIDE * SIDE), float(low[1] // SIDE * SIDE), float(np.floor(low[2])))
        self.sums = GroundSums(layout.squares)
        self.ground = np.empty(0, np.float32)
        self.clouds: list[TiledCloud] = []
        self.counts = sum(
            (np.bincount(each, minlength=len(CLASS_NAMES)) for each in self.classes),
            np.zeros(len(CLASS_NAMES), np.int64),
        )
        self.crs = ""
        self.has = dict.fromkeys(("confidence", "intensity", "rgb", "truth", "reason"), False)

    def place(self) -> None:
        """Write every point to the next free place of its tile: the second pass."""
        following = self.firsts.copy()
        with (
            (self.folder / "records.bin").open("wb", buffering=0) as records,
            (self.folder / "exact.bin").open("wb", buffering=0) as exact,
        ):
            for number, source in enumerate(self.sources):
                placing = _Placing(self, number, source, following, records, exact)
                read_shown(source.path, placing.take, size=BATCH)
                self.clouds.append(placing.cloud)
        self.progress(Step("sort points", len(self.sources), len(self.sources), points=int(self.starts[-1])))

    def shuffle(self) -> None:
        """Put the points of each tile into their last order, with place in the tile and height above ground."""
        self.ground = self.sums.filled()
        self.table = np.zeros(len(self.firsts), TILE)
        self.table["first"], self.table["points"] = self.firsts, self.layout.points
        self.table["square"], self.table["side"] = self.layout.square, self.layout.side
        favour = self._favour()
        where = np.memmap(self.folder / "places.bin", "<u4", "w+", shape=(int(self.starts[-1]),))
        where[:] = NOWHERE
        scales = np.array([cloud.scale for cloud in self.clouds])
        offsets = np.array([cloud.offset for cloud in self.clouds])
        with (
            (self.folder / "records.bin").open("r+b", buffering=0) as records_file,
            (self.folder / "exact.bin").open("r+b", buffering=0) as exact_file,
        ):
            for tile in range(len(self.table)):
                first, points = int(self.firsts[tile]), int(self.layout.points[tile])
                records = _read(records_file, RECORD, first, points)
                exact = _read(exact_file, EXACT, first, points)
                order = _shuffled(records["label"], favour, self._seed(tile))
                records, exact = records[order], exact[order]
                xyz = coordinates(exact, scales, offsets, self.origin)
                self._fill(tile, records, xyz)
                where[self.starts[exact["cloud"]] + records["index"]] = first + np.arange(
                    points, dtype=np.uint32
                )
                _write(records_file, records, first)
                _write(exact_file, exact, first)
                done = first + points
                self.progress(Step("shuffle tiles", tile + 1, len(self.table), points=done))
        where.flush()

    def _fill(self, tile: int, records: NDArray[np.void], xyz: tuple[NDArray[np.float64], ...]) -> None:
        """Write place in the tile and height above ground into the records of a tile."""
        row = self.table[tile]
        for axis, (name, values) in enumerate(zip("xyz", xyz, strict=True)):
            low, high = float(values.min()), float(values.max())
            row["min"][axis], row["max"][axis] = low, high
            records[name] = np.rint((values - low) * (65535 / (high - low) if high > low else 0))
        cells = cells_in_square(xyz[0] + self.origin[0], xyz[1] + self.origin[1])
        above = xyz[2] - self.ground[row["square"]].reshape(-1)[cells]
        records["height"] = np.rint(np.clip(above / _STEP_OF_HEIGHT, 0, 255))

    def _favour(self) -> NDArray[np.float64]:
        """Return how much earlier each class comes than by chance."""
        known = self.counts.copy()
        known[UNDEFINED] = 0
        favour = (known.max() / np.maximum(self.counts, 1)) ** FAVOUR if known.any() else np.ones(len(known))
        favour[UNDEFINED] = 1
        return np.maximum(favour, 1)

    def _seed(self, tile: int) -> list[int]:
        """Return the seed of a tile: the same wherever it is in the list."""
        square = self.layout.squares[self.layout.square[tile]]
        number = int(tile - np.searchsorted(self.layout.square, self.layout.square[tile]))
        return [_SEED, int(square["col"]) & 0xFFFFFFFF, int(square["row"]) & 0xFFFFFFFF, number]

    def write_index(self, key: str) -> None:
        """Write tiles, ground and index; the index last."""
        np.save(self.folder / "tiles.npy", self.table)
        np.save(self.folder / "ground.npy", self.ground)
        np.save(self.folder / "squares.npy", self.layout.squares)
        write_json(
            {
                "version": VERSION,
                "key": key,
                "origin": self.origin,
                "crs": self.crs,
                "has": self.has,
                "counts": self.counts.tolist(),
                "clouds": [
                    {
                        "name": cloud.name,
                        "points": cloud.points,
                        "scale": cloud.scale,
                        "offset": cloud.offset,
                        "labelled": cloud.labelled,
                        "sha256": source.sha256,
                    }
                    for cloud, source in zip(self.clouds, self.sources, strict=True)
                ],
            },
            self.folder / "index.json",
        )


class _Placing:
    """The second pass over one cloud."""

    def __init__(
        self,
        building: _Building,
        number: int,
        source: TileSource,
        following: NDArray[np.int64],
        records: BinaryIO,
        exact: BinaryIO,
    ) -> None:
        self._building, self._number, self._following = building, number, following
        self._records, self._exact = records, exact
        self._classes = building.classes[number]
        self._truth = source.truth()
        self._name = source.name
        self._wide: bool | None = None
        self._brightest: float | None = None
        self.cloud = TiledCloud(
            source.name, len(self._classes), (1, 1, 1), (0, 0, 0), bool(self._classes.any())
        )

    def take(self, first: int, shown: Shown) -> None:
        """Write the points of a batch to their tiles."""
        building, cloud = self._building, shown.cloud
        self.cloud = TiledCloud(
            self._name, len(self._classes), cloud.scale, cloud.offset, bool(self._classes.any())
        )
        if not building.crs and cloud.crs is not None and cloud.crs.wkt:
            building.crs = names_of_wkt(cloud.crs.wkt)["horizontal"] or ""
        records, exact = self._values(first, shown)
        part = _part(first, cloud, building.every)
        records, exact, xyz = records[part], exact[part], _world(cloud, part)
        if len(records):
            tile, square = building.layout.find(cell_keys(xyz[0], xyz[1]))
            is_ground = records["label"] == GROUND
            building.sums.add(square, cells_in_square(xyz[0], xyz[1]), xyz[2] - building.origin[2], is_ground)
            self._write(tile, records, exact)
        total = len(building.sources)
        done = int(building.starts[self._number]) + first + len(cloud)
        building.progress(Step("sort points", self._number, total, points=done))

    def _write(self, tile: NDArray[np.int64], records: NDArray[np.void], exact: NDArray[np.void]) -> None:
        order = np.argsort(tile.astype(np.uint16) if tile.max() < 1 << 16 else tile, kind="stable")
        tile, records, exact = tile[order], records[order], exact[order]
        starts = np.flatnonzero(np.diff(tile, prepend=-1))
        for start, end in zip(starts, [*starts[1:], len(tile)], strict=True):
            place = int(self._following[tile[start]])
            _write(self._records, records[start:end], place)
            _write(self._exact, exact[start:end], place)
            self._following[tile[start]] += end - start

    def _values(self, first: int, shown: Shown) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """Return the records of a batch, but for what its tile decides, and the exact coordinates."""
        count, has = len(shown.cloud), self._building.has
        part = slice(first, first + count)
        records, exact = np.zeros(count, RECORD), np.empty(count, EXACT)
        for name in "xyz":
            exact[name] = getattr(shown.cloud, name)
        exact["cloud"] = self._number
        records["source"] = self._number % 256
        records["index"] = np.arange(first, first + count, dtype=np.uint32)
        records["label"] = self._classes[part]
        records["confidence"] = 255 if shown.confidence is None else shown.confidence
        has["confidence"] |= shown.confidence is not None
        if shown.reasons is not None:
            records["reason"] = shown.reasons
            has["reason"] = True
        records["truth"] = NO_TRUTH
        if self._truth is not None:
            truth = self._truth[part]
            records["truth"] = np.where(truth == UNDEFINED, NO_TRUTH, truth)
            has["truth"] = True
        if shown.intensity is not None:
            records["intensity"] = self._intensity(shown.intensity)
            has["intensity"] |= bool(records["intensity"].any())
        if shown.colours is not None:
            for name, values in zip(("red", "green", "blue"), self._colours(shown.colours), strict=True):
                records[name] = values
                has["rgb"] |= bool(records[name].any())
        return records, exact

    def _intensity(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        """Return intensities as 0 to 255; 255 is the 98th percentile of the first batch."""
        wide = np.nan_to_num(values.astype(np.float64), posinf=0, neginf=0)
        if self._brightest is None:
            self._brightest = float(np.percentile(wide, 98)) or float(wide.max()) or 1.0
        return np.clip(wide * (255 / max(self._brightest, 1e-9)), 0, 255)

    def _colours(self, channels: list[NDArray[np.generic]]) -> list[NDArray[np.float64]]:
        """Return colours of 8 bits; those of 16 bits have a value above 255 in the first batch."""
        wide = [np.nan_to_num(channel.astype(np.float64), posinf=0, neginf=0) for channel in channels]
        if self._wide is None:
            self._wide = any(channel.max() > 255 for channel in wide)
        return [np.clip(channel / 257 if self._wide else channel, 0, 255) for channel in wide]


def _shuffled(labels: NDArray[np.uint8], favour: NDArray[np.float64], seed: list[int]) -> NDArray[np.intp]:
    """Return a random order in which favoured classes come earlier."""
    keys = np.random.default_rng(seed).standard_exponential(len(labels)) / favour[labels]
    return np.argsort(keys, kind="stable")


def _read(file: BinaryIO, kind: np.dtype[np.void], first: int, points: int) -> NDArray[np.void]:
    file.seek(first * kind.itemsize)
    return np.fromfile(file, kind, points)


def _write(file: BinaryIO, values: NDArray[np.void], first: int) -> None:
    file.seek(first * values.dtype.itemsize)
    rest = memoryview(values.tobytes())
    while len(rest):  # a system may write less than it is asked to
        rest = rest[file.write(rest) :]
