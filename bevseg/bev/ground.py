"""Points -> DEM by morphological ground extraction, and height above ground.

A progressive opening of the lowest heights on a coarse grid (Zhang et al. 2003, with the slope-scaled test of
SMRF: Pingel et al. 2013) finds where the ground is; the fine grid then takes every lowest height that lies near
that surface, and the rest is filled in smoothly. Band `distance` tells measured cells from filled ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bevseg import memory
from bevseg.bev.binning import (
    BLOCK,
    Frame,
    Steps,
    block_of,
    covering,
    find_cells,
    lowest,
)
from bevseg.bev.terrain.gaps import Heights, filled, refined
from bevseg.config import GroundConfig
from bevseg.distance import to_nearest
from bevseg.grid import Grid
from bevseg.kernels import compiled, in_threads, stretch
from bevseg.pointcloud import PointCloud
from bevseg.raster import Raster

PIT = 1.0
"""A coarse cell this far (m) below its surroundings is a stray return from below the street."""


@dataclass(frozen=True)
class Ground:
    """What is known of the ground of a cloud.

    Attributes
    ----------
    dem
        float32 bands `height` (m, in the datum of the cloud), `source` (0 = measured here, 1 = interpolated, 2 =
        extrapolated: a guess) and `distance` (m to the nearest measured cell). NaN everywhere if no point is finite.
    is_ground
        (N,): the points that lie on it.
    method, why
        Name of the method that found it, and for people the reason why that one was taken.
    """

    dem: Raster
    is_ground: NDArray[np.bool_]
    method: str
    why: str


def ground(cloud: PointCloud, cell: float, config: GroundConfig) -> Ground:
    """Find the ground of a cloud.

    Parameters
    ----------
    cloud
        At least one point; those that are not finite are left out.
    cell
        Cell of the DEM, m.
    config
        Opening and thresholds.

    Returns
    -------
    Ground
        Where nothing looks like ground, the lowest points stand in for it.

    Raises
    ------
    OutOfMemoryError
        If the cloud reaches so far that its rasters will not fit.
    """
    grid = covering(cloud, cell)
    if grid is None:
        grid = Grid(cell, 0, 0, 1, 1)
        values = np.full((3, 1, 1), np.nan, np.float32)
    else:
        memory.require_raster(grid.rows, grid.cols, where=cloud.name)
        values = _dem(lowest(cloud, grid), cell, config)
    crs, unit = (None, 1.0) if cloud.crs is None else (cloud.crs.wkt, cloud.crs.horizontal)
    dem = Raster(grid, ("height", "source", "distance"), values, crs, unit)
    is_ground = np.abs(height_above_ground(cloud, dem)) < 0.2
    return Ground(dem, is_ground, "smrf", "the only one")


def height_above_ground(cloud: PointCloud, dem: Raster) -> NDArray[np.float32]:
    """Return z - DEM of each point, (N,) float32, m; NaN for points that are not finite."""
    heights = np.full(len(cloud), np.nan, np.float32)
    points, frame, level = Steps.of(cloud), Frame.of(cloud, dem.grid), dem["height"].ravel()

    def of_part(part: int) -> None:
        its = stretch(len(cloud), part)
        _above(points.part(its), frame, level, heights[its])

    in_threads(of_part)
    return heights


def _dem(low: Heights, cell: float, config: GroundConfig) -> Heights:
    """Return DEM and distance, (2, rows, cols), from the lowest height per cell (NaN = empty)."""
    factor = max(1, round(config.cell / cell))
    coarse = _without_pits(_block_min(low, factor))
    is_ground = ~np.isnan(coarse) & ~opened_away(filled(coarse), cell * factor, config)
    surface = refined(filled(np.where(is_ground, coarse, np.float32(np.nan))), factor, low.shape)
    measured = np.abs(low - surface) <= config.threshold
    if not measured.any():  # a single slanted wall, say: better the lowest points than nothing
        measured = ~np.isnan(low)
    height = filled(np.where(measured, low, np.float32(np.nan)))
    return np.stack([height, (~measured).astype(np.float32), to_nearest(measured) * np.float32(cell)])


def opened_away(surface: Heights, cell: float, config: GroundConfig) -> NDArray[np.bool_]:
    """Return where a progressive opening takes more off the surface than ground of the given slope explains.

    Parameters
    ----------
    surface
        (rows, cols) heights without gaps, m.
    cell
        Cell of the surface, m.
    config
        `window` (largest radius, m) and `slope`.
    """
    is_object = np.zeros(surface.shape, bool)
    for radius in _radii(config.window / cell):
        opened = ndimage.grey_opening(surface, size=2 * radius + 1)
        is_object |= surface - opened > config.slope * radius * cell
        surface = opened
    return is_object


def _radii(largest: float) -> list[int]:
    """Return radii in cells, doubling from 1 and ending at the largest."""
    radii = [1]
    while radii[-1] * 2 < largest:
        radii.append(radii[-1] * 2)
    last = int(largest)
    return [*radii, last] if last > radii[-1] else radii


def _without_pits(heights: Heights) -> Heights:
    """Return the heights with NaN where a cell lies far below all that is around it."""
    surface = filled(heights)
    pits = ndimage.grey_closing(surface, size=3) - surface > PIT
    return np.where(pits, np.float32(np.nan), heights)


def _block_min(heights: Heights, factor: int) -> Heights:
    """Return the lowest known height of each block of factor x factor cells, NaN where all are unknown."""
    rows, cols = heights.shape
    coarse = np.full((-(-rows // factor), -(-cols // factor)), np.nan, np.float32)
    _lower(heights, factor, coarse)
    return coarse


@compiled
def _lower(heights, factor, coarse):  # type: ignore[no-untyped-def]
    for row in range(heights.shape[0]):
        for block in range(coarse.shape[1]):
            least = coarse[row // factor, block]
            for col in range(block * factor, min((block + 1) * factor, heights.shape[1])):
                if heights[row, col] < least or np.isnan(least):
                    least = heights[row, col]
            coarse[row // factor, block] = least


@compiled
def _above(points, frame, dem, heights):  # type: ignore[no-untyped-def]
    buffer = np.empty(BLOCK, np.int32)
    for start in range(0, len(heights), BLOCK):
        block = block_of(points, start)
        cells = buffer[: len(block.x)]
        find_cells(block, frame, cells)
        for j in range(len(cells)):
            if cells[j] >= 0:
                z = block.z[j] * frame.scale[2] + frame.offset[2]
                heights[start + j] = z - dem[np.uint32(cells[j])]
