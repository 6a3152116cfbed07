"""What a task is, and what one run of it gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Draw = Callable[[Sequence[dict[str, Any]], Path, Path], None]
"""Records of the runs, the folder of the study (for their histories), and where to write a PNG."""


@dataclass(frozen=True)
class BatchResult:
    """What came of a run.

    Attributes
    ----------
    facts
        For the tables and for the record; numbers, lists and texts.
    history
        Rows of the same columns, for a CSV file.
    weights
        For runs that start from this one.
    """

    facts: dict[str, Any]
    history: Sequence[dict[str, Any]] = ()
    weights: dict[str, Any] | None = None


@dataclass(frozen=True)
class Task:
    """What the runs of a study do.

    Attributes
    ----------
    settings
        Dataclass of the settings of a run; `STRICT`, so that unknown ones are refused.
    run
        Settings, the weights to start from or None, and the folder of what runs share -> outcome.
    check
        Called with the settings of every run before any work; raises UsageError for names that do not exist.
    prepare
        Called once before the runs, with their settings and that folder.
    draw
        A picture beside those of the tables.
    """

    settings: type
    run: Callable[[Any, dict[str, Any] | None, Path], BatchResult]
    check: Callable[[Any], None]
    prepare: Callable[[Sequence[Any], Path], None] | None = None
    draw: Draw | None = None
