"""A raster cut into overlapping tiles, fitted to its size and to what is in it, and stitched back."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True)
class Tile:
    """A window of a raster, and the core inside it whose result the tile gives.

    Attributes
    ----------
    rows, cols
        The window: the core and a margin round it, as far as the raster reaches.
    core_rows, core_cols
        The core. No two tiles of a cut share a cell of their cores.
    """

    rows: slice
    cols: slice
    core_rows: slice
    core_cols: slice

    def window(self, values: NDArray[T]) -> NDArray[T]:
        """Return a view of the window of values (..., rows, cols)."""
        return values[..., self.rows, self.cols]

    def core(self, values: NDArray[T]) -> NDArray[T]:
        """Return a view of the core of values (..., rows, cols)."""
        return values[..., self.core_rows, self.core_cols]

    def inner(self, piece: NDArray[T]) -> NDArray[T]:
        """Return a view of the core of a piece that has the size of the window."""
        return piece[..., _shifted(self.core_rows, self.rows), _shifted(self.core_cols, self.cols)]


def cut(mask: NDArray[np.bool_], *, cells: int, margin: int, multiple: int = 1) -> list[Tile]:
    """Return few tiles whose cores hold every True cell of a raster; no tile where nothing is True.

    Parameters
    ----------
    mask
        (rows, cols), the cells that matter.
    cells
        Largest size of a window, cells, but for what `multiple` adds.
    margin
        Width of the overlap round a core, cells.
    multiple
        Windows begin at multiples of this, so that halvings group the same cells in every tile.

    Raises
    ------
    ValueError
        If a window of that size has no room for a core.
    """
    if cells < (2 * margin + 1) ** 2:
        raise ValueError(f"windows of {cells} cells have no room within margins of {margin}")
    down, across = _split(mask.shape, cells, margin)
    tiles = []
    for rows in _parts(mask.shape[0], down):
        for cols in _parts(mask.shape[1], across):
            core_rows, core_cols = _used(mask[rows, cols], 1, rows), _used(mask[rows, cols], 0, cols)
            if core_rows.stop > core_rows.start:
                tiles.append(
                    Tile(
                        _widened(core_rows, margin, multiple, mask.shape[0]),
                        _widened(core_cols, margin, multiple, mask.shape[1]),
                        core_rows,
                        core_cols,
                    )
                )
    return tiles


def stitch(pieces: Iterable[tuple[Tile, NDArray[T]]], out: NDArray[T]) -> NDArray[T]:
    """Write the core of each piece (..., window rows, window cols) to its place in `out` and return `out`."""
    for tile, piece in pieces:
        tile.core(out)[...] = tile.inner(piece)
    return out


def _split(shape: tuple[int, ...], cells: int, margin: int) -> tuple[int, int]:
    """Return into how many rows and columns of tiles to cut: the fewest tiles, then the least overlap."""
    rows, cols = shape
    best = (rows * cols + 1, 0, 0, 0)
    for down in range(1, rows + 1):
        if down > best[0]:
            break
        height = math.ceil(rows / down) + 2 * margin * (down > 1)
        widest = cells // height
        if widest >= cols:
            best = min(best, (down, down * height * cols, down, 1))
        elif widest > 2 * margin:
            across = math.ceil(cols / (widest - 2 * margin))
            size = height * (math.ceil(cols / across) + 2 * margin)
            best = min(best, (down * across, down * across * size, down, across))
    return best[2:]


def _parts(size: int, count: int) -> list[slice]:
    """Cut `size` cells into `count` parts of about equal length."""
    edges = [size * part // count for part in range(count + 1)]
    return [slice(*pair) for pair in pairwise(edges)]


def _used(mask: NDArray[np.bool_], along: int, part: slice) -> slice:
    """Return the range of a part from its first to its last line with a True cell."""
    lines = np.flatnonzero(mask.any(axis=along))
    return slice(part.start + int(lines[0]), part.start + int(lines[-1]) + 1) if len(lines) else slice(0, 0)


def _widened(core: slice, margin: int, multiple: int, size: int) -> slice:
    return slice(max((core.start - margin) // multiple * multiple, 0), min(core.stop + margin, size))


def _shifted(core: slice, window: slice) -> slice:
    return slice(core.start - window.start, core.stop - window.start)
