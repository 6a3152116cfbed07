"""Tiles -> a small sample of all points, for a page without a server. Rare classes are denser in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.viewer.tile_file import Tiles


def sample(tiles: Tiles, most: int) -> dict[int, NDArray[np.void]]:
    """Return the first points of every tile, so many that a thin tile is not lost beside a dense one.

    Parameters
    ----------
    tiles
        The points.
    most
        Points of the sample at most; all points if there are not more.

    Returns
    -------
    dict
        Tile -> its records, (N,) `RECORD`; tiles without any are left out.
    """
    shares = _shares(tiles.table["points"], most)
    return {tile: tiles.records(tile, 0, int(shares[tile])) for tile in np.flatnonzero(shares).tolist()}


def _shares(points: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return how many points of each tile are taken: by the square root of its points, and not more than it has."""
    if points.sum() <= most:
        return points.copy()
    shares = np.zeros(len(points), np.int64)
    weights = np.sqrt(points)
    open_, left = points > 0, most
    while open_.any():
        wanted = weights * (left / weights[open_].sum())
        full = open_ & (points <= wanted)
        if not full.any():
            shares[open_] = wanted[open_].astype(np.int64)
            break
        shares[full] = points[full]
        left -= int(points[full].sum())
        open_ &= ~full
    return shares
