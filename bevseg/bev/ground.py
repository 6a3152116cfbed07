"""Points -> DEM, and which of the points are ground.

Two ways lead to the ground (bev/terrain). Where points are sparse and come from above, openings of growing size take
off what stands on it (`smrf`); in a street scan, where every kerb shows and houses are fronts without roofs, flat
zones are followed (`flat-zones`). Either gives a surface on a grid of its own. The points near it are ground, and the
DEM goes through their mean: the lowest of many returns lies below the street by two or three times their noise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numba
import numpy as np
from numpy.typing import NDArray

from bevseg import memory
from bevseg.bev.binning import BLOCK, Frame, Steps, block_of, covering, find_cells, lowest
from bevseg.bev.terrain import flat_zones
from bevseg.bev.terrain.gaps import Heights, filled, limited
from bevseg.bev.terrain.smrf import smrf
from bevseg.bev.terrain.surface import Surface
from bevseg.config import GroundConfig
from bevseg.distance import to_nearest
from bevseg.errors import UsageError
from bevseg.grid import Grid
from bevseg.kernels import THREADS, compiled, in_threads, stretch
from bevseg.names import GROUND_METHODS
from bevseg.pointcloud import PointCloud
from bevseg.raster import Raster

FINE, COARSE = 0.25, 1.0
"""Cells of the search by flat zones and by openings, m; the coarse ones are made of whole fine ones."""

DENSE, UNEVEN = 8.0, 1.8
"""A street scan has this many points per square metre, and so many times more in the mean than in the median: close
to the scanner they crowd, and from the air they do not."""

KNOWN = 10.0
"""Further than this (m) from ground that was measured, the DEM is a guess."""

STEEPEST = 1.0
"""Steepest slope of the DEM where it was not measured, m per m."""

MEASURED, INTERPOLATED, EXTRAPOLATED = 0, 1, 2
"""Values of the band `source`."""

UNIT = 1e-4
"""Heights are added up in whole tenths of a millimetre (m): their order then plays no part."""


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
        Cell of the DEM, m. The ground is looked for on a grid that does not depend on it.
    config
        Method and thresholds.

    Returns
    -------
    Ground
        Where nothing looks like ground, the lowest points stand in for it.

    Raises
    ------
    OutOfMemoryError
        If the cloud reaches so far that its rasters will not fit.
    UsageError
        If there is no such method.
    """
    if config.method not in GROUND_METHODS:
        raise UsageError(
            f"No ground method {config.method!r}",
            where="ground.method",
            hint=f"choose one of {', '.join(GROUND_METHODS)}",
        )
    grid, coarse = covering(cloud, cell), covering(cloud, COARSE)
    if grid is None or coarse is None:
        dem = _raster(cloud, Grid(cell, 0, 0, 1, 1), np.full((3, 1, 1), np.nan, np.float32))
        return Ground(dem, np.zeros(len(cloud), bool), config.method, "no point is finite")
    fine = _finer(coarse)
    memory.require_raster(max(grid.rows, fine.rows), max(grid.cols, fine.cols), where=cloud.name)
    low, count = lowest(cloud, fine)
    density, unevenness = _spread(count)
    method, why = _chosen(config.method, density, unevenness)
    if method == "smrf":
        searched, surface = coarse, smrf(_coarser(low), COARSE, _for_density(config, density))
    else:
        searched, surface = fine, _follow_zones(cloud, fine, low)
    is_ground, off, hits = _near(cloud, searched, surface, grid)
    return Ground(_raster(cloud, grid, _dem(searched, surface, grid, off, hits)), is_ground, method, why)


def height_above_ground(cloud: PointCloud, dem: Raster) -> NDArray[np.float32]:
    """Return z - DEM of each point, (N,) float32, m; NaN for points that are not finite."""
    heights = np.full(len(cloud), np.nan, np.float32)
    points, frame, level = Steps.of(cloud), Frame.of(cloud, dem.grid), dem["height"].ravel()

    def of_part(part: int) -> None:
        its = stretch(len(cloud), part)
        _above(points.part(its), frame, level, heights[its])

    in_threads(of_part)
    return heights


def _finer(coarse: Grid) -> Grid:
    times = round(COARSE / FINE)
    north = (coarse.north + 1) * times - 1
    return Grid(FINE, coarse.west * times, north, coarse.rows * times, coarse.cols * times)


