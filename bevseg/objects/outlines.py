"""A mask of cells -> the polygon of its edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bevseg.objects.objects import Polygon, Ring
from bevseg.objects.windows import Window

TOLERANCES = (1.5, 1.0, 0.75)
"""Cells by which a simplified edge may lie off the edges of the cells: a slanting line loses its steps. The first one
counts with which no sides cross; between the sides of a thin wall that is a smaller one."""

_EAST, _NORTH, _WEST, _SOUTH = range(4)


def outline_of(mask: NDArray[np.bool_], window: Window) -> Polygon:
    """Return the polygon around the largest connected piece of a mask.

    Cells that touch at a corner are joined by both of the others at this corner. So no ring meets itself or another,
    and every polygon is valid.

    Parameters
    ----------
    mask
        (rows, cols), row 0 the southernmost; some cells, none at its border.
    window
        Where it lies.
    """
    numbers, _ = ndimage.label(without_saddles(mask))
    piece = numbers == 1 + np.bincount(numbers.ravel())[1:].argmax()
    rings = sorted(_rings(piece), key=_area, reverse=True)  # holes run clockwise: their area is negative
    for tolerance in TOLERANCES:
        simple = [_simplified(ring, tolerance) for ring in rings]
        if not _cross(simple):
            rings = simple
            break
    corner = np.array([window.west, window.south])
    return tuple(_ring((ring + corner) * window.side) for ring in rings)


def area_of(polygon: Polygon) -> float:
    """Return the area of a polygon without its holes, m²."""
    return float(sum(_area(np.array(ring) - np.array(ring[0])) for ring in polygon))


def without_saddles(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask in which no two cells touch at a corner alone; both cells between such two are added."""
    mask = mask.copy()
    while True:
        south_west, south_east = mask[:-1, :-1], mask[:-1, 1:]
        north_west, north_east = mask[1:, :-1], mask[1:, 1:]
        up = south_west & north_east & ~south_east & ~north_west
        down = south_east & north_west & ~south_west & ~north_east
        saddles = np.argwhere(up | down)
        if not len(saddles):
            return mask
        for right in (0, 1):
            for above in (0, 1):
                mask[saddles[:, 0] + above, saddles[:, 1] + right] = True


def _ring(corners: NDArray[np.float64]) -> Ring:
    return tuple((float(x), float(y)) for x, y in corners)


def _rings(mask: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Return the closed rings (corners, 2) along the edges of cells, the cells to their left."""
    rows, cols = np.nonzero(mask)
    steps: dict[tuple[int, int], tuple[int, int]] = {}
    for (row, col), start, end in (
        ((-1, 0), (0, 0), (1, 0)),
        ((0, 1), (1, 0), (1, 1)),
        ((1, 0), (1, 1), (0, 1)),
        ((0, -1), (0, 1), (0, 0)),
    ):
        open_ = ~mask[rows + row, cols + col]
        x, y = cols[open_], rows[open_]
        starts = zip((x + start[0]).tolist(), (y + start[1]).tolist(), strict=True)
        ends = zip((x + end[0]).tolist(), (y + end[1]).tolist(), strict=True)
        steps.update(zip(starts, ends, strict=True))
    rings = []
    while steps:
        first = min(steps)
        ring, at = [first], steps.pop(first)
        while at != first:
            ring.append(at)
            at = steps.pop(at)
        rings.append(np.array([*ring, first], np.float64))
    return rings


def _simplified(ring: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
    """Return a ring with fewer corners, none of the others further than the tolerance off."""
    from skimage.measure import approximate_polygon

    # The line is split at two corners first that any direction of the walk finds: the farthest from the middle, and
    # the farthest from that one.
    corners = ring[:-1]
    start = int(np.argmax(((corners - (corners.min(0) + corners.max(0)) / 2) ** 2).sum(1)))
    corners = np.roll(corners, -start, axis=0)
    half = int(np.argmax(((corners - corners[0]) ** 2).sum(1)))
    first = approximate_polygon(corners[: half + 1], tolerance)
    second = approximate_polygon(np.vstack([corners[half:], corners[:1]]), tolerance)
    simple = np.vstack([first, second[1:]])
    return simple if len(simple) > 3 and abs(_area(simple)) > 0 else ring


def _area(ring: NDArray[np.float64]) -> float:
    """Return the area of a ring, negative if it runs clockwise."""
    x, y = ring.T
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2)


def _cross(rings: list[NDArray[np.float64]]) -> bool:
    """Return whether two sides of the rings meet but at the corner that they share."""
    starts = np.vstack([ring[:-1] for ring in rings])
    ends = np.vstack([ring[1:] for ring in rings])
    west, east = np.minimum(starts, ends)[:, 0], np.maximum(starts, ends)[:, 0]
    order = np.argsort(west, kind="stable")
    starts, ends, west, east = starts[order], ends[order], west[order], east[order]
    last = np.searchsorted(west, east, side="right")  # sides further east begin behind the end of this one
    for one in range(len(starts) - 1):
        others = slice(one + 1, last[one])
        a, b, c, d = starts[one], ends[one], starts[others], ends[others]
        sides = [_side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b)]
        meet = (sides[0] * sides[1] <= 0) & (sides[2] * sides[3] <= 0)
        # Sides that share a corner touch there. They may, unless they lie on each other.
        shared = (c == b).all(1) | (d == a).all(1)
        lined = (sides[0] == 0) & (sides[1] == 0)
        apart = (np.maximum(a, b) < np.minimum(c, d)) | (np.maximum(c, d) < np.minimum(a, b))
        if (meet & ~shared & ~(lined & apart.any(1))).any() or (shared & lined & _same_way(a, b, c, d)).any():
            return True
    return False


def _same_way(a, b, c, d):  # type: ignore[no-untyped-def]
    """Return which sides from c to d, on the line from a to b, turn back on it."""
    return ((d - c) * (b - a)).sum(axis=1) < 0


def _side(a, b, c):  # type: ignore[no-untyped-def]
    """Return on which side of the line from a to b points lie: -1, 0, 1."""
    return np.sign(
        (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])
    )
