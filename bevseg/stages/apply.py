"""Labelled clouds of a run and their edits -> corrected clouds in another directory: `bevseg apply`."""

from __future__ import annotations

import functools
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bevseg.core.labels import Scheme, load_scheme
from bevseg.core.scores import pooled_scores
from bevseg.errors import InputError, UsageError
from bevseg.io import qgis
from bevseg.io.correct import Corrected
from bevseg.report.corrected_maps import correct_maps
from bevseg.report.maps_file import maps_path, read_maps, write_maps
from bevseg.review.apply import apply_edits
from bevseg.review.edits import EDITS, EditList
from bevseg.review.run_outputs import REPORT, RunCloud, RunOutputs
from bevseg.runtime.atomic import ensure_absent, ensure_different, ensure_not_all_exist, replacing, write_json
from bevseg.runtime.batch import BatchResult, CloudResult, for_each_cloud
from bevseg.runtime.progress import Progress, silent
from bevseg.workdir.facts import sha256

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """A labelled cloud and its maps, where their copies go, and the edits; None where no edit speaks about it."""

    cloud: RunCloud
    target: Path
    maps: Path
    maps_target: Path
    edits: EditList | None

    @property
    def stem(self) -> str:
        """Name of the cloud."""
        return self.cloud.name

    @property
    def path(self) -> Path:
        """The labelled file."""
        return self.cloud.path


def apply(
    out: Path,
    corrected: Path,
    *,
    classes: str | None = None,
    only_edited: bool = False,
    jobs: int = 1,
    on_error: str = "skip",
    overwrite: bool = False,
    progress: Progress = silent,
) -> BatchResult:
    """Write the labelled clouds of a directory with the corrections that a person made.

    Clouds without corrections are copied. The report of the run goes along, with what is new about each cloud.

    Parameters
    ----------
    out
        Directory of the results of a run, with the list of edits.
    corrected
        Another directory, for the corrected clouds.
    classes
        Class scheme that the labelled clouds were written in; None: the one that they or the report name.
    only_edited
        Whether clouds without corrections are left out.
    jobs
        Number of processes.
    on_error
        `skip` or `stop`, as for `for_each_cloud`.
    overwrite
        Whether outputs may be replaced.
    progress
        Progress callback.

    Returns
    -------
    BatchResult
        Facts of each cloud: as `apply_edits`; empty for copies.

    Raises
    ------
    InputError
        If these are no results of a run, or if nothing was corrected; if the list of edits is damaged, or a corrected
        cloud has changed since.
    UsageError
        If `corrected` is `out`.
    OutputExistsError
        If all outputs, or the report, exist.
    """
    scheme = load_scheme(classes) if classes else None
    outputs = RunOutputs.open(out)
    edits = _read_edits(out, outputs)
    tasks = _tasks(out, corrected, outputs, edits, only_edited=only_edited)
    report = corrected / REPORT
    if not overwrite:
        ensure_not_all_exist([task.target for task in tasks])
        ensure_absent(report, overwrite=False)
    batch = for_each_cloud(
        "apply",
        functools.partial(_apply, scheme=scheme, overwrite=overwrite),
        tasks,
        jobs=jobs,
        on_error=on_error,
        progress=progress,
    )
    write_json(_report(outputs, edits, corrected, batch), report, overwrite=overwrite)
    batch.written.append(report)
    batch.facts = {name: done.facts for name, done in batch.done.items()}
    return batch


def summary(facts: Mapping[str, Any]) -> str:
    """Say for each cloud how many points were corrected, and to what."""
    return "\n".join(f"{name}: {_words(cloud.get('corrections'))}" for name, cloud in facts.items())


def _words(corrections: Mapping[str, Any] | None) -> str:
    if corrections is None:
        return "no corrections, copied"
    moves = [
        f"{count:,} {before} to {after}"
        for before, row in corrections["changed"].items()
        for after, count in row.items()
    ]
    return "; ".join([*moves, f"{corrections['confirmed']:,} points confirmed"])


def _read_edits(out: Path, outputs: RunOutputs) -> EditList:
    if not (out / EDITS).is_file():
        raise InputError(
            "There are no corrections",
            where=out,
            why=f"it has no {EDITS}",
            hint="correct some points first: bevseg view",
        )
    return outputs.edits()


