import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse
from scipy.sparse.linalg import spsolve

from bevseg.ground.fill import filled, limited, pulled_down

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=25)
HOLED = hnp.arrays(np.float32, SHAPES, elements=st.floats(-50, 50, width=32) | st.just(np.nan))
ROWS = hnp.arrays(np.float32, (1, 40), elements=st.floats(-50, 50, width=32) | st.just(np.nan))
EIGHTS = hnp.arrays(
    np.float32, SHAPES, elements=st.integers(-400, 400).map(lambda n: n / 8) | st.just(np.nan)
)
"""Heights that float32 holds at 5,000 m as well."""


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


def with_gaps(surface, gaps, rng):
    rows, cols = surface.shape
    gap = np.zeros(surface.shape, bool)
    if gaps == "block":
        gap[rows // 5 : -rows // 5, cols // 6 : -cols // 3] = True
    elif gaps == "blocks":
        for _ in range(8):
            row, col = rng.integers(0, rows - 3), rng.integers(0, cols - 3)
            gap[row : row + rng.integers(3, 16), col : col + rng.integers(3, 16)] = True
    elif gaps == "all but the rim":
        gap[1:-1, 1:-1] = True
    elif gaps == "all but a swath":
        y, x = np.indices(surface.shape)
        gap = (np.abs(y - x) > cols / 8) | (rng.random(surface.shape) < 0.2)
    else:
        gap = rng.random(surface.shape) < gaps
    return np.where(gap, np.nan, surface).astype(np.float32)


GAPS = [0.05, 0.3, 0.6, 0.9, 0.97, "block", "blocks", "all but the rim", "all but a swath"]
SIZES = [(17, 23), (60, 60), (59, 33), (40, 65), (8, 130)]


@pytest.mark.parametrize("gaps", GAPS)
@pytest.mark.parametrize("size", SIZES)
def test_filling_solves_the_laplace_equation(size, gaps):
    rng = np.random.default_rng(5)
    y, x = np.indices(size)
    hills = np.sin(x / 9) + np.cos(y / 7) + 0.02 * x
    for surface in (hills, rng.normal(size=size)):
        heights = with_gaps(surface, gaps, rng)
        relief = np.nanmax(heights) - np.nanmin(heights)
        assert np.abs(filled(heights) - solved(heights)).max() < 0.01 * relief


@pytest.mark.parametrize("size", [(30, 40), (150, 129), (300, 257), (257, 257)])
@pytest.mark.parametrize("gaps", ["block", "all but the rim"])
def test_a_hole_in_a_plane_is_filled_with_the_plane(size, gaps):
    y, x = np.indices(size)
    plane = (0.3 * x - 0.2 * y).astype(np.float32)
    heights = with_gaps(plane, gaps, None)
    relief = np.ptp(plane[np.isnan(heights)])
    assert np.abs(filled(heights) - plane).max() < 1e-3 * relief


def test_small_gaps_in_a_plane_are_filled_with_the_plane():
    rng = np.random.default_rng(1)
    y, x = np.indices((200, 150))
    plane = (0.3 * x - 0.2 * y).astype(np.float32)
    heights = with_gaps(plane, 0.4, rng)
    # At the border of the raster nothing flows: a plane does not go on there.
    inner = np.s_[5:-5, 5:-5]
    assert np.abs(filled(heights) - plane)[inner].max() < 0.02


@given(HOLED | ROWS | ROWS.map(np.transpose))
def test_filling_is_exact_on_known_cells_and_never_beyond_them(heights):
    full, known = filled(heights), ~np.isnan(heights)
    np.testing.assert_array_equal(full[known], heights[known])
    if known.any():
        assert full.min() >= np.nanmin(heights)
        assert full.max() <= np.nanmax(heights)
    else:
        assert np.isnan(full).all()


@given(EIGHTS)
def test_raised_ground_is_filled_the_same(heights):
    raised = filled(heights + np.float32(5000))
    np.testing.assert_allclose(raised, filled(heights) + np.float64(5000), atol=6e-4, rtol=0)


def test_a_row_is_filled_along_straight_lines():
    nan = np.nan
    row = np.array([[nan, nan, 2, nan, nan, nan, 4, nan]], np.float32)
    straight = [[2, 2, 2, 2.5, 3, 3.5, 4, 4]]
    np.testing.assert_allclose(filled(row), straight, atol=0.02)
    np.testing.assert_allclose(filled(row.T), np.transpose(straight), atol=0.02)


def test_a_raster_without_gaps_or_with_nothing_else_is_returned_itself():
    for heights in (np.ones((4, 70), np.float32), np.full((4, 70), np.nan, np.float32)):
        assert filled(heights) is heights


def test_far_outside_the_known_cells_the_fill_is_finite_and_smooth():
    heights = np.full((300, 400), np.nan, np.float32)
    heights[140:150, 30:60] = np.linspace(0, 1, 30)
    full = filled(heights)
    far = full[:, 120:]
    assert np.isfinite(full).all()
    assert max(np.abs(np.diff(far, axis=0)).max(), np.abs(np.diff(far, axis=1)).max()) < 0.01


def test_a_hole_in_ones_is_filled_with_one():
    hole_in_ones = np.ones((5, 5), np.float32)
    hole_in_ones[2, 2] = np.nan
    np.testing.assert_array_equal(filled(hole_in_ones), 1)


def test_neither_filling_nor_limiting_changes_what_it_is_given():
    heights = np.array([[1, np.nan], [np.nan, 3]], np.float32)
    before, full = heights.copy(), filled(heights)
    np.testing.assert_array_equal(heights, before)
    before = full.copy()
    limited(full, ~np.isnan(heights), 1.0, 0.1)
    np.testing.assert_array_equal(full, before)


def steps(heights):
    """Yield the differences of all cells to their neighbours, with the distance and the slices of either."""
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        rows, cols = heights.shape
        here = np.s_[: rows - down, max(-right, 0) : cols - max(right, 0)]
        there = np.s_[down:, max(right, 0) : cols - max(-right, 0)]
        yield heights[there] - heights[here], np.hypot(down, right), here, there


@st.composite
def surfaces(draw):
    heights = draw(hnp.arrays(np.float32, SHAPES, elements=st.floats(-50, 50, width=32)))
    return heights, draw(hnp.arrays(np.bool_, heights.shape))


@given(surfaces(), st.sampled_from([0.0, 0.25, 1.0, 20.0]))
def test_no_unknown_neighbours_are_steeper_than_allowed(surface, steepest):
    heights, known = surface
    level = limited(heights, known, 0.5, steepest)
    np.testing.assert_array_equal(level[known], heights[known])
    assert level.min() >= heights.min()
    assert level.max() <= heights.max()
    for difference, distance, here, there in steps(level):
        free = ~known[here] & ~known[there]
        assert np.abs(difference[free]).max(initial=0) <= steepest * 0.5 * distance + 1e-4


@given(surfaces(), st.sampled_from([0.25, 1.0]))
def test_known_cells_that_agree_are_met_no_steeper_than_allowed(surface, steepest):
    heights, known = surface
    gentle = limited(heights, np.zeros_like(known), 0.5, steepest)  # the known agree with the slope
    mixed = np.where(known, gentle, heights)
    level = limited(mixed, known, 0.5, steepest)
    np.testing.assert_array_equal(level[known], gentle[known])
    for difference, distance, _, _ in steps(level):
        assert np.abs(difference).max(initial=0) <= steepest * 0.5 * distance + 1e-4


@given(surfaces())
def test_what_is_no_steeper_than_allowed_is_left_alone(surface):
    heights, known = surface
    gentle = limited(heights, known & False, 1.0, 0.5)
    np.testing.assert_array_equal(limited(gentle, known, 1.0, 0.5001), gentle)


def test_a_spike_between_known_cells_becomes_a_roof():
    heights = np.array([[0, 9, 9, 9, 0, -9, 0]], np.float32)
    known = heights == 0
    np.testing.assert_array_equal(limited(heights, known, 2.0, 0.5), [[0, 1, 2, 1, 0, -1, 0]])


def test_between_a_wall_of_known_cells_the_unknown_go_halfway():
    heights = np.array([[0, 0, 4, 4]], np.float32)
    known = np.array([[True, False, False, True]])
    np.testing.assert_array_equal(limited(heights, known, 1.0, 1.0), [[0, 1.5, 2.5, 4]])


def test_limiting_leaves_all_known_and_all_nan_alone():
    known = np.array([[0, 9]], np.float32)
    assert limited(known, np.array([[True, True]]), 1.0, 0.1) is known
    unknown = np.full((2, 3), np.nan, np.float32)
    assert limited(unknown, np.zeros((2, 3), bool), 1.0, 0.1) is unknown


@pytest.mark.parametrize("east", range(0, 32, 5))
def test_a_wide_gap_between_roofs_sags_to_the_street_beyond_them(east):
    heights = np.zeros((100, 100 + east), np.float32)
    heights[:, east + 26 : east + 74] = 8
    heights[:, east + 30 : east + 70] = np.nan
    middle = np.s_[20:80, east + 40 : east + 60]
    assert pulled_down(heights)[middle].mean() < 6, "blocks of the width of the gap may lie awry"
    assert filled(heights)[middle].mean() > 7, (
        "and where it is filled smoothly it stands as high as the roofs"
    )


@given(HOLED)
def test_pulling_down_keeps_the_known_and_stays_within_their_range(heights):
    sagged, known = pulled_down(heights), ~np.isnan(heights)
    np.testing.assert_array_equal(sagged[known], heights[known])
    if known.any():
        assert not np.isnan(sagged).any()
        assert sagged.min() >= heights[known].min() - 1e-4 and sagged.max() <= heights[known].max() + 1e-4


def test_a_gap_in_a_level_plane_is_pulled_down_to_the_plane():
    heights = with_gaps(np.full((37, 53), 5.0), "all but the rim", None)
    np.testing.assert_array_equal(pulled_down(heights), 5)


@pytest.mark.parametrize("height", [np.nan, 3.0])
def test_pulling_down_leaves_all_known_and_all_nan_alone(height):
    heights = np.full((3, 4), height, np.float32)
    assert pulled_down(heights) is heights


@given(HOLED, st.integers(-400, 400))
def test_pulling_down_rises_with_the_heights(heights, raised):
    shifted = pulled_down(heights + np.float32(raised))
    np.testing.assert_allclose(shifted, pulled_down(heights) + raised, atol=1e-3)
