"""PointCloud: integer coordinates with scale and offset in metres, labels, reference system, source record."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bevseg.errors import InputError

INT32 = np.iinfo(np.int32)

MOST_STEPS = 2.0**32 - 4
"""Extent in steps that 32-bit integers hold, both signs, with rounding at both ends."""

FARTHEST = 1e8
"""Largest coordinate, in units of the file: no reference system has coordinates beyond it, in metres or feet."""

BLOCK = 1 << 14
"""Coordinates that are worked on together: they stay in the cache."""

_NO_ENDS = [(0.0, 0.0)] * 3


@dataclass(frozen=True)
class Crs:
    """A coordinate reference system, as far as bevseg needs it.

    Attributes
    ----------
    wkt
        The horizontal part as WKT; empty where a file names units only.
    horizontal, vertical
        Metres per unit.
    """

    wkt: str
    horizontal: float = 1.0
    vertical: float = 1.0


@dataclass(frozen=True)
class PointCloud:
    """Points as integer steps: world = step * scale + offset, in metres, exact at any distance from the origin.

    Attributes
    ----------
    x, y, z
        (N,) int32 steps. They may be strided views into the record of the file: never written to.
    scale, offset
        Metres per step, and metres, for x, y and z. Units of the file are already converted here.
    labels
        (N,) uint8 train ids, 0 = undefined; None for an unlabelled cloud.
    finite
        (N,) bool, False for points whose coordinates are NaN or infinite. They keep their place, take no part in any
        computation and get class 0. None when all are finite.
    far
        (N,) bool, True for points far away from all others (`core.far_points`). They keep their coordinates, take no
        part in any computation and get class 0. None when there are none.
    crs
        The reference system, if the file names one.
    name
        The stem of the file.
    origin
        The file that it was read from. No output may replace it. None for a cloud from memory.
    source
        What the writer of the same format needs to write the file unchanged; opaque outside `io/`.
    """

    x: NDArray[np.int32]
    y: NDArray[np.int32]
    z: NDArray[np.int32]
    scale: tuple[float, float, float]
    offset: tuple[float, float, float]
    labels: NDArray[np.uint8] | None = None
    finite: NDArray[np.bool_] | None = None
    far: NDArray[np.bool_] | None = None
    crs: Crs | None = None
    name: str = ""
    origin: Path | None = None
    source: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        sizes = {len(self.x), len(self.y), len(self.z)}
        if self.labels is not None:
            sizes.add(len(self.labels))
        if self.finite is not None:
            sizes.add(len(self.finite))
        if self.far is not None:
            sizes.add(len(self.far))
        if len(sizes) != 1:
            raise ValueError(f"coordinates, labels and mask differ in length: {sorted(sizes)}")

    def __len__(self) -> int:
        return len(self.x)

    @classmethod
    def from_xyz(
        cls,
        xyz: NDArray[np.floating],
        labels: NDArray[np.uint8] | None = None,
        *,
        scale: float = 0.001,
        unit: tuple[float, float] = (1.0, 1.0),
        crs: Crs | None = None,
        name: str = "",
        source: Any = None,
    ) -> Self:
        """Store float coordinates as integer steps of `scale`, counted from the whole unit at or below the minimum.

        A larger extent than 31 bits hold is counted from its middle.

        Of a point that is not finite, a coordinate within the extent of the others is kept; others are their minimum.

        Parameters
        ----------
        xyz
            (N, 3), in the units of the file.
        labels
            (N,) train ids.
        scale
            Units per step.
        unit
            Metres per horizontal and per vertical unit.
        crs, name, source
            Passed on.

        Raises
        ------
        InputError
            If the extent does not fit 32-bit steps, or a coordinate is larger than `FARTHEST`.
        """
        kept, finite = xyz, None
        ends = ends_of(*kept.T) or _NO_ENDS
        if not np.isfinite(ends).all():
            finite = np.isfinite(xyz).all(axis=1)
            kept = xyz[finite]
            ends = ends_of(*kept.T) or _NO_ENDS
        near = points_together(kept, ends, scale)
        if near is not None:
            finite = np.ones(len(xyz), bool) if finite is None else finite
            finite[finite] = near
            kept = xyz[finite]
            ends = ends_of(*kept.T) or _NO_ENDS
            warnings.warn(
                f"{name or 'the cloud'}: {np.count_nonzero(~near):,} of {len(xyz):,} points are so far away from all "
                "others that they cannot be stored with them: they count as not finite",
                stacklevel=2,
            )
        offset = np.floor([low for low, _ in ends])
        farthest = max((*offset, *(high for _, high in ends)), key=abs)
        if abs(farthest) > FARTHEST:
            raise InputError(
                f"A coordinate of {farthest:g} is too large",
                where=name or None,
                why=f"no reference system in metres or feet has coordinates beyond {FARTHEST:g}",
                hint="check the column order, the units (millimetres?), and for points far away from the others",
            )
        steps = np.zeros((3, len(xyz)), np.int32)
        for axis, (low, high) in enumerate(ends):
            extent = high - offset[axis]
            if extent > INT32.max * scale:
                offset[axis] = np.rint((offset[axis] + extent / 2) / scale) * scale
            if extent > MOST_STEPS * scale:
                raise InputError(
                    f"An extent of {extent:.0f} units in {'xyz'[axis]} is too large for a street scene",
                    where=name or None,
                    why=f"it does not fit in 32-bit integers with steps of {scale} units",
                    hint="check the column order, and remove points far away from the others",
                )
            if finite is None:
                _quantize(kept[:, axis], offset[axis], scale, steps[axis])
                continue
            column = np.empty(len(kept), np.int32)
            _quantize(kept[:, axis], offset[axis], scale, column)
            steps[axis, finite] = column
            if len(kept):
                first, last = (np.rint((end - offset[axis]) / scale) for end in (low, high))
                with np.errstate(over="ignore"):
                    others = (xyz[~finite, axis].astype(np.float64) - offset[axis]) / scale
                inside = (others >= first) & (others <= last)  # NaN is not
                steps[axis, ~finite] = np.rint(np.where(inside, others, first))
        metres = (unit[0], unit[0], unit[1])
        return cls(
            steps[0],
            steps[1],
            steps[2],
            scale=(scale * metres[0], scale * metres[1], scale * metres[2]),
            offset=(float(offset[0]) * metres[0], float(offset[1]) * metres[1], float(offset[2]) * metres[2]),
            labels=labels,
            finite=finite,
            crs=crs,
            name=name,
            source=source,
        )

    @property
    def xyz(self) -> NDArray[np.float64]:
        """(N, 3) world coordinates in metres; a fresh array, NaN for points that are not finite."""
        xyz = np.stack([self.x, self.y, self.z], axis=1) * np.asarray(self.scale) + np.asarray(self.offset)
        if self.finite is not None:
            xyz[~self.finite] = np.nan
        return xyz

    @property
    def used(self) -> NDArray[np.bool_] | None:
        """(N,) True for points that take part in computations: finite, and not far; None when all do."""
        if self.far is None:
            return self.finite
        return ~self.far if self.finite is None else self.finite & ~self.far

    def take(self, points: NDArray[np.integer]) -> Self:
        """Return some of the points as a cloud of their own, without the record of the file."""
        labels, finite, far = (
            None if values is None else values[points] for values in (self.labels, self.finite, self.far)
        )
        steps = {axis: getattr(self, axis)[points] for axis in ("x", "y", "z")}
        return dataclasses.replace(self, **steps, labels=labels, finite=finite, far=far, source=None)

    @cached_property
    def ends(self) -> list[tuple[float, float]] | None:
        """Smallest and largest step of x, y and z over the finite points; None if there are none."""
        return ends_of(self.x, self.y, self.z, kept=self.finite)

    def bounds(self) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]] | None:
        """Return (min, max) of x, y and z over the finite points, m; None if there are none."""
        if self.ends is None:
            return None
        ranges = [
            (low * scale + offset, high * scale + offset)
            for (low, high), scale, offset in zip(self.ends, self.scale, self.offset, strict=True)
        ]
        return ranges[0], ranges[1], ranges[2]


def ends_of(
    *columns: NDArray[np.generic], kept: NDArray[np.bool_] | None = None
) -> list[tuple[float, float]] | None:
    """Return smallest and largest value of each column over the kept points; None if there are none.

    They are NaN for a column that holds NaN. A record in which the columns lie side by side is read once.
    """
    found = []
    for start in range(0, len(columns[0]), BLOCK):
        block = slice(start, start + BLOCK)
        parts = [np.ascontiguousarray(column[block]) for column in columns]
        if kept is not None:
            parts = [part[kept[block]] for part in parts]
        if len(parts[0]):
            found.append([(part.min(), part.max()) for part in parts])
    if not found:
        return None
    table = np.array(found)  # block, column, end
    return list(zip(table[..., 0].min(axis=0).tolist(), table[..., 1].max(axis=0).tolist(), strict=True))


def _quantize(values: NDArray[np.floating], offset: float, scale: float, steps: NDArray[np.int32]) -> None:
    """Write the steps of a column, a block at a time."""
    buffer = np.empty(min(len(values), BLOCK))
    for start in range(0, len(values), BLOCK):
        block = values[start : start + BLOCK]
        column = np.subtract(block, offset, out=buffer[: len(block)], dtype=np.float64)
        column /= scale
        np.rint(column, out=column)
        steps[start : start + BLOCK] = column


def points_together(
    xyz: NDArray[np.floating], ends: Sequence[tuple[float, float]], scale: float
) -> NDArray[np.bool_] | None:
    """Return which points 32-bit steps can hold together; None if they hold all, or so few that it is no accident.

    At most one point in a hundred (in ten or more, one) may be left out: a return at the origin of the world, for
    example. `ends` are smallest and largest x, y and z.
    """
    reach = scale * MOST_STEPS
    if all(high - low < reach for low, high in ends):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        near: NDArray[np.bool_] = (np.abs(xyz - np.median(xyz, axis=0)) < reach / 2).all(axis=1)
    out = len(near) - int(np.count_nonzero(near))
    return near if 0 < out <= max(len(near) // 100, len(near) >= 10) else None


@dataclass(frozen=True)
class KeptCodes:
    """Class codes of the input that are written again: (N,) codes, and a mask of the points that keep them."""

    codes: NDArray[np.integer]
    mask: NDArray[np.bool_]


@dataclass(frozen=True)
class PointLabels:
    """Class and confidence of each point, in the order of the cloud.

    Attributes
    ----------
    classes
        (N,) uint8 train ids; 0 where nothing is known.
    confidence
        (N,) uint8, probability of the class times 255; 0 with class 0.
    kept
        Points whose code in the input is written again, in place of that of their class. None: there are none.
    reasons
        (N,) uint8, why a class is in doubt (`core.reasons`). None: nobody looked.
    probabilities
        (5, N) uint8, probability of each class but undefined, by train id, times 255; 0 with class 0. That of the
        class is its confidence, and no other is larger. They add up to 255, but for their rounding. None: nobody
        asked.
    has_confidence_field
        Whether the confidence becomes a field of an output.
    """

    classes: NDArray[np.uint8]
    confidence: NDArray[np.uint8]
    kept: KeptCodes | None = None
    reasons: NDArray[np.uint8] | None = None
    probabilities: NDArray[np.uint8] | None = None
    has_confidence_field: bool = True

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        """Yield `classes` and `confidence`: `classes, confidence = labels`."""
        return iter((self.classes, self.confidence))


NO_LABELS = PointLabels(np.empty(0, np.uint8), np.empty(0, np.uint8))
"""Classes and confidence of no points."""
