"""Our own operators on rasters beside what a library offers for the same: how many times faster, and how far apart.

    python benchmarks/against_libraries.py [CLOUD] [--sides 1000 4000] [--repeats 5]

The raster is the lowest height per cell of 0.2 m of a real cloud, mirrored until it has that many cells a side: its
gaps are those of a scan. Ours and the library take turns in one run, on one thread. Times are those of the processor:
what else the machine does counts for neither. Ratios are medians. The docstrings quote these numbers.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.fill import fillnodata
from scipy import ndimage, sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import cg, spsolve

from bevseg.core.cells import Extent, lowest
from bevseg.core.distance import squared_to_other, to_nearest
from bevseg.core.grid import Grid
from bevseg.ground.fill_holes import fill_holes
from bevseg.ground.morphology import erosion, octagon
from bevseg.ground.zones import label_flat_zones
from bevseg.io.read import read_cloud
from bevseg.runtime import kernels

CLOUD = Path(__file__).parents[1] / "sample_data" / "test" / "street_09.laz"
CELL = 0.2
SMALL = 300
"""Side of the part on which libraries are measured that take minutes, or too much memory, on the whole raster."""

RADIUS = 18
"""Of the erosions, cells: the usual window of `smrf`."""

STEP = 0.06
"""Between neighbours of a flat zone, m: 0.3 m per m at this cell."""

CROPS = ((16, 192), (16, 256))
"""Masks (images times classes of a batch) and their side, cells, for the distance maps of the losses."""

Array = NDArray[np.generic]
Case = tuple[str, Callable[[], Array], Callable[[], Array]]
"""What is compared, ours, the library's."""


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cloud", nargs="?", type=Path, default=CLOUD, help="any point cloud")
    parser.add_argument(
        "--sides", type=int, nargs="+", default=(1000, 4000), help="sides of the raster, cells"
    )
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    kernels.THREADS = 1
    low = lowest_heights(options.cloud)
    compare(f"{SMALL} x {SMALL} cells", slow_cases(mirrored(low, SMALL)), options.repeats)
    for side in options.sides:
        compare(f"{side:,} x {side:,} cells", cases(mirrored(low, side)), options.repeats)
    compare("masks of a batch", crops(), options.repeats)


def compare(title: str, some: Iterator[Case], repeats: int) -> None:
    """Print a table."""
    print(f"\n{title}")
    for case in some:
        print(row(case, repeats), flush=True)


