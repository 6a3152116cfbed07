"""Targets that a loss cannot read: class ids out of range, and everything else that only the values can tell.

Such a check reads one number back, for which a device has to finish its queue. So a training checks its targets on
the host, in the loader, and computes the loss inside `with trusted_targets():`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor

from bevseg.errors import UsageError

_TRUSTED = ContextVar("trusted_targets", default=False)


@contextmanager
def trusted_targets() -> Iterator[None]:
    """Compute losses without looking at the values of targets and weights, which have been checked elsewhere.

    It holds for the thread, or the asynchronous task, that enters it. An id out of range is then no error, but a
    pixel of no class or an assertion of the device. `torch.vmap` over targets needs it: there no value can be read.
    """
    token = _TRUSTED.set(True)
    try:
        yield
    finally:
        _TRUSTED.reset(token)


def ensure_ids(target: Tensor, classes: int, ignore_index: int) -> None:
    """Check the ids of a target, of any shape and integer type.

    Parameters
    ----------
    target
        Class ids.
    classes
        How many classes there are, at least 2.
    ignore_index
        Id that no class has to have.

    Raises
    ------
    UsageError
        For an id below 0, or of `classes` and above, that is not `ignore_index`.
    """

    def wrong() -> Tensor:
        return ((target < 0) | (target >= classes)) & (target != ignore_index)

    def error() -> UsageError:
        found = target[wrong()]
        return UsageError(
            "Target ids are out of range",
            why=f"found {int(found.min())} to {int(found.max())} where there are {classes} classes, "
            f"0 to {classes - 1}",
            hint=f"set ignore_index (now {ignore_index}) to the id of pixels without a class, or relabel them",
        )

    ensure(lambda: ~wrong().any(), error)


def ensure(holds: Callable[[], Tensor], error: Callable[[], UsageError]) -> None:
    """Raise the error unless a condition on values holds; not asked where targets are trusted.

    In a graph of `torch.compile` it is an assertion of the device, whose text is the first line of the error.
    """
    if torch.compiler.is_compiling():
        torch._assert_async(holds(), "the target or a weight of a loss is out of range")
    elif not _TRUSTED.get() and not holds():
        raise error()
