"""Coordinates that a file can hold and no scan has: refused, or warned of."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.errors import CloudFormatError

_SMALLEST, _LARGEST = 1e-9, 100.0
"""Steps of coordinates, m."""
_FAR = 100.0
"""Distance from the bounds of the header, units of the file, from which on a point is far outside."""
_FARTHEST = 1e8
"""Distance from the origin, m: twice around the earth."""


def ensure_plausible(
    steps: Sequence[NDArray[np.int32]],
    ends: Sequence[tuple[float, float]],
    scale: tuple[float, float, float],
    offset: tuple[float, float, float],
    path: Path,
) -> None:
    """Check steps and places of the coordinates; warn if some points lie beyond all others.

    Parameters
    ----------
    steps
        Of x, y and z, (N,) each, for the absolute value of the scale.
    ends
        Smallest and largest of them.
    scale, offset
        In metres.
    path
        The file, for messages.

    Raises
    ------
    CloudFormatError
        If a step is no length that an instrument has, or all points are farther away than any place on earth.
    """
    for axis, values, both, step, start in zip("xyz", steps, ends, scale, offset, strict=True):
        if not _SMALLEST <= abs(step) <= _LARGEST:
            raise _absurd(path, f"{axis} has steps of {abs(step):g} m")
        low, high = (end * abs(step) + start for end in both)
        if max(-low, high) <= _FARTHEST:
            continue
        if low > _FARTHEST or high < -_FARTHEST:
            raise _absurd(path, f"{axis} runs from {low:g} to {high:g} m")
        beyond = int(np.sum(np.abs(values * abs(step) + start) > _FARTHEST))
        warnings.warn(
            f"{path}: {beyond:,} points have {axis} beyond {_FARTHEST:g} m ({low:g} to {high:g} m): remove them",
            stacklevel=3,
        )


def warn_if_elsewhere(
    ends: Sequence[tuple[float, float]],
    scale: Sequence[float],
    offset: Sequence[float],
    claimed: Sequence[tuple[float, float]],
    path: Path,
) -> None:
    """Warn of points that lie far outside the bounds of the header: by more than their width, and `_FAR` units.

    Parameters
    ----------
    ends
        Smallest and largest step of x, y and z.
    scale, offset
        In units of the file.
    claimed
        (min, max) of x, y and z by the header.
    path
        The file, for messages.
    """
    found = [
        tuple(sorted(end * step + start for end in axis_ends))
        for axis_ends, step, start in zip(ends, scale, offset, strict=True)
    ]
    margins = [max(high - low, _FAR) for low, high in claimed]
    near = (
        low - margin <= least and most <= high + margin
        for (least, most), (low, high), margin in zip(found, claimed, margins, strict=True)
    )
    if not all(near):
        warnings.warn(
            f"{path}: the points lie far outside the bounds that the header gives: they have {_box(found)}, the "
            f"header says {_box(claimed)}; compare scale and offset with those of the original",
            stacklevel=3,
        )


def _box(ends: Sequence[tuple[float, ...]]) -> str:
    return ", ".join(
        f"{axis} {low:.10g} to {high:.10g}" for axis, (low, high) in zip("xyz", ends, strict=True)
    )


def _absurd(path: Path, why: str) -> CloudFormatError:
    return CloudFormatError(
        "The coordinates of the cloud are absurd",
        where=path,
        why=why,
        hint="check scale, offset and unit of the file, and export the cloud again",
    )
