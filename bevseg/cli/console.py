"""Output of a command: messages and progress on stderr, results on stdout, and the list of written files."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bevseg.errors import PartialFailureError
from bevseg.printable import printable
from bevseg.runtime.progress import Step

if TYPE_CHECKING:
    from bevseg.runtime.batch import BatchResult

LINE_EVERY = 10.0
"""Seconds between two lines of progress if there is no terminal."""


class Console:
    """Messages, progress and results of a running command."""

    def __init__(self, level: int, bars: Any = None) -> None:
        self._level, self._bars = level, bars
        self._tasks: dict[str, _Task] = {}

    @classmethod
    @contextmanager
    def opened(cls, loudness: int) -> Iterator[Console]:
        """Send logs, warnings and progress of one command to stderr.

        `loudness` is 0; each -v adds 1, each -q subtracts 1. The level of the logger stays set afterwards: the
        message at the end of the command depends on it.
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

    def hush(self) -> None:
        """Say nothing more but errors: another process speaks for all that do the same work."""
        self._level = logging.ERROR
        logging.getLogger("bevseg").setLevel(self._level)
        if self._bars is not None:
            self._bars.stop()

    def progress(self, step: Step) -> None:
        """Show the progress of a task: work done, points per second, time left."""
        if self._level > logging.INFO:
            return
        if step.part_of and self._bars is None:
            return
        task = self._tasks.setdefault(step.task, _Task(time.monotonic(), step))
        if self._bars is not None:
            if step.part_of and step.done >= step.total:
                self._remove(step.task)
                return
            if task.bar is None:
                task.bar = self._bars.add_task(step.task, total=step.total, note="")
            note = step.note if step.part_of else task.text(step)
            self._bars.update(task.bar, completed=step.done, total=step.total, note=note)
        elif task.is_due(step):
            click.echo(f"{step.task}: {printable(task.text(step))}", err=True)

    def _remove(self, name: str) -> None:
        """Take away the bar of a part that is finished."""
        task = self._tasks.pop(name)
        if task.bar is not None:
            self._bars.remove_task(task.bar)

    def result(self, text: str) -> None:
        """Print a result on stdout; the bars, which may share the terminal with it, come to rest first."""
        if self._bars is not None:
            self._bars.stop()
        click.echo(printable(text, keep="\n\t"))

    def finish(self, result: BatchResult) -> None:
        """List the files that were written.

        Raises
        ------
        PartialFailureError
            If clouds have failed; it lists them.
        """
        if self._bars is not None:
            self._bars.stop()
        if self._level <= logging.INFO:
            for line in (
                ["written:", *(f"  {printable(path)}" for path in result.written)] if result.written else []
            ):
                click.echo(line, err=True)
        if result.failures:
            count = len(result.failures)
            lines = [
                printable(f"{f.stem}: {f.error.what} ({f.error.why or f.error.where})")
                for f in result.failures
            ]
            raise PartialFailureError(
                f"{count} of {count + len(result.done)} clouds failed",
                why="\n         ".join(lines),
                hint="correct these clouds, and repeat the command for them; the others are finished",
            )


class _Task:
    """The progress of one task on the screen; what was done before its first step took other time."""

    def __init__(self, start: float, first: Step) -> None:
        self.start = self.shown = start
        self.first = first
        self.bar: Any = None

    def is_due(self, step: Step) -> bool:
        """Return whether to print a line: always at the end, else every LINE_EVERY seconds."""
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
            parts.append(f"{_count(step.points)} points")
        if step.points > self.first.points:
            parts.append(f"{_count((step.points - self.first.points) / elapsed)}/s")
        if self.first.done < step.done < step.total and elapsed >= 1:
            rate = (step.done - self.first.done) / elapsed
            parts.append(f"{_duration((step.total - step.done) / rate)} left")
        elif step.done >= step.total:
            parts.append(f"{_duration(elapsed)}")
        return ", ".join(parts)


class _Formatter(logging.Formatter):
    """`warning: text` from the level of warnings up, plain text below."""

    def format(self, record: logging.LogRecord) -> str:
        names = record.args if isinstance(record.args, tuple) else ()
        args = tuple(printable(a) if isinstance(a, str | Path) else a for a in names)
        text = printable(str(record.msg) % args if args else record.getMessage(), keep="\n")
        return f"{record.levelname.lower()}: {text}" if record.levelno >= logging.WARNING else text


class _Above:
    """A stream that prints above the progress bars of a terminal."""

    def __init__(self, console: Any) -> None:
        self._console = console

    def write(self, text: str) -> None:
        """Print a piece of text."""
        self._console.print(text, end="", markup=False, highlight=False)

    def flush(self) -> None:
        """Do nothing: no text is buffered."""


def _warn(message: Warning | str, *rest: Any, **more: Any) -> None:
    """Log a warning as one line."""
    logging.getLogger("bevseg").warning("%s", str(message))


def _on_terminal() -> bool:
    return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


def _bars() -> Any:
    """Return progress bars on stderr. rich itself honours NO_COLOR."""
    from rich.console import Console as Terminal
    from rich.progress import BarColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}", markup=False),  # a file may be called [red]
        BarColumn(),
        TextColumn("{task.fields[note]}", markup=False),
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
