"""Surveys of a few small blocks, and what a file shows of them."""

import numpy as np
import rasterio

from bevseg.core.blocks import Block, Blocks
from bevseg.core.grid import Grid
from bevseg.core.raster import Raster
from bevseg.io.mosaic import write

LAYOUT = Blocks(0.2, 8)
PLACES = ((-1, -1), (0, -1), (3, 0), (0, 1), (1, 1), (5, 4))
"""Blocks on both sides of the origin; some have no neighbour."""

MOST = {"one": 10**9, "tiles": 0}
"""Form of a mosaic -> cells of a single file at most."""


def dem_of(block, layout=LAYOUT, crs="EPSG:2154", unit=1.0):
    """The DEM of a block, which leaves out two of its rows and three of its columns; some heights are not known."""
    whole = layout.grid(block)
    grid = Grid(whole.cell, whole.west + 2, whole.north - 1, whole.rows - 2, whole.cols - 3)
    rng = np.random.default_rng([block.col + 100, block.row + 100])
    values = rng.normal(100, 5, (3, *grid.shape)).astype(np.float32)
    values[0, rng.random(grid.shape) < 0.1] = np.nan
    return Raster(grid, ("height", "source", "distance"), values, crs, unit)


def classes_of(block, layout=LAYOUT):
    """The train ids of a block."""
    grid = layout.grid(block)
    values = np.random.default_rng([block.col + 100, block.row + 100]).integers(
        0, 6, (1, *grid.shape), np.uint8
    )
    return Raster(grid, ("class",), values, "EPSG:2154")


def survey(kind=dem_of, places=PLACES, **options):
    """Return block -> function that gives its raster."""
    return {Block(*place): lambda place=place: kind(Block(*place), **options) for place in places}


def written(path, pieces, form="one", layout=LAYOUT, **options):
    """Write a mosaic, in tiles of 2 x 2 blocks."""
    before, write.TILE_CELLS = write.TILE_CELLS, 2 * layout.cells
    try:
        return write.write_mosaic(path, pieces, layout, most_cells=MOST[form], **options)
    finally:
        write.TILE_CELLS = before


def shown(path, grid, unit=1.0):
    """Return what a file shows on the cells of a grid, by its georeference alone, (bands, rows, cols)."""
    with rasterio.open(path) as file:
        col = round((grid.left / unit - file.bounds.left) / file.res[0])
        row = round((file.bounds.top - grid.top / unit) / file.res[1])
        return file.read(window=rasterio.windows.Window(col, row, grid.cols, grid.rows))


def files(folder):
    """Return the names of all that is in a folder."""
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*"))