def mirrored(heights: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Return heights of so many cells a side."""
    missing = [(0, max(0, side - size)) for size in heights.shape]
    return np.pad(heights, missing, mode="symmetric")[:side, :side]


def lowest_heights(path: Path) -> NDArray[np.float32]:
    """Return the lowest height of each cell of a cloud, (rows, cols), m; NaN where it is empty."""
    cloud = read_cloud(path)
    extent = Extent.of(cloud)
    if extent is None:
        raise SystemExit(f"{path}: no point is finite")
    return lowest(cloud, Grid.covering(CELL, *extent))[0]


def cases(heights: NDArray[np.float32]) -> Iterator[Case]:
    """Yield what is compared on heights with gaps, (rows, cols), m."""
    known = ~np.isnan(heights)
    full = fill_holes(heights)
    yield (
        "distance: scipy distance_transform_edt",
        lambda: to_nearest(known),
        lambda: ndimage.distance_transform_edt(~known).astype(np.float32),
    )
    yield (
        f"erosion, square of radius {RADIUS}: scipy grey_erosion",
        lambda: erosion(full, RADIUS),
        lambda: ndimage.grey_erosion(full, size=2 * RADIUS + 1),
    )
    yield (
        "flat zones: scipy connected_components",
        lambda: label_flat_zones(heights, STEP),
        lambda: zones_of_graph(heights, STEP),
    )


def slow_cases(heights: NDArray[np.float32]) -> Iterator[Case]:
    """Yield what is compared on small rasters alone."""
    known, full = ~np.isnan(heights), fill_holes(heights)
    yield (
        "filling: rasterio fillnodata (another surface)",
        lambda: fill_holes(heights),
        lambda: fillnodata(np.where(known, heights, 0), known, max_search_distance=max(heights.shape)),
    )
    yield "filling: scipy cg", lambda: fill_holes(heights), lambda: laplace(heights, conjugate_gradients)
    yield "filling: scipy spsolve", lambda: fill_holes(heights), lambda: laplace(heights, spsolve)
    yield (
        f"erosion, octagon of radius {RADIUS}: scipy grey_erosion",
        lambda: erosion(full, RADIUS, "octagon"),
        lambda: ndimage.grey_erosion(full, footprint=footprint(RADIUS), mode="constant", cval=np.inf),
    )


def crops() -> Iterator[Case]:
    """Yield what is compared on the masks of a batch."""
    rng = np.random.default_rng(0)
    for masks, side in CROPS:
        kinds = ndimage.gaussian_filter(rng.normal(size=(masks, side, side)), (0, 8, 8)) > 0

        def ours(kinds: NDArray[np.bool_] = kinds) -> Array:
            return squared_to_other(kinds, np.float32)

        def theirs(kinds: NDArray[np.bool_] = kinds) -> Array:
            return np.stack([two_sided(mask) for mask in kinds])

        yield f"distance, {masks} masks of {side} x {side}: scipy distance_transform_edt", ours, theirs


def row(case: Case, repeats: int) -> str:
    """Return the line of a comparison; the first turn compiles, and gives what is compared."""
    name, ours, theirs = case
    first, second = ours(), theirs()
    apart = float(np.abs(first.astype(float) - second).max())
    turns = [(seconds(ours), seconds(theirs)) for _ in range(repeats)]
    mine, other = (statistics.median(turn[at] for turn in turns) for at in (0, 1))
    ratio = statistics.median(theirs_ / ours_ for ours_, theirs_ in turns)
    return f"{name:<66}{mine:>9.4f} s{other:>10.4f} s{ratio:>8.1f} x   apart {apart:.3g}"


def seconds(run: Callable[[], object]) -> float:
    """Return the processor time of a run."""
    start = time.process_time()
    run()
    return time.process_time() - start


def two_sided(mask: NDArray[np.bool_]) -> Array:
    """Return the squared distance to the other side of a mask by two transforms; 0 if it has one side."""
    if mask.all() or not mask.any():
        return np.zeros(mask.shape, np.float32)
    apart = ndimage.distance_transform_edt(mask) + ndimage.distance_transform_edt(~mask)
    return np.rint(apart**2).astype(np.float32)


def laplace(
    heights: NDArray[np.float32], solve: Callable[[sparse.csc_array, Array], Array]
) -> NDArray[np.float32]:
    """Return heights whose gap cells are the mean of their neighbours, by a solver of sparse systems."""
    full, gap = heights.ravel().copy(), np.isnan(heights).ravel()
    links = _links(heights.shape, np.ones(heights.shape, bool), lambda one, other: np.ones(len(one), bool))
    laplacian = (sparse.diags_array(links.sum(axis=1)) - links).tocsr()
    full[gap] = solve(laplacian[gap][:, gap].tocsc(), -laplacian[gap][:, ~gap] @ full[~gap])
    return full.reshape(heights.shape)


def conjugate_gradients(matrix: sparse.csc_array, right: Array) -> Array:
    """Return the solution to a millionth of the right side, scaled by the diagonal."""
    scale = sparse.diags_array(1 / matrix.diagonal())
    return cg(matrix, right, rtol=1e-6, M=scale)[0]


def zones_of_graph(heights: NDArray[np.float32], step: float) -> NDArray[np.int32]:
    """Return the number of the flat zone of each cell by the components of a graph; 0 where it is unknown."""
    values, known = heights.astype(float).ravel(), ~np.isnan(heights)
    links = _links(heights.shape, known, lambda one, other: np.abs(values[one] - values[other]) <= step)
    names = connected_components(links, directed=False)[1].reshape(heights.shape)
    zones = np.zeros(heights.shape, np.int32)
    zones[known] = np.unique(names[known], return_inverse=True)[1] + 1
    return zones


def _links(
    shape: tuple[int, int], known: NDArray[np.bool_], joined: Callable[[Array, Array], NDArray[np.bool_]]
) -> sparse.csr_array:
    """Return the graph of the known cells that share a side and are joined."""
    cells = np.arange(shape[0] * shape[1]).reshape(shape)
    one = np.concatenate([cells[1:].ravel(), cells[:, 1:].ravel()])
    other = np.concatenate([cells[:-1].ravel(), cells[:, :-1].ravel()])
    kept = known.ravel()[one] & known.ravel()[other]
    one, other = one[kept], other[kept]
    kept = joined(one, other)
    links = sparse.coo_array(
        (np.ones(kept.sum()), (one[kept], other[kept])), (cells.size, cells.size)
    ).tocsr()
    return (links + links.T).tocsr()


def footprint(radius: int) -> NDArray[np.bool_]:
    """Return the cells of our octagon, (2 r + 1, 2 r + 1)."""
    lines = octagon(radius)
    away = np.abs(np.arange(-radius, radius + 1))
    inside: NDArray[np.bool_] = away[:, None] + away <= 2 * (lines.straight + lines.diagonal)
    return inside


if __name__ == "__main__":
    main()
