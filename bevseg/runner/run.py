"""Clouds -> labelled clouds, pictures, a report and, on request, a trained model: `bevseg run`.

This module imports no torch before it is needed: on the command line a worker labels the clouds, and the process that
talks to the user starts in a moment.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bevseg.config import NAMED, Settings
from bevseg.config.names import SLICES
from bevseg.core.labels import load_scheme
from bevseg.errors import UsageError
from bevseg.io.find import CloudFile, Found, find_clouds, log_skipped
from bevseg.report.page_names import PAGE, VIEWER
from bevseg.report.pages import ensure_own_page, write_pages
from bevseg.review.run_outputs import REPORT, ensure_not_corrected
from bevseg.runner import finished, report
from bevseg.runner.conditions import conditions_of
from bevseg.runner.finished import UNFINISHED, Earlier, Existing
from bevseg.runner.outputs import Outputs, check_names, is_one_file
from bevseg.runner.passes import passes, remove_scratch
from bevseg.runner.request import APART, RASTERS, RunRequest
from bevseg.runner.train_first import MODEL_FILES, starting_model, trained_model
from bevseg.runtime.atomic import ensure_absent, ensure_writable, write_json
from bevseg.runtime.batch import BatchResult, size_of
from bevseg.runtime.lock import Lock, locked
from bevseg.runtime.processes import call
from bevseg.runtime.progress import Progress, silent
from bevseg.viewer.view_page import write_view_page
from bevseg.weights import default_model
from bevseg.workdir.facts import sha256
from bevseg.workdir.settings import GROUPS, check_same_settings, record_settings

log = logging.getLogger(__name__)

MOST_PICTURES, MOST_BYTES = 200, 1 << 30
"""Clouds of a run, and bytes of them, up to which pictures are drawn unless asked otherwise. A picture takes half a
second; the objects and places of the report and the points of its view are read from the labelled clouds again."""


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
    OutputInUseError
        If another process writes into the directory of the results.
    InputError
        If the only cloud, or with `on_error="stop"` any cloud, cannot be used.
    """
    if request.cluster is not None:  # its workers have other working directories
        request = request.with_absolute_paths()
    settings, device = _check_options(request)
    clouds = _find(request)
    request = _with_pictures(request, clouds.clouds)
    _check_outputs(request, clouds.clouds, settings)
    log_skipped(clouds)
    part = _part(request)
    with contextlib.nullcontext() if is_one_file(request.out) else locked(request.out, part=part) as lock:
        guarded = progress if lock is None else lock.guarding(progress)
        return _run(request, clouds, settings, device, lock, guarded)


def _find(request: RunRequest) -> Found:
    """Return the clouds of a run; what earlier runs wrote below the inputs is none of them."""
    if request.files:
        return Found(list(request.files))
    own = [folder for folder in (request.out, request.work, request.scratch) if folder is not None]
    return find_clouds(
        list(request.paths), apart=request.scans == APART, recursive=request.recursive, leave_out=own
    )


def _with_pictures(request: RunRequest, clouds: Sequence[CloudFile]) -> RunRequest:
    """Return the request with a decision on pictures: of very many clouds, nobody looks at all."""
    if request.pictures is not None:
        return request
    few = len(clouds) <= MOST_PICTURES and sum(size_of(file.path) for file in clouds) <= MOST_BYTES
    if not few:
        log.info(
            "%s clouds: the report has no maps, and no pictures are drawn; --pictures draws them, --rasters shows "
            "the whole",
            f"{len(clouds):,}",
        )
    return dataclasses.replace(request, pictures=few)


