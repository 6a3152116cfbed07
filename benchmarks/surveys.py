"""Surveys for measuring, of any number of points, written as LAZ 1.4 of point format 6.

Roads come from `street_network.py`. The same recipe gives the same bytes. Files that are there with the right number
of points are not made again. Memory does not depend on the number of points: that of the streets, and of one piece.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import laspy
import numpy as np
import pyproj
from street_network import FORMAT, STEP, STEPS, Recipe, Records, road

from bevseg.sim.simulate import EPSG

OFFSET = (87_000.0, 439_000.0, 0.0)
"""Of the coordinates in all files, m: where the road begins."""

TILE = 25_000_000
"""Points of a tile."""

FOUR_FROM = 12_000_000
"""From so many points on, a network has four tiles at least; a smaller one is one tile."""

BATCH = 1_000_000
"""Points written at a time."""

STRETCHES = 10
"""Small files that one piece of road gives."""

USUAL = Recipe()

DATE = datetime.date(2026, 1, 1)
"""Date in the headers, so that the bytes do not depend on the day."""


def network(folder: Path, points: int, tile: int | None = None, recipe: Recipe = USUAL) -> Path:
    """Return a folder of tiles: exactly so many points of a road. Tiles of the right size are not made again.

    Parameters
    ----------
    folder
        Where the folder, and the streets, lie or are put.
    points
        Of all tiles.
    tile
        Points of a tile at most. None: `TILE`, or a quarter of a smaller network.
    recipe
        The streets.
    """
    quarter = points if points < FOUR_FROM else -(-points // 4)
    sizes = _shares(points, -(-points // (tile or min(TILE, quarter))))
    made = folder / f"network_{points}_{len(sizes)}_{recipe.seed}"
    paths = [made / f"tile_{number:04d}.laz" for number in range(len(sizes))]
    if all(map(_is_ready, paths, sizes)):
        return made
    drive = _Drive(piece.records() for piece in road(folder, recipe))
    for path, size in zip(paths, sizes, strict=True):
        if _is_ready(path, size):
            drive.skip(size)
        else:
            _write(path, drive.take(size))
    return made


def corridor(folder: Path, points: int, kilometres: float, recipe: Recipe = USUAL) -> Path:
    """Return a folder with one file: points drawn from a road of so many kilometres, evenly along it."""
    made = folder / f"corridor_{points}_{kilometres:g}_{recipe.seed}"
    path = made / "corridor.laz"
    if not _is_ready(path, points):
        pieces, left = [], kilometres * 1000 * STEPS
        for piece in road(folder, recipe):
            pieces.append(piece)
            left -= piece.street.length
            if left <= 0:
                break
        rng = np.random.default_rng([recipe.seed, 4])
        shares = _shares(points, len(pieces))
        _write(path, (_drawn(rng, *pair) for pair in zip((p.records() for p in pieces), shares, strict=True)))
    return made


def small_files(folder: Path, files: int, points: int, recipe: Recipe = USUAL) -> Path:
    """Return a folder of files of so many points each, drawn from stretches of a road."""
    made = folder / f"files_{files}_{points}_{recipe.seed}"
    paths = [made / f"cloud_{number:05d}.laz" for number in range(files)]
    if not all(_is_ready(path, points) for path in paths):
        rng = np.random.default_rng([recipe.seed, 5])
        stretches = itertools.chain.from_iterable(
            np.array_split(piece.records(), STRETCHES) for piece in road(folder, recipe)
        )
        for path, stretch in zip(paths, stretches, strict=False):
            _write(path, [_drawn(rng, stretch, points)])
    return made


def spread(folder: Path, points: int, square_kilometres: float, recipe: Recipe = USUAL) -> Path:
    """Return a folder with one file: points all over a square, on gentle hills."""
    made = folder / f"spread_{points}_{square_kilometres:g}_{recipe.seed}"
    path = made / "spread.laz"
    if not _is_ready(path, points):
        rng = np.random.default_rng([recipe.seed, 6])
        side = 1000 * square_kilometres**0.5
        x, y = rng.uniform(0, side, (2, points))
        z = 5 * np.sin(x / 200) + 5 * np.cos(y / 150) + rng.exponential(1.0, points)
        record = laspy.PackedPointRecord(np.zeros(points, FORMAT.dtype()), FORMAT)
        for name, values in zip("XYZ", (x, y, z), strict=True):
            record[name] = np.rint(values / STEP).astype(np.int32)
        record["return_number"] = record["number_of_returns"] = np.ones(points, np.uint8)
        _write(path, [record.array])
    return made


class _Drive:
    """Records that are taken in order, so many at a time."""

    def __init__(self, parts: Iterator[Records]) -> None:
        self._parts = parts
        self._rest: Records = np.empty(0, FORMAT.dtype())

    def take(self, count: int) -> Iterator[Records]:
        """Yield the next `count` records, in parts."""
        while count:
            if not len(self._rest):
                self._rest = next(self._parts)
            part, self._rest = self._rest[: min(count, BATCH)], self._rest[min(count, BATCH) :]
            count -= len(part)
            yield part

    def skip(self, count: int) -> None:
        """Pass over the next `count` records."""
        for _ in self.take(count):
            pass


def _drawn(rng: np.random.Generator, records: Records, count: int) -> Records:
    """Draw some of the records; their order stays."""
    return records[np.sort(rng.choice(len(records), count, replace=False, shuffle=False))]


def _shares(total: int, count: int) -> list[int]:
    """Divide a number as evenly as whole numbers allow."""
    return [total * (k + 1) // count - total * k // count for k in range(count)]


def _is_ready(path: Path, points: int) -> bool:
    """Whether a file is there and has so many points."""
    if not path.exists():
        return False
    with laspy.open(path) as file:
        return bool(file.header.point_count == points)


def _write(path: Path, parts: Iterable[Records]) -> None:
    """Write a file; it appears when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = laspy.LasHeader(version="1.4", point_format=FORMAT)
    header.scales, header.offsets = np.full(3, STEP), np.array(OFFSET)
    header.creation_date = DATE
    header.add_crs(pyproj.CRS.from_epsg(EPSG))
    unfinished = path.with_name(path.name + ".part")
    with laspy.open(
        unfinished, mode="w", header=header, do_compress=True, laz_backend=laspy.LazBackend.LazrsParallel
    ) as file:
        for part in parts:
            file.write_points(laspy.ScaleAwarePointRecord(part, FORMAT, header.scales, header.offsets))
    unfinished.rename(path)
