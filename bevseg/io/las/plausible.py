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
_FARTHEST = 1e8
"""Distance from the origin, m: twice around the earth."""


def ensure_plausible(
    steps: Sequence[NDArray[np.int32]],
    scale: tuple[float, float, float],
    offset: tuple[float, float, float],
    path: Path,
) -> None:
    """Check steps and places of the coordinates; warn if some points lie beyond all others.

    Parameters
    ----------
    steps
        Of x, y and z, (N,) each, for the absolute value of the scale.
    scale, offset
        In metres.
    path
        The file, for messages.

    Raises
    ------
    CloudFormatError
        If a step is no length that an instrument has, or all points are farther away than any place on earth.
    """
    for axis, values, step, start in zip("xyz", steps, scale, offset, strict=True):
        if not _SMALLEST <= abs(step) <= _LARGEST:
            raise _absurd(path, f"{axis} has steps of {abs(step):g} m")
        low, high = (int(end) * abs(step) + start for end in (values.min(), values.max()))
        if max(-low, high) <= _FARTHEST:
            continue
        if low > _FARTHEST or high < -_FARTHEST:
            raise _absurd(path, f"{axis} runs from {low:g} to {high:g} m")
        beyond = int(np.sum(np.abs(values * abs(step) + start) > _FARTHEST))
        warnings.warn(
            f"{path}: {beyond:,} points have {axis} beyond {_FARTHEST:g} m ({low:g} to {high:g} m): remove them",
            stacklevel=3,
        )


def _absurd(path: Path, why: str) -> CloudFormatError:
    return CloudFormatError(
        "The coordinates of the cloud are absurd",
        where=path,
        why=why,
        hint="check scale, offset and unit of the file, and export the cloud again",
    )
