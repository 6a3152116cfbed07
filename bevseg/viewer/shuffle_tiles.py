"""Points of each tile -> the same points in their last order: by chance, and rare classes earlier."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.labels import UNDEFINED
from bevseg.runtime.progress import Progress, Step
from bevseg.viewer.layout import Layout
from bevseg.viewer.tile_file import (
    EXACT,
    NOWHERE,
    RECORD,
    TILE,
    TiledCloud,
    cells_in_square,
    coordinates,
    read_points,
    write_points,
)

FAVOUR = 0.75
"""A class comes as much earlier in a tile as it is rarer than the commonest one, to this power: of 1 %, 30 times."""

STEP_OF_HEIGHT = 0.1
"""Step of the heights above ground of a record, m."""

_SEED = 16


def shuffle_tiles(
    folder: Path,
    layout: Layout,
    clouds: list[TiledCloud],
    ground: NDArray[np.float32],
    origin: tuple[float, float, float],
    class_counts: NDArray[np.int64],
    progress: Progress,
) -> NDArray[np.void]:
    """Shuffle the points of each tile, fill in what its tile decides, and write where each point stands.

    Parameters
    ----------
    folder
        Of `records.bin` and `exact.bin`, which are changed; `places.bin` is written.
    layout
        The tiles.
    clouds
        In the order of their numbers.
    ground
        (S, 50, 50) heights of the ground by square, m.
    origin
        x, y, z that coordinates are relative to, m.
    class_counts
        (6,) number of points by class.
    progress
        Progress callback.

    Returns
    -------
    NDArray
        (T,) `TILE`.
    """
    table = np.zeros(len(layout.points), TILE)
    table["first"], table["points"] = layout.firsts, layout.points
    table["square"], table["side"] = layout.square, layout.side
    favour = _favour(class_counts)
    starts = np.cumsum([0, *(cloud.points for cloud in clouds)])
    places = np.memmap(folder / "places.bin", "<u4", "w+", shape=(int(starts[-1]),))
    places[:] = NOWHERE
    scales, offsets = np.array([c.scale for c in clouds]), np.array([c.offset for c in clouds])
    with (
        (folder / "records.bin").open("r+b", buffering=0) as records_file,
        (folder / "exact.bin").open("r+b", buffering=0) as exact_file,
    ):
        for tile, row in enumerate(table):
            first, points = int(row["first"]), int(row["points"])
            records = read_points(records_file, RECORD, first, points)
            exact = read_points(exact_file, EXACT, first, points)
            order = _shuffled(records["label"], favour, _seed(layout, tile))
            records, exact = records[order], exact[order]
            _fill(row, records, coordinates(exact, scales, offsets, origin), ground, origin)
            places[starts[exact["cloud"]] + records["index"]] = np.arange(first, first + points)
            write_points(records_file, records, first)
            write_points(exact_file, exact, first)
            progress(Step("shuffle tiles", tile + 1, len(table), points=first + points))
    places.flush()
    return table


def _fill(
    row: np.void,
    records: NDArray[np.void],
    xyz: tuple[NDArray[np.float64], ...],
    ground: NDArray[np.float32],
    origin: tuple[float, float, float],
) -> None:
    """Write the box of a tile, and place in it and height above ground of its records."""
    for axis, (name, values) in enumerate(zip("xyz", xyz, strict=True)):
        low, high = float(values.min()), float(values.max())
        row["min"][axis], row["max"][axis] = low, high
        records[name] = np.rint((values - low) * (65535 / (high - low) if high > low else 0))
    cells = cells_in_square(xyz[0] + origin[0], xyz[1] + origin[1])
    above = xyz[2] - ground[row["square"]].reshape(-1)[cells]
    records["height"] = np.rint(np.clip(above / STEP_OF_HEIGHT, 0, 255))


def _favour(class_counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how much earlier each class comes than by chance, at least 1; undefined points come by chance."""
    known = class_counts.copy()
    known[UNDEFINED] = 0
    favour = np.maximum(known.max() / np.maximum(class_counts, 1), 1) ** FAVOUR
    favour[UNDEFINED] = 1
    return favour


def _seed(layout: Layout, tile: int) -> list[int]:
    """Return the seed of a tile: it depends on its place in the world, and not on other tiles."""
    square = layout.squares[layout.square[tile]]
    number = int(tile - np.searchsorted(layout.square, layout.square[tile]))
    return [_SEED, int(square["col"]) & 0xFFFFFFFF, int(square["row"]) & 0xFFFFFFFF, number]


def _shuffled(labels: NDArray[np.uint8], favour: NDArray[np.float64], seed: list[int]) -> NDArray[np.intp]:
    """Return a random order in which favoured classes come earlier."""
    keys = np.random.default_rng(seed).standard_exponential(len(labels)) / favour[labels]
    return np.argsort(keys, kind="stable")
