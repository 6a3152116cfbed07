"""The laws of the grid, at any distance from the origin."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bevseg.core.grid import Grid

CELLS = st.sampled_from([0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 0.3])
PLACES = st.floats(-1e7, 1e7)
SPANS = st.floats(0, 50)


@st.composite
def grids(draw):
    x, y = draw(PLACES), draw(PLACES)
    return Grid.covering(draw(CELLS), (x, x + draw(SPANS)), (y, y + draw(SPANS)))


@given(grids())
def test_the_centre_of_each_cell_maps_to_that_cell(grid):
    assume(grid.rows * grid.cols < 1e6)
    x, y = (axis.ravel() for axis in np.meshgrid(*grid.centres()))
    np.testing.assert_array_equal(grid.cell_of(x, y), np.arange(grid.rows * grid.cols))


@given(CELLS, st.lists(st.tuples(PLACES, PLACES), min_size=1, max_size=20))
def test_every_point_of_a_cloud_lands_inside(cell, points):
    x, y = np.array(points).T
    grid = Grid.covering(cell, (x.min(), x.max()), (y.min(), y.max()))
    assert (grid.cell_of(x, y) >= 0).all()


@given(CELLS, PLACES, PLACES, SPANS, SPANS, st.floats(-20, 20), st.floats(-20, 20))
def test_two_grids_that_overlap_agree_on_every_cell(cell, x, y, width, height, east, north):
    """World-anchored: the cell of a point does not depend on where its cloud begins."""
    one = Grid.covering(cell, (x, x + width), (y, y + height))
    other = Grid.covering(cell, (x + east, x + east + width), (y + north, y + north + height))
    px, py = np.array([x, x + width / 2, x + width]), np.array([y, y + height / 2, y + height])
    for grid in (one, other):
        index = grid.cell_of(px, py)
        inside = index >= 0
        row, col = np.divmod(index[inside], grid.cols)
        np.testing.assert_array_equal(grid.west + col, np.floor(px[inside] / cell))
        np.testing.assert_array_equal(grid.north - row, np.floor(py[inside] / cell))


@given(grids(), st.floats(0.001, 1e6))
def test_what_lies_outside_has_no_cell(grid, off):
    x, y = grid.centres()
    right, above = x[-1] + grid.cell + off, y[0] + grid.cell + off
    outside = grid.cell_of(np.array([x[0] - grid.cell - off, right, x[0]]), np.array([y[0], y[0], above]))
    assert outside.tolist() == [-1, -1, -1]


def test_cells_are_half_open_and_row_zero_is_north():
    grid = Grid.covering(1.0, (0.0, 2.5), (0.0, 1.5))
    assert grid.shape == (2, 3)
    assert (grid.left, grid.top) == (0.0, 2.0)
    x, y = np.array([0.0, 0.999, 1.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0])
    assert grid.cell_of(x, y).tolist() == [3, 3, 4, 0]


def test_a_point_on_the_far_edge_still_has_a_cell():
    grid = Grid.covering(0.2, (0.0, 1.0), (0.0, 1.0))
    assert grid.cell_of(np.array([1.0]), np.array([1.0])) >= 0


@pytest.mark.parametrize("place", [0.0, 5_400_000.0, -123_456.7])
def test_one_point_makes_a_grid_of_one_cell(place):
    assert Grid.covering(0.2, (place, place), (place, place)).shape == (1, 1)
