"""Clouds -> labelled clouds, pictures, scores and, where asked for, the model: `bevseg run`."""

from __future__ import annotations

import dataclasses
import functools
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bevseg import pipeline
from bevseg.config import NAMED, NO_TTA, PredictConfig, RunConfig, Settings
from bevseg.config.names import SLICES
from bevseg.core.labels import load_scheme
from bevseg.errors import InputError, UsageError
from bevseg.io.find import CloudFile, find_clouds
from bevseg.io.read import read_cloud
from bevseg.runner import report
from bevseg.runner.label_cloud import Labeller
from bevseg.runtime.atomic import (
    ensure_absent,
    ensure_different,
    ensure_not_all_exist,
    ensure_writable,
    write_json,
)
from bevseg.runtime.batch import BatchResult, CloudResult, for_each_cloud
from bevseg.runtime.progress import Progress, Stopwatch, silent
from bevseg.seg.checkpoint import Model
from bevseg.seg.device import limit_threads, resolve
from bevseg.seg.models.registry import register, registered
from bevseg.stages.train import HISTORY, train_to_file
from bevseg.training import prepare_example
from bevseg.training.fit import ensure_networks, refuse_settings
from bevseg.training.holdout import refuse_unknown
from bevseg.weights import default_model
from bevseg.workdir.settings import GROUPS, check_same_settings, record_settings

log = logging.getLogger(__name__)

MODEL, REPORT = "model.safetensors", "report.json"


@dataclass(frozen=True)
class Request:
    """What is asked of a run.

    Attributes
    ----------
    paths
        Clouds, or directories of clouds.
    out
        Directory of the results.
    model
        A trained model; None: the one that ships with bevseg, unless there is
    train_on
        a cloud or directory of labelled clouds to train one on.
    init
        Model that this training starts from.
    settings
        For training; None: the defaults, which `init` wants others than. A given model brings its own.
    classes, out_classes
        Schemes of what is read and what is written; None: those of the format.
    val
        Stems held out for early stopping; None: a seeded choice.
    work
        Work directory to keep.
    looks
        Scales and symmetries that are averaged, and whether a CRF follows.
    overwrite
        Whether outputs may be replaced.
    how
        Seed, device, processes, and what an error does.
    """

    paths: tuple[Path, ...]
    out: Path
    model: Path | None = None
    train_on: Path | None = None
    init: Path | None = None
    settings: Settings | None = None
    classes: str | None = None
    out_classes: str | None = None
    val: tuple[str, ...] | None = None
    work: Path | None = None
    tta: PredictConfig = NO_TTA
    overwrite: bool = False
    how: RunConfig = field(default_factory=RunConfig)


def run(request: Request, *, progress: Progress = silent) -> BatchResult:
    """Label clouds from end to end.

    Parameters
    ----------
    request
        All of it.
    progress
        Told along the way.

    Returns
    -------
    BatchResult
        Files, failures, and as `facts` the report.

    Raises
    ------
    UsageError
        If options do not agree.
    OutputExistsError
        If the results are there already.
    InputError
        If the only cloud, or with `on_error="stop"` any cloud, cannot be used.
    """
    _refuse(request)
    clouds = find_clouds(list(request.paths))
    _check_outputs(request, clouds.clouds)
    _tell_passed_over(clouds.skipped)
    trained = BatchResult() if request.train_on is None else _train(request, progress)
    model = _given(request) or request.out / MODEL
    outcome = _label_all(request, model, clouds.clouds, progress)
    table = report.report(
        outcome,
        settings=_settings(request),
        how=dataclasses.replace(request.how, device=str(resolve(request.how.device))),
        tta=request.tta,
        model=model,
        training=trained.facts,
        passed_over=clouds.skipped,
    )
    write_json(table, request.out / REPORT, overwrite=request.overwrite)
    return BatchResult(
        [*trained.written, *outcome.written, request.out / REPORT],
        trained.failures + outcome.failures,
        outcome.done,
        table,
    )


