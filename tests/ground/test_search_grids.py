"""Larger cells of the search hold the finer ones where they lie in the world."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bevseg.core.grid import Grid
from bevseg.ground.search_grids import FINE, coarsen, finer_grid, within_larger_cells


@given(
    st.integers(-9, 9),
    st.integers(-9, 9),
    st.integers(1, 9),
    st.integers(1, 9),
    st.sampled_from([1.0, 2.0, 4.0]),
)
def test_the_lowest_of_larger_cells_is_that_of_the_places_in_the_world(west, north, rows, cols, cell):
    grid = Grid(1.0, west, north, rows, cols)
    fine = finer_grid(grid, FINE)
    low = np.random.default_rng(0).random(fine.shape).astype(np.float32)
    larger, whole = within_larger_cells(grid, low, cell)
    found = coarsen(whole, round(cell / FINE))
    assert found.shape == larger.shape
    x, y = fine.centres()
    expected = np.full(larger.shape, np.inf, np.float32)
    for row, at in enumerate(y):
        for col, along in enumerate(x):
            place = larger.north - int(at // cell), int(along // cell) - larger.west
            expected[place] = min(expected[place], low[row, col])
    np.testing.assert_array_equal(found, np.where(np.isinf(expected), np.nan, expected))


def test_whole_cells_are_left_alone():
    grid = Grid(1.0, 3, 5, 4, 2)
    low = np.arange(16 * 8, dtype=np.float32).reshape(16, 8)
    larger, whole = within_larger_cells(grid, low, 1.0)
    assert larger == grid
    np.testing.assert_array_equal(whole, low)
