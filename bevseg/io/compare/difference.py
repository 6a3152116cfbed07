"""A difference between two files, and how the values of their points are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 1 << 20
"""Points that are compared at a time."""

Same = Callable[[NDArray[Any], NDArray[Any]], NDArray[np.bool_]]


@dataclass(frozen=True)
class Difference:
    """What differs, and how.

    Attributes
    ----------
    what
        A field of the points, or a part of the file.
    source, result
        The two values, for people.
    point
        Number of the first point that differs, from 1; None for a part of the file.
    """

    what: str
    source: str
    result: str
    point: int | None = None

    def __str__(self) -> str:
        place = "" if self.point is None else f"point {self.point:,}: "
        return f"{place}{self.what} is {self.source} in the source, {self.result} in the result"


def same_bytes(source: NDArray[Any], result: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where two arrays of one type have the same bytes; NaN are the same if their bits are."""
    size = source.dtype.itemsize
    one, other = (
        np.ascontiguousarray(part).view(np.uint8).reshape(len(part), -1) for part in (source, result)
    )
    if size == 1 and source.ndim == 1:
        return np.asarray(one[:, 0] == other[:, 0])
    return np.asarray((one == other).all(axis=1))


def first_difference(
    what: str, source: NDArray[Any], result: NDArray[Any], same: Same = same_bytes
) -> Difference | None:
    """Return the first point at which a field differs; None if there is none."""
    for start in range(0, len(source), BLOCK):
        part = slice(start, start + BLOCK)
        equal = same(source[part], result[part])
        if not equal.all():
            at = start + int(np.argmin(equal))
            return Difference(what, str(source[at]), str(result[at]), at + 1)
    return None


def counts(source: int, result: int) -> Difference | None:
    """Return a difference if the numbers of points differ."""
    return None if source == result else Difference("the number of points", f"{source:,}", f"{result:,}")
