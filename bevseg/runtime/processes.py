"""Work in processes of its own, and what Ctrl-C means there."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.synchronize import Event
from typing import TypeVar

from bevseg.errors import OutOfMemoryError

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

_stop: Event | None = None
"""In a process of the pool: set when the process that talks to the user has left off."""


def in_processes(
    work: Callable[[T], R], items: Sequence[T], jobs: int, start: Callable[[], None] | None = None
) -> Generator[tuple[T, R]]:
    """Do the work on every item in processes, and yield items and results as they are finished.

    Parameters
    ----------
    work, items, start
        Must pickle; `start` is called once in each process.
    jobs
        Number of processes.

    Raises
    ------
    OutOfMemoryError
        If a process is ended from outside.
    """
    # Spawned, not forked: a fork of a process whose threads (torch, numba, polars) hold locks can hang.
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    pool = ProcessPoolExecutor(jobs, context, initializer=_enter, initargs=(stop, start))
    try:
        with _ctrl_c_ignored():  # the processes are born here, and inherit it
            pending = {pool.submit(_at_work, work, item): item for item in items}
        for future in as_completed(pending):
            result, messages = future.result()
            for text in messages:
                log.warning("%s", text)
            yield pending[future], result
    except BrokenProcessPool as error:
        raise OutOfMemoryError(
            "A worker process was killed",
            why="the system usually does this when memory runs out",
            hint="give a smaller --jobs",
        ) from error
    except SystemExit:  # an end from outside, unlike Ctrl-C, reaches this process alone
        stop.set()
        for process in multiprocessing.active_children():
            if process.pid is not None:
                os.kill(process.pid, signal.SIGINT)
        raise
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _ctrl_c_ignored() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only the main thread may say so
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _enter(stop: Event, start: Callable[[], None] | None) -> None:
    """Make a new process ready."""
    global _stop
    _stop = stop
    if start is not None:
        start()


def _at_work(work: Callable[[T], R], item: T) -> tuple[R, list[str]]:
    """Do the work on one item; what it warns of goes back to the process that talks to the user.

    Ctrl-C reaches every process of a terminal. One at work cleans up; one that loads libraries or waits for work
    ignores it, and finds out from `_stop` that there is nothing more to do.
    """
    if _stop is not None and _stop.is_set():
        raise KeyboardInterrupt
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            result = work(item)
        return result, [str(warning.message) for warning in caught if warning.category is UserWarning]
    except KeyboardInterrupt:
        if (
            _stop is not None
        ):  # sooner than the process that talks to the user: the next item may be waiting here
            _stop.set()
        raise
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
