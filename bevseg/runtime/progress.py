"""What a long piece of work tells while it runs, and where its time goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    """How far a task is.

    Attributes
    ----------
    task
        What is being done, for people; the same in all steps of a task.
    done, total
        Share of the work, in any unit.
    points
        Points finished so far, where the task works on points.
    note
        What happened last.
    """

    task: str
    done: float
    total: float
    points: int = 0
    note: str = ""


Progress = Callable[[Step], None]


def silent(step: Step) -> None:
    """Tell nobody."""


@dataclass
class Stopwatch:
    """Seconds by name; a name timed twice adds up."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time a block."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
