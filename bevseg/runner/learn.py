"""Results of a run and the corrections of a person -> a model that has learned from them, and its results.

The clouds are labelled again by a run with the new model. Then the points that a person spoke about get the class
that was said, and the edits go along: so the results can be looked at, corrected and learned from in turn.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bevseg import weights
from bevseg.config import NO_TTA, PredictConfig, RunConfig
from bevseg.config.names import DEFAULT_MODEL
from bevseg.errors import CloudNotFoundError, InputError, ModelError, OutputExistsError, UsageError
from bevseg.io.find import CloudFile
from bevseg.report.maps_file import maps_path
from bevseg.review.corrected_file import add_corrections
from bevseg.review.edits import EDITS, EditList
from bevseg.review.run_outputs import REPORT, RunCloud, RunOutputs, ensure_not_corrected
from bevseg.runner.learned import with_learned
from bevseg.runner.relabel import relabel
from bevseg.runner.request import RunRequest
from bevseg.runner.run import pages_of, run
from bevseg.runner.train_first import MODEL_FILES
from bevseg.runtime.atomic import ensure_writable, write_json
from bevseg.runtime.batch import BatchResult
from bevseg.runtime.progress import Progress, Stopwatch, silent
from bevseg.workdir.facts import sha256

if TYPE_CHECKING:
    from bevseg.training.corrections import CorrectedExample

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LearnRequest:
    """What to learn from, and where the results go.

    Attributes
    ----------
    out
        Directory of the results of a run, with its edits.
    learned
        Directory of the new results; it is missing or empty.
    corrected
        Labelled clouds of the run that were edited in other software.
    model
        File of the model of the run, where it has been moved; None: where the report says.
    max_minutes
        Wall-clock limit of the training; None: there is none.
    overwrite
        Whether results that stand in `learned` may be replaced.
    run_config
        Seed, device and processes. The first error ends the command, whatever it says.
    command
        The command line, for the report.
    """

    out: Path
    learned: Path
    corrected: tuple[Path, ...] = ()
    model: Path | None = None
    max_minutes: float | None = None
    overwrite: bool = False
    run_config: RunConfig = field(default_factory=RunConfig)
    command: tuple[str, ...] = ()


def learn(request: LearnRequest, *, progress: Progress = silent) -> BatchResult:
    """Train on from the model of a run with what a person said, and label the clouds again.

    Parameters
    ----------
    request
        What to learn from, and where the results go.
    progress
        Progress callback.

    Returns
    -------
    BatchResult
        Files; the facts are the report of the new results. Its `learned` says what was learned from, and which
        classes were won and lost.

    Raises
    ------
    UsageError
        If nobody has said anything, or the directories are one.
    InputError
        If these are no results of a run, a source is missing, or a file has changed since it was labelled.
    LabelError
        If nothing was said that a network can learn.
    ModelError
        If the model of the run is not found.
    OutputExistsError
        If there are results already.
    """
    outputs = RunOutputs.open(request.out)
    _ensure_room(request)
    model = _model_of(outputs, request.model)
    with tempfile.TemporaryDirectory(prefix="bevseg-") as folder:
        edits = _edits(outputs, request.corrected, Path(folder))
        spoken = _spoken(outputs, edits)
        _ensure_sources(outputs)
        watch = Stopwatch()
        with watch("read"):
            examples = _examples(spoken, edits, model)
        with _all_or_nothing(request):
            return _learn(request, outputs, edits, examples, model, watch, progress)


def _ensure_room(request: LearnRequest) -> None:
    """Check before any work where the results go."""
    out, learned = request.out.resolve(), request.learned.resolve()
    if learned == out:
        raise UsageError(
            "The new results cannot replace those that were corrected",
            where=f"-o {request.learned}",
            why="the edits are about the labels that stand there",
            hint="name another directory",
        )
    ensure_writable(request.learned)
    ensure_not_corrected(request.learned)
    if not request.overwrite and request.learned.is_dir() and any(request.learned.iterdir()):
        raise OutputExistsError(
            "The output exists",
            where=request.learned,
            why="the directory is not empty",
            hint="give --overwrite, or another output",
        )


def _model_of(outputs: RunOutputs, given: Path | None) -> Path:
    """Return the file of the model of a run.

    Raises
    ------
    ModelError
        If it is not there, or is another one now.
    """
    known = outputs.table["model"]
    beside = outputs.folder / MODEL_FILES[0] if outputs.folder else None
    places = [given] if given is not None else [Path(known["file"]), beside]
    if given is None and known["name"] == DEFAULT_MODEL:
        places = [weights.DEFAULT]
    for place in places:
        if place is not None and place.is_file() and sha256(place) == known["sha256"]:
            return place
    raise ModelError(
        "The model of the run is not found",
        where=places[0],
        why=f"its SHA-256 begins with {known['sha256'][:12]}; no file with it is there",
        hint="name the file with -m, or repeat the run with the model that there is",
    )


def _edits(outputs: RunOutputs, corrected: Sequence[Path], folder: Path) -> EditList:
    """Return the edits of a run, and those in files that were edited elsewhere; the results stay as they are.

    Parameters
    ----------
    outputs
        The results of the run.
    corrected
        Files edited elsewhere.
    folder
        Where the list with both may stand.
    """
    edits = outputs.edits()
    if corrected:
        edits = edits.carry_over(folder, {cloud.name: cloud.sha256 for cloud in outputs.clouds})
        for path in corrected:
            if not add_corrections(outputs, edits, path):
                log.warning("%s: no class differs from the labelled cloud", path)
    if not edits.in_force():
        raise UsageError(
            "There is nothing to learn from",
            where=outputs.folder,
            why="nobody has corrected or confirmed anything"
            if not corrected
            else "the corrected files have the classes of the labelled clouds",
            hint="correct some points with `bevseg view`, or name a corrected file with --corrected",
        )
    return edits


def _spoken(outputs: RunOutputs, edits: EditList) -> list[RunCloud]:
    """Return the clouds that a person spoke about."""
    names = {name for edit in edits.in_force() for name in edit.points}
    return [cloud for cloud in outputs.clouds if cloud.name in names]


def _ensure_sources(outputs: RunOutputs) -> None:
    """Raise an error unless the files that were labelled are there, and as they were."""
    for cloud in outputs.clouds:
        if cloud.source is None or not cloud.source.is_file():
            raise CloudNotFoundError(
                "A source of the results is missing",
                where=cloud.source,
                why=f"the clouds are labelled again, and {cloud.name} was made from it",
                hint="put it back; a relative path counts from the folder where `bevseg run` was called",
            )
        if sha256(cloud.source) != cloud.facts["sha256"]:
            raise InputError(
                "A source has changed since it was labelled",
                where=cloud.source,
                why="points are known by their place in the file",
                hint="put the file back, or label it again with `bevseg run`",
            )


def _examples(spoken: Sequence[RunCloud], edits: EditList, model: Path) -> list[CorrectedExample]:
    """Return the clouds that a person spoke about, with what was said."""
    from bevseg import pipeline  # only here: they import torch
    from bevseg.training.corrections import CorrectedExample

    settings, found = pipeline.load_model(model).settings, []
    for cloud in spoken:
        labelled = cloud.read()
        said = edits.said(cloud.name, labelled.classes)
        found.append(CorrectedExample.of(labelled.cloud, said.classes, said.mask, settings))
    return found


@contextlib.contextmanager
def _all_or_nothing(request: LearnRequest) -> Iterator[None]:
    """Remove what stands in a directory that was empty if the work fails."""
    was_there = request.learned.exists()
    is_ours = not was_there or not any(request.learned.iterdir())
    try:
        yield
    except BaseException:
        if is_ours:
            shutil.rmtree(request.learned, ignore_errors=True)
            if was_there:
                request.learned.mkdir(exist_ok=True)
        raise


def _learn(
    request: LearnRequest,
    outputs: RunOutputs,
    edits: EditList,
    examples: Sequence[CorrectedExample],
    init: Path,
    watch: Stopwatch,
    progress: Progress,
) -> BatchResult:
    from bevseg import pipeline  # only here: they import torch
    from bevseg.seg import checkpoint
    from bevseg.training.corrections import learn_corrections

    config, path = request.run_config, request.learned / MODEL_FILES[0]
    with watch("train"):
        model = learn_corrections(
            examples,
            pipeline.load_model(init),
            seed=config.seed,
            device=config.device,
            minutes=request.max_minutes,
            progress=progress,
        )
    checkpoint.save(model, path)
    with watch("label"):
        result = run(_run_request(request, outputs, path), progress=progress)
    with watch("correct"):
        corrected = relabel(outputs, RunOutputs.open(request.learned), edits, config.jobs or 1, progress)
    table = with_learned(outputs, result.facts, corrected, edits)
    table["learned"] |= {
        "model": dict(outputs.table["model"]),
        "corrections": model.scores["corrections"],
        "seconds": {stage: round(spent, 1) for stage, spent in watch.seconds.items()},
    }
    hashes = {name: facts["output_sha256"] for name, facts in table["clouds"].items()}
    edits.carry_over(request.learned, hashes)
    write_json(table, request.learned / REPORT)
    written = [
        path,
        *result.written,
        request.learned / EDITS,
        *pages_of(request.learned, view=_is_drawn(outputs)),
    ]
    return BatchResult(written, [], result.done, table)


def _is_drawn(outputs: RunOutputs) -> bool:
    """Return whether the report of a run has maps: there are not too many clouds."""
    assert outputs.folder is not None  # `open` gives it
    return any(maps_path(outputs.folder, cloud.name).is_file() for cloud in outputs.clouds)


def _run_request(request: LearnRequest, outputs: RunOutputs, model: Path) -> RunRequest:
    """Return the run that labels the clouds of a run once more, with another model and the same options."""
    options = outputs.table.get("conditions", {}).get("options", {})
    first = outputs.clouds[0].facts
    read = first.get("read") or {}
    files = tuple(
        CloudFile(cloud.source, cloud.name, (cloud.facts.get("read") or {}).get("scan"))
        for cloud in outputs.clouds
        if cloud.source is not None
    )
    kept = ("format", "upgrade_las", "probabilities", "scans", "apart")
    config = request.run_config
    return RunRequest(
        tuple(file.path for file in files),
        request.learned,
        files=files,
        model=model,
        classes=read.get("classes"),
        columns=read.get("columns"),
        out_classes=first.get("written_in"),
        keep=tuple(options.get("keep", ())),
        pictures=False,  # they would show the labels without the corrections, and so would the pages
        pages=False,
        maps=_is_drawn(outputs),
        tta=_tta(outputs.table.get("looks")),
        overwrite=request.overwrite,
        run_config=RunConfig(seed=config.seed, device=config.device, jobs=config.jobs, on_error="stop"),
        command=request.command,
        **{name: options[name] for name in kept if name in options},
    )


def _tta(looks: Mapping[str, Any] | None) -> PredictConfig:
    """Return the test-time augmentation of a run, as its report has it."""
    return NO_TTA if looks is None else PredictConfig(**{**looks, "scales": tuple(looks["scales"])})
