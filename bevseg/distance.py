"""How far each cell is from what it is not: exact Euclidean distances, linear in the number of cells.

Down the columns first: how far the next cell of another kind is in the cell's own column. Then along the rows: the
squared distance of a cell is the lowest, at its column, of one parabola per column, and that is read off their lower
envelope (Felzenszwalb & Huttenlocher 2012). A row falls into runs of one kind. Beyond the ends of its run nothing is
nearer than the end, so every run has an envelope of its own, and one pass serves both sides of a contour.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import DTypeLike, NDArray

from bevseg.kernels import compiled, in_threads, stretch

FAR = 1 << 29
"""Rows to the next cell of another kind in a column that has none; more than a raster has."""


def to_nearest(known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the distance of each cell (rows, cols) to the nearest known one, in cells; infinite if there is none."""
    rows, cols = known.shape
    vertical = np.empty(known.shape, np.int32)
    nearest = np.empty(known.shape, np.float32)
    in_threads(lambda part: _down(known, vertical, stretch(cols, part).start, stretch(cols, part).stop))

    def across(part: int) -> None:
        its = stretch(rows, part)
        _nearest(known[its], vertical[its], nearest[its])

    in_threads(across)
    return nearest


def squared_to_other(
    kinds: NDArray[np.bool_ | np.integer], dtype: DTypeLike = np.float64, threads: int = 1
) -> NDArray[np.floating]:
    """Return the squared distance of each cell to the nearest cell of another kind of its image, cells².

    Parameters
    ----------
    kinds
        (images, rows, cols): masks, or class ids.
    dtype
        float32 or float64. The squares are integers: exact up to 2^24 (images of 2,896 cells a side) in float32.
    threads
        Threads that share the images.

    Returns
    -------
    NDArray
        (images, rows, cols), at least 1; 0 all over an image that holds one kind only.
    """
    kinds = np.ascontiguousarray(kinds)
    squared = np.empty(kinds.shape, dtype)
    threads = min(threads, len(kinds))
    if threads <= 1:
        _squared(kinds, squared)
        return squared
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda first: _squared(kinds[first::threads], squared[first::threads]), range(threads)))
    return squared


@compiled
def _squared(kinds, squared):  # type: ignore[no-untyped-def]
    """Write the squared distances to the nearest cell of another kind, image after image."""
    images, rows, cols = kinds.shape
    vertical = np.empty((rows, cols), np.int32)
    halves, place, height, begin = _room(cols)
    for image in range(images):
        _down(kinds[image], vertical, 0, cols)
        for row in range(rows):
            ids, steps, found = kinds[image, row], vertical[row], squared[image, row]
            start = 0
            while start < cols:
                stop = start + 1
                while stop < cols and ids[stop] == ids[start]:
                    stop += 1
                if _envelope(steps, start, stop, halves, place, height, begin, found) == 0:
                    found[start:stop] = 0
                start = stop


@compiled
def _nearest(known, vertical, nearest):  # type: ignore[no-untyped-def]
    """Write the distances to the nearest known cell, row after row, from those in the columns."""
    rows, cols = known.shape
    halves, place, height, begin = _room(cols)
    found = np.empty(cols, np.float64)
    for row in range(rows):
        start = 0
        while start < cols:
            stop = start + 1
            while stop < cols and known[row, stop] == known[row, start]:
                stop += 1
            if known[row, start]:
                nearest[row, start:stop] = 0
            elif _envelope(vertical[row], start, stop, halves, place, height, begin, found) == 0:
                nearest[row, start:stop] = np.inf
            else:
                for col in range(start, stop):
                    nearest[row, col] = np.sqrt(found[col])
            start = stop


@compiled
def _down(kinds, vertical, start, stop):  # type: ignore[no-untyped-def]
    """Write the distance to the nearest cell of another kind in the same column, for some columns."""
    rows = kinds.shape[0]
    for col in range(start, stop):
        vertical[0, col] = FAR
    for row in range(1, rows):
        for col in range(start, stop):
            same = kinds[row, col] == kinds[row - 1, col]
            vertical[row, col] = vertical[row - 1, col] + np.int32(1) if same else np.int32(1)
    for row in range(rows - 2, -1, -1):
        for col in range(start, stop):
            same = kinds[row, col] == kinds[row + 1, col]
            below = vertical[row + 1, col] + np.int32(1) if same else np.int32(1)
            vertical[row, col] = min(vertical[row, col], below)


@compiled
def _room(cols):  # type: ignore[no-untyped-def]
    """Return 1 / 2n for n up to `cols`, and room for the columns, heights and beginnings of an envelope."""
    halves = np.empty(cols + 1, np.float64)
    for col in range(1, cols + 1):
        halves[col] = 0.5 / col
    return halves, np.empty(cols + 2, np.int64), np.empty(cols + 2, np.float64), np.empty(cols + 3, np.int64)


@compiled
def _envelope(vertical, start, stop, halves, place, height, begin, found):  # type: ignore[no-untyped-def]
    """Write the squared distances of a run of cells [start, stop) of one row; return how many parabolas bear them."""
    cols = len(vertical)
    count = 0
    for col in range(max(start - 1, 0), min(stop + 1, cols)):
        steps = vertical[col] if start <= col < stop else np.int32(0)
        if steps >= FAR:
            continue
        square = np.float64(steps) * steps
        first = start
        while count > 0:
            # Where the parabolas meet, in doubles: off by a rounding only where both are equally low.
            p = place[count - 1]
            meet = (square - height[count - 1] + np.float64((col - p) * (col + p))) * halves[col - p]
            first = np.int64(np.ceil(min(meet, np.float64(cols))))
            if first > begin[count - 1]:
                break
            count -= 1
            first = start
        if first >= stop:
            continue
        place[count], height[count], begin[count] = col, square, first
        count += 1
    begin[count] = stop
    for k in range(count):
        for col in range(begin[k], begin[k + 1]):
            found[col] = height[k] + np.float64((col - place[k]) * (col - place[k]))
    return count
