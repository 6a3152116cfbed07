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
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Planes = NDArray[np.float32]
Cells = tuple[Any, ...]
"""Index of the cells of a raster (..., rows, cols)."""

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
    known = mask.astype(np.float32)
    unary = np.where(mask, probabilities, 0)
    scaled = (np.where(mask, features, 0) / (math.sqrt(2) * ALIKE)).astype(np.float32)
    sums = np.zeros((2, *mask.shape), np.float32)
    for here, there, kernels in _pairs(known, scaled, cell):
        sums[here] += kernels
        sums[there] += kernels
    weights = np.sqrt(np.array([SMOOTHNESS, APPEARANCE], np.float32))[:, None, None]
    scale = weights / np.sqrt(np.maximum(sums, np.finfo(np.float32).tiny))
    now = unary
    for _ in range(STEPS):
        votes = np.zeros_like(unary)
        for here, there, kernels in _pairs(known, scaled, cell):
            weight = (kernels * scale[here] * scale[there]).sum(0)
            votes[here] += weight * now[there]
            votes[there] += weight * now[here]
        now = unary * np.exp(votes - votes.max(0))
        now /= np.where(mask, now.sum(0), 1)
    return now


def _pairs(known: Planes, scaled: Planes, cell: float) -> Iterator[tuple[Cells, Cells, Planes]]:
    """Yield all pairs of cells, step by step of the window: here, there, and both kernels (2, rows, cols).

    A step and its opposite make the same pairs, so half of the window serves. A kernel is 0 where a cell is empty.
    """
    reach = math.floor(REACH * max(NEAR, FAR) / cell)
    for down in range(reach + 1):
        for right in range(-reach if down else 1, reach + 1):
            near, far = (_gaussian(down, right, sigma / cell) for sigma in (NEAR, FAR))
            if near or far:
                here = (..., slice(-down or None), slice(max(-right, 0), -max(right, 0) or None))
                there = (..., slice(down, None), slice(max(right, 0), -max(-right, 0) or None))
                both, step = known[here] * known[there], scaled[here] - scaled[there]
                alike = np.exp(-np.einsum("brc,brc->rc", step, step))
                yield here, there, np.stack([near * both, far * both * alike])


def _gaussian(down: int, right: int, sigma: float) -> float:
    squared = down**2 + right**2
    return math.exp(-squared / (2 * sigma**2)) if squared <= (REACH * sigma) ** 2 else 0.0
