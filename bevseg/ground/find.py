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

from bevseg.config import GroundConfig
from bevseg.core.cells import (
    BLOCK,
    Extent,
    GridTransform,
    QuantizedPoints,
    block_of,
    find_cells,
    find_heights,
    lowest,
)
from bevseg.core.distance import to_nearest
from bevseg.core.grid import Grid
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import EXTRAPOLATED, INTERPOLATED, MEASURED, Raster
from bevseg.ground import flat_zones
from bevseg.ground.fill import Heights, filled, limited
from bevseg.ground.smrf import smrf
from bevseg.ground.surface import Surface, unseen
from bevseg.runtime import memory
from bevseg.runtime.kernels import chunk_of, compiled, parallel_for, threads

FINE, COARSE = 0.25, 1.0
"""Cells of the search by flat zones and by openings, m; the coarse ones are made of whole fine ones."""

CROWDED = 50.0
"""So many points per square metre show every kerb, whatever they were taken from."""

DENSE, UNEVEN = 8.0, 1.8
"""So many do if they are this many times more in the mean than in the median: close to a scanner on the street they
crowd, and from the air they do not."""

KNOWN = 10.0
"""Further than this (m) from ground that was measured, the DEM is a guess."""

STEEPEST = 1.0
"""Steepest slope of the DEM where it was not measured, m per m."""

SEEN_BYTES_PER_CELL = 20
"""What it takes to tell known from guessed, per cell of the DEM and of a margin of `KNOWN` around it: measured."""

PER_METRE = 10_000
"""Heights are added up in whole tenths of a millimetre: their order then plays no part."""

WIDE = 2.0
"""Larger cells (m) may hold so many points that the sums of their heights outgrow 32 bits."""

Sums = NDArray[np.signedinteger]


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


