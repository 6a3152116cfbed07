"""What can be told of a cloud without labels: two surveys are alike as far as these numbers are.

Every number is a plain measure of the points, of the DEM under them, or of the cells they fall into. None depends on
the order of the points or on a trajectory, which published clouds lack. Where a number cannot be told (the spacing of
a single point) it is NaN.

The path of the instrument is found by what it leaves: on the ground under it points lie denser than anywhere near.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, label, maximum_filter, uniform_filter
from scipy.spatial import cKDTree

from bevseg.config import GroundConfig
from bevseg.core.cells import Extent
from bevseg.core.distance import to_nearest
from bevseg.core.grid import Grid
from bevseg.core.labels import CLASS_NAMES
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import MEASURED, Raster
from bevseg.errors import InputError, LabelError
from bevseg.ground.find import find_ground, height_above_ground
from bevseg.runtime.kernels import compiled

CELL = 0.2
"""Side of the cells of the DEM, and of those that are called empty or filled by one point, m."""

PATCH = 0.5
"""Side of the cells over which density is counted, m."""

CREST, AROUND = 0.5, 6.0
"""On the path the ground holds at least this share of the densest ground within so many metres,"""

FAINT, SHORTEST = 0.25, 6.0
"""at least this share of what half of the points there are among, and the path goes on for so many metres."""

RINGS = (0.0, 2.0, 5.0, 10.0, 20.0, 40.0)
"""Borders of the distances from the path for which the density is told, m."""

HEIGHTS = (0.2, 1.0, 3.0, 6.0)
"""Borders of the bands of height above ground, m."""

REACH, ASIDE = 2, 0.04
"""The next line is looked for this many patches around, and it is another one if it lies so far aside, m."""

STRAIGHT = 0.05
"""Points lie on a line if the variance across it is at most this share of that along it."""

FINE, FINE_LEAST = 1.0, 12
"""Planes through ground points: side of a block, m, and the points it must hold."""

COARSE, COARSE_LEAST = 4.0, 100
"""Planes through the DEM: side of a block, m, and the measured cells it must hold."""

Values = NDArray[np.float64]
Cells = NDArray[np.int64]


class _Points(NamedTuple):
    """The finite points of a cloud in the order of their coordinates."""

    xyz: Values
    """(N, 3), m in the world."""
    above: Values
    """(N,) height above ground, m."""
    is_ground: NDArray[np.bool_]
    labels: NDArray[np.uint8] | None
    extent: Extent
    dem: Raster

    def grid(self, cell: float) -> Grid:
        """Return the grid of such cells over the cloud."""
        return Grid.covering(cell, *self.extent)

    def cells(self, grid: Grid, which: NDArray[np.bool_] | slice = slice(None)) -> Cells:
        """Return the cell of each point, or of some of them."""
        return grid.cell_of(self.xyz[which, 0], self.xyz[which, 1])


def statistics(cloud: PointCloud, config: GroundConfig | None = None) -> dict[str, float]:
    """Return the label-free numbers of a cloud.

    Parameters
    ----------
    cloud
        Points that are not finite are left out.
    config
        How the ground is found; None: the defaults.

    Returns
    -------
    dict
        Name with unit -> value. The same names in the same order for every cloud; NaN where a cloud is too small
        for a number.

    Raises
    ------
    InputError
        If no point is finite.
    OutOfMemoryError
        If the cloud reaches so far that its rasters will not fit.
    """
    points = _sorted(cloud, config or GroundConfig())
    return {
        **_extent(points),
        **_occupancy(points),
        **_density(points),
        **_spacing(points),
        **{f"points {band}, %": share for band, share in _height_shares(points.above).items()},
        **_thickness(points),
        **_surface(points),
    }


def class_statistics(cloud: PointCloud, config: GroundConfig | None = None) -> dict[str, float]:
    """Return the share of each class, and the shares of its points by height above ground, %.

    Parameters
    ----------
    cloud
        With labels.
    config
        How the ground is found; None: the defaults.

    Raises
    ------
    LabelError
        If the cloud has no labels.
    InputError
        If no point is finite.
    """
    points = _sorted(cloud, config or GroundConfig())
    if points.labels is None:
        raise LabelError("The cloud has no labels", where=cloud.name, hint="name the scheme of its classes")
    table = {}
    for train_id, name in enumerate(CLASS_NAMES):
        of_class = points.labels == train_id
        table[f"{name}, %"] = 100 * float(of_class.mean())
        for band, share in _height_shares(points.above[of_class]).items():
            table[f"{name} {band}, %"] = share
    return table


def means(tables: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, float]]:
    """Return mean and standard deviation over clouds of each number; NaN where no cloud knows it.

    Parameters
    ----------
    tables
        Of `statistics`, at least one.
    """
    found = {}
    for name in tables[0]:
        known = np.array([table[name] for table in tables if not np.isnan(table[name])])
        found[name] = (float(known.mean()), float(known.std())) if known.size else (np.nan, np.nan)
    return found


def path_of(ground_points: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return the patches over which the instrument passed.

    Parameters
    ----------
    ground_points
        (rows, cols), ground points of each patch.
    """
    smooth = uniform_filter(ground_points.astype(np.float64), 3, mode="constant")
    highest = maximum_filter(smooth, 2 * int(AROUND / PATCH) + 1, mode="constant")
    crest = (ground_points > 0) & (smooth >= CREST * highest)
    if crest.any():
        held = np.sort(smooth[crest])
        crest &= smooth >= FAINT * held[np.searchsorted(np.cumsum(held), held.sum() / 2)]
    pieces, count = label(crest, np.ones((3, 3)))
    is_long = np.zeros(count + 1, np.bool_)
    for piece, (rows, cols) in enumerate(find_objects(pieces), 1):
        is_long[piece] = PATCH * max(rows.stop - rows.start, cols.stop - cols.start) >= SHORTEST
    on_path: NDArray[np.bool_] = is_long[pieces]
    return on_path


