"""One piece of work on each of many clouds: in turn or in processes, and one bad cloud spoils only itself."""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from bevseg.errors import BevsegError, OutOfMemoryError
from bevseg.runtime.atomic import system_error
from bevseg.runtime.processes import in_processes
from bevseg.runtime.progress import Progress, Step, silent

log = logging.getLogger(__name__)


class Item(Protocol):
    """What the work is done on: a cloud, by its name and its file."""

    @property
    def stem(self) -> str:
        """Name of the cloud."""

    @property
    def path(self) -> Path:
        """File (or folder) of the cloud."""


T = TypeVar("T", bound=Item)
R = TypeVar("R")


@dataclass(frozen=True)
class CloudResult:
    """What came of one cloud.

    Attributes
    ----------
    written
        Files, in the order they were written.
    points
        Number of points of the cloud.
    facts
        Whatever the caller wants to keep.
    """

    written: tuple[Path, ...] = ()
    points: int = 0
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """A cloud that could not be worked on, and why."""

    stem: str
    path: Path
    error: BevsegError


@dataclass
class BatchResult:
    """What came of all clouds.

    Attributes
    ----------
    written
        All files, in the order of the clouds.
    failures
        Clouds left out because of an error.
    done
        Stem -> result of the clouds that went well, in the order given.
    facts
        Results of the whole.
    """

    written: list[Path] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    done: dict[str, CloudResult] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


def for_each_cloud(
    task: str,
    work: Callable[[T], CloudResult],
    items: Sequence[T],
    *,
    jobs: int = 1,
    on_error: str = "skip",
    start: Callable[[], None] | None = None,
    progress: Progress = silent,
) -> BatchResult:
    """Do the work on every cloud.

    Parameters
    ----------
    task
        What it is, for the progress.
    work
        Called with each item; with `jobs` above one it must pickle.
    items
        The clouds. Where there is one only, its error is the error of the call.
    jobs
        Processes.
    on_error
        `skip`: a failing cloud is listed and the others go on. `stop`: the first failure ends the work.
    start
        Called once in each process before any work.
    progress
        Told after each cloud; the share of the work is measured in bytes of input.

    Raises
    ------
    BevsegError
        The error of the only cloud, or with `stop` of the first that fails.
    """
    outcome = BatchResult()
    found: dict[str, CloudResult | Failure] = {}
    sizes = {item.stem: _size(item.path) for item in items}
    running = in_processes if jobs > 1 and len(items) > 1 else _in_turn
    guarded = functools.partial(_guarded, work)
    points, done, total = 0, 0, sum(sizes.values())
    progress(Step(task, 0, total, 0, f"0 of {len(items)} clouds"))
    with contextlib.closing(running(guarded, items, min(jobs, len(items)), start)) as results:
        for item, result in results:
            if isinstance(result, Failure):
                if on_error == "stop" or len(items) == 1:
                    raise result.error
                log.warning("%s: left out: %s", item.stem, result.error)
            else:
                points += result.points
            found[item.stem] = result
            done += sizes[item.stem]
            progress(Step(task, done, total, points, f"{len(found)} of {len(items)} clouds"))
    for item in items:
        result = found[item.stem]
        if isinstance(result, Failure):
            outcome.failures.append(result)
        else:
            outcome.done[item.stem] = result
            outcome.written += result.written
    return outcome


def _in_turn(
    work: Callable[[T], R], items: Iterable[T], jobs: int, start: Callable[[], None] | None
) -> Generator[tuple[T, R]]:
    """Do the work here, one item after the other: the same as `in_processes`, with one process."""
    if start is not None:
        start()
    for item in items:
        yield item, work(item)


def _guarded(work: Callable[[T], CloudResult], item: T) -> CloudResult | Failure:
    """Do the work on one cloud and hand its error back as a value, with the file named."""
    try:
        return work(item)
    except BevsegError as known:
        error = known
    except MemoryError:
        error = OutOfMemoryError("Memory ran out", hint="give a smaller --jobs, or cut the cloud into tiles")
    except Exception as unexpected:
        refused = system_error(unexpected, item.path) if isinstance(unexpected, OSError) else None
        error = refused or BevsegError(
            "Something unexpected happened: this is a bug",
            why=f"{type(unexpected).__name__}: {unexpected}",
            hint="run this cloud alone with -vv and report what it prints",
        )
        error.__cause__ = unexpected
    if error.where is None or str(error.where) == item.stem:  # stages know clouds by name only
        error.where = item.path
    return Failure(item.stem, item.path, error)


def _size(path: Path) -> int:
    """Return the bytes of a file or folder, as a measure of the work it makes."""
    if path.is_dir():
        return sum(entry.stat().st_size for entry in path.iterdir() if entry.is_file())
    return path.stat().st_size if path.exists() else 0
