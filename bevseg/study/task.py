"""A task of a study, and the result of one run of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Draw = Callable[[Sequence[dict[str, Any]], Path, Path], None]
"""Takes the records of the runs, the folder of the study (for their histories), and the path of the PNG."""


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
        Weights for runs that start from this one.
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
        Called with the settings, the weights to start from (or None), and the folder of files that runs share.
    check
        Called with the settings of every run before any work. It raises UsageError for unknown names.
    prepare
        Called once before the runs, with their settings and the shared folder.
    draw
        Draws a further plot of the study.
    """

    settings: type
    run: Callable[[Any, dict[str, Any] | None, Path], RunResult]
    check: Callable[[Any], None]
    prepare: Callable[[Sequence[Any], Path], None] | None = None
    draw: Draw | None = None
