"""Labelled clouds -> tiles on disk, in two passes over the files. Memory does not grow with the number of points.

The first pass counts the points of each place, and reads the classes. The second writes each point to its tile. Then
every tile is shuffled. Any prefix of it is a sample, in which rare classes are denser: a pole is visible in the first
points that a page draws.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from bevseg.errors import BevsegError, InputError
from bevseg.runtime.atomic import write_error, write_json
from bevseg.runtime.progress import Progress, silent
from bevseg.viewer.count_points import count_points
from bevseg.viewer.place_points import place_points
from bevseg.viewer.shuffle_tiles import shuffle_tiles
from bevseg.viewer.sources import TileSource
from bevseg.viewer.tile_file import VERSION, Tiles

MOST_CLOUDS = 1 << 16
"""Clouds of one view: their numbers have 16 bits."""


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
        If the files cannot be written. Nothing of them stays then.
    """
    if len(sources) > MOST_CLOUDS:
        raise InputError(
            f"{len(sources):,} clouds are too many for one view",
            hint=f"view at most {MOST_CLOUDS:,} of them",
        )
    with _made_anew(folder):
        counted = count_points(sources, every, progress)
        layout = counted.cells.layout()
        if not len(layout.points):
            raise InputError(
                "There is no point to draw", where=sources[0].path, why="no point has finite coordinates"
            )
        placed = place_points(sources, folder, counted, layout, progress)
        ground = placed.sums.filled()
        class_counts = counted.class_counts
        table = shuffle_tiles(folder, layout, placed.clouds, ground, counted.origin, class_counts, progress)
        np.save(folder / "tiles.npy", table)
        np.save(folder / "ground.npy", ground)
        np.save(folder / "squares.npy", layout.squares)
        clouds = [
            {**dataclasses.asdict(cloud), "sha256": source.sha256}
            for cloud, source in zip(placed.clouds, sources, strict=True)
        ]
        index = {
            "version": VERSION,
            "key": key,
            "origin": counted.origin,
            "crs": placed.crs,
            "has": sorted(placed.has),
            "counts": class_counts.tolist(),
            "clouds": clouds,
        }
        write_json(index, folder / "index.json")
    return Tiles.open(folder)


@contextmanager
def _made_anew(folder: Path) -> Iterator[None]:
    """Make a folder anew; remove it if the block does not come to its end."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        yield
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError) and not isinstance(error, BevsegError):
            raise write_error(folder, error) from error
        raise
