"""The training of a run: labelled clouds -> the model that labels the others, or the one of an earlier run."""

from __future__ import annotations

import dataclasses
import functools
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bevseg
from bevseg.config import Settings, to_table
from bevseg.core.labels import Scheme, load_scheme
from bevseg.errors import InputError, OutputExistsError
from bevseg.io.find import CloudFile, find_clouds, log_skipped
from bevseg.io.read import read_cloud
from bevseg.review.run_outputs import REPORT
from bevseg.runner import finished
from bevseg.runner.finished import AGAIN, Earlier
from bevseg.runner.outputs import Outputs
from bevseg.runner.request import RunRequest
from bevseg.runtime.atomic import ensure_absent, ensure_not_all_exist
from bevseg.runtime.batch import BatchResult, CloudResult, for_each_cloud
from bevseg.runtime.progress import Progress, Stopwatch
from bevseg.workdir.facts import sha256

if TYPE_CHECKING:
    from bevseg.seg.checkpoint import Model

log = logging.getLogger(__name__)

MODEL_FILES = ("model.safetensors", "history.csv")
"""What a training writes into the directory of the results."""


def trained_model(
    request: RunRequest,
    settings: Settings,
    clouds: Sequence[CloudFile],
    earlier: Earlier,
    progress: Progress,
) -> BatchResult:
    """Train a model, or take the one that an earlier run has trained on the same clouds with the same settings.

    A training that an earlier run has begun goes on.

    Parameters
    ----------
    request, settings
        What to train on, and how.
    clouds
        The clouds that will be labelled.
    earlier
        What earlier runs left in the directory of the results.
    progress
        Progress callback.

    Returns
    -------
    BatchResult
        Its facts go into the report.

    Raises
    ------
    OutputExistsError
        If another model stands there, or a training of other clouds or settings was interrupted there.
    UsageError
        If clouds and blocks are to be held out.
    InputError
        If no training cloud can be used.
    """
    from bevseg.training.split import check_val

    check_val(request.val, request.val_blocks)
    path, facts = request.out / MODEL_FILES[0], earlier.training
    conditions = _conditions(request, settings)
    if path.exists() and not request.overwrite:
        same = facts is not None and facts.get("conditions") == conditions
        if not same or facts is None or facts.get("model_sha256") != sha256(path):
            raise OutputExistsError(
                "The output exists",
                where=path,
                why="it was trained with other settings or clouds"
                if facts and not same
                else "no report says how it was made, or it has changed since",
                hint=AGAIN,
            )
        log.info("already trained: %s", path)
        return BatchResult(facts=facts)
    if not request.overwrite:  # what a model that is yet to be trained has not made
        for name in (REPORT, *MODEL_FILES):
            ensure_absent(request.out / name, overwrite=False)
        ensure_not_all_exist([Outputs.of(file, request).cloud for file in clouds])
    trained = _train(request, settings, path, progress)
    trained.facts |= {"conditions": conditions, "model_sha256": sha256(path)}
    finished.note_training(request.out, trained.facts)
    return trained


def starting_model(request: RunRequest) -> Model | None:
    """Return the model that the training starts from."""
    from bevseg import pipeline

    return None if request.init is None else pipeline.load_model(request.init)


def _conditions(request: RunRequest, settings: Settings) -> dict[str, Any]:
    """Return what the trained model depends on, ready for JSON."""
    assert request.train_on is not None
    table = {
        "bevseg": bevseg.__version__,
        "clouds": {file.stem: sha256(file.path) for file in find_clouds([request.train_on]).clouds},
        "settings": to_table(settings),
        "init": None if request.init is None else sha256(request.init),
        "classes": request.classes,
        "columns": request.columns,
        "val": request.val if request.val_blocks is None else {"blocks": request.val_blocks},
        "seed": request.run_config.seed,
    }
    return dict(json.loads(json.dumps(table)))


def _train(request: RunRequest, settings: Settings, output: Path, progress: Progress) -> BatchResult:
    """Train, and write the model and its history; the facts go into the report. An interrupted training goes on."""
    from bevseg.stages.train import check_output, train_and_write
    from bevseg.training.holdout import ensure_known

    assert request.train_on is not None
    state = check_output(output, overwrite=request.overwrite, resume=not request.overwrite)
    run_config, watch = request.run_config, Stopwatch()
    found = find_clouds([request.train_on])
    files = found.clouds
    ensure_known([file.stem for file in files], request.val or ())
    log_skipped(found)
    scheme = load_scheme(request.classes) if request.classes else None
    read = functools.partial(_read_example, scheme=scheme, columns=request.columns, settings=settings)
    with watch("read"):
        task = "read the training clouds"
        loaded = for_each_cloud(task, read, files, on_error=run_config.on_error, progress=progress)
    examples = [done.facts["example"] for done in loaded.done.values()]
    if not examples:
        raise InputError(
            "None of the training clouds can be used",
            where=request.train_on,
            why=f"the first error: {loaded.failures[0].error.what}",
            hint="correct them, or name their class scheme with --classes",
        )
    with watch("train"):
        model, written = train_and_write(
            examples,
            settings,
            output,
            state=state,
            again="the same command goes on from there",
            val=request.val,
            val_blocks=request.val_blocks,
            init=starting_model(request),
            seed=run_config.seed,
            device=run_config.device,
            progress=progress,
        )
    sources = {file.stem: str(file.path.resolve()) for file in files if file.stem in loaded.done}
    return BatchResult(
        written,
        loaded.failures,
        facts={"seconds": watch.seconds, "sources": sources, **model.scores},
    )


def _read_example(
    file: CloudFile, scheme: Scheme | None, columns: str | None, settings: Settings
) -> CloudResult:
    from bevseg.training import prepare_example

    cloud = read_cloud(file.path, scheme=scheme, columns=columns, strict=True)
    # A training needs no record of the file, and it can be large.
    bare = dataclasses.replace(cloud, source=None)
    return CloudResult((), len(cloud), {"example": prepare_example(bare, settings)})