def find_ground(cloud: PointCloud, cell: float, config: GroundConfig) -> Ground:
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
    """
    extent = Extent.of(cloud)
    if extent is None:
        dem = _raster(cloud, Grid(cell, 0, 0, 1, 1), np.full((3, 1, 1), np.nan, np.float32))
        return Ground(dem, np.zeros(len(cloud), bool), config.method, "no point is finite")
    grid, coarse = Grid.covering(cell, *extent), Grid.covering(COARSE, *extent)
    fine = _finer(coarse, FINE)
    memory.require_raster(max(grid.rows, fine.rows), max(grid.cols, fine.cols), where=cloud.name)
    wide = 2 * _margin(cell)  # of small cells it holds more than a small cloud
    memory.require_raster(grid.rows + wide, grid.cols + wide, SEEN_BYTES_PER_CELL, where=cloud.name)
    low, count = lowest(cloud, fine)
    density, unevenness = _spread(count)
    del count  # as large as the DEM
    method, why = _chosen(config.method, density, unevenness)
    if method == "smrf":
        searched = _finer(coarse, COARSE / 2)
        surface = _open_four_times(low, _for_density(config, density))
    else:
        searched = fine if density >= DENSE else coarse
        surface = _follow_zones(cloud, searched, low if searched is fine else _coarser(low))
    del low
    is_ground, off = _near(cloud, searched, surface, grid)
    return Ground(_raster(cloud, grid, _dem(searched, surface, grid, off)), is_ground, method, why)


def height_above_ground(cloud: PointCloud, dem: Raster) -> NDArray[np.float32]:
    """Return z - DEM of each point, (N,) float32, m; NaN for points that are not finite."""
    heights = np.full(len(cloud), np.nan, np.float32)
    points, frame, level = QuantizedPoints.of(cloud), GridTransform.of(cloud, dem.grid), dem["height"].ravel()

    def of_part(part: int) -> None:
        its = chunk_of(len(cloud), part)
        _above(points.part(its), frame, level, heights[its])

    parallel_for(of_part)
    return heights


def _finer(coarse: Grid, cell: float) -> Grid:
    """Return the grid of smaller cells that covers the same."""
    times = round(coarse.cell / cell)
    north = (coarse.north + 1) * times - 1
    return Grid(cell, coarse.west * times, north, coarse.rows * times, coarse.cols * times)


def _blocks(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the fine cells of each coarse one side by side, (rows, times, cols, times)."""
    times = round(COARSE / FINE)
    return values.reshape(values.shape[0] // times, times, -1, times)


def _coarser(low: Heights) -> Heights:
    """Return the lowest known height of each coarse cell, NaN where all are unknown."""
    least = _blocks(np.where(np.isnan(low), np.float32(np.inf), low)).min(axis=(1, 3))
    return np.where(np.isinf(least), np.float32(np.nan), least)


def _open_four_times(low: Heights, config: GroundConfig) -> Surface:
    """Find the ground on four grids, half a cell apart, and return what they agree upon, on cells half as large.

    Where the borders of the coarse cells lie is chance. Of one grid, half a cell to the side, one to two per cent of
    the labels change on sparse scans; of the middle of four, less than half of these.

    Parameters
    ----------
    low
        Lowest height of each fine cell, m.
    config
        Of `smrf`.
    """
    half = round(COARSE / FINE) // 2
    rows, cols = (2 * size // round(COARSE / FINE) for size in low.shape)
    heights, tolerances = np.empty((2, 4, rows, cols), np.float32)
    for k, (down, right) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        moved = np.pad(low, ((half * down,) * 2, (half * right,) * 2), constant_values=np.nan)
        surface = smrf(_coarser(moved), COARSE, config)
        for layer, found in zip(surface, (heights[k], tolerances[k]), strict=True):
            row, col = (
                np.clip((np.arange(count) + 0.5 + shift) / 2 - 0.5, 0, size - 1)
                for count, shift, size in zip((rows, cols), (down, right), layer.shape, strict=True)
            )
            _interpolate(_patches(layer), layer.shape[1], row, col, found)
    heights.sort(axis=0)
    return Surface((heights[1] + heights[2]) / 2, tolerances.mean(axis=0))


def _spread(count: NDArray[np.int64]) -> tuple[float, float]:
    """Return points per square metre of what was seen, and how many times more they are in the mean than mostly."""
    each = _blocks(count).sum(axis=(1, 3))
    each = each[each > 0]
    return float(each.mean()) / COARSE**2, float(each.mean() / np.median(each))


def _chosen(method: str, density: float, unevenness: float) -> tuple[str, str]:
    """Return the method that is taken, and why."""
    if method != "auto":
        return method, "asked for"
    facts = f"{density:.1f} points in a square metre that holds any, {unevenness:.1f} times the median"
    if density >= CROWDED or (density >= DENSE and unevenness >= UNEVEN):
        return "flat-zones", f"a dense scan, as from the street: {facts}"
    return "smrf", f"a sparse or even scan, as from above: {facts}"


def _for_density(config: GroundConfig, density: float) -> GroundConfig:
    """Return the settings with the threshold for a density: close points know the surface better."""
    return replace(config, threshold=config.threshold * min(1.0, density**-0.25))


def _follow_zones(cloud: PointCloud, grid: Grid, low: Heights) -> Surface:
    """Find the cells of the ground, look at what stands on them, and settle the surface."""
    # Sparse points leave holes between them, and a zone would end at each.
    whole = low if grid.cell == FINE else np.where(unseen(low, grid.cell), low, filled(low))
    first, is_ground = flat_zones.ground_cells(whole, grid.cell)
    mean, has_object = _stood_on(cloud, grid, np.where(is_ground, low, np.float32(np.nan)), first)
    return flat_zones.settled(mean, is_ground, has_object, grid.cell)


def _stood_on(
    cloud: PointCloud, grid: Grid, low: Heights, surface: Heights
) -> tuple[Heights, NDArray[np.bool_]]:
    """Return the mean height of the ground returns of each cell, and whether an object stands there."""
    points, frame = QuantizedPoints.of(cloud), GridTransform.of(cloud, grid)
    sums = np.zeros((threads(), low.size, 2), np.int32)
    objects = np.zeros((threads(), low.size), np.bool_)

    def of_part(part: int) -> None:
        its = points.part(chunk_of(len(cloud), part))
        _stand(
            its,
            frame,
            low.ravel(),
            surface.ravel(),
            flat_zones.standing(grid.cell),
            sums[part],
            objects[part],
        )

    parallel_for(of_part)
    above = _mean(_total(sums)).reshape(low.shape)
    return low + above, objects.max(axis=0).reshape(low.shape)


def _near(
    cloud: PointCloud, searched: Grid, surface: Surface, grid: Grid
) -> tuple[NDArray[np.bool_], Heights]:
    """Return the points near the surface, (N,), and how far off it those of each cell are in the mean, m.

    NaN where a cell has none of them.
    """
    points, inner, outer = (
        QuantizedPoints.of(cloud),
        GridTransform.of(cloud, searched),
        GridTransform.of(cloud, grid),
    )
    is_ground = np.zeros(len(cloud), np.bool_)
    whole: type[np.signedinteger] = np.int64 if grid.cell > WIDE else np.int32
    sums = np.zeros((threads(), grid.rows * grid.cols, 2), whole)

    def of_part(part: int) -> None:
        its = chunk_of(len(cloud), part)
        _label(points.part(its), inner, *surface, outer, is_ground[its], sums[part])

    parallel_for(of_part)
    return is_ground, _mean(_total(sums)).reshape(grid.shape)


def _dem(searched: Grid, surface: Surface, grid: Grid, off: Heights) -> NDArray[np.float32]:
    """Return the bands of the DEM, (3, rows, cols)."""
    measured = ~np.isnan(off)
    height = _sampled(searched, surface.height, grid)
    if measured.any():
        # Between the cells of a coarse search the surface is a staircase, and the points are not.
        height = filled(height + off) if searched.cell > 2 * grid.cell else height + filled(off)
        height = limited(height, measured, grid.cell, STEEPEST)
    distance, is_amid = _seen(measured, grid.cell)
    bands = np.empty((3, *grid.shape), np.float32)
    bands[0], bands[1], bands[2] = height, EXTRAPOLATED, distance
    bands[1][is_amid] = INTERPOLATED
    bands[1][measured] = MEASURED
    return bands


def _total(sums: Sums) -> Sums:
    """Return the sums of all threads, in the place of the first one's."""
    for more in sums[1:]:
        sums[0] += more
    return sums[0]


def _mean(sums: Sums) -> Heights:
    """Return the mean of what was added up in each cell, m; NaN where nothing was."""
    total, hits = (sums[..., at].astype(np.float32) for at in (0, 1))
    with np.errstate(invalid="ignore"):
        total /= hits * np.float32(PER_METRE)
    return total


def _margin(cell: float) -> int:
    """Return the cells around a raster over which the ground may still be known."""
    return int(KNOWN / cell) + 1


def _seen(measured: NDArray[np.bool_], cell: float) -> tuple[Heights, NDArray[np.bool_]]:
    """Return the distance to the nearest measured cell, m, and the cells that lie amid measured ones.

    Amid lies what a closing of the measured cells by a disk of radius `KNOWN` covers; the disk reaches over the
    border of the raster.
    """
    margin = _margin(cell)
    distance = to_nearest(np.pad(measured, margin)) * np.float32(cell)
    is_amid = to_nearest(distance > KNOWN) * np.float32(cell) >= KNOWN
    inside = (slice(margin, -margin),) * 2
    return distance[inside], is_amid[inside]


def _sampled(grid: Grid, heights: Heights, at: Grid) -> Heights:
    """Return the heights of a grid at the centres of another one, bilinear."""
    x, y = at.centres()
    found = np.empty(at.shape, np.float32)
    col = np.clip(x / grid.cell - grid.west - 0.5, 0, grid.cols - 1)
    row = np.clip(grid.north + 0.5 - y / grid.cell, 0, grid.rows - 1)
    _interpolate(_patches(heights), grid.cols, row, col, found)
    return found


def _raster(cloud: PointCloud, grid: Grid, values: NDArray[np.float32]) -> Raster:
    crs, unit = (None, 1.0) if cloud.crs is None else (cloud.crs.wkt, cloud.crs.horizontal)
    return Raster(grid, ("height", "source", "distance"), values, crs, unit)


def _patches(heights: Heights) -> Heights:
    """Return the bilinear patch between each cell, its right, its lower, and the fourth neighbour, (cells, 4).

    The surface (right, down) of the centre, in cells, is p[0] + p[1] right + (p[2] + p[3] right) down.
    Four numbers side by side are one access to the memory instead of four.
    """
    patches = np.zeros((*heights.shape, 4), np.float32)
    patches[..., 0] = heights
    patches[:, :-1, 1] = np.diff(heights, axis=1)
    patches[:-1, :, 2] = np.diff(heights, axis=0)
    patches[:-1, :-1, 3] = np.diff(patches[..., 1], axis=0)[:, :-1]
    return patches.reshape(-1, 4)


@compiled
def _interpolate(patches, cols, row, col, found):  # type: ignore[no-untyped-def]
    for i in range(len(row)):
        for j in range(len(col)):
            top, left = int(row[i]), int(col[j])
            right, down = col[j] - left, row[i] - top
            patch = patches[top * cols + left]
            found[i, j] = patch[0] + patch[1] * right + (patch[2] + patch[3] * right) * down


@compiled
def _stand(points, frame, low, surface, standing, sums, objects):  # type: ignore[no-untyped-def]
    """Add up how far ground returns lie above the lowest of their cell; note the cells with a point in the band.

    No branches but one: whether a point is ground, nobody could foretell.
    """
    thick, above_foot, below_crown = standing
    cells_buffer, heights_buffer = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.float32)
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        cells, heights = cells_buffer[: len(block.x)], heights_buffer[: len(block.x)]
        find_cells(block, frame, cells)
        find_heights(block, frame, heights)
        for j in range(len(cells)):
            if cells[j] >= 0:
                k = np.uint32(cells[j])
                over = heights[j] - low[k]
                is_ground = over <= thick  # never where the cell is none: NaN
                sums[k, 0] += np.int32(np.rint(over * PER_METRE)) if is_ground else np.int32(0)
                sums[k, 1] += is_ground
                above = heights[j] - surface[k]
                objects[k] |= (above > above_foot) & (above < below_crown)


@compiled
def _label(points, inner, surface, tolerance, outer, is_ground, sums):  # type: ignore[no-untyped-def]
    """Mark the points near the surface, and add up how far off it they lie in each cell of the DEM.

    What is no ground is added up as well, as nothing: without a branch.
    """
    integers, floats = np.empty((4, BLOCK), np.int32), np.empty((5, BLOCK), np.float32)
    rows, cols = np.int32(surface.shape[0]), np.int32(surface.shape[1])
    level, limits = surface.ravel(), tolerance.ravel()
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        size = len(block.x)
        its, cells, corners, off = (
            integers[0, :size],
            integers[1, :size],
            integers[2, :size],
            integers[3, :size],
        )
        heights, right, down = floats[0, :size], floats[1, :size], floats[2, :size]
        away, limit = floats[3, :size], floats[4, :size]
        near = is_ground[start : start + size]
        find_cells(block, inner, its)
        find_cells(block, outer, cells)
        find_heights(block, inner, heights)
        _find_corners(block, inner, rows, cols, corners, right, down)
        for j in range(size):
            k = np.uint32(corners[j])
            east, south = np.uint32(right[j] > 0), np.uint32(cols) if down[j] > 0 else np.uint32(0)
            here, beside, below = level[k], level[k + east], level[k + south]
            twist = level[k + south + east] - below - beside + here
            away[j] = heights[j] - (
                here + (beside - here) * right[j] + (below - here + twist * right[j]) * down[j]
            )
            limit[j] = limits[np.uint32(max(its[j], np.int32(0)))]
        _find_near(away, limit, its, near, off)
        for j in range(size):
            k = np.uint32(max(cells[j], np.int32(0)))
            sums[k, 0] += off[j]
            sums[k, 1] += near[j]


@numba.njit
def _find_corners(block, frame, rows, cols, corners, right, down):  # type: ignore[no-untyped-def]
    """Write the cell whose centre lies to the north-west of each point of a block, and how far off it is, in cells.

    Beyond the outermost centres, the surface goes on level.
    """
    per_metre = 1.0 / frame.cell  # no point changes its cell by the rounding
    for j in range(len(corners)):
        x = block.x[j] * frame.scale[0] + frame.offset[0]
        y = block.y[j] * frame.scale[1] + frame.offset[1]
        col = np.float32(x * per_metre - frame.west - 0.5)
        row = np.float32(frame.north + 0.5 - y * per_metre)
        col = min(max(col, np.float32(0)), np.float32(cols - 1))
        row = min(max(row, np.float32(0)), np.float32(rows - 1))
        left, top = np.int32(col), np.int32(row)
        corners[j] = top * cols + left
        right[j], down[j] = col - np.float32(left), row - np.float32(top)


@numba.njit
def _find_near(away, limit, cells, near, off):  # type: ignore[no-untyped-def]
    """Write which points are near the surface, and how far off it these are, in parts of `PER_METRE`."""
    for j in range(len(away)):
        is_near = (abs(away[j]) <= limit[j]) & (cells[j] >= 0)
        near[j] = is_near
        off[j] = np.int32(np.rint(away[j] * np.float32(PER_METRE))) if is_near else np.int32(0)


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