def _sorted(cloud: PointCloud, config: GroundConfig) -> _Points:
    extent = Extent.of(cloud)
    if extent is None:
        raise InputError("Nothing to count", where=cloud.name, why="no point of the cloud is finite")
    found = find_ground(cloud, CELL, config)
    finite = np.arange(len(cloud)) if cloud.finite is None else np.flatnonzero(cloud.finite)
    labels = np.zeros(len(cloud), np.uint8) if cloud.labels is None else cloud.labels
    keys = (labels[finite], cloud.z[finite], cloud.y[finite], cloud.x[finite])
    order = finite[np.lexsort(keys)]
    return _Points(
        cloud.xyz[order],
        height_above_ground(cloud, found.dem)[order].astype(np.float64),
        found.is_ground[order],
        None if cloud.labels is None else cloud.labels[order],
        extent,
        found.dem,
    )


def _extent(points: _Points) -> dict[str, float]:
    """Return the sides of the cloud along its principal axes, without the outermost hundredths of the points."""
    flat = points.xyz[:, :2] - points.xyz[:, :2].mean(axis=0)
    axes = np.linalg.eigh(flat.T @ flat)[1]
    low, high = np.quantile(flat @ axes, (0.01, 0.99), axis=0)
    patches = np.unique(points.cells(points.grid(PATCH))).size
    return {
        "length, m": float(high[1] - low[1]),
        "width, m": float(high[0] - low[0]),
        "area with points, m2": patches * PATCH**2,
        "99 % of the points lie below, m": float(np.quantile(points.above, 0.99)),
    }


def _occupancy(points: _Points) -> dict[str, float]:
    grid = points.grid(CELL)
    count = np.unique(points.cells(grid), return_counts=True)[1]
    return {
        "cells with points, % of the bounding box": 100 * count.size / (grid.rows * grid.cols),
        "cells with one point, % of those": 100 * float(np.mean(count == 1)),
    }


def _density(points: _Points) -> dict[str, float]:
    """Return points per square metre of the patches that hold any: over all, and by distance from the path.

    Densities spread over orders of magnitude; of a ring the geometric mean is told, which one wall does not decide.
    """
    grid = points.grid(PATCH)
    size = grid.rows * grid.cols
    count = np.bincount(points.cells(grid), minlength=size)
    on_ground = np.bincount(points.cells(grid, points.is_ground), minlength=size).reshape(grid.shape)
    held = count > 0
    density = count[held] / PATCH**2
    table = {"density, mean, points/m2": float(density.mean())}
    for share in (25, 50, 75, 95):
        table[f"density, {share} % below, points/m2"] = float(np.quantile(density, share / 100))
    distance = PATCH * to_nearest(path_of(on_ground)).ravel()[held]
    for near, far in pairwise(RINGS):
        its = density[(distance >= near) & (distance < far)]
        table[f"density {near:g} to {far:g} m from the path, points/m2"] = _geometric_mean(its)
    return table


