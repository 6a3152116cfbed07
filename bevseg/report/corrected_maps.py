"""Maps of a labelled cloud and what a person said of its points -> maps of the corrected cloud."""

from __future__ import annotations

import dataclasses
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bevseg.core.grid import Grid
from bevseg.core.height_counts import count_heights
from bevseg.core.labels import CLASS_NAMES, UNDEFINED
from bevseg.core.pointcloud import PointCloud
from bevseg.core.reasons import NONE
from bevseg.io.correct import Corrected
from bevseg.io.keep import SURE
from bevseg.io.read import read_with_codes
from bevseg.io.read_batches import is_read_in_batches, read_batches
from bevseg.report.maps_file import Maps

BATCH = 1_000_000
"""Points of LAS, LAZ and COPC that are read at a time."""


def correct_maps(maps: Maps, path: Path, found: Corrected) -> Maps:
    """Return the maps with the corrections in.

    A cell shows the class of a point. The highest one of its points that had this class stands for it. If a person
    spoke about that point, the cell gets its new class, confidence and reason. Points by height change their class at
    their height above the ground of the maps.

    Parameters
    ----------
    maps
        Of the labelled cloud.
    path
        The labelled or the corrected file: they have the same points.
    found
        What was corrected.

    Raises
    ------
    CloudNotFoundError, CloudFormatError, CrsError, OutOfMemoryError
        If the file cannot be read.
    """
    seen = _Highest(maps, found)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the run that wrote the file has given them
        if is_read_in_batches(path):
            read_batches(path, seen.add, size=BATCH)
        else:
            seen.add(0, read_with_codes(path)[0])
    return seen.corrected()


class _Highest:
    """The highest point of each cell with the class that it shows, and how the points by height change."""

    def __init__(self, maps: Maps, found: Corrected) -> None:
        self._maps, self._found = maps, found
        rows, cols = maps.shape
        self._top = np.full(rows * cols, -np.inf)
        self._point = np.full(rows * cols, -1)
        self._heights = maps.heights.copy()
        self._grid = Grid(
            maps.cell,
            round(maps.left / maps.cell),
            round(maps.top / maps.cell) - 1,
            rows * maps.factor,
            cols * maps.factor,
        )

    def add(self, first: int, cloud: PointCloud) -> None:
        """Add some points, of which the first one has this place in the file."""
        x, y, z = (
            getattr(cloud, axis) * cloud.scale[number] + cloud.offset[number]
            for number, axis in enumerate("xyz")
        )
        places = self._grid.cell_of(x, y)
        chosen = np.flatnonzero(places >= 0 if cloud.finite is None else (places >= 0) & cloud.finite)
        rows, cols = np.divmod(places[chosen], self._grid.cols)
        factor = self._maps.factor
        cells, heights = rows // factor * self._maps.shape[1] + cols // factor, z[chosen]
        self._count(first + chosen, heights - self._maps.ground.ravel()[cells])
        shown = np.flatnonzero(self._maps.classes.ravel()[cells] == self._found.before[first + chosen])
        order = shown[np.lexsort((heights[shown], cells[shown]))]
        last = order[np.diff(cells[order], append=-1) != 0]  # the highest of each cell
        last = last[heights[last] > self._top[cells[last]]]
        self._top[cells[last]], self._point[cells[last]] = heights[last], first + chosen[last]

    def _count(self, points: NDArray[np.int64], heights: NDArray[np.floating]) -> None:
        before, after = self._found.before[points], self._found.after[points]
        moved = before != after
        for classes, sign in ((before, -1), (after, 1)):
            counts = count_heights(heights[moved].astype(np.float32), classes[moved], len(CLASS_NAMES))
            self._heights += sign * counts

    def corrected(self) -> Maps:
        """Return the corrected maps."""
        cells = np.flatnonzero(self._point >= 0)
        cells = cells[self._found.mask[self._point[cells]]]
        classes, confidence, reasons = (
            getattr(self._maps, name).ravel().copy() for name in ("classes", "confidence", "reasons")
        )
        classes[cells] = self._found.after[self._point[cells]]
        confidence[cells] = np.where(classes[cells] == UNDEFINED, 0, SURE)
        reasons[cells] = NONE
        shape = self._maps.shape
        return dataclasses.replace(
            self._maps,
            classes=classes.reshape(shape),
            confidence=confidence.reshape(shape),
            reasons=reasons.reshape(shape),
            heights=np.maximum(self._heights, 0),
        )