def plan(request: RunRequest) -> str:
    """Return, for people, what `run` would read, write and skip, and what it would take; nothing is written.

    Raises
    ------
    UsageError, OutputExistsError, InputError
        As `run`.
    """
    from bevseg.runner import dry_run  # only here: it imports numba

    settings, device = _check_options(request)
    clouds = _find(request)
    request = _with_pictures(request, clouds.clouds)
    _check_outputs(request, clouds.clouds, settings)
    skipped: list[str] = []
    model = _given(request)
    if model is not None and not request.overwrite and not is_one_file(request.out):
        earlier = finished.read_earlier(request.out)
        existing = finished.compare(request, clouds.clouds, earlier, conditions_of(request, sha256(model)))
        same, whole = finished.unchanged(clouds.clouds, existing.ours)
        all_same = whole and len(same) + len(existing.changed) == len(clouds.clouds)
        skipped = [*existing.changed, *(file.stem for file in same if all_same)]
    return dry_run.describe(request, clouds, skipped, settings.raster.cell, device)


def _run(
    request: RunRequest,
    clouds: Found,
    settings: Settings,
    device: str,
    lock: Lock | None,
    progress: Progress,
) -> BatchResult:
    """Do the work, and write the report; `lock` is that of the directory of the results, None for a single file."""
    started, one_file = time.monotonic(), is_one_file(request.out)
    earlier = Earlier() if one_file or request.overwrite else finished.read_earlier(request.out)
    trained = BatchResult()
    if request.train_on is not None:
        trained = trained_model(request, settings, clouds.clouds, earlier, progress)
    model = _given(request) or request.out / MODEL_FILES[0]
    conditions = conditions_of(request, sha256(model))
    existing = _existing(request, clouds.clouds, earlier, conditions)
    refused = finished.not_replaced(request, clouds.clouds, existing.changed)
    if refused and request.run_config.on_error == "stop":
        raise refused[0].error
    if request.work is not None:
        record_settings(request.work, settings, GROUPS, overwrite=request.overwrite)
    with passes(request, clouds.clouds, settings, device, model, conditions, lock, progress) as each:
        result = each.label(clouds.clouds, existing.ours, frozenset(existing.changed))
    if request.part is not None:
        log.info("part %s of %s is labelled; without --part the clouds are written", *request.part)
        return result
    failed = {failure.stem for failure in result.failures}
    result.failures += [each for each in refused if each.stem not in failed]
    result.done |= finished.others(earlier, request.out, [file.stem for file in clouds.clouds])
    table = report.report(
        request,
        result,
        settings=settings,
        device=device,
        model=model,
        conditions=conditions,
        training=trained.facts,
        about_model=call(_about_model, model),
        seconds=time.monotonic() - started,
        passed_over=clouds.skipped,
    )
    written = [*trained.written, *result.written]
    if lock is not None:
        lock.ensure_held()
        write_json(table, request.out / REPORT)
        (request.out / UNFINISHED).unlink(missing_ok=True)
        remove_scratch(request)
        written.append(request.out / REPORT)
        written += pages_of(request.out, view=request.pictures is not False) if request.pages else []
    return BatchResult(written, trained.failures + result.failures, result.done, table)


def pages_of(out: Path, *, view: bool) -> list[Path]:
    """Write the report of a run, and on request its view in 3-D, into its directory; return the files."""
    (out / VIEWER).unlink(missing_ok=True)
    written = call(write_view_page, out, out / VIEWER) if view else []  # first: the report names it
    return [*call(write_pages, out), *written]


def _existing(
    request: RunRequest, clouds: Sequence[CloudFile], earlier: Earlier, conditions: Mapping[str, Any]
) -> Existing:
    """Return which outputs exist already, and log those that may not be replaced."""
    if request.overwrite:
        return Existing()
    existing = finished.compare(request, clouds, earlier, conditions)
    for stem, why in existing.changed.items():
        log.warning("%s: its output exists, and the cloud is skipped: %s", stem, why)
    for file in clouds:
        outputs = Outputs.of(file, request)
        if file.stem in earlier.records and not outputs.cloud.exists():
            for path in outputs.beside():
                path.unlink(missing_ok=True)  # of a run that was killed just before its cloud appeared
    return existing


