"""Classes of the cells -> classes of the points: `bevseg backproject`."""

from __future__ import annotations

import functools
from pathlib import Path

from bevseg.bev.backproject import backproject
from bevseg.config import SliceConfig
from bevseg.runtime.batch import BatchResult, CloudResult
from bevseg.workdir.folder import Folder
from bevseg.workdir.for_each import StageOptions, for_each_folder
from bevseg.workdir.settings import settings_of


def backproject_work(work: Path, *, options: StageOptions) -> BatchResult:
    """Write class and confidence of every point of every cloud: `labels.npz`.

    Parameters
    ----------
    work
        Work directory with `dem.tif`, `low_classes.tif` and `high_classes.tif` of every cloud.
    options
        Overwrite, processes, errors, progress.
    """
    settings = settings_of(work)
    stage = functools.partial(_backproject, slices=settings.slices)
    return for_each_folder(work, "backproject", stage, settings, (), options)


def _backproject(folder: Folder, *, slices: SliceConfig) -> CloudResult:
    cloud = folder.read_cloud()
    dem = folder.read_dem(cloud)
    point_labels = backproject(cloud, dem, folder.read_classes(dem.grid), slices)
    return CloudResult(folder.write_labels(point_labels), len(cloud))
