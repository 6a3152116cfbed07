import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse
from scipy.sparse.linalg import spsolve

from bevseg.ground.fill_holes import fill_holes
from bevseg.ground.limit_slope import limit_slope
from tests.ground.holes import HOLED, SHAPES, with_gaps

ROWS = hnp.arrays(np.float32, (1, 40), elements=st.floats(-50, 50, width=32) | st.just(np.nan))
EIGHTS = hnp.arrays(
    np.float32, SHAPES, elements=st.integers(-400, 400).map(lambda n: n / 8) | st.just(np.nan)
)
"""Heights that float32 holds at 5,000 m as well."""
GAPS = [0.05, 0.3, 0.6, 0.9, 0.97, "block", "blocks", "all but the rim", "all but a swath"]
SIZES = [(17, 23), (60, 60), (59, 33), (40, 65), (8, 130)]


def solved(heights):
    """Return the solution of the same equations by elimination: every gap cell the mean of its neighbours."""
    size, cells = heights.size, np.arange(heights.size).reshape(heights.shape)
    one = np.concatenate([cells[1:].ravel(), cells[:, 1:].ravel()])
    other = np.concatenate([cells[:-1].ravel(), cells[:, :-1].ravel()])
    links = sparse.coo_array((np.ones(len(one)), (one, other)), (size, size))
    links = (links + links.T).tocsr()
    laplacian = (sparse.diags_array(links.sum(axis=1)) - links).tocsr()
    full, gap = heights.astype(np.float64).ravel(), np.isnan(heights).ravel()
    full[gap] = spsolve(laplacian[gap][:, gap].tocsc(), -laplacian[gap][:, ~gap] @ full[~gap])
    return full.reshape(heights.shape)


@pytest.mark.parametrize("gaps", GAPS)
@pytest.mark.parametrize("size", SIZES)
def test_filling_solves_the_laplace_equation(size, gaps):
    rng = np.random.default_rng(5)
    y, x = np.indices(size)
    hills = np.sin(x / 9) + np.cos(y / 7) + 0.02 * x
    for surface in (hills, rng.normal(size=size)):
        heights = with_gaps(surface, gaps, rng)
        relief = np.nanmax(heights) - np.nanmin(heights)
        assert np.abs(fill_holes(heights) - solved(heights)).max() < 0.01 * relief


@pytest.mark.parametrize("size", [(30, 40), (150, 129), (300, 257), (257, 257)])
@pytest.mark.parametrize("gaps", ["block", "all but the rim"])
def test_a_hole_in_a_plane_is_filled_with_the_plane(size, gaps):
    y, x = np.indices(size)
    plane = (0.3 * x - 0.2 * y).astype(np.float32)
    heights = with_gaps(plane, gaps, None)
    relief = np.ptp(plane[np.isnan(heights)])
    assert np.abs(fill_holes(heights) - plane).max() < 1e-3 * relief


def test_small_gaps_in_a_plane_are_filled_with_the_plane():
    rng = np.random.default_rng(1)
    y, x = np.indices((200, 150))
    plane = (0.3 * x - 0.2 * y).astype(np.float32)
    heights = with_gaps(plane, 0.4, rng)
    # At the border of the raster nothing flows: a plane does not go on there.
    inner = np.s_[5:-5, 5:-5]
    assert np.abs(fill_holes(heights) - plane)[inner].max() < 0.02


@given(HOLED | ROWS | ROWS.map(np.transpose))
def test_filling_is_exact_on_known_cells_and_never_beyond_them(heights):
    full, known = fill_holes(heights), ~np.isnan(heights)
    np.testing.assert_array_equal(full[known], heights[known])
    if known.any():
        assert full.min() >= np.nanmin(heights)
        assert full.max() <= np.nanmax(heights)
    else:
        assert np.isnan(full).all()


@given(EIGHTS)
def test_raised_ground_is_filled_the_same(heights):
    raised = fill_holes(heights + np.float32(5000))
    np.testing.assert_allclose(raised, fill_holes(heights) + np.float64(5000), atol=6e-4, rtol=0)


def test_a_row_is_filled_along_straight_lines():
    nan = np.nan
    row = np.array([[nan, nan, 2, nan, nan, nan, 4, nan]], np.float32)
    straight = [[2, 2, 2, 2.5, 3, 3.5, 4, 4]]
    np.testing.assert_allclose(fill_holes(row), straight, atol=0.02)
    np.testing.assert_allclose(fill_holes(row.T), np.transpose(straight), atol=0.02)


def test_a_raster_without_gaps_or_with_nothing_else_is_returned_itself():
    for heights in (np.ones((4, 70), np.float32), np.full((4, 70), np.nan, np.float32)):
        assert fill_holes(heights) is heights


def test_far_outside_the_known_cells_the_fill_is_finite_and_smooth():
    heights = np.full((300, 400), np.nan, np.float32)
    heights[140:150, 30:60] = np.linspace(0, 1, 30)
    full = fill_holes(heights)
    far = full[:, 120:]
    assert np.isfinite(full).all()
    assert max(np.abs(np.diff(far, axis=0)).max(), np.abs(np.diff(far, axis=1)).max()) < 0.01


def test_a_hole_in_ones_is_filled_with_one():
    hole_in_ones = np.ones((5, 5), np.float32)
    hole_in_ones[2, 2] = np.nan
    np.testing.assert_array_equal(fill_holes(hole_in_ones), 1)


def test_neither_filling_nor_limiting_changes_what_it_is_given():
    heights = np.array([[1, np.nan], [np.nan, 3]], np.float32)
    before, full = heights.copy(), fill_holes(heights)
    np.testing.assert_array_equal(heights, before)
    before = full.copy()
    limit_slope(full, ~np.isnan(heights), 1.0, 0.1)
    np.testing.assert_array_equal(full, before)
