"""One stage over all clouds of a work directory."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bevseg.config import RunConfig, Settings
from bevseg.runtime.atomic import ensure_not_all_exist
from bevseg.runtime.batch import BatchResult, CloudResult, for_each_cloud
from bevseg.runtime.progress import Progress, silent
from bevseg.workdir.folder import STAGES, Folder, folders
from bevseg.workdir.settings import record_settings


@dataclass(frozen=True)
class StageOptions:
    """How a stage works through the clouds.

    Attributes
    ----------
    overwrite
        Whether outputs may be replaced.
    jobs
        Number of processes.
    on_error
        `skip`: a cloud that fails is listed and the others go on. `stop`: the first failure ends the work.
    progress
        Progress callback, called after each cloud.
    """

    overwrite: bool = False
    jobs: int = 1
    on_error: str = RunConfig.on_error
    progress: Progress = silent

    def for_each_cloud(
        self, task: str, function: Callable[..., CloudResult], items: Sequence[Any]
    ) -> BatchResult:
        """Call the function on every item, as `runtime.batch.for_each_cloud` does, with these options."""
        return for_each_cloud(
            task, function, items, jobs=self.jobs, on_error=self.on_error, progress=self.progress
        )


def for_each_folder(
    work: Path,
    stage: str,
    function: Callable[[Folder], CloudResult],
    settings: Settings,
    groups: tuple[str, ...],
    options: StageOptions,
) -> BatchResult:
    """Call the function of a stage on every cloud of a work directory.

    Parameters
    ----------
    work
        Work directory.
    stage
        Name of the stage, of `folder.STAGES`.
    function
        Does the stage on one cloud and writes its files.
    settings
        Settings in force.
    groups
        Groups of settings that the files of the stage depend on; they are recorded.
    options
        Overwrite, processes, errors, progress.

    Raises
    ------
    CloudNotFoundError
        If the directory has no clouds.
    OutputExistsError
        If the stage is done for all clouds, and its files may not be replaced.
    UsageError
        If the files of the directory were made with other settings.
    """
    items = folders(work)
    if not options.overwrite:
        ensure_not_all_exist([folder.path / STAGES[stage][0] for folder in items])
    record_settings(work, settings, groups, overwrite=options.overwrite)
    if options.overwrite:
        for folder in items:
            folder.invalidate_from(stage)
    return options.for_each_cloud(
        stage, functools.partial(_unless_done, stage=stage, function=function), items
    )


def _unless_done(folder: Folder, *, stage: str, function: Callable[[Folder], CloudResult]) -> CloudResult:
    folder.ensure_absent(stage, overwrite=False)
    return function(folder)
