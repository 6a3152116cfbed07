"""Run a study: train every run that is not finished yet, and write the tables."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from bevseg.config.domains import did_you_mean
from bevseg.errors import BevsegError, PartialFailureError, UsageError
from bevseg.runtime.atomic import write_json
from bevseg.runtime.lock import locked
from bevseg.runtime.processes import in_processes
from bevseg.runtime.progress import Progress, Step, silent
from bevseg.seg.device import resolve
from bevseg.study import grid, plan, records, result_tables
from bevseg.study.grid import Run
from bevseg.study.own_code import own_code
from bevseg.study.plan import StudyFile
from bevseg.study.records import Record
from bevseg.study.task import RunContext, Source, Task
from bevseg.study.task_registry import TASKS

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PlannedRun:
    """A run with all its settings, defaults included."""

    run: Run
    settings: Any


@dataclass(frozen=True)
class _Job:
    """A run to train, and the runs that it needs, by `init` and `teacher`."""

    planned: PlannedRun
    sources: dict[str, PlannedRun]


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


def run_study(
    path: Path, folder: Path, *, jobs: int = 1, device: str = "cpu", progress: Progress = silent
) -> StudyResult:
    """Train the missing runs of a study, and write its tables.

    The call may be interrupted at any moment and repeated. Finished runs are not repeated.

    Parameters
    ----------
    path
        The study file.
    folder
        Output folder. It gets `runs.jsonl`, `runs/`, the tables, the plots and `settings.json`.
    jobs
        Number of runs at a time. Each is a process with one thread.
    device
        Where networks are trained: `cpu`, `cuda`, `cuda:N`, or `auto`. Only on a CPU does a seed give the same
        numbers again. The device is no part of a run: a run that is finished on one is finished for all.
    progress
        Called after each run.

    Raises
    ------
    UsageError
        If the study file is wrong, or the device. Both are checked before any work.
    DeviceError
        If the machine does not have the device.
    OutputInUseError
        If another call is at work in the folder.
    PartialFailureError
        At the end, if some runs failed.
    """
    study, planned_runs = plan_runs(path)
    place = resolve(device)
    with locked(folder) as lock:
        return _run(study, planned_runs, folder, place, jobs, lock.guarding(progress))


def _run(
    study: StudyFile,
    planned_runs: Sequence[PlannedRun],
    folder: Path,
    place: torch.device,
    jobs: int,
    progress: Progress,
) -> StudyResult:
    task = TASKS[study.task]
    finished = _finished(folder, planned_runs)
    missing = _missing(folder, planned_runs, finished)
    for warning in _changed_code(planned_runs, finished):
        log.warning("%s", warning)
    result = StudyResult(trained=len(missing), written=[folder / records.SETTINGS])
    if missing and task.prepare is not None:
        task.prepare([planned.settings for planned in missing], RunContext(folder).shared)
    write_json(_settings(study, planned_runs, place), folder / records.SETTINGS)
    failed: list[tuple[Run, BevsegError]] = []
    total = len(planned_runs)
    count = total - len(missing)
    progress(Step(study.task, count, total, note=f"{count} of {total} runs"))
    train = functools.partial(_train_and_save, study.task, folder, place)
    for wave in _waves(missing, planned_runs):
        with contextlib.closing(_train_all(train, wave, jobs)) as outcomes:
            for job, outcome in outcomes:
                planned = job.planned
                if isinstance(outcome, BevsegError):
                    log.warning("%s: %s", _place(planned.run), outcome)
                    failed.append((planned.run, outcome))
                else:
                    records.append(folder, outcome)
                    finished[planned.run.key] = outcome
                    result_tables.write_tables(study, _records(finished), folder)
                count += 1
                progress(Step(study.task, count, total, note=f"{count} of {total} runs"))
    result.records = _records(finished)
    result.written += result_tables.write_tables(study, result.records, folder)
    result.written += result_tables.write_plots(study, result.records, folder, task.draw)
    result.text = result_tables.markdown_of_all(study, result.records)
    for warning in result_tables.unknown_facts(study, result.records):
        log.warning("%s", warning)
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
        for run in grid.grid(study, str(path))
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


def _finished(folder: Path, planned_runs: Sequence[PlannedRun]) -> dict[str, Record | None]:
    """Return the key of each run -> its record; None if it is not finished."""
    stored = records.read(folder)
    return {
        planned.run.key: records.valid(
            stored.get(planned.run.key), planned.run, dataclasses.asdict(planned.settings)
        )
        for planned in planned_runs
    }


def _changed_code(planned_runs: Sequence[PlannedRun], finished: Mapping[str, Record | None]) -> Iterator[str]:
    """Yield a sentence for each module of the user's own that is another one than when some runs were trained."""
    changed: dict[str, int] = {}
    for planned in planned_runs:
        record = finished[planned.run.key]
        trained_with = {} if record is None else record["made_with"].get("own_code", {})
        now = own_code(dataclasses.asdict(planned.settings)) if trained_with else {}
        for module, code in trained_with.items():
            if now.get(module, code) != code:
                changed[module] = changed.get(module, 0) + 1
    for module, count in changed.items():
        yield (
            f"{count} finished runs were trained with another version of {module}: their results stay. For new ones "
            "name another output folder"
        )


