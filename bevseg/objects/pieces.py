"""Cells -> connected pieces, across gaps that a scanner leaves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bevseg.core.connected import connected
from bevseg.objects.cells import Cells, key_of


def pieces_of(cells: Cells, reach: int) -> NDArray[np.int64]:
    """Return the number of the piece (N,) of each cell, from 0.

    Parameters
    ----------
    cells
        Cells of one class.
    reach
        Cells by which each cell grows before its neighbours are looked for: pieces are one across gaps of twice as
        many empty cells.
    """
    if len(cells) == 0:
        return np.empty(0, np.int64)
    steps = np.arange(-reach, reach + 1)
    cols = (cells.cols[:, None, None] + steps[:, None]).repeat(len(steps), 2).ravel()
    rows = (cells.rows[:, None, None] + steps).repeat(len(steps), 1).ravel()
    keys, first = np.unique(key_of(cols, rows), return_index=True)
    numbers = connected(cols[first], rows[first])
    own = numbers[np.searchsorted(keys, key_of(cells.cols, cells.rows))]
    return np.unique(own, return_inverse=True)[1].astype(np.int64)


def groups(numbers: NDArray[np.int64]) -> Iterator[NDArray[np.intp]]:
    """Yield the indices of each number, the smallest number first; negative ones belong to nothing."""
    order = np.argsort(numbers, kind="stable")
    order = order[np.searchsorted(numbers[order], 0) :]
    if len(order):
        yield from np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)