def _blocks(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the fine cells of each coarse one side by side, (rows, times, cols, times)."""
    times = round(COARSE / FINE)
    return values.reshape(values.shape[0] // times, times, -1, times)


def _coarser(low: Heights) -> Heights:
    """Return the lowest known height of each coarse cell, NaN where all are unknown."""
    least = _blocks(np.where(np.isnan(low), np.float32(np.inf), low)).min(axis=(1, 3))
    return np.where(np.isinf(least), np.float32(np.nan), least)


def _spread(count: NDArray[np.int32]) -> tuple[float, float]:
    """Return points per square metre of what was seen, and how many times more they are in the mean than mostly."""
    each = _blocks(count).sum(axis=(1, 3))
    each = each[each > 0]
    return float(each.mean()) / COARSE**2, float(each.mean() / np.median(each))


def _chosen(method: str, density: float, unevenness: float) -> tuple[str, str]:
    """Return the method that is taken, and why."""
    if method != "auto":
        return method, "asked for"
    facts = f"{density:.3g} points per m2 of what was seen, in the mean {unevenness:.2g} times the median"
    if density >= DENSE and unevenness >= UNEVEN:
        return "flat-zones", f"a scan from the street: {facts}"
    return "smrf", f"a scan from above: {facts}"


def _for_density(config: GroundConfig, density: float) -> GroundConfig:
    """Return the settings with the threshold for a density: close points know the surface better."""
    return replace(config, threshold=config.threshold * min(1.0, density**-0.25))


def _follow_zones(cloud: PointCloud, grid: Grid, low: Heights) -> Surface:
    """Find the cells of the ground, look at what stands on them, and settle the surface."""
    first, is_ground = flat_zones.ground_cells(low, grid.cell)
    mean, has_object = _stood_on(cloud, grid, np.where(is_ground, low, np.float32(np.nan)), first)
    return flat_zones.settled(mean, is_ground, has_object, grid.cell)


def _stood_on(
    cloud: PointCloud, grid: Grid, low: Heights, surface: Heights
) -> tuple[Heights, NDArray[np.bool_]]:
    """Return the mean height of the ground returns of each cell, and whether an object stands there."""
    points, frame = Steps.of(cloud), Frame.of(cloud, grid)
    totals = np.zeros((THREADS, low.size), np.int64)
    hits = np.zeros((THREADS, low.size), np.int32)
    objects = np.zeros((THREADS, low.size), np.bool_)

    def of_part(part: int) -> None:
        its = points.part(stretch(len(cloud), part))
        _stand(
            its,
            frame,
            low.ravel(),
            surface.ravel(),
            flat_zones.THICK,
            flat_zones.OBJECT,
            totals[part],
            hits[part],
            objects[part],
        )

    in_threads(of_part)
    with np.errstate(invalid="ignore"):
        above = totals.sum(axis=0) * UNIT / hits.sum(axis=0)
    return (low + above.reshape(low.shape)).astype(np.float32), objects.max(axis=0).reshape(low.shape)


def _near(
    cloud: PointCloud, searched: Grid, surface: Surface, grid: Grid
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int32]]:
    """Return the points near the surface; in each cell of the DEM, how far they are off it in all, and how many."""
    points, inner, outer = Steps.of(cloud), Frame.of(cloud, searched), Frame.of(cloud, grid)
    is_ground = np.zeros(len(cloud), np.bool_)
    off = np.zeros((THREADS, grid.rows * grid.cols), np.int64)
    hits = np.zeros(off.shape, np.int32)

    def of_part(part: int) -> None:
        its = stretch(len(cloud), part)
        _label(points.part(its), inner, *surface, outer, is_ground[its], off[part], hits[part])

    in_threads(of_part)
    return (
        is_ground,
        off.sum(axis=0).reshape(grid.shape),
        hits.sum(axis=0, dtype=np.int32).reshape(grid.shape),
    )


def _dem(
    searched: Grid, surface: Surface, grid: Grid, off: NDArray[np.int64], hits: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Return the bands of the DEM, (3, rows, cols)."""
    measured = hits > 0
    height = _sampled(searched, surface.height, grid)
    if measured.any():
        with np.errstate(invalid="ignore"):
            mean = (off * UNIT / hits).astype(np.float32)
        height = limited(height + filled(mean), measured, grid.cell, STEEPEST)
    distance = to_nearest(measured) * np.float32(grid.cell)
    source = np.where(measured, MEASURED, np.where(_amid(distance, grid.cell), INTERPOLATED, EXTRAPOLATED))
    return np.stack([height, source.astype(np.float32), distance])


def _amid(distance: Heights, cell: float) -> NDArray[np.bool_]:
    """Return the cells that lie amid measured ones: what a closing of these by a disk of radius `KNOWN` covers."""
    margin = int(KNOWN / cell) + 1
    beyond = np.pad(distance > KNOWN, margin, constant_values=True)
    # Outside of the raster, too, there are cells as near as that to measured ones.
    beyond[margin:-margin, margin:-margin] = distance > KNOWN
    return (to_nearest(beyond) * np.float32(cell) >= KNOWN)[margin:-margin, margin:-margin] & (
        distance <= KNOWN
    )


def _sampled(grid: Grid, heights: Heights, at: Grid) -> Heights:
    """Return the heights of a grid at the centres of another one, bilinear."""
    x, y = at.centres()
    found = np.empty(at.shape, np.float32)
    col = np.clip(x / grid.cell - grid.west - 0.5, 0, grid.cols - 1)
    row = np.clip(grid.north + 0.5 - y / grid.cell, 0, grid.rows - 1)
    _interpolate(heights, row, col, found)
    return found


def _raster(cloud: PointCloud, grid: Grid, values: NDArray[np.float32]) -> Raster:
    crs, unit = (None, 1.0) if cloud.crs is None else (cloud.crs.wkt, cloud.crs.horizontal)
    return Raster(grid, ("height", "source", "distance"), values, crs, unit)


@compiled
def _interpolate(heights, row, col, found):  # type: ignore[no-untyped-def]
    for i in range(len(row)):
        for j in range(len(col)):
            found[i, j] = _bilinear(heights, row[i], col[j])


@numba.njit(inline="always")
def _bilinear(heights, row, col):  # type: ignore[no-untyped-def]
    """Return the height at a place in cells, counted from the centre of the first; it lies within the raster."""
    i, j = min(int(row), max(heights.shape[0] - 2, 0)), min(int(col), max(heights.shape[1] - 2, 0))
    down, right = row - i, col - j
    k, m = min(i + 1, heights.shape[0] - 1), min(j + 1, heights.shape[1] - 1)
    upper = heights[i, j] + (heights[i, m] - heights[i, j]) * right
    lower = heights[k, j] + (heights[k, m] - heights[k, j]) * right
    return upper + (lower - upper) * down


@compiled
def _stand(points, frame, low, surface, thick, band, totals, hits, objects):  # type: ignore[no-untyped-def]
    """Add up how far ground returns lie above the lowest of their cell; note the cells with a point in the band."""
    buffer = np.empty(BLOCK, np.int32)
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        cells = buffer[: len(block.x)]
        find_cells(block, frame, cells)
        for j in range(len(cells)):
            if cells[j] >= 0:
                k = np.uint32(cells[j])
                z = block.z[j] * frame.scale[2] + frame.offset[2]
                if z - low[k] <= thick:  # never where the cell is no ground: NaN
                    totals[k] += np.int64(np.rint((z - low[k]) / UNIT))
                    hits[k] += 1
                above = z - surface[k]
                if above > band[0] and above < band[1]:
                    objects[k] = True


@compiled
def _label(points, inner, height, tolerance, outer, is_ground, off, hits):  # type: ignore[no-untyped-def]
    """Mark the points near the surface, and add up how far off it they lie in each cell of the DEM."""
    inner_buffer, outer_buffer = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.int32)
    flat = tolerance.ravel()
    rows, cols = height.shape
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        its, cells = inner_buffer[: len(block.x)], outer_buffer[: len(block.x)]
        find_cells(block, inner, its)
        find_cells(block, outer, cells)
        for j in range(len(cells)):
            if its[j] < 0:
                continue
            x = block.x[j] * inner.scale[0] + inner.offset[0]
            y = block.y[j] * inner.scale[1] + inner.offset[1]
            z = block.z[j] * inner.scale[2] + inner.offset[2]
            col = min(max(x / inner.cell - inner.west - 0.5, 0.0), cols - 1.0)
            row = min(max(inner.north + 0.5 - y / inner.cell, 0.0), rows - 1.0)
            away = z - _bilinear(height, row, col)
            if abs(away) <= flat[np.uint32(its[j])]:
                is_ground[start + j] = True
                k = np.uint32(cells[j])
                off[k] += np.int64(np.rint(away / UNIT))
                hits[k] += 1


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
