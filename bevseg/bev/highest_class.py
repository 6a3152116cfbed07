"""Points and their classes -> the class of the highest point of each cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bevseg.core.cells import BLOCK, GridTransform, QuantizedPoints, block_of, find_cells, steps_of
from bevseg.core.grid import Grid
from bevseg.core.labels import CLASS_NAMES, UNDEFINED
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.runtime.kernels import chunk_of, compiled, parallel_for, threads

_CLASSES = len(CLASS_NAMES)
_NONE = np.iinfo(np.int64).min


def highest_class(cloud: PointCloud, point_labels: PointLabels, grid: Grid) -> NDArray[np.uint8]:
    """Return the class of the highest point of each cell, (rows, cols) uint8; 0 where there is no point.

    Heights count in steps of 10 µm. Of points at one height the largest class is seen. So the order of the points,
    and scale and offset of a file, change nothing. Points that take no part are not seen; all others are, whatever
    their class.

    Parameters
    ----------
    cloud, point_labels
        Points and their classes.
    grid
        Cells; points beside them are not seen.
    """
    points, transform = QuantizedPoints.of(cloud), GridTransform.of(cloud, grid)
    tops = np.full((threads(), grid.rows * grid.cols), _NONE, np.int64)

    def see_chunk(thread: int) -> None:
        chunk = chunk_of(len(cloud), thread)
        _see(points.chunk(chunk), point_labels.classes[chunk], transform, tops[thread])

    parallel_for(see_chunk)
    top = tops.max(axis=0)
    classes = np.where(top == _NONE, UNDEFINED, top % _CLASSES)
    return classes.astype(np.uint8).reshape(grid.shape)


@compiled
def _see(points, classes, transform, top):  # type: ignore[no-untyped-def]
    """Raise the keys of cells: one number orders by height, then by class, and carries the class."""
    buffer = np.empty(BLOCK, np.int32)
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        cells = buffer[: len(block.x)]
        find_cells(block, transform, cells)
        for j in range(len(cells)):
            if cells[j] >= 0:
                k = np.uint32(cells[j])
                steps = np.int64(steps_of(block.z[j] * transform.scale[2] + transform.offset[2]))
                top[k] = max(top[k], steps * _CLASSES + np.int64(classes[start + j]))
