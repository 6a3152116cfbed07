"""Points and DEM -> a few numbers that say what kind of scan this is: from the street, from above, of a room.

They are ratios of whole numbers that are counted over patches of the plane. The patches lie fixed in the world and
divide a block evenly. So counts of blocks add up to those of a survey, in any order, however it was cut into clouds.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from bevseg.core.cells import BLOCK, GridTransform, QuantizedPoints, block_of, find_cells, height_of
from bevseg.core.grid import Grid
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.core.tiles import SIDE
from bevseg.runtime.kernels import compiled

PATCH = 0.8
"""Side of a patch, m, more or less: the power of two times the cell that comes nearest to it."""

OVERHEAD = 2.0
"""A patch is covered if it has a point this high above the ground, m: higher than a car or a hedge."""

BIN, BINS = 0.5, 64
"""Height of a bin, m, and their number: a column holds points in some of them. Higher points fall into the last."""

FILLED = 0.5
"""A column stands if points lie in this share of its bins from the ground to the highest point: a facade, not a roof
or a crown."""

LOG_STEPS = 1000
"""Logarithms of numbers of points are added up in whole thousandths: then their order changes nothing."""

POINTS, PATCHES, AREA, LOGS, SQUARES, COVERED, OVER, STANDING, HEIGHTS = range(9)
"""Places of the counts: points; patches that hold any; their area (mm2); the sum of the logarithm of the points of
each, and of its square; covered patches; the points above ground in them; those in columns that stand. Behind these:
the points above ground by bin."""

COUNTS = HEIGHTS + BINS
"""Number of counts."""

ScanCounts = NDArray[np.int64]


def scan_counts(cloud: PointCloud, dem: Raster, ground_band: float) -> ScanCounts:
    """Count what the kind of a scan shows in, (COUNTS,) int64; the counts of parts add up.

    Parameters
    ----------
    cloud, dem
        Points, and a DEM whose band `height` covers them.
    ground_band
        Points less than this above the DEM are ground, m.
    """
    patches = _patches(dem.grid)
    size = patches.rows * patches.cols
    points, above, bins = np.zeros(size, np.int32), np.zeros(size, np.int32), np.zeros(size, np.uint64)
    counts = np.zeros(COUNTS, np.int64)
    _add(
        QuantizedPoints.of(cloud),
        (GridTransform.of(cloud, dem.grid), GridTransform.of(cloud, patches)),
        dem["height"].ravel(),
        np.float32(ground_band),
        (points, above, bins, counts[HEIGHTS:]),
    )
    _sum_up(points, above, bins, counts)
    counts[AREA] = counts[PATCHES] * round((1000 * patches.cell) ** 2)
    return counts


def scan_statistics(counts: ScanCounts) -> dict[str, float]:
    """Return what the counts of a scan say, by name; what cannot be known is left out.

    Returns
    -------
    dict
        `points_per_m2`: in patches that hold any. `density_factor`: how many times more or less
        points than usual a patch typically has; from the air hardly any, near a scanner many times more. `height_m`:
        95 % of the points above ground are lower. `covered`: share of the patches with a point 2 m above the ground.
        `standing`: share of the points above ground in these that belong to columns with points at half of all
        heights, such as facades.
    """
    if counts[PATCHES] == 0:
        return {}
    patches, square_metres = float(counts[PATCHES]), counts[AREA] / 1e6
    variance = counts[SQUARES] / patches - (counts[LOGS] / patches) ** 2
    found = {
        "points_per_m2": float(counts[POINTS] / square_metres),
        "density_factor": float(np.exp(np.sqrt(max(variance, 0.0)) / LOG_STEPS)),
        "covered": float(counts[COVERED] / patches),
    }
    heights = np.cumsum(counts[HEIGHTS:])
    if heights[-1] > 0:
        found["height_m"] = float(np.interp(0.95 * heights[-1], [0, *heights], BIN * np.arange(BINS + 1)))
    if counts[OVER] > 0:
        found["standing"] = float(counts[STANDING] / counts[OVER])
    return found


def _patches(cells: Grid) -> Grid:
    """Return the patches that cover the cells of a grid: each is a square of whole cells."""
    many = int(np.clip(2 ** round(np.log2(PATCH / cells.cell)), 1, SIDE))
    west, east = cells.west // many, (cells.west + cells.cols - 1) // many
    north, south = cells.north // many, (cells.north - cells.rows + 1) // many
    return Grid(cells.cell * many, west, north, north - south + 1, east - west + 1)


@compiled
def _add(points, transforms, dem, ground_band, found):  # type: ignore[no-untyped-def]
    """Count points: of each patch all, those above ground, and the bits of their bins; those above ground by bin."""
    fine, coarse = transforms
    all_, above, bins, heights = found
    cells_, patches_ = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.int32)
    for start in range(0, len(points.x), BLOCK):
        block = block_of(points, start)
        cells, patches = cells_[: len(block.x)], patches_[: len(block.x)]
        find_cells(block, fine, cells)
        find_cells(block, coarse, patches)
        for j in range(len(cells)):
            if cells[j] < 0 or patches[j] < 0:
                continue
            patch = np.uint32(patches[j])
            height = np.float32(height_of(block.z[j], fine) - dem[np.uint32(cells[j])])
            all_[patch] += 1
            if height >= ground_band:  # not where the DEM is not known
                bin_ = np.uint64(min(height / np.float32(BIN), np.float32(BINS - 1)))
                above[patch] += 1
                bins[patch] |= np.uint64(1) << bin_
                heights[bin_] += 1


@compiled
def _sum_up(points, above, bins, counts):  # type: ignore[no-untyped-def]
    """Add up the patches."""
    for k in range(len(points)):
        if points[k] == 0:
            continue
        log = np.int64(np.rint(np.log(points[k]) * LOG_STEPS))
        counts[POINTS] += points[k]
        counts[PATCHES] += 1
        counts[LOGS] += log
        counts[SQUARES] += log * log
        filled, reach = _filled(bins[k])
        if reach * BIN > OVERHEAD:
            counts[COVERED] += 1
            counts[OVER] += above[k]
            counts[STANDING] += above[k] * (filled >= reach * FILLED)


@numba.njit
def _filled(bins):  # type: ignore[no-untyped-def]
    """Return how many bins hold points, and how many lie between the ground and the highest point."""
    filled = reach = 0
    for bin_ in range(BINS):
        if bins >> np.uint64(bin_) & np.uint64(1):
            filled += 1
            reach = bin_ + 1
    return filled, reach
