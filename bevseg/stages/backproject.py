"""Classes of the cells -> classes of the points: `bevseg backproject`."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

from bevseg.bev.backproject import backproject
from bevseg.config import SliceConfig
from bevseg.core.reasons import UNLIKE, of_unlike
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
    classes = folder.read_classes(dem.grid)
    point_labels = backproject(cloud, dem, classes, slices)
    if any("reason" in each.names and (each["reason"] == UNLIKE).any() for each in classes.values()):
        # Also what the networks were not asked about.
        assert point_labels.reasons is not None  # backproject gives them
        point_labels = replace(point_labels, reasons=of_unlike(point_labels.reasons, point_labels.classes))
    return CloudResult(folder.write_labels(point_labels), len(cloud))
