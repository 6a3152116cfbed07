"""Counts of points in small cells -> tiles of 50 m fixed in the world; a crowded one is cut into quarters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.core.grid import floor_cell
from bevseg.viewer.tile_file import SIDE, SQUARE

SPLITS = 3
"""How often a tile is cut into quarters at most."""

PARTS = 1 << SPLITS
CELL = SIDE / PARTS
"""Side of the cells in which points are counted: that of the smallest tile, m."""

MOST = 4_000_000
"""Points of a tile from which on it is cut into quarters: one is shuffled in memory, some 60 bytes per point."""

_ROW = 1 << 32
_MIDDLE = 1 << 31


def cell_keys(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return a number for the small cell of each point, from world coordinates; it grows by column, then by row."""
    col, row = (floor_cell(value, CELL).astype(np.int64) for value in (x, y))
    return col * _ROW + (row + _MIDDLE)


def _columns_rows(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return keys // _ROW, keys % _ROW - _MIDDLE


class CellCounts:
    """Points in each small cell, added batch by batch."""

    def __init__(self) -> None:
        self._keys, self._counts = np.empty(0, np.int64), np.empty(0, np.int64)

    def add(self, keys: NDArray[np.int64]) -> None:
        """Add points by the numbers of their cells."""
        firsts = np.flatnonzero(
            np.diff(keys, prepend=-1)
        )  # points of a scan line share a cell: fewer to sort
        counts = np.diff(firsts, append=len(keys))
        merged, place = np.unique(np.concatenate([self._keys, keys[firsts]]), return_inverse=True)
        weights = np.concatenate([self._counts, counts])
        self._keys, self._counts = merged, np.bincount(place, weights, len(merged)).astype(np.int64)

    def layout(self) -> Layout:
        """Return the tiles of these cells."""
        return Layout.of(self._keys, self._counts)


@dataclass(frozen=True)
class Layout:
    """Which tile the points of each small cell belong to.

    Attributes
    ----------
    keys
        (C,) numbers of the small cells that hold points, sorted.
    tile_of_key, square_of_key
        (C,) number of the tile and of the square of 50 m of each.
    points, square, side
        (T,) of each tile: number of points, number of its square, side in m.
    squares
        (S,) `SQUARE`.
    """

    keys: NDArray[np.int64]
    tile_of_key: NDArray[np.int64]
    square_of_key: NDArray[np.int64]
    points: NDArray[np.int64]
    square: NDArray[np.int64]
    side: NDArray[np.float64]
    squares: NDArray[np.void]

    @classmethod
    def of(cls, keys: NDArray[np.int64], counts: NDArray[np.int64]) -> Layout:
        """Return the tiles of some small cells, square after square."""
        cols, rows = _columns_rows(keys)
        square_keys, square_of_key = np.unique(
            (cols // PARTS) * _ROW + (rows // PARTS + _MIDDLE), return_inverse=True
        )
        squares = np.zeros(len(square_keys), SQUARE)
        squares["col"], squares["row"] = _columns_rows(square_keys)
        split = _splits(cols, rows, counts)
        parts = PARTS >> split  # small cells along the side of the tile
        at_col, at_row = (np.mod(each, PARTS) // parts for each in (cols, rows))
        number = (
            square_of_key * PARTS * PARTS * (SPLITS + 1) + split * PARTS * PARTS + at_row * PARTS + at_col
        )
        _, first, tile_of_key = np.unique(number, return_index=True, return_inverse=True)
        return cls(
            keys,
            tile_of_key,
            square_of_key,
            np.bincount(tile_of_key, counts).astype(np.int64),
            square_of_key[first],
            (CELL * parts[first]).astype(np.float64),
            squares,
        )

    @property
    def firsts(self) -> NDArray[np.int64]:
        """(T,) number of points of all tiles before each."""
        return np.cumsum(self.points) - self.points

    def find(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return tile and square of points from the numbers of their cells."""
        place = np.searchsorted(self.keys, keys)
        return self.tile_of_key[place], self.square_of_key[place]


def _splits(cols: NDArray[np.int64], rows: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how often the tile of each small cell is cut: as long as the part that holds it is crowded."""
    split = np.zeros(len(cols), np.int64)
    for times in range(SPLITS):
        side = PARTS >> times
        _, part = np.unique((cols // side) * _ROW + (rows // side + _MIDDLE), return_inverse=True)
        split[(np.bincount(part, counts) > MOST)[part]] = times + 1
    return split
