"""The laws of the grid, at any distance from the origin."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bevseg.core.grid import STEPS, Grid, floor_cell, in_steps

CELLS = st.sampled_from([0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 0.3])
PLACES = st.floats(-1e7, 1e7)
SPANS = st.floats(0, 50)
HALF_A_STEP = 0.51 / STEPS + 2e-9  # of coordinates of 1e7 m, floats are that far apart


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
    found = []
    for grid in (one, other):
        index = grid.cell_of(px, py)
        row, col = np.divmod(index, grid.cols)
        found.append(np.where(index >= 0, [grid.west + col, grid.north - row], np.nan))
        for place, coordinate in zip(found[-1], (px, py), strict=True):
            beyond = np.maximum(place * cell - coordinate, coordinate - (place + 1) * cell)
            assert not (beyond > HALF_A_STEP).any()
    agree = (found[0] == found[1]) | np.isnan(found[0]) | np.isnan(found[1])
    assert agree.all()


@given(
    st.integers(-(10**9), 10**9), st.integers(-1000, 1000), st.sampled_from([0.05, 0.1, 0.15, 0.2, 0.25, 1.0])
)
def test_the_cell_of_a_place_does_not_depend_on_the_scale_and_offset_of_the_file(millimetres, offset, cell):
    places = [
        millimetres / 1000,
        (millimetres - 1000 * offset) * 0.001 + offset,
        (10 * millimetres - 10_000 * offset) * 0.0001 + offset,
        (millimetres + 500) * 0.001 - 0.5,
    ]
    assert len({float(floor_cell(place, cell)) for place in places}) == 1
    edge = round(millimetres / 1000 / cell) * cell
    assert floor_cell(edge, cell) == round(millimetres / 1000 / cell)


MICROMETRES = st.sampled_from([1, 4, 5, 10, 25, 100, 250, 1000, 10_000])
"""Steps of a file."""


@given(
    st.integers(-(10**13), 10**13),
    MICROMETRES,
    st.integers(-(10**12), 10**12),
    st.sampled_from([0.05, 0.07, 0.1, 0.2, 0.25, 0.29, 0.37, 1.0]),
)
def test_steps_and_cells_are_those_of_whole_numbers_whatever_scale_and_offset(place, unit, beyond, cell):
    """Up to 10,000 km from the origin, and 1,000 km from the offset; also on half a step, and on edges of cells."""
    count = beyond // unit
    for exact in (place, place // 10 * 10 + 5, place // round(cell * 1e6) * round(cell * 1e6)):
        value = count * (unit / 1e6) + (exact - count * unit) / 1e6
        steps = (exact + 5) // 10
        assert in_steps(value) == steps
        assert floor_cell(value, cell) == steps // round(cell * STEPS)


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


@given(grids(), st.integers(-9, 9), st.integers(-9, 9))
def test_the_cells_of_two_grids_are_found_in_either(grid, east, north):
    other = Grid(grid.cell, grid.west + east, grid.north + north, grid.rows + 2, grid.cols + 2)
    assume(other.mask_of(grid).any())
    common = grid.meet(other)
    for each, beside in ((grid, other), (other, grid)):
        rows, cols = each.slices_of(common)
        expected = np.zeros(each.shape, bool)
        expected[rows, cols] = True
        np.testing.assert_array_equal(each.mask_of(beside), expected)
