"""The life of a worker: calls come through a pipe, one at a time, and results, log, warnings and progress go back.

The end of the pipe is the end of the worker. When the other process closes it, or is gone, the worker leaves at once:
while it loads modules or waits it simply ends, out of a call it leaves by an exception, so that temporary files are
removed.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import pickle
import queue
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

from bevseg.runtime import progress

GRACE = 10.0
"""Seconds that a worker has to leave a call, before it is ended without cleaning up."""

LEFT = 143
"""Exit code of a worker that left a call because it was asked to."""

_LOST = 0.05
"""Seconds after which an exception that a finalizer has lost is raised again."""

_at_call = threading.Lock()
"""Held by the main thread of a worker during a call, which may have something to clean up."""

LOGGER = "bevseg"
"""Parent of all loggers whose records go back through the pipe."""

_started: bytes | None = None
"""Pickled function that was called last at the start of this process."""


def serve(connection: Connection, level: int, preload: str | None) -> None:
    """Answer calls until the pipe ends: the whole life of a worker."""
    # The other process decides when a worker leaves, also after Ctrl-C or a lost terminal: it closes the pipe.
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    sys.unraisablehook = _raise_again
    send = _sender(connection)
    calls: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, calls), daemon=True).start()
    try:
        with forwarding(send, level):
            if preload is not None:
                with contextlib.suppress(Exception):  # the call that needs it says what is wrong
                    importlib.import_module(preload)
            _answer(calls, send)
        code = 0
    except SystemExit:
        code = LEFT
    os._exit(code)  # all is written; taking down torch and its threads takes a tenth of a second


def pickled_call(start: Callable[[], None] | None, work: Callable[[Any], Any]) -> Callable[[Any], bytes]:
    """Return a function that pickles the call `work(item)` of an item, and what `start` to call before the first."""
    start_text, work_text = (None if start is None else pickle.dumps(start)), pickle.dumps(work)
    return lambda item: pickle.dumps((start_text, work_text, pickle.dumps(item)))


def answer(message: bytes, begun: Callable[[], None] = lambda: None) -> tuple[str, Any]:
    """Do a call in this process.

    Parameters
    ----------
    message
        The call, by `pickled_call`.
    begun
        Called when the work on the item begins.

    Returns
    -------
    kind, value
        "result" and the result, or "error" and a pair of the error and its traceback as text.
    """
    global _started
    try:
        start, work, item = pickle.loads(message)
        if start is not None and start != _started:
            pickle.loads(start)()
            _started = start
        function, argument = pickle.loads(work), pickle.loads(item)
        begun()
        return "result", function(argument)
    except SystemExit:
        raise
    except BaseException as error:
        return "error", (error, "".join(traceback.format_exception(error)))


def _answer(calls: queue.SimpleQueue[bytes | None], send: Callable[[str, Any], None]) -> None:
    while (message := calls.get()) is not None:
        with _at_call:
            answered = answer(message, lambda: send("begun", None))
            try:
                send(*answered)
            except OSError:  # nobody listens any more
                return
            except Exception as error:  # it does not pickle
                send("error", (RuntimeError(f"{type(error).__name__}: {error}"), repr(answered)[:1000]))


def _receive(connection: Connection, calls: queue.SimpleQueue[bytes | None]) -> None:
    """Pass the calls on; at the end of the pipe end the process, or make the main thread leave its call."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            calls.put(connection.recv_bytes())
    if _at_call.acquire(blocking=False):  # no call can begin any more
        os._exit(0)
    calls.put(None)
    _signal_main()
    time.sleep(GRACE)
    os._exit(LEFT)  # the main thread is in native code that does not return


def _signal_main() -> None:
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:  # it also wakes the main thread from a sleep
        signal.pthread_kill(main, signal.SIGTERM)
    else:
        import _thread

        _thread.interrupt_main(signal.SIGTERM)


def _leave(signum: int, frame: object) -> None:
    """Leave the call by an exception, once: a second signal must not disturb the cleaning up.

    Outside of calls there is nothing to clean up, and an exception would meet imports and their finalizers.
    """
    if not _at_call.locked():
        os._exit(LEFT)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(LEFT)


def _raise_again(unraisable: Any) -> None:
    """Raise the exception of `_leave` again if a finalizer has lost it; show all others, as Python does."""
    if not issubclass(unraisable.exc_type, SystemExit):
        sys.__unraisablehook__(unraisable)
        return
    signal.signal(signal.SIGTERM, _leave)
    again = threading.Timer(_LOST, _signal_main)
    again.daemon = True
    again.start()


def _sender(connection: Connection) -> Callable[[str, Any], None]:
    lock = threading.Lock()

    def send(kind: str, value: Any) -> None:
        with lock:
            connection.send((kind, value))

    return send


@contextlib.contextmanager
def forwarding(send: Callable[[str, Any], None], level: int) -> Iterator[None]:
    """Inside the block, send log records, warnings and progress of this process through a function.

    Parameters
    ----------
    send
        Called with "log" and (name, level, text), or with "step" and a `progress.Step`.
    level
        Lowest level of the records.
    """
    logger, handler = logging.getLogger(LOGGER), _Through(send)
    level_before, propagated = logger.level, logger.propagate
    heard_before = progress.listen(lambda step: send("step", step))
    logger.setLevel(level)
    logger.addHandler(handler)
    logger.propagate = False

    def show(message: Warning | str, *rest: Any, **more: Any) -> None:
        logger.warning("%s", message)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = show
            yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level_before)
        logger.propagate = propagated
        progress.listen(heard_before)


class _Through(logging.Handler):
    """A handler that sends records through a function, as text that needs nothing of this process."""

    def __init__(self, send: Callable[[str, Any], None]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
        with contextlib.suppress(OSError):
            self._send("log", (record.name, record.levelno, text))