def _check_options(request: RunRequest) -> tuple[Settings, str]:
    """Check before any work that the options agree, and that what they name exists.

    Returns
    -------
    tuple
        The settings in force, of the given model or of the training, and the device.
    """
    if request.model is not None and request.train_on is not None:
        raise UsageError(
            "A model and training clouds exclude each other",
            where="-m, --train-on",
            why="both are given",
            hint="give one of them; to start the training from a model, use --init",
        )
    if request.train_on is None and (request.settings or request.val or request.val_blocks or request.init):
        raise UsageError(
            "A trained model has its own settings",
            where="--config, --cell, --val, --val-blocks, --max-minutes, --init",
            why="its networks were trained with them, and with cells of one size",
            hint="leave them out, or train a model with --train-on",
        )
    part = _part(request)
    if part is not None:
        _check_part(request, part)
    if request.rasters and is_one_file(request.out):
        raise UsageError(
            "A single file cannot hold rasters",
            where="--rasters",
            hint="name a directory, such as -o labelled/",
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


def _part(request: RunRequest) -> str | None:
    """Return the part of a run as the user names it; None without one."""
    return None if request.part is None else "{}/{}".format(*request.part)


def _check_part(request: RunRequest, part: str) -> None:
    """Check that the options allow several processes to work on one survey."""
    reasons = {
        "--train-on": (request.train_on is not None, "train a model first, and name it with -m"),
        "--overwrite": (
            request.overwrite,
            "name another output, or give --overwrite to a run without --part",
        ),
        f"-o {request.out}": (is_one_file(request.out), "name a directory, such as -o labelled/"),
    }
    for option, (is_given, hint) in reasons.items():
        if is_given:
            raise UsageError(
                "A part of a run only labels blocks", where=f"--part {part}, {option}", hint=hint
            )


def _given_model(request: RunRequest) -> tuple[Settings, str]:
    """Return the settings of the given model, and the device."""
    from bevseg import pipeline
    from bevseg.seg.device import resolve

    device = str(resolve(request.run_config.device))
    model = pipeline.load_model(request.model or default_model())
    for name in SLICES:
        model.require(name)
    return model.settings, device


def _about_model(model: Path) -> dict[str, Any]:
    """Return what the report says of a model: the clouds that it was trained on, and its score on others."""
    from bevseg import pipeline

    scores = pipeline.load_model(model).scores
    held_out = scores.get("validation") or {}
    return {
        "trained_on": list(scores.get("trained_on") or ()),
        "held_out_miou": (held_out.get("scores") or {}).get("miou"),
    }


def _training_settings(request: RunRequest) -> tuple[Settings, str]:
    """Return the settings of the training, and the device."""
    from bevseg.seg.device import resolve
    from bevseg.training.requirements import check_training_settings, ensure_networks

    device = str(resolve(request.run_config.device))
    settings = request.settings or NAMED["default"]
    check_training_settings(settings, has_init=request.init is not None)
    ensure_networks(settings, SLICES, starting_model(request))
    return settings, device


def _check_outputs(request: RunRequest, clouds: Sequence[CloudFile], settings: Settings) -> None:
    """Check before any work that every output has a name of its own and can be written."""
    own = [REPORT, UNFINISHED, PAGE, VIEWER, *(MODEL_FILES if request.train_on else ())]
    check_names(request, clouds, [request.out / name for name in own])
    ensure_writable(request.out.parent if is_one_file(request.out) else request.out)
    if request.work is not None:
        ensure_writable(request.work)
    ensure_not_corrected(request.out)
    if request.overwrite:
        return
    ensure_own_page(request.out)
    if is_one_file(request.out):
        ensure_absent(request.out, overwrite=False)
    if request.work is not None:
        check_same_settings(request.work, settings, GROUPS)
    if request.rasters and not any((request.out / name).exists() for name in (REPORT, UNFINISHED)):
        from bevseg.io.mosaic.paths import ensure_no_mosaic

        for name in RASTERS:  # they are of no run
            ensure_no_mosaic(request.out / f"{name}.tif", overwrite=False)


def _given(request: RunRequest) -> Path | None:
    """Return the model that is given, or ships; None if the run trains one."""
    return None if request.train_on is not None else request.model or default_model()
