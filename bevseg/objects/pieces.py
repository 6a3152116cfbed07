"""Cells -> connected pieces, across gaps that a scanner leaves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bevseg.core.connected import connected
from bevseg.objects.cells import Cells, key_of

LONGEST = 1 << 12
"""Side (cells) of the squares at whose borders longer pieces are cut, 819.2 m: a piece fits in a dense window."""


def pieces_of(cells: Cells, reach: int) -> NDArray[np.int64]:
    """Return the number of the piece (N,) of each cell, from 0.

    Parameters
    ----------
    cells
        Cells of one class.
    reach
        Cells by which each cell grows before its neighbours are looked for: pieces are one across gaps of twice as
        many empty cells.

    Returns
    -------
    NDArray
        Numbers in the order of the southernmost, then westernmost cell of a piece. Pieces that are longer than
        `LONGEST` are cut.
    """
    if len(cells) == 0:
        return np.empty(0, np.int64)
    cols, rows = cells.cols, cells.rows
    for _ in range(reach):
        cols, rows = _grown(cols, rows)
    numbers = connected(cols, rows)
    keys = key_of(cols, rows)
    order = np.argsort(keys)
    at = order[np.searchsorted(keys, key_of(cells.cols, cells.rows), sorter=order)]
    return _cut(cells, np.unique(numbers[at], return_inverse=True)[1].astype(np.int64))


def _grown(cols: NDArray[np.int64], rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the cells and their eight neighbours, each once."""
    steps = np.arange(-1, 2)
    cols, rows = (cols[:, None] + np.tile(steps, 3)).ravel(), (rows[:, None] + steps.repeat(3)).ravel()
    _, first = np.unique(key_of(cols, rows), return_index=True)
    return cols[first], rows[first]


def _cut(cells: Cells, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of pieces, those longer than LONGEST cut at the borders of squares fixed in the world."""
    order = np.argsort(numbers, kind="stable")
    first = np.searchsorted(numbers[order], np.arange(numbers.max() + 1))
    sides = [
        np.maximum.reduceat(at[order], first) - np.minimum.reduceat(at[order], first)
        for at in (cells.cols, cells.rows)
    ]
    long = (np.maximum(*sides) >= LONGEST)[numbers]
    if not long.any():
        return numbers
    squares = key_of(cells.cols // LONGEST, cells.rows // LONGEST)
    table = np.stack([numbers, np.where(long, squares, 0)], axis=1)
    return np.unique(table, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def groups(numbers: NDArray[np.int64]) -> Iterator[NDArray[np.intp]]:
    """Yield the indices of each number, the smallest number first; negative ones belong to nothing."""
    order = np.argsort(numbers, kind="stable")
    order = order[np.searchsorted(numbers[order], 0) :]
    if len(order):
        yield from np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)
