"""Points and DEM -> bands and label rasters of both slices: `bevseg rasterize`."""

from __future__ import annotations

import functools
from pathlib import Path

from bevseg.bev.rasterize import label_rasters, rasterize
from bevseg.config import Settings
from bevseg.runtime.batch import BatchResult, CloudResult
from bevseg.workdir.folder import Folder
from bevseg.workdir.for_each import StageOptions, for_each_folder


def rasterize_work(work: Path, settings: Settings, *, options: StageOptions) -> BatchResult:
    """Write the bands of both slices of every cloud, and the label rasters of labelled clouds.

    Parameters
    ----------
    work
        Work directory with `dem.tif` of every cloud.
    settings
        Groups `slices` and `raster` are used.
    options
        Overwrite, processes, errors, progress.
    """
    stage = functools.partial(_rasterize, settings=settings)
    return for_each_folder(work, "rasterize", stage, settings, ("slices", "raster"), options)


def _rasterize(folder: Folder, *, settings: Settings) -> CloudResult:
    cloud = folder.read_cloud()
    dem = folder.read_dem(cloud)
    bands = rasterize(cloud, dem, settings.slices, settings.raster)
    truth = {} if cloud.labels is None else label_rasters(cloud, dem, settings.slices)
    return CloudResult(folder.write_bands(bands, truth), len(cloud))
