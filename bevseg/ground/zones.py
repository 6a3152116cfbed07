"""Heights -> lambda-flat zones: cells connected by small steps; and their sizes.

A zone may climb without limit if no step between neighbours is high (Meyer 1998). Zones are the connected components
of the graph of such neighbours. Two scans find them with a union-find that halves its paths: the time per cell hardly
depends on the size and the shape of a zone.

scipy's `connected_components` of that graph gives the same numbers. Ours is 10 times faster on 1,000 x 1,000 and on
4,000 x 4,000 cells (`benchmarks/against_libraries.py`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.core.union_find import unite
from bevseg.runtime.kernels import compiled

Heights = NDArray[np.float32]
Zones = NDArray[np.int32]

NEIGHBOURS = (4, 8)


def label_flat_zones(heights: Heights, step: float, *, neighbours: int = 4) -> Zones:
    """Return the number of the lambda-flat zone of each cell.

    Neighbours whose heights differ by no more than `step` lie in one zone.

    Parameters
    ----------
    heights
        (rows, cols), m; NaN where nothing is known.
    step
        Largest difference between neighbours that still joins them, m. It is compared with the exact difference
        of the float32 heights.
    neighbours
        4: cells with a common side. 8: also those with a common corner, which are sqrt(2) times as far apart and
        are joined up to that many times the step.

    Returns
    -------
    NDArray
        (rows, cols): 1, 2, ... in the order of the first cell of each zone, row by row; 0 where the height is NaN.

    Raises
    ------
    ValueError
        If the step is negative or NaN, or the number of neighbours is neither 4 nor 8.
    """
    if not step >= 0:
        raise ValueError(f"a step of {step} m: expected 0 or more")
    if neighbours not in NEIGHBOURS:
        raise ValueError(f"{neighbours} neighbours: expected one of {NEIGHBOURS}")
    zones = np.empty(heights.shape, np.int32)
    parents = np.empty(heights.size + 2, np.int32)
    _join(np.ascontiguousarray(heights), float(step), neighbours == 8, zones, parents)
    return zones


def zone_sizes(zones: Zones) -> NDArray[np.int64]:
    """Return how many cells each zone has, indexed by its number; index 0 counts the cells of no zone."""
    return _sizes(zones, zones.max(initial=0) + 1)


@compiled
def _join(heights, step, corners, zones, parents):  # type: ignore[no-untyped-def]
    """Write the zones. The first scan gives each cell a name; names of one zone are joined where they meet."""
    rows, cols = heights.shape
    far = step * np.sqrt(2.0)
    west, north, northwest, northeast = np.zeros((4, cols), np.bool_)
    names = 0
    for row in range(rows):
        _find_near(heights[row, 1:], heights[row], step, west[1:])
        if row > 0:
            _find_near(heights[row], heights[row - 1], step, north)
        if corners and row > 0:
            _find_near(heights[row, 1:], heights[row - 1], far, northwest[1:])
            _find_near(heights[row], heights[row - 1, 1:], far, northeast)
        here, above = zones[row], zones[max(row - 1, 0)]
        name = np.int32(0)
        for col in range(cols):
            name = name if west[col] else np.int32(0)
            name = _joined(parents, name, above[col] if north[col] else np.int32(0))
            if corners:
                name = _joined(parents, name, above[col - 1] if northwest[col] else np.int32(0))
                name = _joined(parents, name, above[col + 1] if northeast[col] else np.int32(0))
            # Without a branch, which could not be predicted: the next name is ready, and is taken or not.
            is_new = (name == 0) & (heights[row, col] == heights[row, col])
            parents[names + 1] = names + 1
            names += is_new
            name = np.int32(names) if is_new else name
            here[col] = name
    _number(zones, parents, names)


@compiled
def _find_near(heights, others, step, near):  # type: ignore[no-untyped-def]
    """Write where the heights differ from the others by no more than the step."""
    for k in range(min(len(heights), len(others))):
        near[k] = abs(np.float64(heights[k]) - np.float64(others[k])) <= step


@compiled
def _joined(parents, name, other):  # type: ignore[no-untyped-def]
    """Return one name for both, the lower of their roots; 0 is no name yet."""
    lower, higher = min(name, other), max(name, other)
    if lower == 0 or lower == higher:
        return higher
    return unite(parents, name, other)


@compiled
def _number(zones, parents, names):  # type: ignore[no-untyped-def]
    """Replace names by numbers. The lowest name of a zone is that of its first cell, so numbers keep that order."""
    count = 0
    parents[0] = 0
    for name in range(1, names + 1):
        if parents[name] == name:
            count += 1
            parents[name] = count
        else:  # a parent is lower: it has its number
            parents[name] = parents[parents[name]]
    for row in range(zones.shape[0]):
        for col in range(zones.shape[1]):
            zones[row, col] = parents[zones[row, col]]


@compiled
def _sizes(zones, count):  # type: ignore[no-untyped-def]
    sizes = np.zeros(count, np.int64)
    for row in range(zones.shape[0]):
        start = 0
        for col in range(1, zones.shape[1] + 1):
            if col == zones.shape[1] or zones[row, col] != zones[row, start]:
                sizes[zones[row, start]] += col - start
                start = col
    return sizes
