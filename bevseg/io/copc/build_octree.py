"""Points -> an octree as COPC has it: coarse nodes hold a thinned cloud, finer nodes add the points between."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bevseg.io.copc.hierarchy import ENTRY
from bevseg.io.copc.info import Info
from bevseg.io.copc.morton import BITS, add_axis, cells_of

MOST_POINTS = 100_000
"""Points of a node: one with no more of them is a leaf, and a coarse one gets no more."""

_CELL_BITS = 7
"""A coarse node takes one point of each of its 128 x 128 x 128 cells."""
_DEEPEST = BITS - _CELL_BITS
"""Last level; its nodes take all points that are left, for points may lie at one place."""


def cube_of(lowest: Sequence[float], highest: Sequence[float], step: float) -> Info:
    """Return the smallest cube over bounds, from their lower corner; `step` is its side for a single point."""
    side = max(h - low for low, h in zip(lowest, highest, strict=True)) or step
    x, y, z = (float(low + side / 2) for low in lowest)
    return Info((x, y, z), float(side / 2), float(side / 2**_CELL_BITS))


def morton_codes(
    steps: Sequence[NDArray[np.int32]], scale: Sequence[float], offset: Sequence[float], cube: Info
) -> NDArray[np.uint64]:
    """Return the Morton code of the cell of each point.

    A point between two cells lies in the upper one. The bounds of a node that other software computes, as multiples
    of its side from the lower corner, are exactly those of its cells.
    """
    codes = np.zeros(len(steps[0]), np.uint64)
    width = 2 * cube.halfsize / 2**BITS
    for axis in range(3):
        corner = cube.center[axis] - cube.halfsize
        world = steps[axis] * scale[axis] + offset[axis]
        cells = ((world - corner) / width).astype(np.int64)
        cells -= world < corner + cells * width
        cells += world >= corner + (cells + 1) * width
        add_axis(codes, np.clip(cells, 0, 2**BITS - 1).astype(np.uint64), axis)
    return codes


def build(codes: NDArray[np.uint64]) -> tuple[NDArray[np.void], NDArray[np.intp]]:
    """Distribute points over nodes, level by level.

    Parameters
    ----------
    codes
        (N,) Morton codes of the points.

    Returns
    -------
    tuple
        Entries of the nodes, by level and Morton code, and (N,) the points in the order of the nodes. Within a node
        they keep their order.
    """
    by_code = np.argsort(codes, kind="stable")
    rest = codes[by_code]
    left = np.arange(len(codes))
    node_of = np.zeros(len(codes), np.int32)
    parts, first = [], 0
    for level in range(_DEEPEST + 1):
        prefix = rest >> np.uint64(3 * (BITS - level))
        starts = _run_starts(prefix)
        counts = np.diff(starts, append=len(rest))
        taken = np.repeat((counts <= MOST_POINTS) | (level == _DEEPEST), counts)
        coarse = np.flatnonzero(~taken)
        if len(coarse):
            cells = rest[coarse] >> np.uint64(3 * (BITS - level - _CELL_BITS))
            taken[coarse[_thinned(cells)]] = True
        node = np.repeat(np.arange(len(starts)), counts)
        node_of[by_code[left[taken]]] = first + node[taken]
        entries = np.zeros(len(starts), ENTRY)
        entries["key"][:, 0], entries["key"][:, 1:] = level, cells_of(prefix[starts])
        entries["points"] = np.bincount(node[taken], minlength=len(starts))
        parts.append(entries)
        first += len(starts)
        rest, left = rest[~taken], left[~taken]
        if not len(rest):
            break
    return np.concatenate(parts), np.argsort(node_of, kind="stable")


def _thinned(cells: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Return the index of one point of each cell: of all cells of a node, or of evenly many if they are too many."""
    starts = _run_starts(cells)
    middle = starts + np.diff(starts, append=len(cells)) // 2
    node = cells[starts] >> np.uint64(3 * _CELL_BITS)
    begins = _run_starts(node)
    lengths = np.diff(begins, append=len(node))
    rank = np.arange(len(node)) - np.repeat(begins, lengths)
    length = np.repeat(lengths, lengths)
    most = np.minimum(length, MOST_POINTS)
    return middle[(rank + 1) * most // length > rank * most // length]


def _run_starts(values: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Return where runs of equal values begin."""
    return (
        np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
        if len(values)
        else np.zeros(0, np.intp)
    )
