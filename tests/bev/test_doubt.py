"""Why the class of a cell is in doubt."""

import numpy as np
import pytest

from bevseg.bev.doubt import with_reasons
from bevseg.core.grid import Grid
from bevseg.core.labels import BUILDING, CAR, GROUND, VEGETATION
from bevseg.core.raster import Raster
from bevseg.core.reasons import EDGE, FEW, NONE, STACKED

GRID = Grid(0.2, 0, 0, 5, 6)
MANY = np.log1p(np.full(GRID.shape, 40.0))


def reasons(low, high, points=MANY):
    """The reasons of the low and of the high slice, given classes and the logarithm of 1 + points."""
    classes = {
        name: Raster(GRID, ("class", "confidence"), np.stack([found, found]).astype(np.uint8))
        for name, found in (("low", low), ("high", high))
    }
    bands = {name: Raster(GRID, ("density",), points.astype(np.float32)[None]) for name in classes}
    found = with_reasons(classes, bands)
    assert found["low"].names == ("class", "confidence", "reason")
    np.testing.assert_array_equal(found["low"].values[:2], classes["low"].values)
    return found["low"]["reason"], found["high"]["reason"]


def test_objects_over_each_other_are_stacked_in_both_slices_and_ground_under_one_is_not():
    low, high = np.full(GRID.shape, CAR), np.zeros(GRID.shape, int)
    high[2, 2], high[4, 4] = VEGETATION, CAR
    found = reasons(low, high)
    assert found[0][2, 2] == found[1][2, 2] == STACKED
    assert (np.delete(found[0].ravel(), 14) == NONE).all()
    assert found[1].sum() == STACKED
    low[2, 2] = GROUND
    assert reasons(low, high)[1][2, 2] == NONE


def test_cells_beside_another_class_are_the_edge_and_those_beside_nothing_are_not():
    low = np.full(GRID.shape, BUILDING)
    low[:, 3:], low[0] = VEGETATION, 0
    expected = np.zeros(GRID.shape, int)
    expected[1:, 2:4] = EDGE
    np.testing.assert_array_equal(reasons(low, np.zeros_like(low))[0], expected)


@pytest.mark.parametrize(("points", "reason"), [(1, FEW), (2, FEW), (3, NONE)])
def test_cells_with_few_points_have_little_to_stand_on(points, reason):
    density = MANY.copy()
    density[1, 1] = np.log1p(points)
    assert reasons(np.full(GRID.shape, CAR), np.zeros(GRID.shape, int), density)[0][1, 1] == reason


def test_the_first_reason_that_applies_is_told():
    low, high = np.full(GRID.shape, CAR), np.zeros(GRID.shape, int)
    low[:, 3:] = BUILDING
    high[2, 2] = VEGETATION
    found = reasons(low, high, np.log1p(np.ones(GRID.shape)))[0]
    assert found[2, 2] == STACKED and found[1, 2] == FEW
    assert (reasons(low * 0, high)[0] == NONE).all()  # nothing is doubted where nothing is said