def _train(request: Request, progress: Progress) -> BatchResult:
    """Train, and write the model and its history; the facts go into the report."""
    assert request.train_on is not None
    settings, how, watch = _settings(request), request.how, Stopwatch()
    found = find_clouds([request.train_on])
    files = found.clouds
    refuse_unknown([file.stem for file in files], request.val or ())
    _tell_passed_over(found.skipped)
    scheme = load_scheme(request.classes) if request.classes else None

    def read(file: CloudFile) -> CloudResult:
        cloud = read_cloud(file.path, scheme=scheme, strict=True)
        return CloudResult((), len(cloud), {"example": prepare_example(cloud, settings)})

    with watch("read"):
        task = "read the training clouds"
        loaded = for_each_cloud(task, read, files, on_error=how.on_error, progress=progress)
    examples = [done.facts["example"] for done in loaded.done.values()]
    if not examples:
        raise InputError(
            "None of the training clouds can be used",
            where=request.train_on,
            why=f"the first of them: {loaded.failures[0].error.what}",
            hint="correct them, or name their class scheme with --classes",
        )
    with watch("train"):
        trained = train_to_file(
            examples,
            request.out / MODEL,
            settings,
            init=_init(request),
            val=request.val,
            seed=how.seed,
            device=how.device,
            progress=progress,
        )
    sources = {file.stem: str(file.path.resolve()) for file in files if file.stem in loaded.done}
    return BatchResult(
        trained.written,
        loaded.failures,
        facts={"seconds": watch.seconds, "sources": sources, **trained.facts},
    )


def _tell_passed_over(paths: Sequence[Path]) -> None:
    for path in paths:
        log.info("passed over, no cloud: %s", path)


def _label_all(request: Request, model: Path, clouds: Sequence[CloudFile], progress: Progress) -> BatchResult:
    if request.work is not None:
        record_settings(request.work, _settings(request), GROUPS, overwrite=request.overwrite)
    how = request.how
    threads = max((os.cpu_count() or 1) // how.jobs, 1)
    labeller = Labeller(
        request.out,
        model,
        classes=request.classes,
        out_classes=request.out_classes,
        device=how.device,
        tta=request.tta,
        work=request.work,
        overwrite=request.overwrite,
    )
    return for_each_cloud(
        "label",
        labeller,
        clouds,
        jobs=how.jobs,
        on_error=how.on_error,
        start=functools.partial(_start_process, threads, registered()) if how.jobs > 1 else None,
        progress=progress,
    )


def _start_process(threads: int, networks: Mapping[str, type[Any]]) -> None:
    """Share the cores with the other processes, and know the networks that the first process knows."""
    limit_threads(threads)
    for kind, network in networks.items():
        register(kind, network)


def _refuse(request: Request) -> None:
    """Raise before any work if the options do not agree or name what is not there."""
    if request.model is not None and request.train_on is not None:
        raise UsageError(
            "A run labels with a trained model, or trains one",
            where="-m, --train-on",
            why="both are given",
            hint="give one of the two; to train on from a model, name it with --init",
        )
    if request.train_on is None and (request.settings or request.val or request.init):
        raise UsageError(
            "A trained model brings its own settings",
            where="--config, --val, --max-minutes, --init",
            hint="leave these out, or train with --train-on",
        )
    log.info("computing on %s", resolve(request.how.device))
    model = _given(request)
    if model is not None:
        for name in SLICES:
            pipeline.load_model(model).require(name)
        if request.model is None:
            log.info("labelling with the model that ships with bevseg")
    else:
        settings = _settings(request)
        refuse_settings(settings.train, has_init=request.init is not None)
        ensure_networks(settings, SLICES, _init(request))
    for scheme in (request.classes, request.out_classes):
        if scheme:
            load_scheme(scheme)


def _check_outputs(request: Request, clouds: Sequence[CloudFile]) -> None:
    """Raise before any work if an output is an input, or if the results are there already."""
    targets = [request.out / f"{file.stem}.laz" for file in clouds]
    for file, target in zip(clouds, targets, strict=True):
        ensure_different(file.path, target)
    ensure_writable(request.out)
    if request.work is not None:
        ensure_writable(request.work)
    if request.overwrite:
        return
    for name in (REPORT, *((MODEL, HISTORY) if request.train_on else ())):
        ensure_absent(request.out / name, overwrite=False)
    existing = ensure_not_all_exist(targets)
    if request.work is not None:
        existing += ensure_not_all_exist([request.work / file.stem / "cloud.las" for file in clouds])
        check_same_settings(request.work, _settings(request), GROUPS)
    for path in existing:
        log.warning("%s exists: this cloud will be left out", path)


def _settings(request: Request) -> Settings:
    """Return the settings that a run will have: those of its model, or those it trains one with."""
    model = _given(request)
    if model is not None:
        return pipeline.load_model(model).settings
    return request.settings or NAMED["default"]


def _given(request: Request) -> Path | None:
    """Return the trained model to label with; None if the run trains one."""
    return None if request.train_on is not None else request.model or default_model()


def _init(request: Request) -> Model | None:
    """Return the model that a training starts from."""
    return None if request.init is None else pipeline.load_model(request.init)
