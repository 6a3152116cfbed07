"""Labelled points -> a sparse table of cells: what was measured in each cell, by class.

All columns are whole numbers, and sums or extremes of whole numbers. So the table does not depend on the order of the
points, nor on how they were cut into clouds. Its size follows the area that objects cover, not the points.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bevseg.core.grid import STEPS, floor_cell, in_steps
from bevseg.core.pointcloud import PointCloud

LEVELS = 32
"""Equal parts of the side of a cell, in which the place of a point within its cell counts: 6 mm for 0.2 m."""

_BITS = 30
_HALF = 1 << (_BITS - 1)

_SUMS = ("points", "east", "north", "rated", "confidence")


@dataclass(frozen=True)
class Cells:
    """Cells that hold points, one row for each cell and class, sorted by class, row and column.

    Attributes
    ----------
    side
        Side of a cell, m.
    kinds
        (N,) train ids.
    cols, rows
        (N,) world indices of the cell; rows count to the north.
    points
        (N,) number of points.
    low, high
        (N,) lowest and highest height, in steps of `grid.STEPS`.
    east, north
        (N,) sums of the places within the cell, in parts of `LEVELS`, from its south-west corner.
    rated, confidence
        (N,) number of points with a confidence, and the sum of their confidences (0 to 255).
    """

    side: float
    kinds: NDArray[np.int64]
    cols: NDArray[np.int64]
    rows: NDArray[np.int64]
    points: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    east: NDArray[np.int64]
    north: NDArray[np.int64]
    rated: NDArray[np.int64]
    confidence: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.cols)

    @classmethod
    def none(cls, side: float) -> Self:
        """Return a table without cells."""
        return cls(side, *(np.empty(0, np.int64) for _ in range(10)))

    @classmethod
    def of_points(
        cls,
        cloud: PointCloud,
        classes: NDArray[np.uint8],
        confidence: NDArray[np.uint8] | None,
        which: NDArray[np.intp],
        side: float,
    ) -> Self:
        """Return the cells of some points of a cloud.

        Parameters
        ----------
        cloud
            The cloud.
        classes, confidence
            (N,) train ids and confidences of all of its points; None: they have no confidence.
        which
            (M,) the points that count.
        side
            Side of a cell, m.
        """
        x, y, z = (
            steps[which] * scale + offset
            for steps, scale, offset in zip(
                (cloud.x, cloud.y, cloud.z), cloud.scale, cloud.offset, strict=True
            )
        )
        part = side / LEVELS
        east, north = (floor_cell(axis, part).astype(np.int64) for axis in (x, y))
        # The part tells the cell, so that both agree: LEVELS is a power of two.
        cols, rows = east // LEVELS, north // LEVELS
        height = in_steps(z).astype(np.int64)
        ones = np.ones(len(which), np.int64)
        rated = ones if confidence is not None else np.zeros(len(which), np.int64)
        sure = confidence[which].astype(np.int64) if confidence is not None else rated
        return cls(
            side,
            classes[which].astype(np.int64),
            cols,
            rows,
            ones,
            height,
            height,
            east - cols * LEVELS,
            north - rows * LEVELS,
            rated,
            sure,
        )._summed()

    @classmethod
    def joined(cls, parts: Sequence[Cells], side: float) -> Self:
        """Return the cells of several tables as one."""
        names = [each.name for each in dataclasses.fields(cls)][1:]
        columns = [np.concatenate([getattr(part, name) for part in parts]) for name in names]
        return cls(side, *columns)._summed()

    def _summed(self) -> Self:
        """Return the table with one row for each cell and class."""
        if len(self) == 0:
            return self
        keys = key_of(self.cols, self.rows, self.kinds)
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        columns = {name: getattr(self, name)[order][first] for name in ("kinds", "cols", "rows")}
        columns |= {name: np.add.reduceat(getattr(self, name)[order], first) for name in _SUMS}
        columns["low"] = np.minimum.reduceat(self.low[order], first)
        columns["high"] = np.maximum.reduceat(self.high[order], first)
        return dataclasses.replace(self, **columns)

    def only(self, which: NDArray[np.bool_] | NDArray[np.integer] | slice) -> Self:
        """Return some of the cells."""
        names = [each.name for each in dataclasses.fields(self)][1:]
        return dataclasses.replace(self, **{name: getattr(self, name)[which] for name in names})

    def of(self, kind: int) -> Self:
        """Return the cells of a class."""
        first, behind = np.searchsorted(self.kinds, (kind, kind + 1)).tolist()
        return self.only(slice(first, behind))

    @property
    def x(self) -> NDArray[np.float64]:
        """(N,) x of the mean place of the points of each cell, m."""
        return (self.cols + (self.east / self.points + 0.5) / LEVELS) * self.side

    @property
    def y(self) -> NDArray[np.float64]:
        """(N,) y of the mean place of the points of each cell, m."""
        return (self.rows + (self.north / self.points + 0.5) / LEVELS) * self.side

    @property
    def lowest(self) -> NDArray[np.float64]:
        """(N,) lowest height, m."""
        return self.low / STEPS

    @property
    def highest(self) -> NDArray[np.float64]:
        """(N,) highest height, m."""
        return self.high / STEPS

    def mean_confidence(self) -> float | None:
        """Return the mean confidence of all points, 0 to 1; None if none has one."""
        rated = int(self.rated.sum())
        return int(self.confidence.sum()) / (255 * rated) if rated else None


def key_of(
    cols: NDArray[np.int64], rows: NDArray[np.int64], kinds: NDArray[np.int64] | int = 0
) -> NDArray[np.int64]:
    """Return one number for a cell and class, in the order of class, row and column.

    30 bits hold an index of a cell of 0.2 m anywhere within `pointcloud.FARTHEST`.
    """
    keys: NDArray[np.int64] = (kinds << 2 * _BITS) + ((rows + _HALF) << _BITS) + (cols + _HALF)
    return keys
