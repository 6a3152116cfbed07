"""Numbers that describe a cloud without its labels, to compare simulated clouds with real ones.

Every number is a plain measure of the points, of the DEM under them, or of the cells they fall into. None depends on
the order of the points, or on a trajectory, which published clouds lack. A number that the cloud cannot give (the
spacing of a single point) is NaN.

The path of the instrument is found by the density of the ground: it is greatest below the instrument.
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
from bevseg.core.heights import height_above_ground
from bevseg.core.labels import CLASS_NAMES
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import MEASURED, Raster
from bevseg.errors import InputError, LabelError
from bevseg.ground.find_ground import find_ground
from bevseg.sim.lines_and_planes import lines_aside, planes

CELL = 0.2
"""Side of the cells of the DEM, and of the cells that are counted as empty or filled, m."""

PATCH = 0.5
"""Side of the cells over which density is counted, m."""

CREST, AROUND = 0.5, 6.0
"""A patch of the path has at least this share of the points of the densest ground within so many metres."""

FAINT, SHORTEST = 0.25, 6.0
"""It has at least this share of the points of the patches that hold half of all points of the path. A piece of the
path is at least so many metres long."""

RINGS = (0.0, 2.0, 5.0, 10.0, 20.0, 40.0)
"""Borders of the rings around the path in which the density is measured, m."""

HEIGHTS = (0.2, 1.0, 3.0, 6.0)
"""Borders of the bands of height above ground, m."""

FINE, FINE_LEAST = 1.0, 12
"""Planes through ground points: side of a block, m, and the points it must hold."""

COARSE, COARSE_LEAST = 4.0, 100
"""Planes through the DEM: side of a block, m, and the measured cells it must hold."""

Values = NDArray[np.float64]
Cells = NDArray[np.int64]


class _Points(NamedTuple):
    """The finite points of a cloud in the order of their coordinates."""

    xyz: Values
    """(N, 3) world coordinates, m."""
    above: Values
    """(N,) height above ground, m."""
    is_ground: NDArray[np.bool_]
    labels: NDArray[np.uint8] | None
    extent: Extent
    dem: Raster

    def grid(self, cell: float) -> Grid:
        """Return the grid of cells of this side over the cloud."""
        return Grid.covering(cell, *self.extent)

    def cells(self, grid: Grid, which: NDArray[np.bool_] | slice = slice(None)) -> Cells:
        """Return the cell of each point, or of some of them."""
        return grid.cell_of(self.xyz[which, 0], self.xyz[which, 1])


def statistics(cloud: PointCloud, config: GroundConfig | None = None) -> dict[str, float]:
    """Return the label-free numbers of a cloud.

    Parameters
    ----------
    cloud
        The cloud. Points that are not finite are left out.
    config
        Settings of the ground filter; None: the defaults.

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
        If the cloud is so wide that its rasters do not fit into memory.
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
        Settings of the ground filter; None: the defaults.

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
    """Return mean and standard deviation over clouds of each number; NaN where no cloud has it.

    Parameters
    ----------
    tables
        Results of `statistics`, at least one.
    """
    found = {}
    for name in tables[0]:
        known = np.array([table[name] for table in tables if not np.isnan(table[name])])
        found[name] = (float(known.mean()), float(known.std())) if known.size else (np.nan, np.nan)
    return found


def path_of(ground_points: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return the patches below the path of the instrument, (rows, cols).

    Parameters
    ----------
    ground_points
        (rows, cols) number of ground points of each patch.
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
    finite = np.arange(len(cloud)) if cloud.used is None else np.flatnonzero(cloud.used)
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
    """Return the sides of the cloud along its principal axes, without the outermost 1 % of the points at each end."""
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

    Densities spread over orders of magnitude. The number of a ring is the geometric mean, so that no single wall
    decides it.
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
    """Return the distance from a point to the next one, and from a line on the ground to the next line."""
    nearest = _nearest(points.xyz - points.xyz[0])
    table = {f"next point, {s} % below, m": _quantile(nearest, s) for s in (10, 50, 90)}
    grid = points.grid(PATCH)
    cells = points.cells(grid, points.is_ground)
    order = np.argsort(cells, kind="stable")
    flat = (points.xyz[points.is_ground, :2] - points.xyz[0, :2])[order]
    starts = np.searchsorted(cells[order], np.arange(grid.rows * grid.cols + 1))
    filled = np.flatnonzero(np.diff(starts))
    probes = (
        starts[filled] + starts[filled + 1]
    ) // 2  # one of each patch, so that all places have the same weight
    asides = np.empty(len(probes))
    lines_aside(flat, starts, grid.rows, grid.cols, filled, probes, asides)
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
    """Return the height of the cells that hold an object and more than one point: highest less lowest point."""
    cells = points.cells(points.grid(CELL))
    order = np.argsort(cells, kind="stable")
    first = np.flatnonzero(np.diff(cells[order], prepend=-1))
    z, above = points.xyz[order, 2], points.above[order]
    thick = np.maximum.reduceat(z, first) - np.minimum.reduceat(z, first)
    several = np.diff(first, append=len(z)) > 1
    thick = thick[several & (np.maximum.reduceat(above, first) >= HEIGHTS[0])]
    return {f"highest less lowest of a cell, {s} % below, m": _quantile(thick, s) for s in (25, 50, 75, 95)}


def _surface(points: _Points) -> dict[str, float]:
    """Return the scatter of the ground about planes, and the slopes of the planes."""
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


def _geometric_mean(values: Values) -> float:
    return float(np.exp(np.log(values).mean())) if values.size else np.nan


def _quantile(values: Values, percent: float) -> float:
    return float(np.quantile(values, percent / 100)) if values.size else np.nan