def _missing(
    folder: Path, planned_runs: Sequence[PlannedRun], finished: Mapping[str, Record | None]
) -> list[PlannedRun]:
    """Return the runs to train: those not finished, and those whose weights another of them needs and has not."""
    wanted: set[str] = set()
    for planned in reversed(planned_runs):  # a run stands behind the runs that it needs
        key = planned.run.key
        if finished[key] is None or (key in wanted and not records.has_weights(folder, key)):
            wanted |= {key, *planned.run.sources.values()}
        else:
            wanted.discard(key)
    return [planned for planned in planned_runs if planned.run.key in wanted]


def _waves(missing: Sequence[PlannedRun], planned_runs: Sequence[PlannedRun]) -> list[list[_Job]]:
    """Return the runs in groups. A run needs only runs of earlier groups, or finished ones."""
    known = {planned.run.key: planned for planned in planned_runs}
    wave_of: dict[str, int] = {}
    waves: list[list[_Job]] = []
    for planned in missing:
        sources = planned.run.sources
        number = max((wave_of[key] + 1 for key in sources.values() if key in wave_of), default=0)
        wave_of[planned.run.key] = number
        waves += [[]] if number == len(waves) else []
        waves[number].append(_Job(planned, {name: known[key] for name, key in sources.items()}))
    return waves


def _train_all(
    train: Callable[[_Job], Record | BevsegError], jobs_of_wave: Sequence[_Job], jobs: int
) -> Generator[tuple[_Job, Any]]:
    """Yield runs and their records, computed in this process or in several."""
    if jobs > 1 and len(jobs_of_wave) > 1:
        yield from in_processes(train, jobs_of_wave, min(jobs, len(jobs_of_wave)), _prepare_process)
        return
    threads = torch.get_num_threads()
    _prepare_process()  # one thread here as well: the number of threads changes floating-point sums
    try:
        for job in jobs_of_wave:
            yield job, train(job)
    finally:
        torch.set_num_threads(threads)
        torch.set_flush_denormal(False)


def _prepare_process() -> None:
    """Prepare a process for trainings, one at a time."""
    torch.set_num_threads(1)
    # The optimizer's moments of weights without gradient decay to denormal numbers. Processors compute with these
    # a hundred times slower.
    torch.set_flush_denormal(True)


def _train_and_save(task: str, folder: Path, device: torch.device, job: _Job) -> Record | BevsegError:
    """Train one run, write its history and weights, and return its record; return an error as a value."""
    run, settings = job.planned.run, job.planned.settings
    try:
        sources = {
            name: Source(source.settings, records.weights(folder, source.run.key))
            for name, source in job.sources.items()
        }
        result = TASKS[task].run(settings, RunContext(folder, run.key, sources, device))
        return records.save(folder, task, run, dataclasses.asdict(settings), result, device)
    except BevsegError as error:
        return error
    except Exception as unexpected:
        log.debug("", exc_info=True)
        return BevsegError(
            "Unexpected error",
            why=f"{type(unexpected).__name__}: {unexpected}",
            hint="correct your loss or network if it comes from there; else it is a bug: report it with the study "
            "file. -v shows where it was raised",
        )


def _records(finished: Mapping[str, Record | None]) -> list[Record]:
    return [record for record in finished.values() if record is not None]


def _settings(study: StudyFile, planned_runs: Sequence[PlannedRun], device: torch.device) -> dict[str, Any]:
    """Return the study file, the settings of every run, and the versions of the software."""
    runs = [
        {
            "key": planned.run.key,
            "at": planned.run.at,
            "sources": planned.run.sources,
            **dataclasses.asdict(planned.settings),
        }
        for planned in planned_runs
    ]
    table: dict[str, Any] = records.plain(
        {"study": dataclasses.asdict(study), "made_with": records.made_with(device), "runs": runs}
    )
    return table


def _where(path: Path, run: Run) -> str:
    return f"{path}: run {_place(run)}" if run.at else str(path)


def _place(run: Run) -> str:
    """Return the place of a run in the grid, as text."""
    return ", ".join(f"{axis} {value}" for axis, value in run.at.items())
