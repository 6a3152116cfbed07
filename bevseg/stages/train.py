"""`bevseg train`: labelled clouds -> a model file, and the history of its training beside it.

While a training is under way, its state stands there, too: an interrupted one goes on from it.
"""

from __future__ import annotations

import csv
import functools
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bevseg import pipeline
from bevseg.config import RunConfig, Settings
from bevseg.config.names import SLICES
from bevseg.errors import OutputExistsError, UsageError
from bevseg.runtime.atomic import ensure_absent, ensure_writable, replacing
from bevseg.runtime.batch import BatchResult, CloudResult, for_each_cloud
from bevseg.runtime.progress import Progress, silent
from bevseg.seg import checkpoint
from bevseg.seg.checkpoint import Model
from bevseg.seg.device import resolve
from bevseg.seg.training.distributed import Processes
from bevseg.seg.training.state_file import TrainingState, read, write
from bevseg.training import Example, ExtraSupervision, train
from bevseg.training.asked import asked_settings, ensure_same
from bevseg.training.requirements import check_training_settings, ensure_networks
from bevseg.training.split import check_val
from bevseg.workdir.folder import Folder, folders
from bevseg.workdir.settings import GROUPS, check_same_settings

log = logging.getLogger(__name__)

HISTORY = "history.csv"
"""File beside a model: its training, one line per validation step and slice."""


def state_beside(output: Path) -> Path:
    """Return the file of the state of a training that is under way or was interrupted, beside the model to write."""
    return output.with_name(f"{output.name}.state")


def check_output(output: Path, *, overwrite: bool, resume: bool = False) -> TrainingState | None:
    """Check that a model and its history can be written, and return the state of the training to go on with.

    Parameters
    ----------
    output
        The model.
    overwrite
        Whether it may be replaced. An interrupted training that goes on may replace what it could replace when it
        began.
    resume
        Whether to go on with an interrupted training, if there is one.

    Raises
    ------
    UsageError
        If it is to go on and to start anew.
    InputError
        If the state of the interrupted training is damaged.
    OutputExistsError
        If the output exists, or the state of an interrupted training stands there and nobody says what to do with it.
    OutputWriteError
        If the folder cannot be written to.
    """
    if overwrite and resume:
        raise UsageError(
            "A training either goes on or starts anew",
            where="--resume, --overwrite",
            hint="give one of the two",
        )
    path = state_beside(output)
    state = read(path) if resume and path.exists() else None
    if path.exists() and state is None and not overwrite:
        raise OutputExistsError(
            "A training of this model was interrupted",
            where=path,
            why="its state stands here",
            hint="go on with --resume, or start anew with --overwrite",
        )
    if state is None:
        for made in (output, output.with_name(HISTORY)):
            ensure_absent(made, overwrite=overwrite)
    ensure_writable(output.parent)
    return state


def train_and_write(
    examples: Sequence[Example],
    settings: Settings,
    output: Path,
    *,
    state: TrainingState | None = None,
    again: str = "with --resume it goes on from there",
    **options: Any,
) -> tuple[Model, list[Path]]:
    """Train a model and write it, with its history beside it; until then the state of the training stands there.

    Of several processes that train together the first one writes.

    Parameters
    ----------
    examples, settings
        As for `bevseg.training.train`.
    output
        The model to write.
    state
        From `check_output`; None: the training begins, and a state that stands there is removed.
    again
        How an interrupted training goes on, for the message.
    options
        As for `bevseg.training.train`.
    """
    path, is_first = state_beside(output), Processes.of_training().is_first
    if state is None and is_first:
        path.unlink(missing_ok=True)
    elif state is not None:
        log.info("the training goes on from its state of %s", _place(state))
    try:
        on_state = functools.partial(write, path=path) if is_first else None
        model, history = train(examples, settings, state=state, on_state=on_state, **options)
        written = write_trained(model, history, output) if is_first else []
    except (KeyboardInterrupt, SystemExit):
        if path.exists():
            log.info("the state of the training is kept in %s: %s", path, again)
        raise
    if is_first:
        path.unlink(missing_ok=True)
    return model, written


def _place(state: TrainingState) -> str:
    """Return how far a training was."""
    name, network = list(state.networks.items())[-1]
    return f"step {network.step} of the {name} slice"


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
    val_blocks: float | None = None,
    seed: int = RunConfig.seed,
    device: str = RunConfig.device,
    overwrite: bool = False,
    resume: bool = False,
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
    slices, val, val_blocks, seed, device, progress
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
        Whether the model may be replaced, and an interrupted training started anew.
    resume
        Whether an interrupted training goes on. If there is none, the training begins.

    Raises
    ------
    LabelError
        If a cloud has no labels.
    UsageError
        If options or settings do not agree.
    OutputExistsError
        If the model exists, if an interrupted training is to be neither resumed nor started anew, or if it was asked
        for something else.
    ModelError
        If a file is no model, or the model lacks a slice.
    SurrogateError
        If a NeuroIoU loss would teach the wrong way.
    """
    state = check_output(output, overwrite=overwrite, resume=resume)
    resolve(device)
    check_val(val, val_blocks)
    check_training_settings(settings, has_init=init is not None)
    if unlabelled is not None:
        _ensure_other_clouds(work, unlabelled)
    start, master = (checkpoint.load(path) if path else None for path in (init, teacher))
    ensure_networks(settings, slices, start, master)
    if state is not None:
        ensure_same(state, asked_settings(settings, slices, seed, device))
    elif resume:
        log.info("no interrupted training stands beside %s: a training begins", output)
    for directory in (work, unlabelled):
        if directory is not None:
            folders(directory)
            check_same_settings(directory, settings, GROUPS)
    examples = _read(work, "read the training clouds", progress)
    for example in examples:
        pipeline.ensure_labelled(example.cloud)
    others = _read(unlabelled, "read the clouds without labels", progress) if unlabelled else []
    model, written = train_and_write(
        examples,
        settings,
        output,
        state=state,
        val=val,
        val_blocks=val_blocks,
        slices=slices,
        init=start,
        extra=ExtraSupervision(master, others),
        seed=seed,
        device=device,
        progress=progress,
    )
    return BatchResult(written, facts=model.scores)


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
