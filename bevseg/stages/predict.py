"""`bevseg predict`: bands of a work directory -> class and confidence of every cell."""

from __future__ import annotations

import functools
from pathlib import Path

from bevseg import pipeline
from bevseg.config import NO_TTA, PredictConfig, RunConfig
from bevseg.core.labels import load_scheme
from bevseg.core.scan_counts import scan_counts
from bevseg.core.scan_ranges import show_ranges
from bevseg.runtime.batch import BatchResult, CloudResult
from bevseg.seg.checkpoint import Model
from bevseg.seg.device import resolve
from bevseg.workdir.folder import Folder
from bevseg.workdir.for_each import StageOptions, for_each_folder
from bevseg.workdir.settings import check_same_settings


def predict_work(
    work: Path,
    model: Path,
    *,
    device: str = RunConfig.device,
    tta: PredictConfig = NO_TTA,
    out_classes: str | None = None,
    options: StageOptions,
) -> BatchResult:
    """Write class and confidence of every cell, and why it is in doubt.

    A cloud whose points and DEM are there is compared with those of the training first.

    Parameters
    ----------
    work
        Work directory with the rasters of every cloud.
    model
        File of the model.
    device
        Device of the networks.
    tta
        Test-time augmentation, and whether a CRF follows.
    out_classes
        Class scheme of the codes in `low_classes.tif` and `high_classes.tif`; None: train ids.
    options
        Overwrite, processes, errors, progress.
    """
    resolve(device)
    if out_classes:
        load_scheme(out_classes)
    settings = pipeline.load_model(model).settings
    check_same_settings(work, settings, ("slices", "raster"))
    stage = functools.partial(_predict, model=model, device=device, tta=tta, out_classes=out_classes)
    return for_each_folder(work, "predict", stage, settings, (), options)


def _predict(
    folder: Folder, *, model: Path, device: str, tta: PredictConfig, out_classes: str | None
) -> CloudResult:
    trained = pipeline.load_model(model)
    is_unlike = _is_unlike(folder, trained)
    classes = pipeline.classify(folder.read_bands(), trained, device=device, tta=tta)
    if is_unlike:
        classes = pipeline.cells_of_unlike(classes)
    scheme = load_scheme(out_classes) if out_classes else None
    return CloudResult(folder.write_classes(classes, scheme))


def _is_unlike(folder: Folder, model: Model) -> bool:
    """Return whether a cloud is unlike those of the training, and warn; False where its points or DEM are missing."""
    if not show_ranges(model.scans) or not folder.has("cloud.las", "dem.tif"):
        return False
    cloud = folder.read_cloud()
    counts = scan_counts(cloud, folder.read_dem(cloud), model.settings.slices.ground_band)
    return pipeline.warn_unlike(folder.stem, counts, model, "bevseg train")