def _tasks(
    out: Path, corrected: Path, outputs: RunOutputs, edits: EditList, *, only_edited: bool
) -> list[Task]:
    """Return what is to do, after a check that no copy would replace a labelled cloud or its source."""
    if corrected.resolve() == out.resolve():
        raise UsageError(
            "The corrected clouds cannot replace the labelled ones",
            where=f"-o {corrected}",
            why="the corrections are a list of changes to the labelled files: they would be lost",
            hint="name another directory",
        )
    spoken = {name for edit in edits.in_force() for name in edit.points}
    tasks = [
        Task(
            cloud,
            corrected / cloud.path.relative_to(out),
            maps_path(out, cloud.name),
            maps_path(corrected, cloud.name),
            edits if cloud.name in spoken else None,
        )
        for cloud in outputs.clouds
        if cloud.name in spoken or not only_edited
    ]
    if not spoken:
        if only_edited:
            raise InputError("No correction is in force", where=edits.path, hint="leave out --only-edited")
        log.warning("%s: no correction is in force, all clouds are copied", edits.path)
    for task in tasks:
        _ensure_no_source(task)
    return tasks


def _ensure_no_source(task: Task) -> None:
    """Raise UsageError if the copy would replace the scan: that of the report, or one with its content.

    The report may name it by a path from another folder.
    """
    if task.cloud.source is not None:
        ensure_different(task.cloud.source, task.target)
    if task.target.is_file() and sha256(task.target) == task.cloud.facts["sha256"]:
        raise UsageError(
            "A corrected cloud would replace the scan that it was made of",
            where=task.target,
            hint="name another directory",
        )


def _apply(task: Task, *, scheme: Scheme | None, overwrite: bool) -> CloudResult:
    written, found = [task.target], None
    facts: dict[str, Any] = {}
    if task.edits is None:
        if task.cloud.sha256 != task.cloud.facts.get("output_sha256"):
            log.warning("%s: not the file that the run wrote; it is copied as it is", task.path)
        _copy(task.path, task.target, overwrite=overwrite)
    else:
        facts, found = apply_edits(task.cloud, task.edits, task.target, scheme=scheme, overwrite=overwrite)
    style = qgis.path_beside(task.path)
    if style.is_file():
        written.append(qgis.path_beside(task.target))
        _copy(style, written[-1], overwrite=True)
    if task.maps.is_file():
        _write_maps(task, found)
    return CloudResult(tuple(written), task.cloud.facts["points"], facts)


def _write_maps(task: Task, found: Corrected | None) -> None:
    """Write what the report shows of the cloud. It can do without, so maps that cannot be read are left out."""
    if found is None:
        _copy(task.maps, task.maps_target, overwrite=True)
        return
    try:
        maps = read_maps(task.maps)
    except InputError as error:
        log.warning("%s", error)
        return
    with replacing(task.maps_target) as temporary:
        write_maps(correct_maps(maps, task.path, found), temporary)


def _copy(source: Path, target: Path, *, overwrite: bool) -> None:
    with replacing(target, overwrite=overwrite) as temporary:
        shutil.copyfile(source, temporary)


def _report(outputs: RunOutputs, edits: EditList, corrected: Path, batch: BatchResult) -> dict[str, Any]:
    """Return the report of the run, with what is new about the corrected clouds."""
    clouds = {}
    for name, done in batch.done.items():
        known = outputs.cloud(name).facts
        cloud, *style = done.written
        maps = maps_path(corrected, name)
        files = {
            "cloud": str(cloud),
            "picture": None,
            "style": str(style[0]) if style else None,
            "maps": str(maps) if maps.is_file() else None,
        }
        clouds[name] = {**known, **done.facts, "outputs": files}
    scored = [name for name in outputs.table.get("scored", []) if clouds.get(name, {}).get("scores")]
    return {
        **outputs.table,
        "corrected": {
            "of": str(outputs.folder),
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "edits": len(edits.in_force()),
            "points": sum(facts.get("corrections", {}).get("points", 0) for facts in clouds.values()),
        },
        "scored": scored,
        **{key: pooled_scores([clouds[name][key] for name in scored]) for key in ("scores", "oracle")},
        "clouds": clouds,
        "failures": [
            *outputs.table.get("failures", []),
            *(
                {"cloud": f.stem, "source": str(f.path), "what": f.error.what, "why": f.error.why}
                for f in batch.failures
            ),
        ],
    }
