"""A study file and a folder -> all runs that are not done yet, in processes, and the tables."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from bevseg.config.domains import did_you_mean
from bevseg.errors import BevsegError, PartialFailureError, UsageError
from bevseg.runtime.atomic import ensure_writable, write_json
from bevseg.runtime.processes import in_processes
from bevseg.runtime.progress import Progress, Step, silent
from bevseg.study import plan, records, report
from bevseg.study.plan import Run, StudyFile
from bevseg.study.records import Record
from bevseg.study.task import Task
from bevseg.study.tasks import TASKS

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Work:
    """A run with all its settings."""

    run: Run
    settings: Any


@dataclass
class Conducted:
    """What came of a study.

    Attributes
    ----------
    records
        Of all runs, in the order of the grid.
    trained
        Runs done by this call; the others were there.
    written
        Tables, plots and settings.
    text
        The tables.
    """

    records: list[Record] = field(default_factory=list)
    trained: int = 0
    written: list[Path] = field(default_factory=list)
    text: str = ""


def conduct(path: Path, folder: Path, *, jobs: int = 1, progress: Progress = silent) -> Conducted:
    """Do what is missing of a study, and write its tables.

    It may be interrupted at any moment and called again: finished runs are not done twice.

    Parameters
    ----------
    path
        The study file.
    folder
        For `runs/`, tables, plots and `settings.json`.
    jobs
        Runs at a time, each in a process of one thread.
    progress
        Told after each run.

    Raises
    ------
    UsageError
        For a study file that cannot be used; before any work.
    PartialFailureError
        At the end, if some runs failed.
    """
    study, works = planned(path)
    task = TASKS[study.task]
    ensure_writable(folder)
    write_json(_settings(study, works), folder / "settings.json")
    found = {work.run.key: _done(folder, work) for work in works}
    missing = [work for work in works if found[work.run.key] is None]
    conducted = Conducted(trained=len(missing), written=[folder / "settings.json"])
    if missing and task.prepare is not None:
        task.prepare([work.settings for work in missing], _shared(folder))
    failed: list[tuple[Run, BevsegError]] = []
    count = len(works) - len(missing)
    progress(Step(study.task, count, len(works), note=f"{count} of {len(works)} runs"))
    for wave in ([w for w in missing if not w.run.init], [w for w in missing if w.run.init]):
        with contextlib.closing(_running(functools.partial(_one, study.task, folder), wave, jobs)) as results:
            for work, result in results:
                if isinstance(result, BevsegError):
                    log.warning("%s: %s", _named(work.run), result)
                    failed.append((work.run, result))
                else:
                    found[work.run.key] = result
                    report.write_tables(study, _known(found), folder)
                count += 1
                progress(Step(study.task, count, len(works), note=f"{count} of {len(works)} runs"))
    conducted.records = _known(found)
    conducted.written += report.write_tables(study, conducted.records, folder)
    conducted.written += report.write_plots(study, conducted.records, folder, task.draw)
    conducted.text = report.text(study, conducted.records)
    if failed:
        raise PartialFailureError(
            f"{len(failed)} of {len(works)} runs failed",
            why="\n         ".join(f"{_named(run)}: {error.what}" for run, error in failed),
            hint="correct the study or the data and call again; the others are done",
        )
    return conducted


def planned(path: Path) -> tuple[StudyFile, list[Work]]:
    """Read a study and check the settings of all its runs.

    Raises
    ------
    UsageError
        For a key, a value or a name that does not exist.
    """
    study = plan.read(path)
    if study.task not in TASKS:
        near = did_you_mean(study.task, TASKS)
        raise UsageError(f"No task {study.task!r}", where=path, hint=f"name one of: {', '.join(TASKS)}{near}")
    task = TASKS[study.task]
    works = [
        Work(run, plan.checked(task.settings, run.given, _where(path, run)))
        for run in plan.grid(study, str(path))
    ]
    for work in works:
        _check(task, work, path)
    return study, works


def _check(task: Task, work: Work, path: Path) -> None:
    try:
        task.check(work.settings)
    except UsageError as error:
        error.where = f"{_where(path, work.run)}" + (f": {error.where}" if error.where else "")
        raise


def _running(work: Any, works: Sequence[Work], jobs: int) -> Generator[tuple[Work, Any]]:
    """Yield works and results: here, or in processes if several are at work."""
    if jobs > 1 and len(works) > 1:
        yield from in_processes(work, works, min(jobs, len(works)), _settle)
        return
    threads = torch.get_num_threads()
    _settle()  # as in the processes: sums depend on how they are split
    try:
        for item in works:
            yield item, work(item)
    finally:
        torch.set_num_threads(threads)
        torch.set_flush_denormal(False)


def _settle() -> None:
    """Prepare a process for trainings, one at a time."""
    torch.set_num_threads(1)
    # The moments of weights that no longer learn fade into numbers that a processor computes a hundred times slower.
    torch.set_flush_denormal(True)


def _one(task: str, folder: Path, work: Work) -> Record | BevsegError:
    """Do one run and leave its record; an error of ours is handed back as a value."""
    try:
        init = records.weights(folder, work.run.init) if work.run.init else None
        outcome = TASKS[task].run(work.settings, init, _shared(folder))
        return records.save(folder, task, work.run, dataclasses.asdict(work.settings), outcome)
    except BevsegError as error:
        return error
    except Exception as unexpected:
        log.debug("", exc_info=True)
        return BevsegError(
            "Something unexpected happened: this is a bug",
            why=f"{type(unexpected).__name__}: {unexpected}",
            hint="report it with the study file",
        )


def _done(folder: Path, work: Work) -> Record | None:
    return records.load(folder, work.run, dataclasses.asdict(work.settings))


def _known(found: Mapping[str, Record | None]) -> list[Record]:
    return [record for record in found.values() if record is not None]


def _settings(study: StudyFile, works: Sequence[Work]) -> dict[str, Any]:
    """Return the study as it was read, the settings of every run, and what it is computed with."""
    runs = [
        {"key": work.run.key, "at": work.run.at, "init": work.run.init, **dataclasses.asdict(work.settings)}
        for work in works
    ]
    table: dict[str, Any] = records.plain(
        {"study": dataclasses.asdict(study), "made_with": records.made_with(), "runs": runs}
    )
    return table


def _shared(folder: Path) -> Path:
    return folder / "shared"


def _where(path: Path, run: Run) -> str:
    return f"{path}: run {_named(run)}"


def _named(run: Run) -> str:
    return ", ".join(f"{axis} {value}" for axis, value in run.at.items())
