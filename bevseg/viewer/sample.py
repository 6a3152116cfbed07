"""Tiles -> a small sample of all points in one box, for a page without a server. Rare classes are denser in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.viewer.tile_file import RECORD, Tiles


@dataclass(frozen=True)
class Sample:
    """Some points of all tiles.

    Attributes
    ----------
    low, high
        Corners of the box that holds them, relative to the origin of the tiles, m.
    records
        (N,) `RECORD`; x, y and z are places in this box.
    """

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    records: NDArray[np.void]


def sample(tiles: Tiles, most: int = 300_000) -> Sample:
    """Return the first points of every tile, so many that a thin tile is not lost beside a dense one.

    Parameters
    ----------
    tiles
        The points.
    most
        Points of the sample at most; all points if there are not more.
    """
    shares = _shares(tiles.table["points"], most)
    drawn = np.flatnonzero(shares)
    low, high = tiles.table["min"][drawn].min(axis=0), tiles.table["max"][drawn].max(axis=0)
    parts = [tiles.records(tile, 0, int(shares[tile])) for tile in drawn.tolist()]
    for tile, records in zip(drawn.tolist(), parts, strict=True):
        row = tiles.table[tile]
        for axis, name in enumerate("xyz"):
            metres = row["min"][axis] + records[name] * ((row["max"][axis] - row["min"][axis]) / 65535)
            size = high[axis] - low[axis]
            records[name] = np.rint((metres - low[axis]) * (65535 / size if size > 0 else 0))
    return Sample(_corner(low), _corner(high), np.concatenate([np.empty(0, RECORD), *parts]))


def _corner(values: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = values.tolist()
    return x, y, z


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
