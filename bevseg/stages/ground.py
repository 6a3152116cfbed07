"""Points -> DEM and its companions (DSM, nDSM, hillshade, ground points): `bevseg ground`."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

from bevseg.config import Settings
from bevseg.ground.find_ground import Ground, find_ground
from bevseg.io.find import CloudFile, stem
from bevseg.io.read import read_cloud
from bevseg.runtime.batch import BatchResult, CloudResult, for_each_cloud
from bevseg.workdir.folder import Folder
from bevseg.workdir.for_each import StageOptions, for_each_folder
from bevseg.workdir.ground_products import DEM_ONLY, GroundProducts, write_products


def with_ground(settings: Settings, method: str | None, cell: float | None) -> Settings:
    """Return settings with another ground method and another cell (m); None leaves a value as it is."""
    if method is not None:
        settings = dataclasses.replace(settings, ground=dataclasses.replace(settings.ground, method=method))
    if cell is not None:
        settings = dataclasses.replace(settings, raster=dataclasses.replace(settings.raster, cell=cell))
    return settings


def ground_work(
    work: Path, settings: Settings, *, products: GroundProducts = DEM_ONLY, options: StageOptions
) -> BatchResult:
    """Write the DEM of every cloud of a work directory, `dem.tif`, and the other files of `products`.

    Parameters
    ----------
    work
        Work directory.
    settings
        Groups `ground` and `raster` (the cell) are used.
    products
        The files to write, without `points`.
    options
        Overwrite, processes, errors, progress.

    Returns
    -------
    BatchResult
        The facts of each cloud are `method` and `why`: the ground method and the reason for it.
    """
    stage = functools.partial(_ground, settings=settings, products=products)
    return for_each_folder(work, "ground", stage, settings, ("ground", "raster"), options)


def _ground(folder: Folder, *, settings: Settings, products: GroundProducts) -> CloudResult:
    cloud = folder.read_cloud()
    found = find_ground(cloud, settings.raster.cell, settings.ground)
    written = folder.write_ground(cloud, found, settings.ground, products)
    return CloudResult(written, len(cloud), _facts(found))


def _facts(ground: Ground) -> dict[str, str]:
    return {"method": ground.method, "why": ground.why}


def ground_cloud(
    path: Path,
    dem_path: Path,
    settings: Settings,
    *,
    products: GroundProducts = DEM_ONLY,
    overwrite: bool = False,
) -> BatchResult:
    """Write the DEM of one cloud file, and the other files of `products`.

    Parameters
    ----------
    path
        The cloud.
    dem_path
        GeoTIFF to write.
    settings
        Groups `ground` and `raster` (the cell) are used.
    products
        The files to write; `GroundProducts.paths` gives their paths. The points keep their order.
    overwrite
        Whether outputs may be replaced.

    Returns
    -------
    BatchResult
        The facts of the cloud are `method` and `why`: the ground method and the reason for it.
    """
    products.check_outputs(path, dem_path, overwrite=overwrite)
    stage = functools.partial(_ground_of_file, dem_path=dem_path, settings=settings, products=products)
    return for_each_cloud("ground", stage, [CloudFile(path, stem(path))])


def _ground_of_file(
    file: CloudFile, *, dem_path: Path, settings: Settings, products: GroundProducts
) -> CloudResult:
    cloud = read_cloud(file.path)
    found = find_ground(cloud, settings.raster.cell, settings.ground)
    written = write_products(cloud, found, dem_path, settings.ground, products)
    return CloudResult(written, len(cloud), _facts(found))
