"""Heights of ground points -> height of the ground in every cell of 1 m: the mean, or that of the nearest cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.runtime.kernels import compiled
from bevseg.viewer.tile_file import SIDE


class GroundSums:
    """Sums of heights of the ground points in the cells of each square of 50 m, filled batch by batch."""

    def __init__(self, squares: NDArray[np.void]) -> None:
        self._squares = squares
        self._sums = np.zeros((len(squares), SIDE * SIDE))
        self._counts = np.zeros((len(squares), SIDE * SIDE), np.int32)
        self._lowest = np.full(len(squares), np.inf)

    def add(
        self,
        square: NDArray[np.integer],
        cell: NDArray[np.int64],
        z: NDArray[np.float64],
        is_ground: NDArray[np.bool_],
    ) -> None:
        """Add points.

        Parameters
        ----------
        square, cell
            (N,) number of the square, and of the cell in it.
        z
            (N,) heights relative to the origin, m.
        is_ground
            (N,) which points are ground.
        """
        _add(square.astype(np.int64), cell, z, is_ground, self._sums, self._counts, self._lowest)

    def filled(self) -> NDArray[np.float32]:
        """Return (S, 50, 50) heights of the ground, m.

        A cell without ground points has the height of the nearest one that has some, in its square and the eight
        around it. A square without any has the height of its lowest point.
        """
        number = {(int(s["col"]), int(s["row"])): i for i, s in enumerate(self._squares)}
        return np.stack([self._fill(i, number) for i in range(len(self._squares))])

    def _fill(self, i: int, number: dict[tuple[int, int], int]) -> NDArray[np.float32]:
        from scipy.ndimage import distance_transform_edt

        own = self._mean(i)
        if not np.isnan(own).any():
            return own
        col, row = int(self._squares[i]["col"]), int(self._squares[i]["row"])
        around = np.full((3 * SIDE, 3 * SIDE), np.nan, np.float32)
        for north in range(3):
            for east in range(3):
                neighbour = number.get((col + east - 1, row + north - 1))
                if neighbour is not None:
                    rows, cols = (
                        slice(north * SIDE, (north + 1) * SIDE),
                        slice(east * SIDE, (east + 1) * SIDE),
                    )
                    around[rows, cols] = self._mean(neighbour)
        empty = np.isnan(around)
        if empty.all():
            return np.full((SIDE, SIDE), self._lowest[i], np.float32)
        nearest = distance_transform_edt(empty, return_distances=False, return_indices=True)
        middle = slice(SIDE, 2 * SIDE)
        return around[nearest[0], nearest[1]][middle, middle]

    def _mean(self, i: int) -> NDArray[np.float32]:
        with np.errstate(invalid="ignore"):
            mean = self._sums[i] / np.where(self._counts[i] > 0, self._counts[i], np.nan)
        return mean.astype(np.float32).reshape(SIDE, SIDE)


@compiled
def _add(square, cell, z, is_ground, sums, counts, lowest):  # type: ignore[no-untyped-def]
    for i in range(len(square)):
        lowest[square[i]] = min(lowest[square[i]], z[i])
        if is_ground[i]:
            sums[square[i], cell[i]] += z[i]
            counts[square[i], cell[i]] += 1
