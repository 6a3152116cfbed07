"""What a run needs for its passes over the clouds: a scratch folder, processes or a cluster, and shares of memory."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bevseg.config import PredictConfig, Settings
from bevseg.io.find import CloudFile
from bevseg.runner.jobs import Jobs, jobs_of
from bevseg.runner.label_clouds import Passes, jobs_to_write
from bevseg.runner.outputs import is_one_file
from bevseg.runner.request import RunRequest
from bevseg.runner.work import Work
from bevseg.runtime.executor import Executor
from bevseg.runtime.lock import Lock
from bevseg.runtime.memory import available, limit
from bevseg.runtime.processes import call, is_kept
from bevseg.runtime.progress import Progress
from bevseg.seg.models.registry import register, registered
from bevseg.survey.reading import Labelling, Reading
from bevseg.survey.scratch import Scratch

SCRATCH = ".bevseg-scratch"
"""Folder of the scratch files in that of the results."""


def scratch_folder(request: RunRequest) -> Path:
    """Return the folder of the scratch files: that of the same results is always the same one."""
    if request.scratch is None:
        return request.out.absolute() / SCRATCH
    name = hashlib.sha256(str(request.out.absolute()).encode()).hexdigest()[:16]
    return request.scratch.absolute() / f"bevseg-{name}"


def memory_of(request: RunRequest) -> int:
    """Return the bytes that all processes of a run together may use."""
    return request.max_memory or available() // 2


def jobs_for(request: RunRequest, device: str) -> Jobs:
    """Return the processes that a run may take; `device` is that of the networks."""
    return jobs_of(request.run_config.jobs, request.max_memory, memory_of(request), device)


@contextlib.contextmanager
def _scratch(request: RunRequest) -> Iterator[Scratch]:
    """Yield the scratch folder. It stays for the next run, unless the results are a single file."""
    if not is_one_file(request.out):
        scratch = Scratch(scratch_folder(request))
        if request.overwrite and request.part is None:
            scratch.remove()
        scratch.folder.mkdir(parents=True, exist_ok=True)
        scratch.forget_before_restart()
        try:
            yield scratch
        finally:
            with contextlib.suppress(OSError):  # it holds something
                scratch.folder.rmdir()
        return
    with tempfile.TemporaryDirectory(prefix="bevseg-", dir=request.scratch) as folder:
        yield Scratch(Path(folder))


@contextlib.contextmanager
def _executor(request: RunRequest, scratch: Scratch) -> Iterator[Executor | None]:
    """Yield what does the tasks on a cluster; None if this machine does them."""
    if request.cluster is None:
        yield None
        return
    from bevseg.runtime.cluster import cluster

    with cluster(request.cluster, [scratch.folder]) as executor:
        yield executor


@contextlib.contextmanager
def _released() -> Iterator[None]:
    """Let go of what a process holds for the tasks of a run, and of its limits, when the run is over."""
    try:
        yield
    finally:
        if not is_kept():  # workers end with the run
            from bevseg.survey import decoded
            from bevseg.survey.survey import release_points

            limit(None)
            release_points()
            decoded.release()


@contextlib.contextmanager
def passes(
    request: RunRequest,
    clouds: Sequence[CloudFile],
    settings: Settings,
    device: str,
    model: Path,
    conditions: dict[str, Any],
    lock: Lock | None,
    progress: Progress,
) -> Iterator[Passes]:
    """Yield the passes of a run, with its scratch folder and what does its tasks.

    Parameters
    ----------
    request
        The whole run.
    clouds
        What it labels.
    settings, device, model
        Settings of the model, where its networks compute, and its file.
    conditions
        What the results depend on beside the clouds, as `conditions_of` gives it.
    lock
        Lock of the directory of the results; None for a single file.
    progress
        Progress callback.
    """
    with _scratch(request) as scratch, _released(), _executor(request, scratch) as executor:
        yield _passes(request, clouds, settings, device, model, conditions, scratch, executor, lock, progress)


def remove_scratch(request: RunRequest) -> None:
    """Remove the scratch files of a run that is complete."""
    Scratch(scratch_folder(request)).remove()


def _passes(
    request: RunRequest,
    clouds: Sequence[CloudFile],
    settings: Settings,
    device: str,
    model: Path,
    conditions: dict[str, Any],
    scratch: Scratch,
    executor: Executor | None,
    lock: Lock | None,
    progress: Progress,
) -> Passes:
    jobs = Jobs(1, always=True) if executor is not None else jobs_for(request, device)
    # A cloud is written by the process that has read it if there is only one, and if this run writes clouds.
    is_writer = executor is None and request.part is None and jobs_to_write(clouds, jobs) == 1
    reading = Reading(
        settings.raster.cell,
        request.classes,
        request.columns,
        count_heights=settings.slices.reference == "mode",
    )
    memory = memory_of(request)
    held = memory // jobs.most * 2 // 3 if is_writer else 0
    # A worker of a cluster shares its machine with nobody known here.
    shared = None if executor is not None and request.max_memory is None else memory
    return Passes(
        Work(request, reading, scratch, model, conditions, held, lock),
        Labelling(
            settings,
            conditions["model"],
            conditions["looks"],
            call(_reach, model, request.tta),
            request.of_all,
            request.rasters,
        ),
        jobs,
        functools.partial(_start_process, None if shared is None else shared // jobs.most, registered()),
        executor,
        request.run_config.on_error == "stop",
        progress,
    )


def _reach(model: Path, tta: PredictConfig) -> float:
    """Return how far around a block the networks of a model see, m."""
    from bevseg import pipeline

    return pipeline.reach_of(pipeline.load_model(model), tta)


def _start_process(memory: int | None, networks: Mapping[str, type[Any]], jobs: int) -> None:
    """Keep to a share of memory and cores, and know the networks that the first process knows."""
    from bevseg.seg.device import share_threads

    limit(memory)
    share_threads(jobs)
    for kind, network in networks.items():
        register(kind, network)
