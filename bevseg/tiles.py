"""A raster cut into overlapping tiles fitted to its size, and stitched back."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Tile:
    """A window of a raster, and the part of it that the tile answers for.

    Attributes
    ----------
    rows, cols
        The window: the core and a margin round it, as far as the raster reaches.
    core_rows, core_cols
        The core, in cells of the raster. The cores of all tiles cover the raster once.
    """

    rows: slice
    cols: slice
    core_rows: slice
    core_cols: slice

    def window(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return a view of the window of values (..., rows, cols)."""
        return values[..., self.rows, self.cols]

    def core(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return a view of the core of values (..., rows, cols)."""
        return values[..., self.core_rows, self.core_cols]

    def inner(self, piece: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return a view of the core of a piece that has the size of the window."""
        top, left = self.core_rows.start - self.rows.start, self.core_cols.start - self.cols.start
        height = self.core_rows.stop - self.core_rows.start
        width = self.core_cols.stop - self.core_cols.start
        return piece[..., top : top + height, left : left + width]


def cut(shape: tuple[int, int], cells: int, margin: int, multiple: int = 1) -> list[Tile]:
    """Return as few tiles as cover a raster with windows of at most about `cells` cells.

    Parameters
    ----------
    shape
        Rows and columns of the raster.
    cells
        Largest size of a window, cells; exceeded where margins and `multiple` leave no choice.
    margin
        Width of the overlap on each inner side of a core, cells.
    multiple
        Cores begin at multiples of this, so that halvings meet the same cells in every tile.
    """
    down, across = _split(shape, cells, margin)
    return [
        Tile(_widened(r, margin, shape[0]), _widened(c, margin, shape[1]), r, c)
        for r in _cores(shape[0], down, multiple)
        for c in _cores(shape[1], across, multiple)
    ]


def stitch(
    pieces: Iterable[tuple[Tile, NDArray[np.generic]]], out: NDArray[np.generic]
) -> NDArray[np.generic]:
    """Write the core of each piece (..., window rows, window cols) to its place in `out` and return `out`."""
    for tile, piece in pieces:
        tile.core(out)[...] = tile.inner(piece)
    return out


def _split(shape: tuple[int, int], cells: int, margin: int) -> tuple[int, int]:
    """Return into how many rows and columns of tiles to cut: fewest tiles first, then least overlap."""
    rows, cols = shape
    count = 1
    while True:
        fits = []
        for down in range(1, count + 1):
            across = math.ceil(count / down)
            height = math.ceil(rows / down) + 2 * margin * (down > 1)
            width = math.ceil(cols / across) + 2 * margin * (across > 1)
            if height * width <= cells or (down >= rows and across >= cols):
                fits.append((down * across * height * width, down, across))
        if fits:
            return min(fits)[1:]
        count += 1


def _cores(size: int, parts: int, multiple: int) -> list[slice]:
    step = max(math.ceil(size / parts / multiple) * multiple, 1)
    return [slice(start, min(start + step, size)) for start in range(0, size, step)]


def _widened(core: slice, margin: int, size: int) -> slice:
    return slice(max(core.start - margin, 0), min(core.stop + margin, size))
