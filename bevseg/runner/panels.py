"""Blocks of a cloud -> what a picture shows of it: arrays of at most a thousand cells a side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.core.grid import Grid
from bevseg.core.labels import CLASS_NAMES, UNDEFINED
from bevseg.survey.cloud_labels import CloudLabels

SIDE = 1000
"""Longest side of a panel, cells; larger rasters are thinned."""

_PER_METRE = 100.0


@dataclass(frozen=True)
class Panels:
    """What a picture shows of a cloud.

    Attributes
    ----------
    cell
        Side of a cell of the rasters, m.
    factor
        How many of these cells become one of the picture, in each direction.
    ground
        (rows, cols) float32, height of the DEM, m; NaN where it is not known.
    measured
        (rows, cols) bool, where the ground was measured.
    highest
        (slices, rows, cols) float32, height of the highest point of each slice above the ground, m; NaN without one.
    classes
        (rows, cols) uint8, class of the highest point; 0 without one.
    """

    cell: float
    factor: int
    ground: NDArray[np.float32]
    measured: NDArray[np.bool_]
    highest: NDArray[np.float32]
    classes: NDArray[np.uint8]


def panels_of(labels: CloudLabels, bounds: Sequence[Sequence[float]] | None, cell: float) -> Panels:
    """Return what is seen of a cloud.

    Parameters
    ----------
    labels
        Its labels.
    bounds
        Smallest and largest x, y and z, m; None for a cloud without finite points.
    cell
        Side of a cell of the rasters, m.
    """
    (west, east), (south, north), _ = bounds or [[0.0, 0.0]] * 3
    grid = Grid.covering(cell, (west, east), (south, north))
    factor = -(-max(grid.shape) // SIDE)
    shape = -(-grid.rows // factor), -(-grid.cols // factor)
    stack = np.full((5, *shape), np.nan, np.float32)
    for dem, picture in labels.views():
        heights = np.stack([dem["height"], -dem["distance"]])
        _add(heights, dem.grid, grid, factor, stack[:2])
        highest = picture.highest.astype(np.float32)
        tall = np.nan_to_num(np.fmax.reduce(highest, 0))
        top = np.where(
            picture.classes == UNDEFINED,
            np.nan,
            np.rint(np.maximum(tall, 0) * _PER_METRE) * len(CLASS_NAMES) + picture.classes,
        )
        _add(np.concatenate([highest, top[None]]), picture.grid, grid, factor, stack[2:])
    classes = np.nan_to_num(stack[4]).astype(np.int64) % len(CLASS_NAMES)
    return Panels(cell, factor, stack[0], ~(stack[1] < 0), stack[2:4], classes.astype(np.uint8))


def _add(values: NDArray[np.floating], own: Grid, grid: Grid, factor: int, into: NDArray[np.float32]) -> None:
    """Raise each cell of the picture to the highest of the values (bands, rows, cols) in it, if that is higher."""
    part = own.meet(grid)
    if part.rows == 0 or part.cols == 0:
        return
    top, left = own.north - part.north, part.west - own.west
    values = values[:, top : top + part.rows, left : left + part.cols]
    rows = (grid.north - part.north + np.arange(part.rows)) // factor
    cols = (part.west - grid.west + np.arange(part.cols)) // factor
    if factor > 1:
        values = np.fmax.reduceat(values, np.flatnonzero(np.diff(rows, prepend=-1)), 1)
        values = np.fmax.reduceat(values, np.flatnonzero(np.diff(cols, prepend=-1)), 2)
    place = into[:, rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    np.fmax(place, values, out=place)
