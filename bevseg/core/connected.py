"""Cells of any extent -> connected pieces, without a raster around them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.core.union_find import root, unite
from bevseg.runtime.kernels import compiled

FARTHEST = 1 << 30
"""Largest distance between two cells along an axis, in cells."""


def connected(
    cols: NDArray[np.integer], rows: NDArray[np.integer], kinds: NDArray[np.uint8] | None = None
) -> NDArray[np.int32]:
    """Return the number of the connected piece of each cell.

    Two cells belong together if they are of one kind and touch, also at a corner (8 neighbours). A cell may occur
    more than once: points can stand for their cells. Time and memory follow the number of cells, not the area.

    Parameters
    ----------
    cols, rows
        (N,) the cells.
    kinds
        (N,) kind of each cell, such as a class; None: all are of one kind.

    Returns
    -------
    NDArray
        (N,) int32, numbers from 0, in the order of the southernmost, then westernmost cell of each piece, kind by
        kind: the order of the cells does not matter.

    Raises
    ------
    ValueError
        If the cells lie further apart than `FARTHEST`.
    """
    if len(cols) == 0:
        return np.zeros(0, np.int32)
    col = np.asarray(cols, np.int64) - int(np.min(cols))
    row = np.asarray(rows, np.int64) - int(np.min(rows))
    width = int(col.max()) + 2  # an empty column between two rows
    if width > FARTHEST or int(row.max()) > FARTHEST:
        raise ValueError(f"cells lie {max(width, int(row.max())):,} apart, at most {FARTHEST:,}")
    kind = np.zeros(len(col), np.uint8) if kinds is None else np.asarray(kinds, np.uint8)
    pieces = np.empty(len(col), np.int32)
    first = 0
    for value in np.flatnonzero(np.bincount(kind)):
        chosen = np.flatnonzero(kind == value)
        places, inverse = np.unique(row[chosen] * width + col[chosen], return_inverse=True)
        numbers = _number(_join(places, width))
        pieces[chosen] = first + numbers[inverse]
        first += int(numbers.max()) + 1
    return pieces


@compiled
def _join(places, width):  # type: ignore[no-untyped-def]
    """Return the first cell of the piece of each of the sorted cells (union-find, one sweep from south to north)."""
    parents = np.arange(len(places))
    below = 0
    for i in range(len(places)):
        if i > 0 and places[i - 1] == places[i] - 1:
            unite(parents, i - 1, i)
        while places[below] < places[i] - width - 1:
            below += 1
        k = below
        while k < i and places[k] <= places[i] - width + 1:
            unite(parents, k, i)
            k += 1
    for i in range(len(places)):
        parents[i] = root(parents, i)
    return parents


def _number(roots: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return numbers without gaps, in the order of the roots."""
    is_first = roots == np.arange(len(roots))
    return (np.cumsum(is_first) - 1)[roots].astype(np.int32)
