"""A task of a study, what one run of it gets, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

CPU = torch.device("cpu")

Draw = Callable[[Sequence[dict[str, Any]], Path, Path], None]
"""Takes the records of the runs, the folder of the study (for their histories), and the path of the PNG."""


@dataclass(frozen=True)
class Source:
    """A finished run that another run needs.

    Attributes
    ----------
    settings
        Settings of that run, of the dataclass of the task.
    weights
        Weights of its network, on the CPU.
    """

    settings: Any
    weights: dict[str, Any]


@dataclass(frozen=True)
class RunContext:
    """What a run gets beside its settings.

    Attributes
    ----------
    folder
        Folder of the study.
    key
        Key of the run: its files have this name.
    sources
        `init` (the run to start from) and `teacher`, where the study file names them.
    device
        Where the network is trained.
    """

    folder: Path
    key: str = ""
    sources: Mapping[str, Source] = field(default_factory=dict)
    device: torch.device = CPU

    @property
    def shared(self) -> Path:
        """Folder of the files that runs share."""
        return self.folder / "shared"

    @property
    def init(self) -> dict[str, Any] | None:
        """Weights to start from; None: new ones."""
        return self.sources["init"].weights if "init" in self.sources else None


@dataclass(frozen=True)
class RunResult:
    """The result of a run.

    Attributes
    ----------
    facts
        Numbers, lists and texts for the tables and the record.
    history
        Rows of a CSV file, all with the same columns.
    weights
        Weights for the runs that need this one.
    """

    facts: dict[str, Any]
    history: Sequence[dict[str, Any]] = ()
    weights: dict[str, Any] | None = None


@dataclass(frozen=True)
class Task:
    """The functions that the runs of a study call.

    Attributes
    ----------
    settings
        Dataclass of the settings of a run. It is `STRICT`: unknown settings raise an error.
    run
        Called with the settings and the context of a run.
    check
        Called with the settings of every run before any work. It raises UsageError for unknown names.
    prepare
        Called once before the runs, with their settings and the shared folder.
    draw
        Draws a further plot of the study.
    """

    settings: type
    run: Callable[[Any, RunContext], RunResult]
    check: Callable[[Any], None]
    prepare: Callable[[Sequence[Any], Path], None] | None = None
    draw: Draw | None = None
