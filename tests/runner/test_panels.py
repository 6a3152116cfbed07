"""What a picture shows of a cloud is what a plain loop over its cells finds."""

import numpy as np
import pytest

from bevseg.core.grid import Grid
from bevseg.core.raster import Raster
from bevseg.runner import panels
from bevseg.survey.labels_file import BlockPicture

CELL = 0.5


class Views:
    """Stands for the labels of a cloud: the DEM and the picture of each of its blocks."""

    def __init__(self, blocks):
        self.blocks = blocks

    def views(self):
        return iter(self.blocks)


def block(rng, west, north, rows, cols, margin):
    """Return the DEM and the picture of a block; the DEM reaches further by a margin, or less far."""
    whole = Grid(CELL, west, north, rows, cols)
    dem_grid = Grid(CELL, west - margin, north + margin, rows + 2 * margin, cols + 2 * margin)
    heights = rng.uniform(90, 110, dem_grid.shape).astype(np.float32)
    heights[rng.random(dem_grid.shape) < 0.2] = np.nan
    distance = rng.integers(0, 3, dem_grid.shape).astype(np.float32)
    distance[np.isnan(heights)] = np.nan
    dem = Raster(dem_grid, ("height", "distance"), np.stack([heights, distance]))
    highest = rng.uniform(0, 12, (2, rows, cols)).astype(np.float16)
    highest[rng.random(highest.shape) < 0.5] = np.nan
    classes = rng.integers(0, 6, (rows, cols)).astype(np.uint8)
    return dem, BlockPicture(whole, classes, highest)


def naive(blocks, bounds, side):
    """Return ground, measured, highest and classes of the cells of the picture, each found by itself."""
    (west, east), (south, north), _ = bounds
    grid = Grid.covering(CELL, (west, east), (south, north))
    factor = -(-max(grid.shape) // side)
    shape = -(-grid.rows // factor), -(-grid.cols // factor)
    ground, nearest = np.full(shape, np.nan, np.float32), np.full(shape, np.inf)
    highest, classes = np.full((2, *shape), np.nan, np.float32), np.zeros(shape, np.uint8)
    top = np.full(shape, -1.0)
    for dem, picture in blocks:
        for values, own in ((dem, dem.grid), (picture, picture.grid)):
            for row in range(own.rows):
                for col in range(own.cols):
                    r, c = grid.north - (own.north - row), own.west + col - grid.west
                    if not (0 <= r < grid.rows and 0 <= c < grid.cols):
                        continue
                    at = r // factor, c // factor
                    if values is dem:
                        ground[at] = np.fmax(ground[at], dem["height"][row, col])
                        nearest[at] = np.fmin(nearest[at], dem["distance"][row, col])
                        continue
                    tops = picture.highest[:, row, col]
                    for number in range(2):
                        highest[number][at] = np.fmax(highest[number][at], tops[number])
                    tallest = np.rint(max(np.nan_to_num(np.fmax(*tops)), 0) * 100.0)
                    kind = picture.classes[row, col]
                    if kind and (tallest, kind) > (top[at], classes[at]):
                        top[at], classes[at] = tallest, kind
    return ground, ~((nearest > 0) & np.isfinite(nearest)), highest, classes


@pytest.mark.parametrize("side", [1000, 13, 4, 1])
@pytest.mark.parametrize("margin", [-1, 0, 3])
def test_each_cell_shows_the_highest_of_what_lies_in_it(side, margin, monkeypatch):
    monkeypatch.setattr(panels, "SIDE", side)
    rng = np.random.default_rng(side * 10 + margin)
    places = [(-20, 9, 10, 12), (-8, 9, 7, 20), (-20, -1, 9, 33)]
    blocks = [block(rng, *place, margin) for place in places]
    bounds = [[-9.9, 5.9], [-4.4, 4.9], [90, 110]]
    found = panels.panels_of(Views(blocks), bounds, CELL)
    ground, measured, highest, classes = naive(blocks, bounds, side)
    assert (found.cell, max(found.ground.shape) <= side) == (CELL, True)
    np.testing.assert_array_equal(found.ground, ground)
    np.testing.assert_array_equal(found.measured, measured)
    np.testing.assert_array_equal(found.highest, highest)
    np.testing.assert_array_equal(found.classes, classes)
    assert classes.any()


def test_a_cloud_without_finite_points_shows_one_empty_cell():
    found = panels.panels_of(Views([]), None, CELL)
    assert found.ground.shape == (1, 1) and np.isnan(found.ground).all() and found.classes.tolist() == [[0]]
