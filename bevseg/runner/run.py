"""Clouds -> labelled clouds, pictures, a report and, on request, a trained model: `bevseg run`."""

from __future__ import annotations

import functools
import json
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import bevseg
from bevseg import pipeline
from bevseg.config import NAMED, Settings, to_table
from bevseg.config.names import SLICES
from bevseg.core.labels import load_scheme
from bevseg.errors import BevsegError, InputError, OutputExistsError, UsageError
from bevseg.io.find import CloudFile, find_clouds
from bevseg.io.read import read_cloud
from bevseg.runner import finished, report
from bevseg.runner.conditions import conditions_of
from bevseg.runner.finished import REPORT, UNFINISHED, Earlier, Existing
from bevseg.runner.label_cloud import TASK, label_cloud
from bevseg.runner.outputs import Outputs, check_names, is_one_file
from bevseg.runner.request import RunRequest
from bevseg.runtime.atomic import ensure_absent, ensure_not_all_exist, ensure_writable, write_json
from bevseg.runtime.batch import BatchResult, CloudResult, Failure, for_each_cloud
from bevseg.runtime.progress import Progress, Stopwatch, silent
from bevseg.seg.checkpoint import Model
from bevseg.seg.device import limit_threads, resolve
from bevseg.seg.models.registry import register, registered
from bevseg.stages.train import HISTORY, write_trained
from bevseg.training import prepare_example, train
from bevseg.training.fit import check_training_settings, ensure_networks
from bevseg.training.holdout import ensure_known
from bevseg.weights import default_model
from bevseg.workdir.facts import sha256
from bevseg.workdir.settings import GROUPS, check_same_settings, record_settings

log = logging.getLogger(__name__)

MODEL = "model.safetensors"


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
    _check_options(request)
    clouds = find_clouds(list(request.paths))
    one_file = is_one_file(request.out)
    earlier = Earlier() if one_file or request.overwrite else finished.read_earlier(request.out)
    _check_outputs(request, clouds.clouds)
    _log_passed_over(clouds.skipped)
    trained = (
        BatchResult() if request.train_on is None else _trained(request, clouds.clouds, earlier, progress)
    )
    model = _given(request) or request.out / MODEL
    conditions = conditions_of(request, sha256(model))
    existing = _existing(request, clouds.clouds, earlier, conditions)
    if request.work is not None:
        record_settings(request.work, _settings(request), GROUPS, overwrite=request.overwrite)
    left = [file for file in clouds.clouds if file.stem not in existing.done]
    result = _label(request, left, model, conditions, progress, others_done=bool(existing.done))
    done = existing.done | result.done
    result.done = {file.stem: done[file.stem] for file in clouds.clouds if file.stem in done}
    result.done |= finished.others(earlier, request.out, [file.stem for file in clouds.clouds])
    table = report.report(
        request,
        result,
        settings=_settings(request),
        model=model,
        conditions=conditions,
        training=trained.facts,
        passed_over=clouds.skipped,
    )
    written = [*trained.written, *result.written]
    if not one_file:
        write_json(table, request.out / REPORT)
        (request.out / UNFINISHED).unlink(missing_ok=True)
        written.append(request.out / REPORT)
    return BatchResult(written, trained.failures + result.failures, result.done, table)


def _existing(
    request: RunRequest, clouds: Sequence[CloudFile], earlier: Earlier, conditions: Mapping[str, Any]
) -> Existing:
    """Return which outputs exist already, and log them."""
    if request.overwrite:
        return Existing()
    existing = finished.compare(request, clouds, earlier, conditions)
    for stem, why in existing.changed.items():
        log.warning("%s: its output exists, and the cloud is skipped: %s", stem, why)
    for stem, done in existing.done.items():
        log.info("already done: %s (%s)", stem, done.facts["outputs"]["cloud"])
    for file in clouds:
        outputs = Outputs.of(file, request)
        if file.stem in earlier.records and outputs.picture is not None and not outputs.cloud.exists():
            outputs.picture.unlink(missing_ok=True)  # of a run that was killed just before its cloud appeared
    return existing


