"""What does work on many items, wherever it runs: worker processes of this machine, or a cluster."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Protocol, TypeVar

from bevseg.errors import BevsegError

T = TypeVar("T")
R = TypeVar("R")


class Executor(Protocol):
    """A function that does the work on every item and yields items and results as they are finished.

    `processes.local` and `cluster.cluster` make one. An error as the result: the worker died at this item. Errors
    that `work` or `start` raise are raised. `work`, `items` and `start` must pickle; `start` is called once in each
    worker process, before any item.
    """

    def __call__(
        self, work: Callable[[T], R], items: Sequence[T], *, start: Callable[[], None] | None = None
    ) -> Generator[tuple[T, R | BevsegError]]:
        """Do the work. Closing the generator drops what is not finished."""
