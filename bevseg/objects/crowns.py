"""Cells of vegetation -> trees with their crowns, and lower plants."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bevseg.objects.cells import Cells
from bevseg.objects.ground_heights import GroundHeights
from bevseg.objects.objects import Crown
from bevseg.objects.outlines import area_of, outlines
from bevseg.objects.pieces import groups, pieces_of
from bevseg.objects.windows import Window

TREE = 3.0
"""Height above ground (m) from which on a plant is a tree: hedges and bushes are cut lower."""

REACH = 1
"""Cells by which cells of plants grow to be one piece."""

LEAST_AREA = 1.0
"""Area (m²) of a tree or shrub at least."""

LEAST_POINTS = 20
"""Points of a tree or shrub at least."""

CROWN = 0.25
"""Radius of a crown as a share of the height of its tree: one top is looked for within it. Half of the width of
crowns by height of broad-leaved trees (Popescu and Wynne 2004: 2.5 m + 0.009 h² of width)."""

SMOOTH = 0.5
"""Standard deviation (m) of the filter of heights: twigs are no tops."""


def find_crowns(cells: Cells, ground: GroundHeights) -> list[Crown]:
    """Return the trees and the lower plants among the cells of vegetation.

    Parameters
    ----------
    cells
        Cells of the class vegetation.
    ground
        Height of the ground.
    """
    if len(cells) == 0:
        return []
    under = ground.under(cells.x, cells.y)
    floor = np.where(np.isnan(under), cells.lowest.min(), under)
    heights = cells.highest - floor
    crowns = []
    high = np.flatnonzero(heights >= TREE)
    low = np.flatnonzero(heights < TREE)
    for piece in groups(pieces_of(cells.only(high), REACH)):
        own = high[piece]
        window = Window.around(cells.only(own), 3)
        numbers = _trees(cells.only(own), heights[own], window)
        for which in groups(numbers):
            crowns += _plants("tree", cells.only(own[which]), ground, window)
    for piece in groups(pieces_of(cells.only(low), REACH)):
        part = cells.only(low[piece])
        crowns += _plants("shrub", part, ground, Window.around(part, 3))
    return crowns


def _trees(cells: Cells, heights: NDArray[np.float64], window: Window) -> NDArray[np.int64]:
    """Return the number of the tree of each cell of a piece."""
    from skimage.segmentation import watershed

    places = window.places(cells)
    shape = (window.rows, window.cols)
    mask = window.mask(cells)
    top = np.zeros(shape)
    top[places] = heights
    sigma = SMOOTH / window.side
    weight = ndimage.gaussian_filter(mask.astype(np.float64), sigma, mode="constant")
    smooth = ndimage.gaussian_filter(top, sigma, mode="constant") / np.maximum(weight, 1e-9)
    smooth[~mask] = 0
    markers = _tops(smooth, mask, window.side)
    grown = ndimage.binary_dilation(mask, np.ones((3, 3)), iterations=1)
    return np.asarray(watershed(-smooth, markers, mask=grown), np.int64)[places] - 1


def _tops(heights: NDArray[np.float64], mask: NDArray[np.bool_], side: float) -> NDArray[np.int64]:
    """Return the number of the tree whose top a cell is, 0 for others: no cell near a top is higher than it."""
    rows, cols = np.nonzero(mask)
    order = np.lexsort((cols, rows, -heights[rows, cols]))
    rows, cols = rows[order], cols[order]
    markers = np.zeros(mask.shape, np.int64)
    free = mask.copy()
    count = 0
    down, right = np.mgrid[: mask.shape[0], : mask.shape[1]]
    for row, col in zip(rows, cols, strict=True):
        if not free[row, col]:
            continue
        radius = max(CROWN * heights[row, col], 1.0) / side
        near = (down - row) ** 2 + (right - col) ** 2 <= radius**2
        window = heights[near]
        if heights[row, col] >= window.max():
            count += 1
            markers[row, col] = count
        free[near] = False
    return markers


def _plants(kind: str, cells: Cells, ground: GroundHeights, window: Window) -> list[Crown]:
    """Return the plant of some cells, or nothing if it is too small."""
    points = int(cells.points.sum())
    if points < LEAST_POINTS:
        return []
    mask = ndimage.binary_closing(window.mask(cells), np.ones((3, 3)))
    mask = ndimage.binary_fill_holes(mask)
    polygon, _ = max(outlines(mask, window), key=lambda found: found[1].sum())
    area = area_of(polygon)
    if area < LEAST_AREA:
        return []
    x, y = float(cells.x.mean()), float(cells.y.mean())
    under = float(ground.under(np.array([x]), np.array([y]))[0])
    known = not np.isnan(under)
    height = float(cells.highest.max()) - (under if known else float(cells.lowest.min()))
    ground_height = under if known else None
    return [Crown(kind, x, y, polygon, area, height, ground_height, points, cells.mean_confidence())]