def _label(
    request: RunRequest,
    clouds: Sequence[CloudFile],
    model: Path,
    conditions: dict[str, Any],
    progress: Progress,
    *,
    others_done: bool,
) -> BatchResult:
    """Label the clouds that are left to do; a single one that fails beside finished ones is a failure among many."""
    if not clouds:
        return BatchResult()
    jobs = request.run_config.jobs
    threads = max((os.cpu_count() or 1) // jobs, 1)
    try:
        return for_each_cloud(
            TASK,
            functools.partial(label_cloud, request=request, model_path=model, conditions=conditions),
            clouds,
            jobs=jobs,
            on_error=request.run_config.on_error,
            start=functools.partial(_start_process, threads, registered()) if jobs > 1 else None,
            progress=progress,
        )
    except BevsegError as error:
        if len(clouds) > 1 or not others_done or request.run_config.on_error == "stop":
            raise
        return BatchResult(failures=[Failure(clouds[0].stem, clouds[0].path, error)])


def _trained(
    request: RunRequest, clouds: Sequence[CloudFile], earlier: Earlier, progress: Progress
) -> BatchResult:
    """Train a model, or take the one that an earlier run has trained on the same clouds with the same settings."""
    path, facts = request.out / MODEL, earlier.training
    conditions = _training_conditions(request)
    if path.exists() and not request.overwrite:
        same = facts is not None and facts.get("conditions") == conditions
        if not same or facts is None or facts.get("model_sha256") != sha256(path):
            raise OutputExistsError(
                "The output exists",
                where=path,
                why="it was trained with other settings or clouds"
                if facts and not same
                else "no report says how it was made, or it has changed since",
                hint=finished.AGAIN,
            )
        log.info("already trained: %s", path)
        return BatchResult(facts=facts)
    if not request.overwrite:  # what a model that is yet to be trained has not made
        ensure_absent(request.out / REPORT, overwrite=False)
        ensure_not_all_exist([Outputs.of(file, request).cloud for file in clouds])
    trained = _train(request, progress)
    trained.facts |= {"conditions": conditions, "model_sha256": sha256(path)}
    finished.note_training(request.out, trained.facts)
    return trained


def _training_conditions(request: RunRequest) -> dict[str, Any]:
    """Return what the trained model depends on, ready for JSON."""
    assert request.train_on is not None
    table = {
        "bevseg": bevseg.__version__,
        "clouds": {file.stem: sha256(file.path) for file in find_clouds([request.train_on]).clouds},
        "settings": to_table(_settings(request)),
        "init": None if request.init is None else sha256(request.init),
        "classes": request.classes,
        "columns": request.columns,
        "val": request.val,
        "seed": request.run_config.seed,
    }
    return dict(json.loads(json.dumps(table)))


def _train(request: RunRequest, progress: Progress) -> BatchResult:
    """Train, and write the model and its history; the facts go into the report."""
    assert request.train_on is not None
    settings, run_config, watch = _settings(request), request.run_config, Stopwatch()
    found = find_clouds([request.train_on])
    files = found.clouds
    ensure_known([file.stem for file in files], request.val or ())
    _log_passed_over(found.skipped)
    scheme = load_scheme(request.classes) if request.classes else None

    def read(file: CloudFile) -> CloudResult:
        cloud = read_cloud(file.path, scheme=scheme, columns=request.columns, strict=True)
        return CloudResult((), len(cloud), {"example": prepare_example(cloud, settings)})

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


def _log_passed_over(skipped: Mapping[Path, str]) -> None:
    for path, why in skipped.items():
        log.info("skipped: %s: %s", path, why)


def _start_process(threads: int, networks: Mapping[str, type[Any]]) -> None:
    """Share the cores with the other processes, and know the networks that the first process knows."""
    limit_threads(threads)
    for kind, network in networks.items():
        register(kind, network)


def _check_options(request: RunRequest) -> None:
    """Check before any work that the options agree, and that what they name exists."""
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
            where="--config, --cell, --val, --max-minutes, --init",
            why="its networks were trained with them, and with cells of one size",
            hint="leave them out, or train a model with --train-on",
        )
    log.info("computing on %s", resolve(request.run_config.device))
    model = _given(request)
    if model is not None:
        for name in SLICES:
            pipeline.load_model(model).require(name)
        if request.model is None:
            log.info("using the model that ships with bevseg")
    else:
        settings = _settings(request)
        check_training_settings(settings, has_init=request.init is not None)
        ensure_networks(settings, SLICES, _init(request))
    for scheme in (request.classes, request.out_classes):
        if scheme:
            load_scheme(scheme)


def _check_outputs(request: RunRequest, clouds: Sequence[CloudFile]) -> None:
    """Check before any work that every output has a name of its own and can be written."""
    own = [REPORT, UNFINISHED, *((MODEL, HISTORY) if request.train_on else ())]
    check_names(request, clouds, [request.out / name for name in own])
    ensure_writable(request.out.parent if is_one_file(request.out) else request.out)
    if request.work is not None:
        ensure_writable(request.work)
    if request.overwrite:
        return
    if is_one_file(request.out):
        ensure_absent(request.out, overwrite=False)
    if request.work is not None:
        check_same_settings(request.work, _settings(request), GROUPS)


def _settings(request: RunRequest) -> Settings:
    """Return the settings in force: those of the given model, or those of the training."""
    model = _given(request)
    if model is not None:
        return pipeline.load_model(model).settings
    return request.settings or NAMED["default"]


def _given(request: RunRequest) -> Path | None:
    """Return the model that is given, or ships; None if the run trains one."""
    return None if request.train_on is not None else request.model or default_model()


def _init(request: RunRequest) -> Model | None:
    """Return the model that the training starts from."""
    return None if request.init is None else pipeline.load_model(request.init)
