"""Labelled clouds seen from above, as pictures and masks (.npz) for studies of losses with the task `images`.

    python benchmarks/cloud_pictures.py streets OUT [--sensors oakland kitti_merged simulated:drums ...] [--data DIR]
    python benchmarks/cloud_pictures.py buildings OUT [--data DIR]

`streets` writes for each slice and sensor SLICE_SENSOR.npz, the squares of its streets, and SLICE_no_SENSOR.npz,
those of all other sensors, thinned to as many squares of each: what to train on so that the sensor is unseen.

`buildings` writes pictures of airborne tiles, where a mask says building or not: ahn3_PART.npz (Delft, 13 points/m2)
and ign_PART.npz (a coastal town thinned to 0.26 points/m2), PART one of train, val, test, which are strips apart.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import laspy
import numpy as np
from labelled_clouds import DATA, Set, sets
from numpy.typing import NDArray

from bevseg.bev.bands import bands
from bevseg.config import Settings
from bevseg.config.names import SLICES
from bevseg.core.heights import height_above_ground
from bevseg.core.labels import CLASS_NAMES
from bevseg.ground.find_ground import find_ground
from bevseg.io.read import read_cloud
from bevseg.seg.inputs import scaled
from bevseg.training.examples import prepare_example, validation_scene

SENSORS = (
    "oakland",
    "kitti_merged",
    "nuscenes_merged",
    "ika",
    "simulated:drums",
    "simulated:mixed",
    "simulated:backpack",
    "simulated:survey_car",
)
STREETS = 6
"""Simulated streets of a preset."""

SIDE = 96
"""Cells of a square, 19.2 m."""

LEAST = 0.005
"""Share of the cells of a square that have a label, at least."""

EACH = 60
"""Squares of a sensor among those of all others, at most."""

SEED = 0
"""Of the choice of squares."""

IGNORE = 255

BUILDING = 6
"""Class code of ASPRS."""

AERIAL = {
    "ahn3": ("ahn3_delft/ahn3_cropped_2.laz", 0.5, 72),
    "ign": ("ign_lidarhd/test_semis_2021_0382_6565_LA93_IGN69.laz", 2.0, 64),
}
"""Name -> file below the data, side of a cell (m), side of a square (cells)."""

AERIAL_BANDS = ("highest", "lowest", "mean", "spread", "points")
"""Heights above the ground in m, and log(1 + points), of a cell."""

PARTS = {"train": (0.0, 0.5), "val": (0.5, 0.65), "test": (0.65, 1.0)}
"""Shares of the longer side of a tile."""

Squares = tuple[NDArray[np.float32], NDArray[np.uint8]]
"""Bands (N, side, side, bands) and ids (N, side, side)."""


def main() -> None:
    """Parse the command line, and write the pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=("streets", "buildings"))
    parser.add_argument("out", type=Path)
    parser.add_argument("--sensors", nargs="+", default=SENSORS)
    parser.add_argument("--data", type=Path, default=DATA)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    if asked.kind == "streets":
        write_streets(sets(asked.sensors, asked.data, STREETS), asked.out)
    else:
        write_buildings(asked.data, asked.out)


def write_streets(sensors: Sequence[Set], out: Path) -> None:
    """Write the squares of each sensor, and of all but it."""
    settings = Settings()
    of_sensor: dict[str, dict[str, Squares]] = {name: {} for name in SLICES}
    for sensor in sensors:
        found: dict[str, list[Squares]] = {name: [] for name in SLICES}
        for read in sensor.clouds.values():
            example = prepare_example(read(), settings)
            for name in SLICES:
                values, labels = validation_scene(name, example, settings)
                planes = scaled(values, bands(settings.raster.features)[name]).numpy()
                ids = np.where(labels > 0, labels - 1, IGNORE).astype(np.uint8)
                found[name].append(squares(planes.transpose(1, 2, 0), ids, SIDE))
        for name in SLICES:
            of_sensor[name][short(sensor.name)] = joined(found[name])
    for name, parts in of_sensor.items():
        listed = [band.name for band in bands(settings.raster.features)[name]]
        for sensor_name, own in parts.items():
            others = joined([thinned(part) for other, part in parts.items() if other != sensor_name])
            write(out / f"{name}_{sensor_name}.npz", own, CLASS_NAMES[1:], listed)
            write(out / f"{name}_no_{sensor_name}.npz", others, CLASS_NAMES[1:], listed)


