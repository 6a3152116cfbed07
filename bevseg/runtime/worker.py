"""A worker: a process that calls functions for another one, one call at a time, and may die without harm to it.

Files of users reach native decoders, and these can crash. The process that talks to the user therefore sends each
call through a pipe to a worker. The result, and all that the worker logs, warns of or reports as progress, comes
back through the same pipe: `serve` is its life.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import signal
import threading
from collections.abc import Iterator
from typing import Any

from bevseg.runtime.serve import GRACE, LOGGER, serve


class RemoteError(Exception):
    """The traceback of an error in a worker, as text: frames cannot be sent."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f"\n{self.text}"


class Worker:
    """A running worker, as the process that started it sees it.

    Parameters
    ----------
    preload
        Module that the worker imports while it waits for its first call.

    Attributes
    ----------
    connection
        This end of the pipe; `multiprocessing.connection.wait` takes it.
    begun
        Whether the worker has begun the call that it was sent last.
    """

    def __init__(self, preload: str | None = None) -> None:
        # Spawned, not forked: a fork of a process whose threads (torch, numba, polars) hold locks can hang.
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        level = logging.getLogger(LOGGER).getEffectiveLevel()
        self._process = context.Process(target=serve, args=(theirs, level, preload), daemon=True)
        with _ctrl_c_ignored():  # the worker inherits it: Ctrl-C in a terminal reaches every process of it
            self._process.start()
        theirs.close()
        self.begun = False

    def send(self, message: bytes) -> bool:
        """Send a call, by `serve.pickled_call`. Returns False if the worker is gone."""
        self.begun = False
        try:
            self.connection.send_bytes(message)
        except OSError:
            return False
        return True

    def receive(self) -> tuple[str, Any] | None:
        """Wait for the next message, a pair of kind and value. None: the worker is dead."""
        try:
            message: tuple[str, Any] = self.connection.recv()
        except (EOFError, OSError):
            return None
        self.begun = self.begun or message[0] == "begun"
        return message

    def ask_to_leave(self) -> None:
        """Close the pipe: an idle worker ends, a busy one leaves its call and cleans up."""
        self.connection.close()

    def exit_code(self) -> int | None:
        """Wait for the end of the worker and return its exit code, minus the number of a signal that ended it."""
        try:
            self._process.join(GRACE + 5)
        finally:
            if self._process.is_alive():
                self._process.kill()
        self._process.join()
        return self._process.exitcode


@contextlib.contextmanager
def _ctrl_c_ignored() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set it
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
