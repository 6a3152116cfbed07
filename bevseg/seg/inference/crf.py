"""Class probabilities and bands of the cells -> probabilities on which neighbours agree: a dense CRF.

Krähenbühl & Koltun (2011), with a mean field of our own. Cells i and j that hold different classes cost

    SMOOTHNESS * exp(-d²/2 NEAR²) + APPEARANCE * exp(-d²/2 FAR² - |f_i - f_j|²/2 ALIKE²)

with their distance d in metres and their bands f, each in parts of its scale. Each kernel is normalised by the root
of its sums at i and at j, as in the authors' code, so that the weights mean the same in dense and in sparse places.

What is approximate: both kernels end at REACH standard deviations, where they have fallen to 4 %. Within that
window the sums are exact, not filtered over a lattice: rasters are sparse, and their windows small. Empty cells take
no part.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bevseg.runtime.kernels import chunk_of, compiled, parallel_for

REACH = 2.5
"""Where the kernels end, standard deviations."""

STEPS = 5
"""Mean-field steps."""

SMOOTHNESS = 1.0
"""Weight of the term that depends only on the distance of two cells; 0: none."""

NEAR = 0.3
"""Standard deviation of that term, m."""

APPEARANCE = 2.0
"""Weight of the term that depends on distance and bands; 0: none."""

FAR = 0.8
"""Standard deviation of the distance in that term, m."""

ALIKE = 0.15
"""Standard deviation of every band in that term, as a share of the band's scale: 0.45 m of height, low slice."""


def crf(
    probabilities: NDArray[np.float32],
    features: NDArray[np.float32],
    mask: NDArray[np.bool_],
    cell: float,
) -> NDArray[np.float32]:
    """Return the mean-field probabilities of the cells.

    Parameters
    ----------
    probabilities
        (classes, rows, cols), those of the network; each cell of the mask sums to 1.
    features
        (bands, rows, cols), bands as shares of their scale, finite where the mask is True.
    mask
        (rows, cols), the occupied cells.
    cell
        Cell size, m.

    Returns
    -------
    (classes, rows, cols) float32
        Sums to 1 in the cells of the mask; 0 elsewhere.
    """
    rows, cols = np.nonzero(mask)
    number = np.full(mask.shape, -1, np.int32)
    number[rows, cols] = np.arange(len(rows))
    places = np.column_stack([rows, cols]).astype(np.int32)
    unary = np.ascontiguousarray(probabilities[:, rows, cols].T)
    scaled = np.ascontiguousarray(features[:, rows, cols].T) / np.float32(math.sqrt(2) * ALIKE)
    near, far = (_disc(sigma / cell) for sigma in (NEAR, FAR))
    near, far = _same_size(near, far)
    sums = np.empty((len(rows), 2), np.float32)
    cells = (places, number, scaled, near, far)
    _in_threads(_sum, len(rows), *cells, sums)
    scale = np.where(sums > 0, 1 / np.sqrt(np.maximum(sums, np.finfo(np.float32).tiny)), 0)
    scale = (scale * np.sqrt([SMOOTHNESS, APPEARANCE])).astype(np.float32)
    now = unary
    for _ in range(STEPS):
        after = np.empty_like(unary)
        _in_threads(_step, len(rows), *cells, scale, unary, now, after)
        now = after
    out = np.zeros(probabilities.shape, np.float32)
    out[:, rows, cols] = now.T
    return out


def _in_threads(kernel: Callable[..., None], size: int, *arrays: NDArray[np.generic]) -> None:
    """Let each thread work on its share of the cells."""
    parallel_for(lambda part: kernel(*arrays, chunk_of(size, part)))


def _disc(sigma: float) -> NDArray[np.float32]:
    """Return a Gaussian of a standard deviation in cells on a square window, 0 in the middle and beyond its reach."""
    side = math.floor(REACH * sigma)
    steps = np.arange(-side, side + 1)
    squares = steps[:, None] ** 2 + steps**2
    inside = (squares > 0) & (squares <= (REACH * sigma) ** 2)
    return np.where(inside, np.exp(-squares / (2 * sigma**2)), 0).astype(np.float32)


def _same_size(*windows: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    side = max(len(window) for window in windows)
    return [np.pad(window, (side - len(window)) // 2) for window in windows]


@compiled
def _squared_distance(scaled, i, j):  # type: ignore[no-untyped-def]
    total = np.float32(0)
    for band in range(scaled.shape[1]):
        step = scaled[i, band] - scaled[j, band]
        total += step * step
    return total


@compiled
def _sum(places, number, scaled, near, far, sums, part):  # type: ignore[no-untyped-def]
    """Write the sums of the two kernels at the cells of a part."""
    side = len(near) // 2
    rows, cols = number.shape
    for i in range(part.start, part.stop):
        row, col = places[i]
        smooth = similar = 0.0
        for r in range(max(row - side, 0), min(row + side + 1, rows)):
            for c in range(max(col - side, 0), min(col + side + 1, cols)):
                j = number[r, c]
                if j < 0:
                    continue
                smooth += near[r - row + side, c - col + side]
                weight = far[r - row + side, c - col + side]
                if weight > 0:
                    similar += weight * np.exp(-_squared_distance(scaled, i, j))
        sums[i, 0], sums[i, 1] = smooth, similar


@compiled
def _step(places, number, scaled, near, far, scale, unary, now, after, part):  # type: ignore[no-untyped-def]
    """Write the next probabilities of the cells of a part."""
    side, classes = len(near) // 2, unary.shape[1]
    rows, cols = number.shape
    votes = np.empty(classes)
    for i in range(part.start, part.stop):
        row, col = places[i]
        votes[:] = 0
        for r in range(max(row - side, 0), min(row + side + 1, rows)):
            for c in range(max(col - side, 0), min(col + side + 1, cols)):
                j = number[r, c]
                if j < 0:
                    continue
                weight = near[r - row + side, c - col + side] * scale[i, 0] * scale[j, 0]
                wide = far[r - row + side, c - col + side] * scale[i, 1] * scale[j, 1]
                if wide > 0:
                    weight += wide * np.exp(-_squared_distance(scaled, i, j))
                for k in range(classes):
                    votes[k] += weight * now[j, k]
        highest = votes.max()
        total = 0.0
        for k in range(classes):
            votes[k] = unary[i, k] * np.exp(votes[k] - highest)
            total += votes[k]
        for k in range(classes):
            after[i, k] = votes[k] / total
