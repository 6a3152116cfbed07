"""Points and their labels -> the labels of the highest point of each cell."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bevseg.core.cells import BLOCK, GridTransform, QuantizedPoints, block_of, find_cells, steps_of
from bevseg.core.grid import Grid
from bevseg.core.labels import CLASS_NAMES, UNDEFINED
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.core.reasons import REASON_NAMES
from bevseg.runtime.kernels import chunk_of, compiled, parallel_for, threads

_CLASSES, _LEVELS, _REASONS = len(CLASS_NAMES), 256, len(REASON_NAMES)
_NONE = np.iinfo(np.int64).min


class HighestPoints(NamedTuple):
    """What is seen from above, each (rows, cols) uint8; 0 where there is no point.

    Attributes
    ----------
    classes, confidence, reasons
        Labels of the highest point of each cell.
    truth
        Its train id in the input; 0 where the input has none.
    """

    classes: NDArray[np.uint8]
    confidence: NDArray[np.uint8]
    reasons: NDArray[np.uint8]
    truth: NDArray[np.uint8]


def highest_points(cloud: PointCloud, point_labels: PointLabels, grid: Grid) -> HighestPoints:
    """Return the labels of the highest point of each cell.

    Heights count in steps of 10 µm. Of points at one height the largest class is seen, and of these the highest
    confidence. So the order of the points, and scale and offset of a file, change nothing. Points that take no part
    are not seen; all others are, whatever their class.

    Parameters
    ----------
    cloud, point_labels
        Points, with their true labels if the input has any, and their labels.
    grid
        Cells; points beside them are not seen.
    """
    points, transform = QuantizedPoints.of(cloud), GridTransform.of(cloud, grid)
    tops = np.full((threads(), grid.rows * grid.cols), _NONE, np.int64)
    nothing = np.zeros(len(cloud), np.uint8)
    reasons = nothing if point_labels.reasons is None else point_labels.reasons
    truth = nothing if cloud.labels is None else cloud.labels

    def see_chunk(thread: int) -> None:
        chunk = chunk_of(len(cloud), thread)
        own = (point_labels.classes, point_labels.confidence, reasons, truth)
        _see(points.chunk(chunk), *(values[chunk] for values in own), transform, tops[thread])

    parallel_for(see_chunk)
    top = tops.max(axis=0)
    top[top == _NONE] = UNDEFINED
    found = []
    for count in (_CLASSES, _REASONS, _LEVELS, _CLASSES):
        top, values = np.divmod(top, count)
        found.append(values.astype(np.uint8).reshape(grid.shape))
    return HighestPoints(found[3], found[2], found[1], found[0])


@compiled
def _see(points, classes, confidence, reasons, truth, transform, top):  # type: ignore[no-untyped-def]
    """Raise the keys of cells: one number orders by height, class and confidence, and carries all labels."""
    buffer = np.empty(BLOCK, np.int32)
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        cells = buffer[: len(block.x)]
        find_cells(block, transform, cells)
        for j in range(len(cells)):
            if cells[j] >= 0:
                k, i = np.uint32(cells[j]), start + j
                key = np.int64(steps_of(block.z[j] * transform.scale[2] + transform.offset[2]))
                key = key * _CLASSES + np.int64(classes[i])
                key = key * _LEVELS + np.int64(confidence[i])
                key = (key * _REASONS + np.int64(reasons[i])) * _CLASSES + np.int64(truth[i])
                top[k] = max(top[k], key)
