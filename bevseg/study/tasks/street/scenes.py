"""Rasters of one slice with their labels, split by whole clouds and stored in one file."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bevseg.bev.bands import bands
from bevseg.bev.rasterize import label_rasters, rasterize
from bevseg.config import NAMED
from bevseg.core.labels import load_scheme
from bevseg.core.pointcloud import PointCloud
from bevseg.errors import CloudNotFoundError
from bevseg.ground.find_ground import find_ground
from bevseg.io.read import read_cloud
from bevseg.runtime.atomic import replacing
from bevseg.seg.inputs import scaled
from bevseg.study.data_folder import find_data_folder

PARTS = ("train", "val", "test")

OAKLAND = {"train": ("ad", "ah", "ai", "aj", "ak", "ao"), "val": ("ae",), "test": ("ac", "ag", "al")}
"""Clouds of the Oakland data. All parts have houses and cars; training has the most of both."""

STREETS = {"train": range(100, 106), "val": range(106, 107), "test": range(107, 110)}
"""Seeds of the simulated streets."""


@dataclass(frozen=True)
class Scene:
    """Input bands (bands, rows, cols) float32, and train ids (rows, cols) uint8, 0 without a label."""

    bands: Tensor
    labels: Tensor


def prepare(wanted: Sequence[tuple[str, str, str]], root: str, shared: Path) -> None:
    """Make the missing rasters of every (data set, named configuration, slice).

    Raises
    ------
    CloudNotFoundError
        If the clouds do not exist.
    """
    for dataset, config in sorted({(dataset, config) for dataset, config, _ in wanted}):
        missing = [name for name in ("low", "high") if not _file(shared, dataset, config, name).exists()]
        if not missing:
            continue
        arrays_of: dict[str, dict[str, NDArray[np.generic]]] = {name: {} for name in missing}
        settings = NAMED[config]
        for part, number, cloud in CLOUDS[dataset](root):
            dem = find_ground(cloud, settings.raster.cell, settings.ground).dem
            rasters = rasterize(cloud, dem, settings.slices, settings.raster)
            labels = label_rasters(cloud, dem, settings.slices)
            for name in missing:
                arrays_of[name][f"{part}_{number}_bands"] = rasters[name].values
                arrays_of[name][f"{part}_{number}_labels"] = labels[name]["class"]
        for name, arrays in arrays_of.items():
            with replacing(_file(shared, dataset, config, name)) as temporary, temporary.open("wb") as file:
                np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


@functools.lru_cache(maxsize=8)
def load(shared: Path, dataset: str, config: str, name: str) -> dict[str, list[Scene]]:
    """Return part -> scenes of one slice, written by `prepare`."""
    scenes: dict[str, list[Scene]] = {part: [] for part in PARTS}
    with np.load(_file(shared, dataset, config, name)) as arrays:
        for key in sorted(key for key in arrays if key.endswith("_bands")):
            labels = torch.from_numpy(arrays[key.replace("_bands", "_labels")])
            values = scaled(arrays[key], bands(NAMED[config].raster.features)[name])
            scenes[key.partition("_")[0]].append(Scene(values, labels))
    return scenes


def _oakland(root: str) -> list[tuple[str, int, PointCloud]]:
    place, scheme = find_data_folder(root, "oakland3d"), load_scheme("oakland")
    clouds = []
    for part, pieces in OAKLAND.items():
        for number, piece in enumerate(pieces):
            path = place / f"oakland_part2_{piece}.xyz_label_conf.gz"
            if not path.exists():
                raise CloudNotFoundError("No such cloud", where=path, hint="download all Oakland files")
            clouds.append((part, number, read_cloud(path, scheme=scheme)))
    return clouds


def _streets(root: str) -> list[tuple[str, int, PointCloud]]:
    from bevseg.sim.simulate import simulate

    return [
        (part, number, simulate(seed)) for part, seeds in STREETS.items() for number, seed in enumerate(seeds)
    ]


CLOUDS = {"oakland": _oakland, "simulated": _streets}
"""Data set -> function of the data root that returns part, number and cloud of each."""


def _file(shared: Path, dataset: str, config: str, name: str) -> Path:
    return shared / f"{dataset}_{config}_{name}.npz"
