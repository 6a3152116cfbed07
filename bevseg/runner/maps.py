"""Blocks of a cloud -> what pictures and the report show of it: arrays of at most a thousand cells a side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bevseg.config.names import SLICES
from bevseg.core.grid import Grid
from bevseg.core.labels import CLASS_NAMES, UNDEFINED
from bevseg.core.reasons import REASON_NAMES, of_unlike
from bevseg.report.maps_file import UNKNOWN, Maps
from bevseg.survey.cloud_labels import CloudLabels
from bevseg.survey.labels_file import BlockPicture

SIDE = 1000
"""Longest side of a map, cells; larger rasters are thinned."""

_PER_METRE = 100.0

_PARTS = (len(CLASS_NAMES), len(REASON_NAMES), 256, len(CLASS_NAMES))
"""Numbers of values of truth, reason, confidence and class: one number orders cells by height, and carries these."""

Heights = NDArray[np.float32]
"""(slices, rows, cols), height of the highest point of each slice above the ground, m; NaN without one."""


def maps_of(
    labels: CloudLabels, bounds: Sequence[Sequence[float]] | None, cell: float, *, is_unlike: bool = False
) -> tuple[Maps, Heights]:
    """Return what is seen of a cloud.

    Parameters
    ----------
    labels
        Its labels.
    bounds
        Smallest and largest x, y and z, m; None for a cloud without finite points.
    cell
        Side of a cell of the rasters, m.
    is_unlike
        Whether the cloud is unlike those of the training: a reason to doubt its classes.
    """
    (west, east), (south, north), _ = bounds or [[0.0, 0.0]] * 3
    grid = Grid.covering(cell, (west, east), (south, north))
    factor = -(-max(grid.shape) // SIDE)
    shape = -(-grid.rows // factor), -(-grid.cols // factor)
    ground = np.full((2, *shape), np.nan, np.float32)
    highest, top = np.full((len(SLICES), *shape), np.nan, np.float32), np.full((1, *shape), np.nan)
    for dem, picture in labels.views():
        _add(np.stack([dem["height"], -dem["source"]]), dem.grid, grid, factor, ground)
        heights = picture.highest.astype(np.float32)
        _add(heights, picture.grid, grid, factor, highest)
        _add(_ordered(heights, picture)[None], picture.grid, grid, factor, top)
    source = np.where(np.isnan(ground[1]), UNKNOWN, -ground[1]).astype(np.uint8)
    rest = np.nan_to_num(top[0]).astype(np.int64)
    seen = []
    for count in _PARTS:
        rest, values = np.divmod(rest, count)
        seen.append(values.astype(np.uint8))
    truth, reasons, confidence, classes = seen
    maps = Maps(
        cell,
        factor,
        grid.left,
        grid.top,
        ground[0],
        source,
        classes,
        confidence,
        of_unlike(reasons, classes) if is_unlike else reasons,
        truth,
        labels.heights(),
    )
    return maps, highest


def _ordered(heights: NDArray[np.float32], picture: BlockPicture) -> NDArray[np.float64]:
    """Return one number for each cell that orders it among others and carries what is seen; NaN without a point."""
    tall = np.nan_to_num(np.fmax.reduce(heights, 0)).astype(np.float64)
    found = np.rint(np.maximum(tall, 0) * _PER_METRE)
    seen = (picture.truth, picture.reasons, picture.confidence, picture.classes)
    for count, values in zip(reversed(_PARTS), reversed(seen), strict=True):
        found = found * count + values
    return np.where(picture.classes == UNDEFINED, np.nan, found)


def _add(
    values: NDArray[np.floating], own: Grid, grid: Grid, factor: int, into: NDArray[np.floating]
) -> None:
    """Raise each cell of the maps to the highest of the values (bands, rows, cols) in it, if that is higher."""
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
