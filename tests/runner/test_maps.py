"""What a picture shows of a cloud is what a plain loop over its cells finds."""

import numpy as np
import pytest

from bevseg.core.grid import Grid
from bevseg.core.raster import Raster
from bevseg.report.maps_file import UNKNOWN
from bevseg.runner import maps
from bevseg.survey.labels_file import BlockPicture

CELL = 0.5


class Views:
    """Stands for the labels of a cloud: the DEM and the picture of each of its blocks."""

    def __init__(self, blocks):
        self.blocks = blocks

    def views(self):
        return iter(self.blocks)

    def heights(self):
        return np.zeros((6, 64), np.int64)


def block(rng, west, north, rows, cols, margin):
    """Return the DEM and the picture of a block; the DEM reaches further by a margin, or less far."""
    whole = Grid(CELL, west, north, rows, cols)
    dem_grid = Grid(CELL, west - margin, north + margin, rows + 2 * margin, cols + 2 * margin)
    heights = rng.uniform(90, 110, dem_grid.shape).astype(np.float32)
    heights[rng.random(dem_grid.shape) < 0.2] = np.nan
    source = rng.integers(0, 3, dem_grid.shape).astype(np.float32)
    source[np.isnan(heights)] = np.nan
    dem = Raster(dem_grid, ("height", "source"), np.stack([heights, source]))
    highest = rng.uniform(0, 12, (2, rows, cols)).astype(np.float16)
    highest[rng.random(highest.shape) < 0.5] = np.nan
    classes = rng.integers(0, 6, (rows, cols)).astype(np.uint8)
    confidence, reasons, truth = (
        rng.integers(0, most, (rows, cols)).astype(np.uint8) for most in (256, 6, 6)
    )
    return dem, BlockPicture(whole, classes, highest, confidence, reasons, truth)


def naive(blocks, bounds, side):
    """Return ground, source, highest and labels of the cells of the maps, each found by itself."""
    (west, east), (south, north), _ = bounds
    grid = Grid.covering(CELL, (west, east), (south, north))
    factor = -(-max(grid.shape) // side)
    shape = -(-grid.rows // factor), -(-grid.cols // factor)
    ground, source = np.full(shape, np.nan, np.float32), np.full(shape, UNKNOWN, np.uint8)
    highest, seen = np.full((2, *shape), np.nan, np.float32), np.zeros((4, *shape), np.uint8)
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
                        source[at] = np.fmin(source[at], dem["source"][row, col])
                        continue
                    tops = picture.highest[:, row, col]
                    for number in range(2):
                        highest[number][at] = np.fmax(highest[number][at], tops[number])
                    tallest = np.rint(max(np.nan_to_num(np.fmax(*tops)), 0) * 100.0)
                    labels = tuple(
                        int(values[row, col])
                        for values in (picture.classes, picture.confidence, picture.reasons, picture.truth)
                    )
                    if labels[0] and (tallest, *labels) > (top[at], *seen[(slice(None), *at)].tolist()):
                        top[at], seen[(slice(None), *at)] = tallest, labels
    return ground, source, highest, seen


@pytest.mark.parametrize("side", [1000, 13, 4, 1])
@pytest.mark.parametrize("margin", [-1, 0, 3])
def test_each_cell_shows_the_highest_of_what_lies_in_it(side, margin, monkeypatch):
    monkeypatch.setattr(maps, "SIDE", side)
    rng = np.random.default_rng(side * 10 + margin)
    places = [(-20, 9, 10, 12), (-8, 9, 7, 20), (-20, -1, 9, 33)]
    blocks = [block(rng, *place, margin) for place in places]
    bounds = [[-9.9, 5.9], [-4.4, 4.9], [90, 110]]
    found, heights = maps.maps_of(Views(blocks), bounds, CELL)
    ground, source, highest, seen = naive(blocks, bounds, side)
    assert (found.cell, max(found.shape) <= side) == (CELL, True)
    assert (found.left, found.top) == (-10.0, 5.0)
    np.testing.assert_array_equal(found.ground, ground)
    np.testing.assert_array_equal(found.source, source)
    np.testing.assert_array_equal(heights, highest)
    np.testing.assert_array_equal(
        np.stack([found.classes, found.confidence, found.reasons, found.truth]), seen
    )
    assert found.classes.any()


def test_a_cloud_without_finite_points_shows_one_empty_cell():
    found, _ = maps.maps_of(Views([]), None, CELL)
    assert found.ground.shape == (1, 1) and np.isnan(found.ground).all() and found.classes.tolist() == [[0]]
    assert found.source.tolist() == [[UNKNOWN]]
