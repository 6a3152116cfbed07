"""`bevseg predict`: bands of a work directory -> class and confidence of every cell."""

from __future__ import annotations

import functools
from pathlib import Path

from bevseg import pipeline
from bevseg.config import NO_TTA, PredictConfig, RunConfig
from bevseg.core.labels import load_scheme
from bevseg.runtime.batch import BatchResult, CloudResult
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
    """Write class and confidence of every cell.

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
    classes = pipeline.classify(folder.read_bands(), trained, device=device, tta=tta)
    scheme = load_scheme(out_classes) if out_classes else None
    return CloudResult(folder.write_classes(classes, scheme))
