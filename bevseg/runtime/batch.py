"""A function called on each of many clouds, in turn or in processes. A cloud that fails does not stop the others.

On the command line the function always runs in a worker (`processes.kept_workers`), so that a cloud which crashes a
library costs itself alone.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from bevseg.errors import BevsegError, OutOfMemoryError
from bevseg.runtime.atomic import system_error
from bevseg.runtime.executor import Executor
from bevseg.runtime.memory import is_shortage
from bevseg.runtime.processes import in_processes, is_kept
from bevseg.runtime.progress import Progress, Step, listen, silent
from bevseg.runtime.worker import RemoteError

log = logging.getLogger(__name__)


class Item(Protocol):
    """A cloud: its name and its file."""

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
    """The result of one cloud.

    Attributes
    ----------
    written
        Files, in the order they were written.
    points
        Number of points of the cloud.
    facts
        Further results, by name; which ones depends on the task.
    """

    written: tuple[Path, ...] = ()
    points: int = 0
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """A cloud that failed, and its error with the traceback as text, which another process would not see."""

    stem: str
    path: Path
    error: BevsegError
    trace: str = ""


@dataclass
class BatchResult:
    """The results of all clouds.

    Attributes
    ----------
    written
        All files, in the order of the clouds.
    failures
        Clouds that failed, in the order given.
    done
        Stem -> result of the clouds that did not fail, in the order given.
    facts
        Results of all clouds together, by name.
    """

    written: list[Path] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    done: dict[str, CloudResult] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


def for_each_cloud(
    task: str,
    function: Callable[[T], CloudResult],
    items: Sequence[T],
    *,
    jobs: int = 1,
    on_error: str = "skip",
    start: Callable[[], None] | None = None,
    progress: Progress = silent,
) -> BatchResult:
    """Call a function on every cloud.

    Parameters
    ----------
    task
        Name of the task, for the progress callback.
    function
        Called with each item. It must pickle. It may report steps of its own by `progress.emit`.
    items
        The clouds.
    jobs
        Number of processes.
    on_error
        `skip`: a cloud that fails is listed and the others go on. `stop`: the first failure ends the work.
    start
        Called once in each process, before any item.
    progress
        Progress callback, called after each cloud, and with the steps that `function` emits. Progress is measured in
        bytes of input.

    Raises
    ------
    BevsegError
        The error of the only cloud, or with `stop` the first error.
    """
    batch = BatchResult()
    found: dict[str, CloudResult | Failure] = {}
    sizes = {item.stem: size_of(item.path) for item in items}
    points, done, total = 0, 0, sum(sizes.values())
    progress(Step(task, 0, total, 0, f"0 of {len(items)} clouds"))
    with contextlib.closing(
        each_outcome(function, items, jobs=jobs, start=start, progress=progress)
    ) as outcomes:
        for item, result in outcomes:
            if isinstance(result, Failure):
                if on_error == "stop" or len(items) == 1:
                    raise result.error
                log.warning("%s: skipped: %s", item.stem, result.error)
            else:
                points += result.points
            found[item.stem] = result
            done += sizes[item.stem]
            progress(Step(task, done, total, points, f"{len(found)} of {len(items)} clouds"))
    for item in items:
        result = found[item.stem]
        if isinstance(result, Failure):
            batch.failures.append(result)
        else:
            batch.done[item.stem] = result
            batch.written += result.written
    return batch


def each_outcome(
    function: Callable[[T], R],
    items: Sequence[T],
    *,
    jobs: int = 1,
    start: Callable[[], None] | None = None,
    executor: Executor | None = None,
    progress: Progress = silent,
) -> Generator[tuple[T, R | Failure]]:
    """Call a function on every item, and yield each with its result, or its failure, when it is finished.

    Parameters
    ----------
    function, items, jobs, start, progress
        As for `for_each_cloud`. Of the progress, only the steps that `function` emits are passed on.
    executor
        What calls the function elsewhere, as `in_processes` does; None: this machine.
    """
    guarded = functools.partial(_guarded, function)
    if executor is not None:
        outcomes = executor(guarded, items, start=start)
    elif is_kept() or (jobs > 1 and len(items) > 1):
        outcomes = in_processes(guarded, items, min(jobs, len(items)), start)
    else:
        outcomes = _in_turn(guarded, items, start)
    with _heard(progress), contextlib.closing(outcomes) as results:
        for item, answer in results:
            result = _failure(item, answer) if isinstance(answer, BevsegError) else answer
            if isinstance(result, Failure):
                _restore_cause(result)
            yield item, result


@contextlib.contextmanager
def _heard(progress: Progress) -> Iterator[None]:
    """Pass the steps that are emitted on to a progress callback."""
    before = listen(progress)
    try:
        yield
    finally:
        listen(before)


def _in_turn(
    function: Callable[[T], R], items: Iterable[T], start: Callable[[], None] | None
) -> Generator[tuple[T, R]]:
    """Call the function on one item after the other, in this process: `in_processes` for a single job."""
    if start is not None:
        start()
    for item in items:
        yield item, function(item)


def _guarded(function: Callable[[T], R], item: T) -> R | Failure:
    """Call the function on one cloud; return its error as a value that names the file."""
    try:
        return function(item)
    except BevsegError as known:
        return _failure(item, known)
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as unexpected:  # a panic of a Rust library is no Exception
        return _failure(item, _explained(unexpected, item.path))


def _explained(error: BaseException, path: Path) -> BevsegError:
    """Return the BevsegError for what a library or the system raised."""
    known: BevsegError | None = None
    if is_shortage(error):
        known = OutOfMemoryError(
            "Memory ran out",
            why=" ".join(str(error).split())[:300] or None,
            hint="use fewer --jobs, or split the cloud into tiles",
        )
    elif isinstance(error, OSError):
        known = system_error(error, path)
    explained = known or BevsegError(
        "Unexpected error: this is a bug",
        why=f"{type(error).__name__}: {error}",
        hint="run this cloud alone with -vv and report the output",
    )
    explained.__cause__ = error
    return explained


def _failure(item: Item, error: BevsegError) -> Failure:
    """Return the failure of an item; the error gets its file as its place if it has no better one."""
    if error.where is None or str(error.where) == item.stem:  # a stage knows a cloud by its name only
        error.where = item.path
    return Failure(item.stem, item.path, error, "".join(traceback.format_exception(error)))


def _restore_cause(failure: Failure) -> None:
    """Give the error of a failure from another process its traceback, which is shown on request."""
    error = failure.error
    if error.__traceback__ is None and error.__cause__ is None and failure.trace:
        error.__cause__ = RemoteError(failure.trace)


def size_of(path: Path) -> int:
    """Return the bytes of a file or a folder: the measure of progress."""
    if path.is_dir():
        return sum(entry.stat().st_size for entry in path.iterdir() if entry.is_file())
    return path.stat().st_size if path.exists() else 0
