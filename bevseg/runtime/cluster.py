"""Work on a Dask cluster that the user names. A worker that is lost costs time, and its tasks are done by others.

The cluster is the user's: it runs before and goes on afterwards. Nothing of `distributed` is imported before an
address is named.
"""

from __future__ import annotations

import contextlib
import logging
import pickle
import queue
import threading
import uuid
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from bevseg.errors import BevsegError, ClusterError
from bevseg.runtime.cluster_client import ClusterClient, described, versions
from bevseg.runtime.executor import Executor
from bevseg.runtime.processes import outcome
from bevseg.runtime.serve import LOGGER, answer, forwarding, pickled_call

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 2
"""Tasks at the scheduler for each worker: one at work and the next. The others wait in this process. So tasks of
other users come between, and an adaptive cluster still sees that more workers are needed."""

_LOOK = 5.0
"""Seconds without a result after which the cluster is asked whether it still has workers."""

_one_at_a_time = threading.Lock()
"""Held by a task in its worker: log and warnings of a process belong to one task."""


@contextlib.contextmanager
def cluster(address: str, shared: Sequence[Path] = ()) -> Iterator[Executor]:
    """Connect to a cluster, and inside the block work on it.

    A task that is at work when its generator is closed is completed by its worker, and the result dropped.

    Parameters
    ----------
    address
        Of the scheduler: `tcp://host:8786`, or `tls://` with the certificates of the settings of Dask.
    shared
        Absolute paths that each worker must see, such as a file that this run has just written into its output.

    Raises
    ------
    DependencyError
        If distributed is not installed.
    UsageError
        If the address is none.
    ClusterError
        If no scheduler answers, or workers have other versions or do not see what is shared.
    """
    connected = ClusterClient(address)
    try:
        connected.wait_for_workers()
        connected.check_workers(shared)
        yield _ClusterExecutor(connected)
    finally:
        connected.client.close()


class _ClusterExecutor:
    def __init__(self, connected: ClusterClient) -> None:
        self._connected = connected

    def __call__(
        self, work: Callable[[T], R], items: Sequence[T], *, start: Callable[[], None] | None = None
    ) -> Generator[tuple[T, R | BevsegError]]:
        call_of = pickled_call(start, work)
        suspects = []
        with contextlib.closing(self._done(call_of, items, range(len(items)), alone=False)) as results:
            for number, result in results:
                if result is None:
                    suspects.append(number)
                else:
                    yield items[number], result[0]
        # Dask blames every task that was at a worker when it died, also the next one. Alone, it is the task itself.
        with contextlib.closing(self._done(call_of, items, suspects, alone=True)) as results:
            for number, result in results:
                yield items[number], self._death() if result is None else result[0]

    def _done(
        self, call_of: Callable[[T], bytes], items: Sequence[T], numbers: Iterable[int], *, alone: bool
    ) -> Generator[tuple[int, tuple[Any] | None]]:
        """Yield the numbers of items and their results, in a tuple; None: each worker that had the task died."""
        client, connection = self._connected.client, self._connected.connection
        name, level = f"bevseg-{uuid.uuid4().hex}", logging.getLogger(LOGGER).getEffectiveLevel()
        waiting, busy = deque(numbers), dict[int, Any]()
        finished: queue.SimpleQueue[int] = queue.SimpleQueue()

        def submit(number: int) -> None:
            call = call_of(items[number])
            with connection():
                busy[number] = client.submit(_do, call, level, versions(), key=(name, number), pure=False)
            busy[number].add_done_callback(lambda _: finished.put(number))

        try:
            while waiting or busy:
                most = 1 if alone else max(1, AHEAD * len(self._connected.threads()))
                while waiting and len(busy) < most:
                    submit(waiting.popleft())
                try:
                    number = finished.get(timeout=_LOOK)
                except queue.Empty:
                    self._connected.wait_for_workers()
                    continue
                yield number, self._result(busy.pop(number))
        finally:
            if busy:
                with contextlib.suppress(Exception):  # the scheduler is gone, and the tasks with it
                    client.cancel(list(busy.values()))

    def _result(self, future: Any) -> tuple[Any] | None:
        """Return the result of a task in a tuple, None if its workers died; pass on its log, and raise its error."""
        import distributed

        try:
            packed = future.result()
        except distributed.scheduler.KilledWorker:
            return None
        except (OSError, distributed.CancelledError) as error:
            raise self._connected.gone(error) from error
        except Exception as error:  # a worker that came later and has no bevseg, or another one
            raise self._connected.other_versions([f"a worker has {described(error)}"]) from error
        *logged, answered = pickle.loads(packed)
        for message in logged:
            outcome(*message)
        if answered[0] == "versions":
            raise self._connected.other_versions([f"a worker has {described(answered[1])}"])
        return outcome(*answered)

    def _death(self) -> BevsegError:
        return ClusterError(
            "The workers that did this task died, one after the other",
            where=self._connected.address,
            why="they were killed or crashed: mostly memory ran out, or a file is damaged",
            hint="see the log of the workers, give each more memory (--memory-limit), and repeat the command",
        )


def _do(call: bytes, level: int, wanted: Mapping[str, str]) -> bytes:
    """Do a call in a worker of the cluster; return what it logged, and then its answer, pickled in a list."""
    messages: list[tuple[str, Any]] = []

    def keep(kind: str, value: Any) -> None:
        if kind == "log":
            messages.append((kind, value))

    if (own := versions()) != wanted:  # a worker that has come after the check
        return pickle.dumps([("versions", own)])
    with _one_at_a_time, forwarding(keep, level):
        kind, value = answer(call)
    try:
        packed = pickle.dumps([*messages, (kind, value)])
        if kind == "error":  # an error whose class takes more than its text pickles, but not back
            pickle.loads(packed)
    except Exception as fault:
        error, text = value if kind == "error" else (fault, repr(value)[:1000])
        known = RuntimeError(f"{type(error).__name__}: {error}")
        packed = pickle.dumps([*messages, ("error", (known, text))])
    return packed
