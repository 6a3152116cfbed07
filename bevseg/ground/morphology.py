"""Grey-scale erosion, dilation and opening of heights, at a cost that hardly grows with the radius.

A square or an octagon is a sum of lines, so its erosion is the erosion by one line after the other. Down the columns
and along the diagonals, the lowest of a running window is the lower of two: the end of one segment and the beginning
of the next (van Herk 1992; Gil & Werman 1993). A block of columns is worked on at a time; for a diagonal it moves by
one cell with every row. Along the rows, the lowest of windows of 1, 2, 4 ... cells is found in a row that stays in
the cache: one cheap step more whenever the radius doubles. A dilation is the erosion of the negative.

scipy's `grey_erosion` gives the same numbers. For a radius of 18 cells ours is 7 times faster by a square on 1,000 x
1,000 cells, 5 times on 4,000 x 4,000, and 130 times by an octagon on 300 x 300 (`benchmarks/against_libraries.py`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bevseg.runtime.kernels import compiled

Heights = NDArray[np.float32]

BLOCK = 256
"""Columns worked on together: long enough for vector instructions, and a window of their rows stays in the cache."""


class Lines(NamedTuple):
    """Reaches (cells on either side of the middle) of the lines that sum up to a structuring element."""

    straight: int
    diagonal: int


def square(radius: int) -> Lines:
    """Return the lines of a square of 2 r + 1 cells a side."""
    return Lines(radius, 0)


def octagon(radius: int) -> Lines:
    """Return the lines of the octagon 2 r + 1 cells across that differs from the disk of radius r by fewest cells.

    The disk holds the cells whose centres are at most `radius` away. The straight lines of an octagon reach at
    least 1 cell, without which the diagonal ones would leave every other cell out.
    """
    if radius < 1:
        return Lines(radius, 0)
    disk = [math.isqrt(radius**2 - away**2) for away in range(1, radius + 1)]  # half-width of its rows
    away = np.arange(1, radius + 1)

    def off(lines: Lines) -> int:
        half = np.minimum(radius, 2 * (lines.straight + lines.diagonal) - away)
        return int(np.abs(half - disk).sum())

    return min((Lines(radius - 2 * d, d) for d in range((radius + 1) // 2)), key=off)


SHAPES = {"square": square, "octagon": octagon}


def opening(surface: Heights, radius: int, shape: str = "square") -> Heights:
    """Return the opening of a surface: how high the level element can be pushed up from below.

    Cells outside the raster are left out of every window. At the border, too, the result is nowhere above the
    surface, and a second opening changes nothing.

    Parameters
    ----------
    surface
        (rows, cols) heights without NaN, m.
    radius
        Cells on either side of the middle of the element; it may be larger than the raster.
    shape
        "square", or "octagon": close to a disk, see `octagon`.

    Raises
    ------
    ValueError
        If the radius is negative, the shape unknown, or a height NaN.
    """
    lines = _lines(surface, radius, shape)
    return _lowest(_lowest(surface, lines, -1), lines, -1)


def erosion(surface: Heights, radius: int, shape: str = "square") -> Heights:
    """Return the lowest height within the element around each cell; arguments and errors as of `opening`."""
    return _lowest(surface, _lines(surface, radius, shape), 1)


def dilation(surface: Heights, radius: int, shape: str = "square") -> Heights:
    """Return the highest height within the element around each cell; arguments and errors as of `opening`."""
    return _lowest(-surface, _lines(surface, radius, shape), -1)


def opening_by_lines(surface: Heights, reach: float) -> Heights:
    """Return the highest of the openings by a line along the rows, the columns and both diagonals.

    What is long in one direction stays: the crest of a bank, a kerb, a wall. What is short in all directions goes: a
    car, a bush. Soille & Talbot (2001) call it a directional opening.

    Parameters
    ----------
    surface
        (rows, cols) heights without NaN, m. Cells outside are left out of every window.
    reach
        Length of a line on either side of its middle, in cells.

    Raises
    ------
    ValueError
        If the reach is negative or a height NaN.
    """
    if reach < 0:
        raise ValueError(f"a reach of {reach} cells: expected 0 or more")
    _check_no_gaps(surface)
    straight, slanted = (min(round(cells), max(surface.shape)) for cells in (reach, reach / math.sqrt(2)))
    lines = ((straight, None), (straight, 0), (slanted, 1), (slanted, -1))
    surface = np.ascontiguousarray(surface)
    highest = np.full(surface.shape, -np.inf, np.float32)
    lowest, opened_ = np.empty_like(highest), np.empty_like(highest)
    for cells, lean in lines:
        if lean is None:
            _along(surface, cells, 0, lowest)
            _along(-lowest, cells, 0, opened_)
            np.maximum(highest, -opened_, out=highest)
        else:
            _down(surface, cells, lean, np.float32(-1), 0, lowest)
            _down(lowest, cells, lean, np.float32(-1), 0, opened_)
            np.maximum(highest, opened_, out=highest)
    return highest


def _check_no_gaps(surface: Heights) -> None:
    if np.isnan(surface).any():
        raise ValueError("the surface has gaps (NaN): fill them first")


def _lines(surface: Heights, radius: int, shape: str) -> Lines:
    """Return the lines of the element; a larger one than the raster is cut to one that covers it from every cell."""
    if radius < 0:
        raise ValueError(f"a radius of {radius} cells: expected 0 or more")
    if shape not in SHAPES:
        raise ValueError(f"shape {shape!r}: expected one of {', '.join(SHAPES)}")
    _check_no_gaps(surface)
    # An octagon holds the square of half its radius: from there on either covers all, whichever cell it is at.
    longest = max(surface.shape)
    return Lines(longest, 0) if radius >= 2 * longest else SHAPES[shape](radius)


def _lowest(surface: Heights, lines: Lines, sign: int) -> Heights:
    """Return the lowest height within the element around each cell, times the sign."""
    # Between two cells of the raster the way may lead out of it by one diagonal, back by the other; never further,
    # since what both lead out together the straight lines have to lead back, and shorter diagonals do as well.
    margin = lines.diagonal
    wide = (surface.shape[0] + 2 * margin, surface.shape[1] + 2 * margin)
    found = np.empty(surface.shape, np.float32)
    here = np.empty(wide, np.float32)
    _along(np.ascontiguousarray(surface), lines.straight, margin, here)
    if not lines.diagonal:
        _down(here, lines.straight, 0, np.float32(sign), 0, found)
        return found
    there = np.empty(wide, np.float32)
    _down(here, lines.straight, 0, np.float32(1), 0, there)
    _down(there, lines.diagonal, 1, np.float32(1), 0, here)
    _down(here, lines.diagonal, -1, np.float32(sign), margin, found)
    return found


@compiled
def _along(heights, reach, margin, found):  # type: ignore[no-untyped-def]
    """Write the lowest of the windows along the rows, also for a margin around the raster."""
    rows, cols = heights.shape
    width, inner = 2 * reach + 1, reach + margin
    here = np.empty(cols + 2 * inner, np.float32)
    there = np.empty(cols + 2 * inner, np.float32)
    found[:margin] = np.inf
    found[rows + margin :] = np.inf
    for row in range(rows):
        here[:inner] = np.inf
        here[inner : inner + cols] = heights[row]
        here[inner + cols :] = np.inf
        size = 1
        while 2 * size <= width:
            _lower(here[: len(here) - size], here[size:], there)
            here, there = there, here
            size *= 2
        _lower(here[: found.shape[1]], here[width - size :], found[row + margin])


@compiled
def _down(heights, reach, lean, sign, margin, found):  # type: ignore[no-untyped-def]
    """Write the lowest, times the sign, of windows that go down and `lean` cells to the right per row.

    `found` is smaller than the heights by the margin on all sides.
    """
    rows, cols = heights.shape
    width = 2 * reach + 1
    ends = np.empty((width + 1, BLOCK), np.float32)
    begin = np.empty(BLOCK, np.float32)
    # A block starts at column `left` of row 0, whether or not the raster reaches there.
    for left in range(-max(lean, 0) * (rows - 1), cols - min(lean, 0) * (rows - 1), BLOCK):
        top, bottom = _rows_of(left, lean, rows, cols)
        for start in range(top - reach, bottom - reach, width):
            first, last = max(top - start, 0), min(width, bottom - start)
            ends[last] = np.inf
            for j in range(last - 1, first - 1, -1):
                ends[j] = ends[j + 1]
                _lower_part(ends[j], heights[start + j], left + lean * (start + j))
            begin[:] = np.inf
            for j in range(min(width, bottom - reach - start)):
                row, ahead = start + reach + j, start + width + j - 1
                if ahead < bottom:
                    _lower_part(begin, heights[ahead], left + lean * ahead)
                if margin <= row < rows - margin:
                    _write(ends[max(j, first)], begin, sign, left + lean * row - margin, found[row - margin])


@compiled
def _rows_of(left, lean, rows, cols):  # type: ignore[no-untyped-def]
    """Return the rows, from the first to one behind the last, in which a block has cells of the raster."""
    if lean > 0:
        return max(1 - left - BLOCK, 0), min(cols - left, rows)
    if lean < 0:
        return max(left - cols + 1, 0), min(left + BLOCK, rows)
    return 0, rows


@compiled
def _lower(first, second, lower):  # type: ignore[no-untyped-def]
    """Write the lower of each two."""
    for k in range(len(first)):
        lower[k] = first[k] if first[k] < second[k] else second[k]


@compiled
def _lower_part(block, line, left):  # type: ignore[no-untyped-def]
    """Lower a block to those heights of a row that it covers from column `left` on."""
    start = min(max(left, 0), len(line))
    stop = max(start, min(left + BLOCK, len(line)))
    lower, heights = block[start - left : stop - left], line[start:stop]
    for k in range(len(heights)):
        lower[k] = lower[k] if lower[k] < heights[k] else heights[k]


@compiled
def _write(ends, begin, sign, left, line):  # type: ignore[no-untyped-def]
    """Write the lower of each two, times the sign, to a row from column `left` on, as far as it goes."""
    start = min(max(left, 0), len(line))
    stop = max(start, min(left + BLOCK, len(line)))
    first, second = ends[start - left : stop - left], begin[start - left : stop - left]
    lowest = line[start:stop]
    for k in range(len(lowest)):
        lowest[k] = sign * (first[k] if first[k] < second[k] else second[k])
