"""`bevseg train`: labelled clouds -> a model file, and the history of its training beside it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bevseg import pipeline
from bevseg.config import RunConfig, Settings
from bevseg.config.names import SLICES
from bevseg.errors import UsageError
from bevseg.runtime.atomic import ensure_absent, ensure_writable, replacing
from bevseg.runtime.batch import BatchResult, CloudResult, for_each_cloud
from bevseg.runtime.progress import Progress, silent
from bevseg.seg import checkpoint
from bevseg.seg.checkpoint import Model
from bevseg.seg.device import resolve
from bevseg.training import Example, ExtraSupervision, train
from bevseg.training.fit import check_training_settings, ensure_networks
from bevseg.workdir.folder import Folder, folders
from bevseg.workdir.settings import GROUPS, check_same_settings

HISTORY = "history.csv"
"""File beside a model: its training, one line per validation step and slice."""


def check_output(output: Path, *, overwrite: bool) -> None:
    """Raise OutputExistsError or OutputWriteError if the model and its history cannot be written."""
    for path in (output, output.with_name(HISTORY)):
        ensure_absent(path, overwrite=overwrite)
    ensure_writable(output.parent)


def write_trained(
    model: Model, history: Sequence[Mapping[str, Any]], path: Path, *, half: bool = False
) -> list[Path]:
    """Write a model and, beside it, the history of its training as CSV: a line per validation step.

    `half` stores the weights in half the bytes.
    """
    checkpoint.save(model, path, half=half)
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
        As for `bevseg.training.train`.
    init
        Model to start from; the networks of the slices that are not trained are taken from it. The surrogate of a
        NeuroIoU loss is fitted to its maps.
    teacher
        Model whose predictions are learned beside the labels.
    unlabelled
        Another work directory: the predictions that the teacher, or without one the networks themselves, make for
        its clouds are learned, too. Labels there are not used.
    overwrite
        Whether the model may be replaced.

    Raises
    ------
    LabelError
        If a cloud has no labels.
    UsageError
        If options or settings do not agree.
    ModelError
        If a file is no model, or the model lacks a slice.
    SurrogateError
        If a NeuroIoU loss would teach the wrong way.
    """
    check_output(output, overwrite=overwrite)
    resolve(device)
    check_training_settings(settings, has_init=init is not None)
    if unlabelled is not None:
        _ensure_other_clouds(work, unlabelled)
    start, master = (checkpoint.load(path) if path else None for path in (init, teacher))
    ensure_networks(settings, slices, start, master)
    for directory in (work, unlabelled):
        if directory is not None:
            folders(directory)
            check_same_settings(directory, settings, GROUPS)
    examples = _read(work, "read the training clouds", progress)
    for example in examples:
        pipeline.ensure_labelled(example.cloud)
    others = _read(unlabelled, "read the clouds without labels", progress) if unlabelled else []
    model, history = train(
        examples,
        settings,
        val=val,
        slices=slices,
        init=start,
        extra=ExtraSupervision(master, others),
        seed=seed,
        device=device,
        progress=progress,
    )
    return BatchResult(write_trained(model, history, output), facts=model.scores)


def _read(work: Path, task: str, progress: Progress) -> list[Example]:
    """Read the clouds of a work directory with their DEMs."""
    result = for_each_cloud(task, _example, folders(work), on_error="stop", progress=progress)
    return [done.facts["example"] for done in result.done.values()]


def _example(folder: Folder) -> CloudResult:
    cloud = folder.read_cloud()
    return CloudResult((), len(cloud), {"example": Example(cloud, folder.read_dem(cloud))})


def _ensure_other_clouds(work: Path, unlabelled: Path) -> None:
    if unlabelled.resolve() == work.resolve():
        raise UsageError(
            "The clouds without labels are the training clouds",
            where="--unlabelled",
            hint="name another work directory, filled by `bevseg ingest` and `bevseg ground`",
        )
