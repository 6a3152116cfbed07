"""The stages over a work directory that need networks: train, and predict.

They stand apart from the other stages so that these do not wait for torch.
"""

from __future__ import annotations

import csv
import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bevseg import pipeline
from bevseg.config import (
    FINE_TUNING,
    NAMED,
    NO_TTA,
    PredictConfig,
    RunConfig,
    Settings,
    TrainConfig,
    load,
    with_training,
)
from bevseg.config.names import SLICES
from bevseg.errors import UsageError
from bevseg.runtime.atomic import ensure_absent, ensure_writable, replacing
from bevseg.runtime.batch import BatchResult, CloudResult
from bevseg.runtime.progress import Progress, Step, silent
from bevseg.seg import checkpoint
from bevseg.seg.checkpoint import Model, save
from bevseg.seg.device import resolve
from bevseg.seg.neuro_iou.learn import variant
from bevseg.training.fit import Example, Guides, refuse_models, refuse_settings
from bevseg.workdir.folder import GROUPS, Folder, folders, refuse_other, settings_of
from bevseg.workdir.for_each import StageOptions, for_each_folder

HISTORY = "history.csv"
"""File beside a model that tells how its training went."""


def training_settings(
    config: str | None, *, work: Path | None = None, init: Path | None = None, **values: object
) -> Settings:
    """Return the settings of a training.

    Parameters
    ----------
    config
        Named settings, which are taken whole, or a TOML file; None: none.
    work
        Work directory whose records hold where there is no `config`.
    init
        Model to start from. Its rasters and networks hold wherever a file does not name others, and FINE_TUNING in
        place of the defaults of a training; a NeuroIoU loss, which has a recipe of its own, trains by that.
    values
        Of the group `train`, by name; they come before all others, and None is none.

    Raises
    ------
    UsageError, CloudNotFoundError
        If `config` is none.
    ModelError
        If there is no such model.
    """
    if init is None:
        recorded = settings_of(work) if work is not None else NAMED["default"]
        return with_training(load(config) if config else recorded, **values)
    base = dataclasses.replace(pipeline.load_model(init).settings, train=TrainConfig())

    def on(base: Settings) -> Settings:
        return with_training(load(config, base) if config else base, **values)

    if variant(on(base).train.loss, has_init=True) is not None:
        return on(base)
    return on(with_training(base, **FINE_TUNING))


def train_work(
    work: Path,
    output: Path,
    settings: Settings,
    *,
    slices: Sequence[str] = SLICES,
    init: Path | None = None,
    teacher: Path | None = None,
    unlabelled: Path | None = None,
    val: Sequence[str] | None = None,
    seed: int = RunConfig.seed,
    device: str = RunConfig.device,
    overwrite: bool = False,
    progress: Progress = silent,
) -> BatchResult:
    """Train a model on the labelled clouds of a work directory.

    Parameters
    ----------
    work
        With `cloud.las` and `dem.tif` of every cloud.
    output
        The model to write; `history.csv` is written beside it.
    settings
        Of all stages; those of the work directory must agree.
    slices, val, seed, device, progress
        As for `pipeline.train`.
    init
        Model to start from; it also lends the networks of the slices that are not trained. With a NeuroIoU loss
        its maps are what the surrogate is fitted to.
    teacher
        Model that the networks listen to beside the labels.
    unlabelled
        Another work directory: what the teacher, or without one the networks themselves, say of its clouds is
        learned, too. Labels there play no part.
    overwrite
        Whether the model may be replaced.

    Raises
    ------
    LabelError
        If a cloud has no labels.
    UsageError
        If options or settings do not agree.
    ModelError
        If the model to start from or the teacher is none, or lacks a slice.
    SurrogateError
        If a NeuroIoU loss would teach the wrong way.
    """
    for path in (output, output.with_name(HISTORY)):
        ensure_absent(path, overwrite=overwrite)
    ensure_writable(output.parent)
    resolve(device)
    refuse_settings(settings.train, has_init=init is not None)
    if unlabelled is not None:
        _refuse_same(work, unlabelled)
    start, master = (checkpoint.load(path) if path else None for path in (init, teacher))
    refuse_models(settings, slices, start, master)
    for directory in (work, unlabelled):
        if directory is not None:
            folders(directory)
            refuse_other(directory, settings, GROUPS)
    examples = _read(work, "read the training clouds", progress)
    for example in examples:
        pipeline.ensure_labelled(example.cloud)
    further = _read(unlabelled, "read the clouds without labels", progress) if unlabelled else []
    model, history = pipeline.train(
        examples,
        settings,
        val=val,
        slices=slices,
        init=start,
        guides=Guides(master, further),
        seed=seed,
        device=device,
        progress=progress,
    )
    written = write_trained(model, history, output)
    return BatchResult(written, facts=model.scores)


def write_trained(
    model: Model, history: Sequence[Mapping[str, Any]], path: Path, *, half: bool = False
) -> list[Path]:
    """Write a model and, beside it, the history of its training as CSV: a line per look at the clouds held out.

    `half` stores the weights in half the bytes.
    """
    save(model, path, half=half)
    history_path = path.with_name(HISTORY)
    columns = list(dict.fromkeys(key for row in history for key in row))
    with (
        replacing(history_path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(history)
    return [path, history_path]


def _read(work: Path, task: str, progress: Progress) -> list[Example]:
    """Read the clouds of a work directory with their DEMs."""
    examples = []
    for number, folder in enumerate(items := folders(work), 1):
        examples.append(Example(folder.read_cloud(), folder.read_dem()))
        progress(Step(task, number, len(items)))
    return examples


def _refuse_same(work: Path, unlabelled: Path) -> None:
    if unlabelled.resolve() == work.resolve():
        raise UsageError(
            "The clouds without labels are the training clouds",
            where="--unlabelled",
            hint="name another work directory, filled by `bevseg ingest` and `bevseg ground`",
        )


def predict_work(
    work: Path,
    model: Path,
    *,
    device: str = RunConfig.device,
    tta: PredictConfig = NO_TTA,
    how: StageOptions,
) -> BatchResult:
    """Write class and confidence of every cell: `low_classes.tif`, `high_classes.tif`."""
    resolve(device)
    settings = pipeline.load_model(model).settings
    refuse_other(work, settings, ("slices", "raster"))
    stage = functools.partial(_predict, model=model, device=device, tta=tta)
    return for_each_folder(work, "predict", stage, settings, (), how)


def _predict(folder: Folder, *, model: Path, device: str, tta: PredictConfig) -> CloudResult:
    trained = pipeline.load_model(model)
    classes = pipeline.classify(folder.read_bands(), trained, device=device, tta=tta)
    return CloudResult(folder.write_classes(classes))
