"""Coordinates that a file can hold and no scan has: refused, or warned of."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.pointcloud import ends_of
from bevseg.errors import CloudFormatError
from bevseg.io.las.header import Header

_SMALLEST, _LARGEST = 1e-9, 100.0
"""Steps of coordinates, m."""
_FAR = 100.0
"""Distance from the bounds of the header, units of the file, from which on a point is far outside."""
_FARTHEST = 1e8
"""Distance from the origin, m: twice around the earth."""


class Extent:
    """Ends of the coordinates of a file, gathered batch by batch.

    Parameters
    ----------
    scale, offset
        In metres; the scale is not negative.
    """

    def __init__(self, scale: tuple[float, float, float], offset: tuple[float, float, float]) -> None:
        self.scale, self.offset = scale, offset
        self.count = 0
        self.ends: list[tuple[float, float]] = []
        self.beyond = [0, 0, 0]

    def add(self, steps: Sequence[NDArray[np.int32]]) -> None:
        """Take the points of a batch into account: x, y and z, (N,) steps each, at least one."""
        ends = ends_of(*steps) or []
        for axis, (low, high) in enumerate(ends):
            step, start = self.scale[axis], self.offset[axis]
            if max(-(low * step + start), high * step + start) > _FARTHEST:
                self.beyond[axis] += int(np.sum(np.abs(steps[axis] * step + start) > _FARTHEST))
        self.count += len(steps[0])
        known = self.ends or ends
        self.ends = [(min(a, low), max(b, high)) for (a, b), (low, high) in zip(known, ends, strict=True)]

    def box(self) -> list[tuple[float, float]]:
        """Return the lowest and highest x, y and z, m."""
        return [
            (low * step + start, high * step + start)
            for (low, high), step, start in zip(self.ends, self.scale, self.offset, strict=True)
        ]


def ensure_steps(scale: tuple[float, float, float], path: Path) -> None:
    """Raise CloudFormatError if a step, in metres, is no length that an instrument has."""
    for axis, step in zip("xyz", scale, strict=True):
        if not _SMALLEST <= step <= _LARGEST:
            raise _absurd(path, f"{axis} has steps of {step:g} m")


def ensure_plausible(extent: Extent, path: Path) -> None:
    """Check the places of all points; warn if some lie beyond all others.

    Raises
    ------
    CloudFormatError
        If all points are farther away than any place on earth.
    """
    for axis, (low, high), beyond in zip("xyz", extent.box(), extent.beyond, strict=True):
        if max(-low, high) <= _FARTHEST:
            continue
        if low > _FARTHEST or high < -_FARTHEST:
            raise _absurd(path, f"{axis} runs from {low:g} to {high:g} m")
        warnings.warn(
            f"{path}: {beyond:,} points have {axis} beyond {_FARTHEST:g} m ({low:g} to {high:g} m): remove them",
            stacklevel=3,
        )


def warn_if_elsewhere(extent: Extent, header: Header, path: Path) -> None:
    """Warn of points that lie far outside the bounds of the header: by more than their width, and `_FAR` units."""
    claimed = header.bounds
    found = [
        (low * abs(step) + start, high * abs(step) + start)
        for (low, high), step, start in zip(extent.ends, header.scale, header.offset, strict=True)
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
