"""Points -> cells: the stage `rasterize` beside what one would string together from NumPy and SciPy.

    python benchmarks/rasterize.py [--points 3000000] [--cell 0.1]

The others compute lowest, highest, mean and count once, of all points, from float64 coordinates that lie ready in
memory. `rasterize` starts from the integers of the file, subtracts the ground, and gives these four and four more for
each of two slices. All in one process and in turn, medians of 5.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import street_cloud
from scipy import stats

from bevseg.bev.rasterize import rasterize
from bevseg.config import GroundConfig, RasterConfig, SliceConfig
from bevseg.ground.find_ground import find_ground
from bevseg.io.read import read_cloud

FOLDER = Path(__file__).parents[1] / "build" / "bench"
REPEATS = 5


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--points", type=int, default=3_000_000, help="size of the street")
    parser.add_argument("--cell", type=float, default=0.1, help="cell size, m")
    options = parser.parse_args()
    ways = _ways(street_cloud.ready(options.points, FOLDER), options.cell)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(REPEATS + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            if turn:  # the first one warms up
                seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    ours = next(iter(medians.values()))
    print(f"{options.points:,} points, cells of {options.cell} m, {os.cpu_count()} cores\n")
    print("| way | s | M points/s | times ours |\n|---|---:|---:|---:|")
    for name, median in medians.items():
        print(f"| {name} | {median:.3f} | {options.points / median / 1e6:.0f} | {median / ours:.1f} |")


def _ways(path: Path, cell: float) -> dict[str, Callable[[], object]]:
    """Return name -> what is to be timed."""
    cloud = read_cloud(path)
    dem = find_ground(cloud, cell, GroundConfig()).dem
    x, y, z = cloud.xyz.T.copy()
    cells, size = dem.grid.rows * dem.grid.cols, dem.grid.shape

    def numpy() -> None:
        index = dem.grid.cell_of(x, y)
        low, high = np.full(cells, np.inf), np.full(cells, -np.inf)
        np.minimum.at(low, index, z)
        np.maximum.at(high, index, z)
        count = np.bincount(index, minlength=cells)
        with np.errstate(invalid="ignore"):
            np.divide(np.bincount(index, z, cells), count)

    def scipy() -> None:
        for statistic in ("min", "max", "mean", "count"):
            stats.binned_statistic_2d(x, y, z, statistic, bins=size[::-1])

    return {
        "`rasterize`": lambda: rasterize(cloud, dem, SliceConfig(), RasterConfig(cell=cell)),
        "`minimum.at`, `maximum.at`, 2 `bincount`": numpy,
        "4 `binned_statistic_2d`": scipy,
    }


if __name__ == "__main__":
    main()
