"""Run a study: train every run that is not finished yet, and write the tables."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from bevseg.config.domains import did_you_mean
from bevseg.errors import BevsegError, PartialFailureError, UsageError
from bevseg.runtime.atomic import ensure_writable, write_json
from bevseg.runtime.processes import in_processes
from bevseg.runtime.progress import Progress, Step, silent
from bevseg.study import plan, records, result_tables
from bevseg.study.plan import Run, StudyFile
from bevseg.study.records import Record
from bevseg.study.task import Task
from bevseg.study.task_registry import TASKS

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PlannedRun:
    """A run with all its settings, defaults included."""

    run: Run
    settings: Any


@dataclass
class StudyResult:
    """Records, tables and files of a study.

    Attributes
    ----------
    records
        Records of all finished runs, in the order of the grid.
    trained
        Number of runs that this call started. The others were finished before.
    written
        Files of the settings, tables and plots.
    text
        All tables, as Markdown.
    """

    records: list[Record] = field(default_factory=list)
    trained: int = 0
    written: list[Path] = field(default_factory=list)
    text: str = ""


def run_study(path: Path, folder: Path, *, jobs: int = 1, progress: Progress = silent) -> StudyResult:
    """Train the missing runs of a study, and write its tables.

    The call may be interrupted at any moment and repeated. Finished runs are not repeated.

    Parameters
    ----------
    path
        The study file.
    folder
        Output folder. It gets `runs/`, the tables, the plots and `settings.json`.
    jobs
        Number of runs at a time. Each is a process with one thread.
    progress
        Called after each run.

    Raises
    ------
    UsageError
        If the study file is wrong. It is checked before any work.
    PartialFailureError
        At the end, if some runs failed.
    """
    study, planned_runs = plan_runs(path)
    task = TASKS[study.task]
    ensure_writable(folder)
    write_json(_settings(study, planned_runs), folder / "settings.json")
    finished = {planned.run.key: _load_record(folder, planned) for planned in planned_runs}
    missing = [planned for planned in planned_runs if finished[planned.run.key] is None]
    result = StudyResult(trained=len(missing), written=[folder / "settings.json"])
    if missing and task.prepare is not None:
        task.prepare([planned.settings for planned in missing], _shared_folder(folder))
    failed: list[tuple[Run, BevsegError]] = []
    total = len(planned_runs)
    count = total - len(missing)
    progress(Step(study.task, count, total, note=f"{count} of {total} runs"))
    # Runs that start from another run come second.
    for wave in ([p for p in missing if not p.run.init], [p for p in missing if p.run.init]):
        train = functools.partial(_train_and_save, study.task, folder)
        with contextlib.closing(_train_all(train, wave, jobs)) as outcomes:
            for planned, outcome in outcomes:
                if isinstance(outcome, BevsegError):
                    log.warning("%s: %s", _place(planned.run), outcome)
                    failed.append((planned.run, outcome))
                else:
                    finished[planned.run.key] = outcome
                    result_tables.write_tables(study, _records(finished), folder)
                count += 1
                progress(Step(study.task, count, total, note=f"{count} of {total} runs"))
    result.records = _records(finished)
    result.written += result_tables.write_tables(study, result.records, folder)
    result.written += result_tables.write_plots(study, result.records, folder, task.draw)
    result.text = result_tables.markdown_of_all(study, result.records)
    if failed:
        raise PartialFailureError(
            f"{len(failed)} of {total} runs failed",
            why="\n         ".join(f"{_place(run)}: {error.what}" for run, error in failed),
            hint="correct the study or the data, and call again: finished runs are not repeated",
        )
    return result


def plan_runs(path: Path) -> tuple[StudyFile, list[PlannedRun]]:
    """Read a study and check the settings of all its runs.

    Raises
    ------
    UsageError
        If a key, a value or a name does not exist.
    """
    study = plan.read_study(path)
    if study.task not in TASKS:
        near = did_you_mean(study.task, TASKS)
        raise UsageError(f"No task {study.task!r}", where=path, hint=f"name one of: {', '.join(TASKS)}{near}")
    task = TASKS[study.task]
    planned_runs = [
        PlannedRun(run, plan.build_settings(task.settings, run.given, _where(path, run)))
        for run in plan.grid(study, str(path))
    ]
    for planned in planned_runs:
        _check(task, planned, path)
    return study, planned_runs


def _check(task: Task, planned: PlannedRun, path: Path) -> None:
    try:
        task.check(planned.settings)
    except UsageError as error:
        error.where = f"{_where(path, planned.run)}" + (f": {error.where}" if error.where else "")
        raise


def _train_all(
    train: Callable[[PlannedRun], Record | BevsegError], planned_runs: Sequence[PlannedRun], jobs: int
) -> Generator[tuple[PlannedRun, Any]]:
    """Yield runs and their records, computed in this process or in several."""
    if jobs > 1 and len(planned_runs) > 1:
        yield from in_processes(train, planned_runs, min(jobs, len(planned_runs)), _prepare_process)
        return
    threads = torch.get_num_threads()
    _prepare_process()  # one thread here as well: the number of threads changes floating-point sums
    try:
        for planned in planned_runs:
            yield planned, train(planned)
    finally:
        torch.set_num_threads(threads)
        torch.set_flush_denormal(False)


def _prepare_process() -> None:
    """Prepare a process for trainings, one at a time."""
    torch.set_num_threads(1)
    # The optimizer's moments of weights without gradient decay to denormal numbers. Processors compute with these
    # a hundred times slower.
    torch.set_flush_denormal(True)


def _train_and_save(task: str, folder: Path, planned: PlannedRun) -> Record | BevsegError:
    """Train one run and save its record; return an error as a value."""
    try:
        init = records.weights(folder, planned.run.init) if planned.run.init else None
        result = TASKS[task].run(planned.settings, init, _shared_folder(folder))
        return records.save(folder, task, planned.run, dataclasses.asdict(planned.settings), result)
    except BevsegError as error:
        return error
    except Exception as unexpected:
        log.debug("", exc_info=True)
        return BevsegError(
            "Unexpected error: this is a bug",
            why=f"{type(unexpected).__name__}: {unexpected}",
            hint="report it with the study file",
        )


def _load_record(folder: Path, planned: PlannedRun) -> Record | None:
    return records.load(folder, planned.run, dataclasses.asdict(planned.settings))


def _records(finished: Mapping[str, Record | None]) -> list[Record]:
    return [record for record in finished.values() if record is not None]


def _settings(study: StudyFile, planned_runs: Sequence[PlannedRun]) -> dict[str, Any]:
    """Return the study file, the settings of every run, and the versions of the software."""
    runs = [
        {
            "key": planned.run.key,
            "at": planned.run.at,
            "init": planned.run.init,
            **dataclasses.asdict(planned.settings),
        }
        for planned in planned_runs
    ]
    table: dict[str, Any] = records.plain(
        {"study": dataclasses.asdict(study), "made_with": records.made_with(), "runs": runs}
    )
    return table


def _shared_folder(folder: Path) -> Path:
    return folder / "shared"


def _where(path: Path, run: Run) -> str:
    return f"{path}: run {_place(run)}" if run.at else str(path)


def _place(run: Run) -> str:
    """Return the place of a run in the grid, as text."""
    return ", ".join(f"{axis} {value}" for axis, value in run.at.items())
