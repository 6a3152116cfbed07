"""Points -> DEM, and what is asked for beside it: `bevseg ground`."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

from bevseg.config import Settings
from bevseg.ground.find import Ground, find_ground
from bevseg.io.read import read_cloud
from bevseg.runtime.batch import BatchResult, CloudResult
from bevseg.workdir import ground_products as products
from bevseg.workdir.folder import Folder
from bevseg.workdir.for_each import StageOptions, for_each_folder


def with_ground(settings: Settings, method: str | None, cell: float | None) -> Settings:
    """Return settings with another method or another cell (m) of the ground; None: as they are."""
    if method is not None:
        settings = dataclasses.replace(settings, ground=dataclasses.replace(settings.ground, method=method))
    if cell is not None:
        settings = dataclasses.replace(settings, raster=dataclasses.replace(settings.raster, cell=cell))
    return settings


def ground_work(
    work: Path, settings: Settings, *, asked: products.Asked = products.DEM_ONLY, how: StageOptions
) -> BatchResult:
    """Write the DEM of every cloud, `dem.tif`, and what is asked for beside it.

    Parameters
    ----------
    work
        Work directory.
    settings
        Groups `ground` and `raster` (the cell) are used.
    asked
        Files beside the DEM; points are not among them.
    how
        Overwrite, processes, errors, progress.

    Returns
    -------
    BatchResult
        What is done of each cloud has the facts `method` and `why`.
    """
    stage = functools.partial(_ground, settings=settings, asked=asked)
    return for_each_folder(work, "ground", stage, settings, ("ground", "raster"), how)


def _ground(folder: Folder, *, settings: Settings, asked: products.Asked) -> CloudResult:
    cloud = folder.read_cloud()
    found = find_ground(cloud, settings.raster.cell, settings.ground)
    written = folder.write_ground(cloud, found, settings.ground, asked)
    return CloudResult(written, len(cloud), _reasons(found))


def _reasons(found: Ground) -> dict[str, str]:
    return {"method": found.method, "why": found.why}


def ground_cloud(
    path: Path,
    dem_path: Path,
    settings: Settings,
    *,
    asked: products.Asked = products.DEM_ONLY,
    overwrite: bool = False,
) -> BatchResult:
    """Write the DEM of one cloud file, and what is asked for beside it.

    Parameters
    ----------
    path
        The cloud.
    dem_path
        GeoTIFF to write.
    settings
        Groups `ground` and `raster` (the cell) are used.
    asked
        Files beside the DEM: `Asked.paths` tells where. The points keep their order.
    overwrite
        Whether outputs may be replaced.

    Returns
    -------
    BatchResult
        What is done of the cloud has the facts `method` and `why`.
    """
    asked.refuse(path, dem_path, overwrite=overwrite)
    cloud = read_cloud(path)
    found = find_ground(cloud, settings.raster.cell, settings.ground)
    written = products.write(cloud, found, dem_path, settings.ground, asked)
    return BatchResult(list(written), done={cloud.name: CloudResult(written, len(cloud), _reasons(found))})