def _spacing(points: _Points) -> dict[str, float]:
    """Return how far points are from the next one, and lines on the ground from the next line."""
    nearest = _nearest(points.xyz - points.xyz[0])
    table = {f"next point, {s} % below, m": _quantile(nearest, s) for s in (10, 50, 90)}
    grid = points.grid(PATCH)
    cells = points.cells(grid, points.is_ground)
    order = np.argsort(cells, kind="stable")
    flat = (points.xyz[points.is_ground, :2] - points.xyz[0, :2])[order]
    starts = np.searchsorted(cells[order], np.arange(grid.rows * grid.cols + 1))
    filled = np.flatnonzero(np.diff(starts))
    probes = (starts[filled] + starts[filled + 1]) // 2  # one of each patch: all places count alike
    asides = np.empty(len(probes))
    _next_lines(flat, starts, grid.rows, grid.cols, filled, probes, asides)
    on_line = asides >= 0
    table["ground on lines, % of the area"] = 100 * float(on_line.mean()) if on_line.size else np.nan
    known = asides[on_line & np.isfinite(asides)]
    return table | {f"next line, {s} % below, m": _quantile(known, s) for s in (25, 50, 75)}


def _nearest(xyz: Values) -> Values:
    if len(xyz) < 2:
        return np.empty(0)
    distances: Values = cKDTree(xyz).query(xyz, k=2)[0][:, 1]
    return distances


def _height_shares(above: Values) -> dict[str, float]:
    """Return the share of heights in each band, %."""
    names = [f"below {HEIGHTS[0]:g} m"]
    names += [f"at {low:g} to {high:g} m" for low, high in pairwise(HEIGHTS)]
    names += [f"above {HEIGHTS[-1]:g} m"]
    count = np.bincount(np.searchsorted(HEIGHTS, above, side="right"), minlength=len(names))
    return {
        name: 100 * float(its) / len(above) if len(above) else np.nan
        for name, its in zip(names, count, strict=True)
    }


def _thickness(points: _Points) -> dict[str, float]:
    """Return highest less lowest point of the cells that hold an object and more than one point."""
    cells = points.cells(points.grid(CELL))
    order = np.argsort(cells, kind="stable")
    first = np.flatnonzero(np.diff(cells[order], prepend=-1))
    z, above = points.xyz[order, 2], points.above[order]
    thick = np.maximum.reduceat(z, first) - np.minimum.reduceat(z, first)
    several = np.diff(first, append=len(z)) > 1
    thick = thick[several & (np.maximum.reduceat(above, first) >= HEIGHTS[0])]
    return {f"highest less lowest of a cell, {s} % below, m": _quantile(thick, s) for s in (25, 50, 75, 95)}


def _surface(points: _Points) -> dict[str, float]:
    """Return how the ground scatters about planes, and how steep these are."""
    grid = points.grid(FINE)
    _, fine = planes(points.cells(grid, points.is_ground), points.xyz[points.is_ground], FINE, FINE_LEAST)
    dem, blocks = points.dem, points.grid(COARSE)
    row, col = np.nonzero(np.asarray(dem["source"]) == MEASURED)
    x, y = dem.grid.centres()
    nodes = np.column_stack([x[col], y[row], np.asarray(dem["height"], np.float64)[row, col]])
    slope, coarse = planes(blocks.cell_of(nodes[:, 0], nodes[:, 1]), nodes, COARSE, COARSE_LEAST)
    return {
        f"{name}, {percent} % below, {unit}": 100 * _quantile(of, percent)
        for name, unit, of in (
            (f"ground points about planes of {FINE:g} m", "cm", fine),
            (f"DEM about planes of {COARSE:g} m", "cm", coarse),
            ("grade", "%", slope),
        )
        for percent in (50, 90)
    }


