"""Progress callbacks for long tasks, and a stopwatch for their stages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    """The progress of a task.

    Attributes
    ----------
    task
        Name of the task, for people; the same in all steps of a task.
    done, total
        Work done and total work, in any unit.
    points
        Points finished so far, if the task works on points.
    note
        Latest event, for people.
    """

    task: str
    done: float
    total: float
    points: int = 0
    note: str = ""


Progress = Callable[[Step], None]
"""A progress callback: called with each step of a task."""


def silent(step: Step) -> None:
    """Ignore the progress."""


_listener: Progress = silent


def listen(progress: Progress) -> Progress:
    """Let `emit` call a progress callback from now on; return the one it called before."""
    global _listener
    before, _listener = _listener, progress
    return before


def emit(step: Step) -> None:
    """Report a step from inside the work on one item of a batch, in whichever process that is."""
    _listener(step)


@dataclass
class Stopwatch:
    """Seconds by name; the times of one name add up."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time a block."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
