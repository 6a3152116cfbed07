"""Points and DEM -> BEV bands of the low and the high slice; label rasters for training."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from bevseg.bev.bands import bands, needs_moments, write_bands
from bevseg.bev.cell_statistics import cell_statistics
from bevseg.bev.slices import GROUND_SLAB, LOW, SLAB_OF, SliceLimits, find_slabs, limits_of
from bevseg.config import RasterConfig, SliceConfig
from bevseg.core.cells import BLOCK, GridTransform, QuantizedPoints, block_of, find_cells
from bevseg.core.labels import CLASS_NAMES
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.runtime.kernels import compiled, parallel_for


def rasterize(
    cloud: PointCloud,
    dem: Raster,
    slices: SliceConfig,
    raster: RasterConfig,
    *,
    limits: SliceLimits | None = None,
) -> dict[str, Raster]:
    """Return slice name -> float32 bands on the grid of the DEM, NaN where the slice has no point.

    Bands of the column below or above (`high_max` and the like) are known wherever the slice itself has points.

    Parameters
    ----------
    cloud, dem
        Points, and the DEM of `ground`, band `height`.
    slices
        Limits of the slabs, m.
    raster
        Feature set; the cell is that of the DEM.
    limits
        The slabs of the survey that the cloud is a part of; None: its own.
    """
    limits = limits or limits_of([cloud], slices)
    height, tables = dem["height"].ravel(), bands(raster.features)
    statistics = cell_statistics(cloud, dem, limits, moments=needs_moments(raster.features))
    values = {name: np.empty((len(table), *dem.grid.shape), np.float32) for name, table in tables.items()}
    parallel_for(
        lambda name: write_bands(
            statistics, height, limits, raster.features, name, dem.grid.cell, values[name]
        ),
        values,
    )
    return {
        name: Raster(
            dem.grid,
            tuple(band.name for band in table),
            values[name],
            dem.crs,
            dem.unit,
        )
        for name, table in tables.items()
    }


def label_rasters(
    cloud: PointCloud, dem: Raster, slices: SliceConfig, *, limits: SliceLimits | None = None
) -> dict[str, Raster]:
    """Return slice name -> band `class`: the train id most labelled points of the slice have in each cell.

    uint8; 0 where the slice has no labelled point. Of equally many, the smaller id wins. The parameters are those of
    `rasterize`.

    Raises
    ------
    ValueError
        If the cloud has no labels.
    """
    if cloud.labels is None:
        raise ValueError(f"cloud {cloud.name!r} has no labels")
    votes = np.zeros((dem.grid.rows * dem.grid.cols, len(SLAB_OF), len(CLASS_NAMES)), np.uint16)
    transform, height = GridTransform.of(cloud, dem.grid), dem["height"].ravel()
    limits = limits or limits_of([cloud], slices)
    _vote(QuantizedPoints.of(cloud), cloud.labels, transform, height, limits, votes)
    return {
        name: Raster(
            dem.grid,
            ("class",),
            majority(votes[:, slab - LOW]).reshape(1, *dem.grid.shape),
            dem.crs,
            dem.unit,
        )
        for name, slab in SLAB_OF.items()
    }


def majority(votes: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Return the train id with most votes, 0 without votes; votes (cells, ids), those for 0 do not count."""
    winner = votes[:, 1:].argmax(axis=1) + 1
    return np.where(votes[:, 1:].any(axis=1), winner, 0).astype(np.uint8)


@compiled
def _vote(points, labels, transform, dem, limits, votes):  # type: ignore[no-untyped-def]
    cells_, slabs_ = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.uint8)
    heights_ = np.empty(BLOCK, np.float32)
    for start in range(0, len(labels), BLOCK):
        block = block_of(points, start)
        cells, slabs = cells_[: len(block.x)], slabs_[: len(block.x)]
        find_cells(block, transform, cells)
        find_slabs(block, transform, cells, dem, limits, slabs, heights_)
        for j in range(len(cells)):
            if cells[j] >= 0 and slabs[j] != GROUND_SLAB:
                add_vote(votes, cells[j], slabs[j], labels[start + j])


@numba.njit(inline="always")
def add_vote(votes, k, slab, label):  # type: ignore[no-untyped-def]
    """Count one labelled point; a full counter stays full."""
    count = votes[k, slab - LOW, label]
    votes[k, slab - LOW, label] = count + (count < np.uint16(65535))
