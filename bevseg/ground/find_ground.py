"""Points -> DEM, and which of the points are ground, block by block.

The ground of a block is looked for among its own points and those around it. What lies further away has no say:
neither how a survey was cut into files, nor where a cloud ends.
"""

from __future__ import annotations

import dataclasses
import math
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
from bevseg.ground.choose_method import choose_method, point_density
from bevseg.ground.search import DEM_BANDS, find_dem, find_surface, require_rasters, system_of
from bevseg.ground.surface import Surface
from bevseg.ground.window import Neighbourhood, Window

SQUARE = 4
"""Blocks along the side of a square: one search for the surface of the ground serves all of them."""

NEAR, WIDE = 64.0, 128.0
"""How far around a square the surface is looked for, m: by flat zones, and by openings, whose windows are wide."""

BESIDE = 32.0
"""How far around a block the points near the surface take part in its DEM, m: gaps are filled from there."""


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
            Grid(cell, 0, 0, 1, 1), DEM_BANDS, np.full((3, 1, 1), np.nan, np.float32), *system_of(cloud.crs)
        )
        return Ground(unknown, np.zeros(len(cloud), bool), config.method, "no point is finite")
    require_rasters(cloud, extent, cell)
    points = PointsByBlock.of_cloud(cloud, Blocks.of(cell))
    found = find_ground_by_block(points, config)
    dem = points.layout.join({block: of.dem for block, of in found.items()}, Grid.covering(cell, *extent))
    is_ground = np.zeros(len(cloud), bool)
    for block, of in found.items():
        for segment in points.segments(block):
            is_ground[segment.indices] = of.is_ground
    return Ground(dem, is_ground, *_summary(list(found.values())))


def find_ground_by_block(points: PointsByBlock, config: GroundConfig) -> dict[Block, Ground]:
    """Find the ground of every block that holds points.

    Parameters
    ----------
    points
        Those of a survey.
    config
        Method and thresholds.

    Returns
    -------
    dict
        A DEM has the cells of its block that lie where the points around it begin and end. `is_ground` is that of its
        points, in the order of its segments.
    """
    found: dict[Block, Ground] = {}
    for square in dict.fromkeys(square_of(block) for block in points):
        found |= find_ground_of_square(points, square, config)
    return found


def square_of(block: Block) -> Block:
    """Return the south-west block of the square that a block lies in."""
    return Block(block.col // SQUARE * SQUARE, block.row // SQUARE * SQUARE)


def blocks_of(square: Block) -> list[Block]:
    """Return the blocks of a square."""
    return [Block(square.col + right, square.row + up) for up in range(SQUARE) for right in range(SQUARE)]


def find_ground_of_square(points: PointsByBlock, square: Block, config: GroundConfig) -> dict[Block, Ground]:
    """Find the ground of every block of a square that holds points; what one costs serves the others.

    Parameters
    ----------
    points
        Those of a survey; only those within WIDE of the square matter.
    square
        Its south-west block, of `square_of`.
    config
        Method and thresholds.

    Returns
    -------
    dict
        As from `find_ground_by_block`.
    """
    around = Neighbourhood(points)
    blocks = [block for block in blocks_of(square) if around.bounds(block) is not None]
    if not blocks:
        return {}
    window = Window(around, square, NEAR, SQUARE)
    lowest = window.lowest()
    method, why = choose_method(config.method, *point_density(lowest.counts))
    if method == "smrf":
        window = Window(around, square, WIDE, SQUARE)
        lowest = window.lowest()
    searched, surface = find_surface(window, lowest, dataclasses.replace(config, method=method))
    return {block: Ground(*_find_block(around, block, searched, surface), method, why) for block in blocks}


def _find_block(
    around: Neighbourhood, block: Block, searched: Grid, surface: Surface
) -> tuple[Raster, NDArray[np.bool_]]:
    """Return the DEM of a block, and which of its points are ground."""
    layout = around.points.layout
    known = Grid.covering(layout.cell, *Window(around, block, NEAR).extent)
    near = known.meet(layout.grid(block, math.ceil(BESIDE / layout.cell)))
    dem, is_ground = find_dem(Window(around, block, BESIDE), searched, surface, near, layout.grid(block))
    own = [of_segment for of_segment, _ in zip(is_ground, around.points.segments(block), strict=False)]
    return dem, np.concatenate(own)


def _summary(found: Sequence[Ground]) -> tuple[str, str]:
    """Return the method of the block with most points, and why; and how many blocks have the other."""
    largest = max(found, key=lambda ground: len(ground.is_ground))
    others = sum(1 for ground in found if ground.method != largest.method)
    more = f"; {others} of {len(found)} blocks have the other method" if others else ""
    return largest.method, largest.why + more
