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
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bevseg import weights
from bevseg.config import NO_TTA, PredictConfig, RunConfig
from bevseg.config.names import DEFAULT_MODEL
from bevseg.core.labels import CLASS_NAMES, load_scheme
from bevseg.core.scores import count_labels, scores_of
from bevseg.errors import CloudNotFoundError, InputError, ModelError, OutputExistsError, UsageError
from bevseg.io.correct import Corrected, correct_file
from bevseg.io.find import CloudFile
from bevseg.report.corrected_maps import correct_maps
from bevseg.report.maps_file import maps_path, read_maps, write_maps
from bevseg.review.corrected_file import add_corrections
from bevseg.review.edits import EDITS, EditList
from bevseg.review.run_outputs import REPORT, RunCloud, RunOutputs, ensure_not_corrected
from bevseg.runner import report
from bevseg.runner.request import RunRequest
from bevseg.runner.run import pages_of, run
from bevseg.runner.train_first import MODEL_FILES
from bevseg.runtime.atomic import ensure_writable, replacing, write_json
from bevseg.runtime.batch import BatchResult, CloudResult, for_each_cloud
from bevseg.runtime.progress import Progress, Stopwatch, silent
from bevseg.workdir.facts import sha256

if TYPE_CHECKING:
    from bevseg.training.corrections import CorrectedExample

log = logging.getLogger(__name__)

ARROW = "->"
"""Between the classes of a point before and after, in the report."""


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


@dataclass(frozen=True)
class Relabelled:
    """A cloud before and after: an item of a batch.

    Attributes
    ----------
    before, after
        The cloud in both results.
    maps
        What the report shows of the new labels; there need not be such a file.
    edits
        Those of the first results.
    """

    before: RunCloud
    after: RunCloud
    maps: Path
    edits: EditList

    @property
    def stem(self) -> str:
        """Name of the cloud."""
        return self.after.name

    @property
    def path(self) -> Path:
        """The new labelled file."""
        return self.after.path


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


def summary(table: Mapping[str, Any]) -> str:
    """Say what was learned from, and which classes were won and lost."""
    learned = table["learned"]
    said = f"learned from {learned['said']:,} points in {len(learned['corrections']['clouds'])} clouds"
    moves = sorted(learned["changed"].items(), key=lambda item: (-item[1], item[0]))
    lines = [f"{said}; {sum(learned['changed'].values()):,} points have another class than before"]
    lines += [f"  {pair.replace(ARROW, ' to ')}: {count:,}" for pair, count in moves]
    names = [name for name in CLASS_NAMES if learned["before"][name] or learned["after"][name]]
    lines += [f"{'class':<12} {'before':>12} {'after':>12} {'won':>10} {'lost':>10}"]
    for name in names:
        numbers = [learned[key][name] for key in ("before", "after")]
        won, lost = (_moved(learned["changed"], name, to=to) for to in (True, False))
        lines.append(f"{name:<12} {numbers[0]:>12,} {numbers[1]:>12,} {won:>10,} {lost:>10,}")
    return "\n".join(lines)


def _moved(changed: Mapping[str, int], name: str, *, to: bool) -> int:
    """Return how many points a class has won (`to`) or lost."""
    return sum(count for pair, count in changed.items() if pair.split(ARROW)[to] == name)


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
        corrected = _correct(outputs, RunOutputs.open(request.learned), edits, config.jobs or 1, progress)
    table = _table(outputs, result.facts, corrected, edits)
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


def _correct(
    before: RunOutputs, after: RunOutputs, edits: EditList, jobs: int, progress: Progress
) -> dict[str, dict[str, Any]]:
    """Give the points that a person spoke about the class that was said; return what changed in each cloud."""
    assert after.folder is not None  # it holds a report
    tasks = [
        Relabelled(before.cloud(cloud.name), cloud, maps_path(after.folder, cloud.name), edits)
        for cloud in after.clouds
    ]
    batch = for_each_cloud("correct", _relabel, tasks, jobs=jobs, on_error="stop", progress=progress)
    return {name: done.facts for name, done in batch.done.items()}


def _relabel(task: Relabelled) -> CloudResult:
    """Return `classes`, `scores` and `output_sha256` of a cloud, and what a person said and what changed in it."""
    old = task.before.read().classes
    said = task.edits.said(task.before.name, old)
    facts: dict[str, Any] = {}
    if said.mask.any():
        found = _put_in(task.after, said.classes, said.mask)
        new = found.after
        if task.maps.is_file():
            with replacing(task.maps) as temporary:
                write_maps(correct_maps(read_maps(task.maps), task.path, found), temporary)
        truth = task.after.read_truth()
        facts["output_sha256"] = task.after.sha256
        facts["classes"] = _by_class(np.bincount(new, minlength=len(CLASS_NAMES)))
        if truth is not None:
            facts["scores"] = scores_of(count_labels(truth, new, task.stem))
    else:
        new = task.after.read().classes
    pairs = np.bincount(old.astype(np.intp) * len(CLASS_NAMES) + new, minlength=len(CLASS_NAMES) ** 2)
    table = pairs.reshape(len(CLASS_NAMES), -1)
    facts["said"], facts["pairs"] = int(np.count_nonzero(said.mask)), table
    return CloudResult((task.after.path,), len(new), facts)


def _put_in(cloud: RunCloud, classes: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Corrected:
    """Write what a person said into a labelled file."""

    def say(new: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        return np.where(mask, classes, new).astype(np.uint8), mask

    scheme = cloud.facts.get("written_in")
    with replacing(cloud.path) as temporary:
        return correct_file(
            cloud.path,
            say,
            temporary,
            scheme=None if scheme is None else load_scheme(scheme),
            overwrite=True,
        )


def _table(
    outputs: RunOutputs,
    table: Mapping[str, Any],
    corrected: Mapping[str, Mapping[str, Any]],
    edits: EditList,
) -> dict[str, Any]:
    """Return the report of the new results, with what a person said put in, and what changed."""
    pairs = sum(facts["pairs"] for facts in corrected.values())
    assert isinstance(pairs, np.ndarray)  # there are clouds
    clouds = {}
    for name, facts in table["clouds"].items():
        own = corrected[name]
        new = {key: own[key] for key in ("output_sha256", "classes", "scores") if key in own}
        role = {"role": "corrected"} if own["said"] else {}
        clouds[name] = {**facts, **new, **role, "said": own["said"], "changed": _moves(own["pairs"])}
    unseen = [name for name in table["scored"] if not corrected[name]["said"]]
    scored = unseen or list(table["scored"])
    return {
        **table,
        "scored": scored,
        "scored_unseen": bool(unseen),
        **report.pooled(clouds, scored),
        "clouds": clouds,
        "learned": {
            "of": str(outputs.folder),
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "edits": len(edits.in_force()),
            "said": sum(own["said"] for own in corrected.values()),
            "before": _by_class(pairs.sum(axis=1)),
            "after": _by_class(pairs.sum(axis=0)),
            "changed": _moves(pairs),
            "scores_before": outputs.table.get("scores"),
        },
    }


def _by_class(counts: NDArray[np.integer]) -> dict[str, int]:
    return {name: int(count) for name, count in zip(CLASS_NAMES, counts, strict=True)}


def _moves(pairs: NDArray[np.integer]) -> dict[str, int]:
    """Return `car->pole` -> points that were the first and are the second class, of (before, after) counts."""
    return {
        f"{CLASS_NAMES[one]}{ARROW}{CLASS_NAMES[other]}": int(pairs[one, other])
        for one, other in zip(*np.nonzero(pairs), strict=True)
        if one != other
    }
