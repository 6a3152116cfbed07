"""What no network should say of cars."""

import numpy as np

from bevseg.bev.consistency import LOWEST_CAR, OVERRULED, consistent
from bevseg.core.grid import Grid
from bevseg.core.labels import BUILDING, CAR, GROUND, PROBABILITY_BANDS, VEGETATION
from bevseg.core.raster import Raster

GRID = Grid(0.2, 0, 0, 4, 5)


def rasters(low, high, heights):
    """Class rasters with confidence 200 (low) and 220 (high), and the band `h_max` of the low slice."""
    low, high = np.array(low, np.uint8), np.array(high, np.uint8)
    classes = {
        "low": Raster(GRID, ("class", "confidence"), np.stack([low, np.full_like(low, 200)])),
        "high": Raster(GRID, ("class", "confidence"), np.stack([high, np.full_like(high, 220)])),
    }
    bands = {"low": Raster(GRID, ("h_max",), np.array(heights, np.float32)[None])}
    return classes, bands


EMPTY = np.zeros(GRID.shape)


def test_a_car_inside_a_facade_is_the_wall():
    low, high = EMPTY.copy(), EMPTY.copy()
    low[1], high[1, :2], high[1, 2] = CAR, BUILDING, VEGETATION
    settled = consistent(*rasters(low, high, np.full(GRID.shape, 1.4)))["low"]
    assert settled["class"][1].tolist() == [BUILDING, BUILDING, CAR, CAR, CAR]
    assert settled["confidence"][1].tolist() == [220, 220, 200, 200, 200]


def test_what_is_knee_high_is_terrain_and_a_car_with_a_flat_bonnet_stays():
    low, heights = EMPTY.copy(), np.full(GRID.shape, 1.2)
    low[:2, :2], heights[:2, :2] = CAR, LOWEST_CAR - 0.1
    low[:, 4] = CAR
    heights[0, 4] = 0.3
    settled = consistent(*rasters(low, EMPTY, heights))["low"]
    assert (settled["class"][:2, :2] == GROUND).all() and (settled["confidence"][:2, :2] == OVERRULED).all()
    assert (settled["class"][:, 4] == CAR).all()


def test_regions_that_touch_at_a_corner_are_one():
    low, heights = EMPTY.copy(), np.full(GRID.shape, 0.3)
    low[0, 0] = low[1, 1] = low[1, 2] = CAR
    heights[1] = 1.0
    assert (consistent(*rasters(low, EMPTY, heights))["low"]["class"] == low).all()


def test_nothing_else_changes_and_nothing_is_changed_in_place():
    low = np.full(GRID.shape, VEGETATION)
    classes, bands = rasters(low, np.full(GRID.shape, BUILDING), np.full(GRID.shape, 0.3))
    before = classes["low"].values.copy()
    settled = consistent(classes, bands)
    np.testing.assert_array_equal(settled["low"].values, before)
    np.testing.assert_array_equal(classes["low"].values, before)
    assert settled["high"] is classes["high"]


def test_probabilities_of_what_is_put_right_follow_the_rule():
    low, high, heights = np.full(GRID.shape, CAR), EMPTY.copy(), np.full(GRID.shape, 1.2)
    low[3], heights[3] = CAR, 0.3
    low[2], high[1] = VEGETATION, BUILDING
    classes, bands = rasters(low, high, heights)
    shares = {
        name: np.array(values, np.uint8)[:, None, None]
        for name, values in {"low": (40, 200, 5, 5, 5), "high": (220, 5, 10, 10, 10)}.items()
    }
    names = ("class", "confidence", *PROBABILITY_BANDS)
    with_shares = {
        name: Raster(GRID, names, np.concatenate([raster.values, np.tile(shares[name], (1, *GRID.shape))]))
        for name, raster in classes.items()
    }
    settled = consistent(with_shares, bands)["low"].values
    np.testing.assert_array_equal(settled[:2], consistent(classes, bands)["low"].values)
    assert (settled[2:, 0] == shares["low"][:, 0]).all()
    assert (settled[2:, 1] == shares["high"][:, 0]).all()
    assert (settled[2:, 3] == OVERRULED).all()
