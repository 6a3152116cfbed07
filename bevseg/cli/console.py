"""What a command says: messages and progress on stderr, results on stdout, the list of written files at the end."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from bevseg.errors import PartialFailureError
from bevseg.runtime.progress import Step

if TYPE_CHECKING:
    from bevseg.runtime.batch import BatchResult

LINE_EVERY = 10.0
"""Seconds between two lines of progress where there is no terminal."""


class Console:
    """The voice of a running command."""

    def __init__(self, level: int, bars: Any = None) -> None:
        self._level, self._bars = level, bars
        self._tasks: dict[str, _Task] = {}

    @classmethod
    @contextmanager
    def opened(cls, loudness: int) -> Iterator[Console]:
        """Route logs, warnings and progress of one command to stderr; `loudness` is 0, up with -v, down with -q.

        The level of the logger stays behind: whoever tells how the command ended must know how loud to be.
        """
        import warnings

        level = max(logging.INFO - 10 * loudness, 1)
        logger, handler = logging.getLogger("bevseg"), logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Formatter())
        logger.addHandler(handler)
        logger.setLevel(level)
        propagated, logger.propagate = logger.propagate, False
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            bars = _bars() if level <= logging.INFO and _on_terminal() else None
            try:
                if bars is not None:
                    handler.setStream(_Above(bars.console))
                    bars.start()
                yield cls(level, bars)
            finally:
                if bars is not None:
                    bars.stop()
                logger.removeHandler(handler)
                logger.propagate = propagated

    def progress(self, step: Step) -> None:
        """Show how far a task is: done, points per second, time left."""
        if self._level > logging.INFO:
            return
        task = self._tasks.setdefault(step.task, _Task(time.monotonic()))
        if self._bars is not None:
            if task.bar is None:
                task.bar = self._bars.add_task(step.task, total=step.total, note="")
            self._bars.update(task.bar, completed=step.done, total=step.total, note=task.text(step))
        elif task.is_due(step):
            click.echo(f"{step.task}: {task.text(step)}", err=True)

    def result(self, text: str) -> None:
        """Print a result on stdout."""
        click.echo(text)

    def finish(self, outcome: BatchResult) -> None:
        """List the files that were written, then the clouds that failed.

        Raises
        ------
        PartialFailureError
            If there are any of the latter.
        """
        if self._bars is not None:
            self._bars.stop()
        if self._level <= logging.INFO:
            for line in ["written:", *(f"  {path}" for path in outcome.written)] if outcome.written else []:
                click.echo(line, err=True)
        if outcome.failures:
            count = len(outcome.failures)
            lines = [f"{f.stem}: {f.error.what} ({f.error.why or f.error.where})" for f in outcome.failures]
            raise PartialFailureError(
                f"{count} of {count + len(outcome.done)} clouds failed",
                why="\n         ".join(lines),
                hint="correct these and run again on them; the others are done",
            )


class _Task:
    """A task that is being shown."""

    def __init__(self, start: float) -> None:
        self.start = self.shown = start
        self.bar: Any = None

    def is_due(self, step: Step) -> bool:
        """Say whether a line of its own is due: the end always, else not too often."""
        now = time.monotonic()
        if step.done < step.total and now - self.shown < LINE_EVERY:
            return False
        self.shown = now
        return True

    def text(self, step: Step) -> str:
        """Return note, points per second and time left as one line."""
        elapsed = max(time.monotonic() - self.start, 1e-9)
        parts = [step.note] if step.note else []
        if step.points:
            parts.append(f"{_count(step.points)} points, {_count(step.points / elapsed)}/s")
        if 0 < step.done < step.total and elapsed >= 1:
            parts.append(f"{_duration(elapsed * (step.total - step.done) / step.done)} left")
        elif step.done >= step.total:
            parts.append(f"{_duration(elapsed)}")
        return ", ".join(parts)


class _Formatter(logging.Formatter):
    """`warning: text` for what matters, plain text for the rest."""

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        return f"{record.levelname.lower()}: {text}" if record.levelno >= logging.WARNING else text


class _Above:
    """A stream that prints above the bars of a terminal."""

    def __init__(self, console: Any) -> None:
        self._console = console

    def write(self, text: str) -> None:
        """Print a piece of text."""
        self._console.print(text, end="", markup=False, highlight=False)

    def flush(self) -> None:
        """Nothing is held back."""


def _warn(message: Warning | str, *rest: Any, **more: Any) -> None:
    """Show a warning as one line of ours."""
    logging.getLogger("bevseg").warning("%s", message)


def _on_terminal() -> bool:
    return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


def _bars() -> Any:
    """Return progress bars on stderr; rich itself honours NO_COLOR."""
    from rich.console import Console as Terminal
    from rich.progress import BarColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[note]}"),
        console=Terminal(stderr=True),
    )


def _count(number: float) -> str:
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.1f} {suffix}"
    return f"{number:.0f}"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
