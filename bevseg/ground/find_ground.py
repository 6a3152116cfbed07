"""Points -> DEM, and which of the points are ground, block by block.

The ground of a block is looked for among its own points and those within `REACH`. What lies further away has no say:
neither how a survey was cut into files, nor where a cloud ends.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bevseg.config import GroundConfig
from bevseg.core.blocks import Block, Blocks, PointsByBlock
from bevseg.core.cells import Extent
from bevseg.core.grid import Grid
from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster
from bevseg.ground.search import DEM_BANDS, choose, require_rasters, search, system_of

REACH = {"flat-zones": 64.0, "smrf": 128.0}
"""How far around a block its ground is looked for by each method, m. The first also gives the density of the points,
which chooses the method."""


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
        Name of the method, and the reason for it in words.
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
        Cell of the DEM, m. The grid of the search does not depend on it.
    config
        Method and thresholds.

    Returns
    -------
    Ground
        Without any ground candidate, the lowest points take its place. The DEM is NaN in blocks without a point.

    Raises
    ------
    OutOfMemoryError
        If the cloud reaches so far that its rasters will not fit.
    InputError
        If its points are so few and so far apart that the rasters would be almost empty, and large.
    """
    extent = Extent.of(cloud)
    if extent is None:
        unknown = Raster(
            Grid(cell, 0, 0, 1, 1), DEM_BANDS, np.full((3, 1, 1), np.nan, np.float32), *system_of(cloud)
        )
        return Ground(unknown, np.zeros(len(cloud), bool), config.method, "no point is finite")
    require_rasters(cloud, extent, cell)
    points = PointsByBlock.of_cloud(cloud, Blocks.of(cell))
    found = {block: find_ground_of(points, block, config) for block in points}
    dem = points.layout.join({block: of.dem for block, of in found.items()}, Grid.covering(cell, *extent))
    is_ground = np.zeros(len(cloud), bool)
    for block, of in found.items():
        for segment in points.segments(block):
            is_ground[segment.indices] = of.is_ground
    return Ground(dem, is_ground, *_summary(list(found.values())))


def find_ground_of(points: PointsByBlock, block: Block, config: GroundConfig) -> Ground:
    """Find the ground of one block.

    Parameters
    ----------
    points
        Those of the block and of the blocks within `REACH`.
    block
        Holds at least one point.
    config
        Method and thresholds.

    Returns
    -------
    Ground
        The DEM reaches beyond the block, where it is only known for this block. `is_ground` is that of its points.
    """
    cell = points.layout.cell
    method, why = choose(points.around(block, REACH["flat-zones"]), config.method)
    near = points.around(block, REACH[method])
    dem, is_ground = search(near, cell, dataclasses.replace(config, method=method))
    return Ground(dem, is_ground[: points.count(block)], method, why)


def _summary(found: Sequence[Ground]) -> tuple[str, str]:
    """Return the method of the block with most points, and why; and how many blocks have the other."""
    largest = max(found, key=lambda ground: len(ground.is_ground))
    others = sum(1 for ground in found if ground.method != largest.method)
    more = f"; {others} of {len(found)} blocks have the other method" if others else ""
    return largest.method, largest.why + more
