"""A raster cut into tiles that lie fixed in the world, with a margin around each, and put together again.

Where a raster begins and ends changes nothing in a tile: its core lies in a square of the world, and its window
reaches as far as there is something within the margin. So a piece of a survey gives the same results as the whole.
And what lies alone, further than the margin from all else, has a small window of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

T = TypeVar("T", bound=np.generic)

SIDE = 512
"""Side of the core of a tile, cells: bounds the memory of a prediction to some 130 MiB at 16 filters."""


PATCH = 4
"""Patches of cells in a margin: whether things lie within the margin of each other is told by patches."""


class Tiling(NamedTuple):
    """How rasters are cut.

    Attributes
    ----------
    side
        Side of a core, cells.
    margin
        Width of the overlap around a core, cells.
    multiple
        Windows begin at multiples of this in the world, so that halvings group the same cells in every tile.
    """

    side: int
    margin: int
    multiple: int = 1


class Span(NamedTuple):
    """One axis of a tile, in cells of the raster: the core, and the window, which may reach over its border."""

    core: slice
    window: slice

    def inner(self) -> slice:
        """Return where the core lies in the window."""
        return slice(self.core.start - self.window.start, self.core.stop - self.window.start)


@dataclass(frozen=True)
class Tile:
    """A window of a raster, and the core inside it whose result the tile gives.

    No two tiles of a raster share a cell of their cores.
    """

    rows: Span
    cols: Span

    def window(self, values: NDArray[T], beyond: Any) -> NDArray[T]:
        """Return a copy of the window of values (..., rows, cols), `beyond` where the raster has no cells."""
        shape = (
            self.rows.window.stop - self.rows.window.start,
            self.cols.window.stop - self.cols.window.start,
        )
        piece = np.full((*values.shape[:-2], *shape), beyond, values.dtype)
        rows, from_rows = _overlap(self.rows.window, values.shape[-2])
        cols, from_cols = _overlap(self.cols.window, values.shape[-1])
        piece[..., rows, cols] = values[..., from_rows, from_cols]
        return piece

    def core(self, around: int = 0) -> tuple[slice, slice]:
        """Return the rows and columns of the window that hold the core, and so many cells around it."""
        rows, cols = (
            slice(
                max(span.inner().start - around, 0),
                min(span.inner().stop + around, span.window.stop - span.window.start),
            )
            for span in (self.rows, self.cols)
        )
        return rows, cols

    def put(self, piece: NDArray[T], out: NDArray[T]) -> None:
        """Write the core of a piece (..., window rows, window cols) to its place in a raster."""
        out[..., self.rows.core, self.cols.core] = piece[..., *self.core()]


def cut(
    wanted: NDArray[np.bool_], seen: NDArray[np.bool_], tiling: Tiling, *, first: tuple[int, int] = (0, 0)
) -> Iterator[Tile]:
    """Yield tiles whose cores hold every wanted cell of a raster; no tile where nothing is wanted.

    Parameters
    ----------
    wanted
        (rows, cols), the cells that get a result.
    seen
        (rows, cols), the cells that hold something: a window ends with the last of them within the margin.
    tiling
        Sizes.
    first
        World indices of the first row and column, counted to the south and to the east.
    """
    for rows in _cores(wanted.shape[0], first[0], tiling.side):
        for cols in _cores(wanted.shape[1], first[1], tiling.side):
            if not wanted[rows, cols].any():
                continue
            near = (
                slice(max(rows.start - tiling.margin, 0), rows.stop + tiling.margin),
                slice(max(cols.start - tiling.margin, 0), cols.stop + tiling.margin),
            )
            used = wanted[near] | seen[near]
            corner = near[0].start, near[1].start
            for box in _boxes(used, (corner[0] + first[0], corner[1] + first[1]), tiling.margin):
                tile = Tile(
                    _span(rows, box[0], corner[0], first[0], tiling.multiple),
                    _span(cols, box[1], corner[1], first[1], tiling.multiple),
                )
                if wanted[tile.rows.core, tile.cols.core].any():
                    yield tile


def _boxes(used: NDArray[np.bool_], first: tuple[int, int], margin: int) -> list[tuple[slice, slice]]:
    """Return boxes that hold all used cells, each further than the margin from the others."""
    side = max(margin // PATCH, 1)
    edges = [_edges(size, start, side) for size, start in zip(used.shape, first, strict=True)]
    patches = np.logical_or.reduceat(np.logical_or.reduceat(used, edges[0], 0), edges[1], 1)
    reach = -(-margin // side) // 2 + 1  # two patches whose surroundings touch may be a margin apart
    around = ndimage.binary_dilation(np.pad(patches, reach), np.ones((2 * reach + 1,) * 2, bool))
    while True:
        boxes = ndimage.find_objects(ndimage.label(around, np.ones((3, 3)))[0])
        before = np.count_nonzero(around)
        for box in boxes:
            around[box] = True
        if np.count_nonzero(around) == before:
            break
    return [_tightened(used, box, edges, reach) for box in boxes]


def _tightened(
    used: NDArray[np.bool_], patches: tuple[slice, slice], edges: list[NDArray[np.intp]], reach: int
) -> tuple[slice, slice]:
    """Return the box of the used cells in a box of patches that is `reach` patches wider, in a padded raster."""
    rows, cols = (
        slice(int(begins[of.start]), int([*begins, size][of.stop - 2 * reach]))
        for of, begins, size in zip(patches, edges, used.shape, strict=True)
    )
    held = used[rows, cols]
    lines, columns = np.flatnonzero(held.any(axis=1)), np.flatnonzero(held.any(axis=0))
    return (
        slice(rows.start + int(lines[0]), rows.start + int(lines[-1]) + 1),
        slice(cols.start + int(columns[0]), cols.start + int(columns[-1]) + 1),
    )


def _edges(size: int, first: int, side: int) -> NDArray[np.intp]:
    """Return where patches of the world begin in a range of `size` cells; the first may begin before it."""
    return np.maximum(np.arange(first // side * side, first + size, side) - first, 0)


def _cores(size: int, first: int, side: int) -> Iterator[slice]:
    """Yield the ranges of `size` cells that belong to one square of the world each."""
    edges = range(first // side * side, first + size, side)
    return (slice(max(edge - first, 0), min(edge + side - first, size)) for edge in edges)


def _span(core: slice, used: slice, start: int, first: int, multiple: int) -> Span:
    """Return that part of a core which lies in a box of used cells, and the window of the box.

    The box is counted from `start`. The window begins at a multiple in the world.
    """
    begin, end = start + used.start, start + used.stop
    window = slice((begin + first) // multiple * multiple - first, end)
    inside = max(core.start, begin)
    return Span(slice(inside, max(min(core.stop, end), inside)), window)


def _overlap(window: slice, size: int) -> tuple[slice, slice]:
    """Return where the cells of a raster lie in the window, and where in the raster."""
    start, stop = max(window.start, 0), min(window.stop, size)
    return slice(start - window.start, stop - window.start), slice(start, stop)
