"""Points -> DEM by morphological ground extraction, and height above ground.

A progressive opening of the lowest heights on a coarse grid (Zhang et al. 2003, with the slope-scaled test of
SMRF: Pingel et al. 2013) finds where the ground is; the fine grid then takes every lowest height that lies near
that surface, and the rest is filled in smoothly. Band `distance` tells measured cells from filled ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bevseg.bev.binning import Frame, cell_of_step, compiled, finite_mask, lowest
from bevseg.config import GroundConfig
from bevseg.grid import Grid
from bevseg.pointcloud import PointCloud
from bevseg.raster import Raster

Heights = NDArray[np.float32]

PIT = 1.0
"""A coarse cell this far (m) below its surroundings is a stray return from below the street."""


def ground(cloud: PointCloud, cell: float, config: GroundConfig) -> Raster:
    """Return the DEM of a cloud.

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
    Raster
        float32 bands `height` (m, in the datum of the cloud) and `distance` (m to the nearest measured cell:
        0 = measured here, more = filled from that far away). NaN everywhere if no point is finite; where nothing
        looks like ground, the lowest points stand in for it.
    """
    bounds = cloud.bounds()
    grid = Grid(cell, 0, 0, 1, 1) if bounds is None else Grid.covering(cell, bounds[0], bounds[1])
    low = lowest(cloud, grid)
    if bounds is None:
        height, distance = low, np.full(grid.shape, np.nan, np.float32)
    else:
        height, distance = _dem(low, cell, config)
    crs, unit = (None, 1.0) if cloud.crs is None else (cloud.crs.wkt, cloud.crs.horizontal)
    return Raster(grid, ("height", "distance"), np.stack([height, distance]), crs, unit)


def height_above_ground(cloud: PointCloud, dem: Raster) -> NDArray[np.float32]:
    """Return z - DEM of each point, (N,) float32, m; NaN for points that are not finite."""
    heights = np.full(len(cloud), np.nan, np.float32)
    frame = Frame.of(cloud, dem.grid)
    _above(cloud.x, cloud.y, cloud.z, finite_mask(cloud), frame, dem["height"].ravel(), heights)
    return heights


def _dem(low: Heights, cell: float, config: GroundConfig) -> tuple[Heights, Heights]:
    """Return DEM and distance from the lowest height per cell (NaN = empty)."""
    factor = max(1, round(config.cell / cell))
    coarse = _without_pits(_block_min(low, factor))
    is_ground = ~np.isnan(coarse) & ~opened_away(filled(coarse), cell * factor, config)
    surface = _refine(filled(np.where(is_ground, coarse, np.float32(np.nan))), factor, low.shape)
    measured = np.abs(low - surface) <= config.threshold
    if not measured.any():  # a single slanted wall, say: better the lowest points than nothing
        measured = ~np.isnan(low)
    height = filled(np.where(measured, low, np.float32(np.nan)))
    distance = ndimage.distance_transform_edt(~measured, sampling=cell).astype(np.float32)
    return height, distance


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


def filled(heights: Heights) -> Heights:
    """Return the heights with gaps (NaN) filled smoothly from their surroundings.

    Push-pull: gaps take the bilinear value of a half-size version of the grid, in which a cell is the mean of
    the known among its four, and so on until nothing is unknown (Gortler et al. 1996, section 3.4). Linear in
    the number of cells. All NaN stays all NaN.
    """
    unknown = np.isnan(heights)
    if not unknown.any() or unknown.all():
        return heights
    rows, cols = heights.shape
    padded = np.pad(heights, ((0, rows % 2), (0, cols % 2)), constant_values=np.nan)
    quads = padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2)
    known = ~np.isnan(quads)
    count = known.sum((1, 3))
    total = np.where(known, quads, 0).sum((1, 3), dtype=np.float64)
    half = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0).astype(np.float32)
    return np.where(unknown, _refine(filled(half), 2, heights.shape), heights)


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
    padded = np.pad(
        np.where(np.isnan(heights), np.float32(np.inf), heights),
        ((0, -rows % factor), (0, -cols % factor)),
        constant_values=np.inf,
    )
    blocks = padded.reshape(padded.shape[0] // factor, factor, padded.shape[1] // factor, factor)
    lowest_known = blocks.min((1, 3))
    lowest_known[np.isinf(lowest_known)] = np.nan
    return lowest_known


def _refine(coarse: Heights, factor: int, shape: tuple[int, int]) -> Heights:
    """Return a grid `factor` times finer, cut to `shape`, bilinear between the centres of the coarse cells."""
    if factor == 1:
        return coarse[: shape[0], : shape[1]]
    fine = coarse
    for axis in (0, 1):
        place = (np.arange(shape[axis]) + 0.5) / factor - 0.5
        place = np.clip(place, 0, coarse.shape[axis] - 1)
        first = np.minimum(place.astype(np.intp), max(coarse.shape[axis] - 2, 0))
        second = np.minimum(first + 1, coarse.shape[axis] - 1)
        share = (place - first).astype(np.float32)
        share = share[:, None] if axis == 0 else share
        a, b = np.take(fine, first, axis), np.take(fine, second, axis)
        fine = a + (b - a) * share
    return fine


@compiled
def _above(x, y, z, finite, frame, dem, heights):  # type: ignore[no-untyped-def]
    for i in range(len(x)):
        if len(finite) > 0 and not finite[i]:
            continue
        k = cell_of_step(x[i], y[i], frame)
        if k >= 0:
            heights[i] = z[i] * frame.scale[2] + frame.offset[2] - dem[k]
