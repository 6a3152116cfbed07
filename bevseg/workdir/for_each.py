"""How a stage goes over the clouds of a work directory."""

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
from bevseg.workdir.settings import settle


@dataclass(frozen=True)
class StageOptions:
    """How a stage goes over the clouds."""

    overwrite: bool = False
    jobs: int = RunConfig.jobs
    on_error: str = RunConfig.on_error
    progress: Progress = silent

    def for_each_cloud(
        self, task: str, work: Callable[..., CloudResult], items: Sequence[Any]
    ) -> BatchResult:
        """Do the work on every item."""
        return for_each_cloud(
            task, work, items, jobs=self.jobs, on_error=self.on_error, progress=self.progress
        )


def for_each_folder(
    work: Path,
    stage: str,
    do: Callable[[Folder], CloudResult],
    settings: Settings,
    groups: tuple[str, ...],
    how: StageOptions,
) -> BatchResult:
    """Do a stage on every folder of a work directory, after all that can be refused before has been."""
    items = folders(work)
    if not how.overwrite:
        ensure_not_all_exist([folder.path / STAGES[stage][0] for folder in items])
    settle(work, settings, groups, overwrite=how.overwrite)
    if how.overwrite:
        for folder in items:
            folder.begin(stage)
    return how.for_each_cloud(stage, functools.partial(_unless_done, stage=stage, do=do), items)


def _unless_done(folder: Folder, *, stage: str, do: Callable[[Folder], CloudResult]) -> CloudResult:
    folder.refuse(stage, overwrite=False)
    return do(folder)
