"""`bevseg predict`: bands of a work directory -> class and confidence of every cell."""

from __future__ import annotations

import functools
from pathlib import Path

from bevseg import pipeline
from bevseg.config import NO_TTA, PredictConfig, RunConfig
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
    options: StageOptions,
) -> BatchResult:
    """Write class and confidence of every cell: `low_classes.tif`, `high_classes.tif`."""
    resolve(device)
    settings = pipeline.load_model(model).settings
    check_same_settings(work, settings, ("slices", "raster"))
    stage = functools.partial(_predict, model=model, device=device, tta=tta)
    return for_each_folder(work, "predict", stage, settings, (), options)


def _predict(folder: Folder, *, model: Path, device: str, tta: PredictConfig) -> CloudResult:
    trained = pipeline.load_model(model)
    classes = pipeline.classify(folder.read_bands(), trained, device=device, tta=tta)
    return CloudResult(folder.write_classes(classes))
