"""Clouds -> labelled clouds, pictures, a report and, on request, a trained model: `bevseg run`.

This module imports no torch before it is needed: on the command line a worker labels the clouds, and the process that
talks to the user starts in a moment.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bevseg.config import NAMED, Settings
from bevseg.config.names import SLICES
from bevseg.core.labels import Scheme, load_scheme
from bevseg.errors import InputError, UsageError
from bevseg.io.find import CloudFile, find_clouds
from bevseg.io.read import read_cloud
from bevseg.runner import report
from bevseg.runner.request import RunRequest
from bevseg.runtime.atomic import (
    ensure_absent,
    ensure_different,
    ensure_not_all_exist,
    ensure_writable,
    write_json,
)
from bevseg.runtime.batch import BatchResult, CloudResult, for_each_cloud
from bevseg.runtime.processes import call
from bevseg.runtime.progress import Progress, Stopwatch, silent
from bevseg.seg.models.registry import register, registered
from bevseg.weights import default_model
from bevseg.workdir.settings import GROUPS, check_same_settings, record_settings

if TYPE_CHECKING:
    from bevseg.seg.checkpoint import Model

log = logging.getLogger(__name__)

MODEL, REPORT = "model.safetensors", "report.json"


def run(request: RunRequest, *, progress: Progress = silent) -> BatchResult:
    """Label clouds from end to end.

    Parameters
    ----------
    request
        What to label, with which model, and where the results go.
    progress
        Progress callback of the training and of the prediction.

    Returns
    -------
    BatchResult
        Files and failures; its facts are the report.

    Raises
    ------
    UsageError
        If options contradict each other.
    OutputExistsError
        If the results exist already.
    InputError
        If the only cloud, or with `on_error="stop"` any cloud, cannot be used.
    """
    settings, device = _check_options(request)
    clouds = find_clouds(list(request.paths))
    _check_outputs(request, clouds.clouds, settings)
    _log_passed_over(clouds.skipped)
    trained = BatchResult() if request.train_on is None else _train(request, settings, progress)
    model = _given(request) or request.out / MODEL
    if request.work is not None:
        record_settings(request.work, settings, GROUPS, overwrite=request.overwrite)
    jobs = request.run_config.jobs
    threads = max((os.cpu_count() or 1) // jobs, 1)
    result = for_each_cloud(
        "label",
        functools.partial(_label, request=request, model_path=model),
        clouds.clouds,
        jobs=jobs,
        on_error=request.run_config.on_error,
        start=functools.partial(_start_process, threads if jobs > 1 else None, registered()),
        progress=progress,
    )
    table = report.report(
        request,
        result,
        settings=settings,
        device=device,
        model=model,
        training=trained.facts,
        passed_over=clouds.skipped,
    )
    write_json(table, request.out / REPORT, overwrite=request.overwrite)
    return BatchResult(
        [*trained.written, *result.written, request.out / REPORT],
        trained.failures + result.failures,
        result.done,
        table,
    )


def _label(file: CloudFile, request: RunRequest, model_path: Path) -> CloudResult:
    # Only here: in a worker, which has imported it already.
    from bevseg.runner.label_cloud import label_cloud

    return label_cloud(file, request, model_path)


def _train(request: RunRequest, settings: Settings, progress: Progress) -> BatchResult:
    """Train, and write the model and its history; the facts go into the report."""
    from bevseg.stages.train import write_trained
    from bevseg.training import train
    from bevseg.training.holdout import ensure_known

    assert request.train_on is not None
    run_config, watch = request.run_config, Stopwatch()
    found = find_clouds([request.train_on])
    files = found.clouds
    ensure_known([file.stem for file in files], request.val or ())
    _log_passed_over(found.skipped)
    scheme = load_scheme(request.classes) if request.classes else None
    read = functools.partial(_read_example, scheme=scheme, settings=settings)
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
        model, history = train(
            examples,
            settings,
            val=request.val,
            init=_init(request),
            seed=run_config.seed,
            device=run_config.device,
            progress=progress,
        )
        written = write_trained(model, history, request.out / MODEL)
    sources = {file.stem: str(file.path.resolve()) for file in files if file.stem in loaded.done}
    return BatchResult(
        written,
        loaded.failures,
        facts={"seconds": watch.seconds, "sources": sources, **model.scores},
    )


def _read_example(file: CloudFile, scheme: Scheme | None, settings: Settings) -> CloudResult:
    from bevseg.training import prepare_example

    cloud = read_cloud(file.path, scheme=scheme, strict=True)
    bare = dataclasses.replace(
        cloud, source=None
    )  # a training needs no record of the file, and it can be large
    return CloudResult((), len(cloud), {"example": prepare_example(bare, settings)})


def _log_passed_over(paths: Sequence[Path]) -> None:
    for path in paths:
        log.info("skipped, not a cloud: %s", path)


def _start_process(threads: int | None, networks: Mapping[str, type[Any]]) -> None:
    """Share the cores with the other processes, and know the networks that the first process knows."""
    from bevseg.seg.device import limit_threads

    if threads is not None:
        limit_threads(threads)
    for kind, network in networks.items():
        register(kind, network)


def _check_options(request: RunRequest) -> tuple[Settings, str]:
    """Check before any work that the options agree, and that what they name exists.

    Returns the settings in force, those of the given model or of the training, and the device.
    """
    if request.model is not None and request.train_on is not None:
        raise UsageError(
            "A model and training clouds exclude each other",
            where="-m, --train-on",
            why="both are given",
            hint="give one of them; to start the training from a model, use --init",
        )
    if request.train_on is None and (request.settings or request.val or request.init):
        raise UsageError(
            "A trained model has its own settings",
            where="--config, --val, --max-minutes, --init",
            hint="leave them out, or train a model with --train-on",
        )
    # A training is done in this process, and its networks are registered here.
    found = call(_given_model, request) if request.train_on is None else _training_settings(request)
    log.info("computing on %s", found[1])
    if request.train_on is None and request.model is None:
        log.info("using the model that ships with bevseg")
    for scheme in (request.classes, request.out_classes):
        if scheme:
            load_scheme(scheme)
    return found


def _given_model(request: RunRequest) -> tuple[Settings, str]:
    """Return the settings of the given model, and the device."""
    from bevseg import pipeline
    from bevseg.seg.device import resolve

    device = str(resolve(request.run_config.device))
    model = pipeline.load_model(request.model or default_model())
    for name in SLICES:
        model.require(name)
    return model.settings, device


def _training_settings(request: RunRequest) -> tuple[Settings, str]:
    """Return the settings of the training, and the device."""
    from bevseg.seg.device import resolve
    from bevseg.training.fit import check_training_settings, ensure_networks

    device = str(resolve(request.run_config.device))
    settings = request.settings or NAMED["default"]
    check_training_settings(settings, has_init=request.init is not None)
    ensure_networks(settings, SLICES, _init(request))
    return settings, device


def _check_outputs(request: RunRequest, clouds: Sequence[CloudFile], settings: Settings) -> None:
    """Check before any work that no output is an input, and that the results do not exist yet."""
    targets = [request.out / f"{file.stem}.laz" for file in clouds]
    for file, target in zip(clouds, targets, strict=True):
        ensure_different(file.path, target)
    ensure_writable(request.out)
    if request.work is not None:
        ensure_writable(request.work)
    if request.overwrite:
        return
    ensure_absent(request.out / REPORT, overwrite=False)
    if request.train_on is not None:
        from bevseg.stages.train import check_output

        check_output(request.out / MODEL, overwrite=False)
    existing = ensure_not_all_exist(targets)
    if request.work is not None:
        existing += ensure_not_all_exist([request.work / file.stem / "cloud.las" for file in clouds])
        check_same_settings(request.work, settings, GROUPS)
    for path in existing:
        log.warning("%s exists: its cloud is skipped", path)


def _given(request: RunRequest) -> Path | None:
    """Return the model that is given, or ships; None if the run trains one."""
    return None if request.train_on is not None else request.model or default_model()


def _init(request: RunRequest) -> Model | None:
    """Return the model that the training starts from."""
    from bevseg import pipeline

    return None if request.init is None else pipeline.load_model(request.init)
