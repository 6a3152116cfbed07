"""Cells of vegetation -> trees with their crowns, and lower plants.

Seen from the road, the height of a crown is rough, and its top is often hidden. So tops are looked for in heights
that are smoothed over the size of a small crown, and every cell goes to a top by a watershed. The constants were
chosen on simulated streets with the seeds 501 to 506 (`benchmarks/objects.py`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bevseg.objects.cells import Cells
from bevseg.objects.ground_heights import GroundHeights
from bevseg.objects.objects import Crown
from bevseg.objects.outlines import area_of, outline_of
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

CROWN = 0.35
"""Radius of a crown as a share of the height of its tree: the tops of two trees lie that far apart. Crowns of street
trees are 0.6 to 0.9 of their height wide."""

SMOOTH = 1.0
"""Standard deviation (m) of the filter of heights: half of the radius of a small crown. Boughs are no tops."""


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
        if cells.points[own].sum() < LEAST_POINTS:  # a sparse cloud has very many lone points
            continue
        for which in groups(_trees(cells.only(own), heights[own])):
            crowns += _plants("tree", cells.only(own[which]), ground)
    for piece in groups(pieces_of(cells.only(low), REACH)):
        crowns += _plants("shrub", cells.only(low[piece]), ground)
    return crowns


def _trees(cells: Cells, heights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the number of the tree of each cell of a piece."""
    from skimage.segmentation import watershed

    window = Window.around(cells, REACH)
    places = window.places(cells)
    top = np.zeros((window.rows, window.cols))
    top[places] = heights
    # Cells without points count as 0, so the middle of a crown is higher than its edge, however rough it is.
    smooth = ndimage.gaussian_filter(top, SMOOTH / window.side, mode="constant")
    markers = np.zeros(top.shape, np.int64)
    tops = _tops(smooth, ndimage.maximum_filter(top, int(SMOOTH / window.side) * 2 + 1), window.side)
    markers[tuple(tops.T)] = np.arange(1, len(tops) + 1)
    return np.asarray(watershed(-smooth, markers), np.int64)[places] - 1


def _tops(smooth: NDArray[np.float64], heights: NDArray[np.float64], side: float) -> NDArray[np.int64]:
    """Return row and column (K, 2) of the tops of trees: no higher one lies within the radius of a crown."""
    peaks = np.argwhere((smooth == ndimage.maximum_filter(smooth, 3)) & (heights > 0))
    values = smooth[tuple(peaks.T)]
    radii = CROWN * heights[tuple(peaks.T)] / side
    kept: list[int] = []
    for peak in np.lexsort((peaks[:, 1], peaks[:, 0], -values)):
        apart = np.linalg.norm(peaks[kept] - peaks[peak], axis=1)
        if not (apart < radii[kept]).any():
            kept.append(int(peak))
    return peaks[kept]


def _plants(plant: str, cells: Cells, ground: GroundHeights) -> list[Crown]:
    """Return the plant of some cells, or nothing if it is too small."""
    points = int(cells.points.sum())
    if points < LEAST_POINTS:
        return []
    window = Window.around(cells, REACH + 1)
    square = np.ones((2 * REACH + 1, 2 * REACH + 1))
    mask = ndimage.binary_fill_holes(ndimage.binary_closing(window.mask(cells), square))
    polygon = outline_of(mask, window)
    area = area_of(polygon)
    if area < LEAST_AREA:
        return []
    x, y = float(cells.x.mean()), float(cells.y.mean())
    under = float(ground.under(np.array([x]), np.array([y]))[0])
    known = not np.isnan(under)
    height = float(cells.highest.max()) - (under if known else float(cells.lowest.min()))
    ground_height = under if known else None
    return [Crown(plant, x, y, polygon, area, height, ground_height, points, cells.mean_confidence())]
