"""Whether files of a work directory belong together: with a foreign raster, kernels would leave their arrays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bevseg.core.grid import Grid
from bevseg.core.labels import CLASS_NAMES
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.errors import InputError


def ensure_bands(raster: Raster, names: Sequence[str], dtype: str, path: Path, stage: str) -> Raster:
    """Return the raster, or raise InputError unless it has these bands of this type, in any order."""
    missing = [name for name in names if name not in raster.names]
    if missing or raster.values.dtype.name != dtype:
        raise InputError(
            "The raster does not hold what this stage reads",
            where=path,
            why=f"its bands are {', '.join(raster.names):.200} of type {raster.values.dtype.name}; expected "
            f"{', '.join(names)} of type {dtype}",
            hint=f"run {stage} again",
        )
    return raster


def ensure_train_ids(raster: Raster, path: Path, stage: str) -> Raster:
    """Return a raster with a band `class`, or raise InputError if a value of it is no train id."""
    most = int(raster["class"].max(initial=0))
    if most >= len(CLASS_NAMES):
        raise InputError(
            "The raster has classes that bevseg does not know",
            where=path,
            why=f"it holds {most}; train ids are 0 to {len(CLASS_NAMES) - 1}",
            hint=f"run {stage} again",
        )
    return raster


def ensure_same_grid(raster: Raster, grid: Grid, path: Path, stage: str) -> Raster:
    """Return the raster, or raise InputError if it lies on other cells than the DEM."""
    if raster.grid != grid:
        raise InputError(
            "The raster lies on other cells than the DEM",
            where=path,
            why=f"{raster.grid}; the DEM: {grid}",
            hint=f"run {stage} again",
        )
    return raster


def ensure_covers(dem: Raster, cloud: PointCloud, path: Path) -> Raster:
    """Return the DEM, or raise InputError if a point of the cloud lies outside of it."""
    bounds = cloud.bounds()
    if bounds is None:
        return dem
    needed, grid = Grid.covering(dem.grid.cell, bounds[0], bounds[1]), dem.grid
    right, bottom = grid.west + grid.cols, grid.north - grid.rows
    if (
        needed.west < grid.west
        or needed.north > grid.north
        or needed.west + needed.cols > right
        or needed.north - needed.rows < bottom
    ):
        raise InputError(
            "The DEM does not cover the cloud",
            where=path,
            why=f"the points need {needed}, the DEM is {grid}",
            hint="run ground again",
        )
    return dem