def planes(blocks: Cells, xyz: Values, side: float, least: int) -> tuple[Values, Values]:
    """Fit a plane to the points of each block, by least squares of height.

    Parameters
    ----------
    blocks
        (N,) number of the block of each point.
    xyz
        (N, 3), m.
    side
        Of a block, m: points that crowd within a tenth of it, or on a line, tell no plane.
    least
        Blocks with fewer points are left out.

    Returns
    -------
    tuple
        Slope (m per m) and root mean square of the residuals (m) of each plane, in the order of the blocks.
    """
    block, at, count = np.unique(blocks, return_inverse=True, return_counts=True)
    middle = np.stack([np.bincount(at, axis, block.size) / count for axis in xyz.T], axis=1)
    centred = xyz - middle[at]
    xx, xy, yy, xz, yz, zz = (
        np.bincount(at, centred[:, i] * centred[:, j], block.size) / count
        for i, j in ((0, 0), (0, 1), (1, 1), (0, 2), (1, 2), (2, 2))
    )
    determinant = xx * yy - xy * xy
    narrow = (xx + yy) / 2 - np.sqrt((xx - yy) ** 2 / 4 + xy * xy)  # variance across the longest direction
    kept = (count >= least) & (narrow > (side / 10) ** 2)
    xx, xy, yy, xz, yz, zz, determinant = (of[kept] for of in (xx, xy, yy, xz, yz, zz, determinant))
    east, north = (yy * xz - xy * yz) / determinant, (xx * yz - xy * xz) / determinant
    residual = np.maximum(zz - east * xz - north * yz, 0)
    return np.hypot(east, north), np.sqrt(residual)


def _geometric_mean(values: Values) -> float:
    return float(np.exp(np.log(values).mean())) if values.size else np.nan


def _quantile(values: Values, percent: float) -> float:
    return float(np.quantile(values, percent / 100)) if values.size else np.nan


@compiled
def _next_lines(xy, starts, rows, cols, patches, probes, asides):  # type: ignore[no-untyped-def]
    """Write how far aside of each probe the next line lies, m; -1 if it lies on none, inf if none is near.

    A probe lies on a line if its four nearest do. The next line is where, within 45 degrees of the perpendicular,
    the next point is.
    """
    near = np.empty((4, 2))
    squares = np.empty(4)
    for k in range(len(probes)):
        mine, row, col = probes[k], patches[k] // cols, patches[k] % cols
        squares[:] = np.inf
        for r in range(max(row - REACH, 0), min(row + REACH + 1, rows)):
            for j in range(
                starts[r * cols + max(col - REACH, 0)], starts[r * cols + min(col + REACH + 1, cols)]
            ):
                x, y = xy[j, 0] - xy[mine, 0], xy[j, 1] - xy[mine, 1]
                square = x * x + y * y
                if j == mine or square >= squares[3]:
                    continue
                at = 3
                while at > 0 and squares[at - 1] > square:
                    squares[at], near[at] = squares[at - 1], near[at - 1]
                    at -= 1
                squares[at], near[at, 0], near[at, 1] = square, x, y
        asides[k] = -1
        if squares[3] == np.inf:
            continue
        mean_x, mean_y = near[:, 0].sum() / 5, near[:, 1].sum() / 5
        xx, xy_, yy = mean_x * mean_x, mean_x * mean_y, mean_y * mean_y  # of the probe itself
        for i in range(4):
            x, y = near[i, 0] - mean_x, near[i, 1] - mean_y
            xx, xy_, yy = xx + x * x, xy_ + x * y, yy + y * y
        half = np.sqrt((xx - yy) ** 2 / 4 + xy_ * xy_)
        along, across = (xx + yy) / 2 + half, (xx + yy) / 2 - half
        if across > STRAIGHT * along:
            continue
        turn = 0.5 * np.arctan2(2 * xy_, xx - yy)
        cos, sin = np.cos(turn), np.sin(turn)
        asides[k] = np.inf
        for r in range(max(row - REACH, 0), min(row + REACH + 1, rows)):
            for j in range(
                starts[r * cols + max(col - REACH, 0)], starts[r * cols + min(col + REACH + 1, cols)]
            ):
                x, y = xy[j, 0] - xy[mine, 0], xy[j, 1] - xy[mine, 1]
                ahead, aside = abs(x * cos + y * sin), abs(y * cos - x * sin)
                if aside > ASIDE and ahead <= aside:
                    asides[k] = min(asides[k], aside)