def write_buildings(data: Path, out: Path) -> None:
    """Write the squares of each airborne tile, strip by strip."""
    for name, (file, cell, side) in AERIAL.items():
        values, ids = aerial_raster(data / file, cell)
        if values.shape[1] > values.shape[0]:
            values, ids = values.swapaxes(0, 1), ids.T
        for part, (begin, end) in PARTS.items():
            rows = slice(round(begin * len(ids)), round(end * len(ids)))
            write(
                out / f"{name}_{part}.npz",
                squares(values[rows], ids[rows], side),
                ("other", "building"),
                AERIAL_BANDS,
            )


def aerial_raster(path: Path, cell: float) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return bands (rows, cols, bands) of a tile, and whether the highest point of each cell is building."""
    cloud, codes = read_cloud(path), np.asarray(laspy.read(path).classification)
    above = height_above_ground(cloud, find_ground(cloud, 1.0, Settings().ground).dem)
    xy = cloud.xyz[:, :2]
    cols, rows = np.floor((xy - xy.min(0)) / cell).astype(np.int64).T
    shape = (int(rows.max()) + 1, int(cols.max()) + 1)
    places = rows * shape[1] + cols
    order = np.lexsort((above, places))
    order = order[np.isfinite(above[order])]
    cells, first, count = np.unique(places[order], return_index=True, return_counts=True)
    heights = above[order]
    lowest, highest = heights[first], heights[first + count - 1]
    mean = np.add.reduceat(heights, first) / count
    planes = np.zeros((len(AERIAL_BANDS), shape[0] * shape[1]), np.float32)
    planes[:, cells] = highest, lowest, mean, highest - lowest, np.log1p(count)
    ids = np.full(shape[0] * shape[1], IGNORE, np.uint8)
    ids[cells] = codes[order][first + count - 1] == BUILDING
    return planes.reshape(-1, *shape).transpose(1, 2, 0), ids.reshape(shape)


def squares(values: NDArray[np.float32], ids: NDArray[np.uint8], side: int) -> Squares:
    """Cut bands (rows, cols, bands) and ids into squares; empty at the last edges, those without labels left out."""
    below, right = -len(ids) % side, -ids.shape[1] % side
    values = np.pad(values, ((0, below), (0, right), (0, 0)))
    ids = np.pad(ids, ((0, below), (0, right)), constant_values=IGNORE)
    kept = [
        (slice(row, row + side), slice(col, col + side))
        for row in range(0, len(ids), side)
        for col in range(0, ids.shape[1], side)
        if (ids[row : row + side, col : col + side] != IGNORE).mean() >= LEAST
    ]
    empty = np.zeros((0, side, side, values.shape[2]), np.float32), np.zeros((0, side, side), np.uint8)
    if not kept:
        return empty
    return np.stack([values[place] for place in kept]), np.stack([ids[place] for place in kept])


def joined(parts: Sequence[Squares]) -> Squares:
    """Put the squares of several clouds together."""
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def thinned(part: Squares) -> Squares:
    """Choose EACH squares at most."""
    chosen = np.sort(np.random.default_rng(SEED).permutation(len(part[1]))[:EACH])
    return part[0][chosen], part[1][chosen]


def short(name: str) -> str:
    """Return the name of a set as part of a file name."""
    return name.replace(" ", "_")


def write(path: Path, part: Squares, classes: Sequence[str], band_names: Sequence[str]) -> None:
    """Write squares as pictures and masks."""
    np.savez_compressed(
        path, images=part[0].astype(np.float16), labels=part[1], class_names=classes, band_names=band_names
    )
    shares = np.bincount(part[1].ravel(), minlength=256)[: len(classes)]
    print(f"{path}: {len(part[1])} squares, cells {dict(zip(classes, shares.tolist(), strict=True))}")


if __name__ == "__main__":
    main()
