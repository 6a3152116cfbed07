"""Work in worker processes. A worker that dies costs the call that it was at, and nothing else."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from multiprocessing import connection
from pathlib import Path
from typing import Any, TypeVar

from bevseg.errors import BevsegError, InputError, OutOfMemoryError
from bevseg.runtime import progress
from bevseg.runtime.executor import Executor
from bevseg.runtime.serve import LEFT, pickled_call
from bevseg.runtime.worker import RemoteError, Worker

T = TypeVar("T")
R = TypeVar("R")

CRASHES = {
    "SIGABRT": "a library gave up, on data it cannot take or because memory ran out",
    "SIGSEGV": "a library read memory that is not its own",
    "SIGBUS": "a library read memory, or a file, that is not there",
    "SIGFPE": "a library divided by zero",
    "SIGILL": "a library has come to code that this processor cannot run",
}
"""Signal of a process that ends itself -> what is known by it."""

# Exit codes by which Windows tells the same.
_WINDOWS = {3: "SIGABRT", 0xC0000005: "SIGSEGV", 0xC0000374: "SIGABRT", 0xC0000409: "SIGABRT"}


MOST_FAILED_STARTS = 3
"""Workers that may die before they begin, in one batch."""


class _Pool:
    """Workers that are idle, and the module that a new one imports first."""

    def __init__(self, preload: str | None = None) -> None:
        self.preload = preload
        self.idle: list[Worker] = []
        self._started: list[Worker] = []

    def take(self) -> Worker:
        """Return the idle worker that was started first, so that a single one keeps what it holds; or a new one."""
        if not self.idle:
            self._started.append(Worker(self.preload))
            return self._started[-1]
        first = min(self.idle, key=self._started.index)
        self.idle.remove(first)
        return first

    def close(self) -> None:
        _end(self.idle)


_kept: _Pool | None = None
"""The workers of `kept_workers`."""


@contextlib.contextmanager
def kept_workers(preload: str | None = None) -> Iterator[None]:
    """Inside the block work is done in workers, also with a single job, and one worker lives as long as the block.

    The command line does this. A script of a user does not: it may not be importable, which a new process needs.

    Parameters
    ----------
    preload
        Module that the first worker imports at once, while this process is at other things.
    """
    global _kept
    _kept = pool = _Pool(preload)
    try:
        pool.idle.append(pool.take())
        yield
    finally:
        _kept = None
        pool.close()


def is_kept() -> bool:
    """Return whether a single job is done in a worker, too."""
    return _kept is not None


def call(function: Callable[..., R], *arguments: Any, where: Path | None = None) -> R:
    """Return `function(*arguments)`, called in a worker inside of `kept_workers`, in this process outside.

    Raises
    ------
    BevsegError
        If the worker dies; `where` is its place.
    """
    if _kept is None:
        return function(*arguments)
    with contextlib.closing(in_processes(functools.partial(_spread, function), [arguments], 1)) as results:
        _, result = next(results)
    if isinstance(result, BevsegError):
        result.where = where
        raise result
    return result


def _spread(function: Callable[..., R], arguments: tuple[Any, ...]) -> R:
    return function(*arguments)


def local(jobs: int) -> Executor:
    """Return the executor that works in this number of workers, by `in_processes`."""

    def execute(
        work: Callable[[T], R], items: Sequence[T], *, start: Callable[[], None] | None = None
    ) -> Generator[tuple[T, R | BevsegError]]:
        return in_processes(work, items, jobs, start)

    return execute


def in_processes(
    work: Callable[[T], R], items: Sequence[T], jobs: int, start: Callable[[], None] | None = None
) -> Generator[tuple[T, R | BevsegError]]:
    """Do the work on every item in workers, and yield items and results as they are finished.

    Parameters
    ----------
    work, items, start
        Must pickle; `start` is called once in each worker.
    jobs
        Number of workers.

    Yields
    ------
    item, result
        An error as the result: the worker died at this item. Errors that `work` or `start` raise are raised.

    Raises
    ------
    OutOfMemoryError
        If workers die before they begin.
    """
    pool = _kept if _kept is not None else _Pool()
    call_of = pickled_call(start, work)
    waiting, busy = deque(enumerate(items)), dict[Any, tuple[Worker, int]]()
    failed_starts = 0
    try:
        while waiting or busy:
            while waiting and len(busy) < jobs:
                worker = pool.take()
                number, item = waiting[0]
                busy[worker.connection] = worker, number
                if worker.send(call_of(item)):
                    waiting.popleft()
                else:  # it died while it was idle
                    del busy[worker.connection]
                    failed_starts = _count_failed_start(failed_starts, worker.exit_code())
            finished: list[tuple[int, R | BevsegError]] = []
            for ready in connection.wait(list(busy)):
                worker, number = busy[ready]
                message = worker.receive()
                if message is None:
                    del busy[ready]
                    code = worker.exit_code()
                    if worker.begun:
                        finished.append((number, death(code)))
                    else:
                        failed_starts = _count_failed_start(failed_starts, code)
                        waiting.appendleft((number, items[number]))
                elif (found := outcome(*message)) is not None:
                    del busy[ready]
                    pool.idle.append(worker)
                    finished.append((number, found[0]))
            for number, result in finished:
                yield items[number], result
    finally:
        _end([worker for worker, _ in busy.values()])
        if pool is not _kept:
            pool.close()


def outcome(kind: str, value: Any) -> tuple[Any] | None:
    """Return the result that a message brings, in a tuple; pass on what else it can be, and raise an error."""
    if kind == "result":
        return (value,)
    if kind == "error":
        error, text = value
        error.__cause__ = RemoteError(text)
        raise error
    if kind == "log":
        name, level, text = value
        logging.getLogger(name).log(level, "%s", text)
    elif kind == "step":
        progress.emit(value)
    return None


def _end(workers: list[Worker]) -> None:
    """Ask workers to leave, all of them before waiting for the first."""
    for worker in workers:
        worker.ask_to_leave()
    for worker in workers:
        worker.exit_code()


def death(code: int | None) -> BevsegError:
    """Return the error of an item whose worker has died.

    Parameters
    ----------
    code
        Exit code of the worker, minus the number of a signal that ended it.
    """
    name = _signal_name(code)
    if name == "SIGKILL":
        return OutOfMemoryError(
            "The process that worked on this cloud was killed",
            why="SIGKILL: the system usually does this when memory runs out",
            hint="use fewer --jobs, or split the cloud into tiles",
        )
    if name is None or name in CRASHES:
        return InputError(
            "The process that worked on this cloud crashed",
            why=f"{name}: {CRASHES[name]}" if name else f"it ended with exit code {code}",
            hint="the file is likely damaged: download or copy it again, or open and save it in another program",
        )
    return BevsegError(
        "The process that worked on this cloud was ended from outside",
        why=f"it got {name}",
        hint="repeat the command for this cloud",
    )


def _count_failed_start(before: int, code: int | None) -> int:
    """Return one more; raise OutOfMemoryError if that is too many."""
    if before + 1 < MOST_FAILED_STARTS:
        return before + 1
    raise OutOfMemoryError(
        "A worker process could not start",
        why=f"{MOST_FAILED_STARTS} ended before they began, the last by {_signal_name(code) or f'exit code {code}'}",
        hint="free some memory, raise the limits of this shell (ulimit -v, ulimit -u), or use fewer --jobs",
    )


def _signal_name(code: int | None) -> str | None:
    """Return the name of the signal that an exit code stands for; None if it stands for none."""
    if code is None:
        return None
    if os.name == "nt":
        return _WINDOWS.get(code)
    if code == LEFT:
        return "SIGTERM"
    try:
        return signal.Signals(-code).name if code < 0 else None
    except ValueError:
        return f"signal {-code}"
