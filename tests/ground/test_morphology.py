import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from bevseg.ground.morphology import SHAPES, _down, dilation, erosion, octagon, opening, opening_by_lines

SIDES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=18)
SURFACES = hnp.arrays(np.float32, SIDES, elements=st.integers(-50, 50))
RADII = st.integers(0, 12)
NAMES = st.sampled_from(sorted(SHAPES))


def footprint(lines):
    """The cells of the element, as the sum of its four lines."""
    cells = np.ones((1, 1), bool)
    for line in (
        np.ones((1, 2 * lines.straight + 1)),
        np.ones((2 * lines.straight + 1, 1)),
        np.eye(2 * lines.diagonal + 1),
        np.eye(2 * lines.diagonal + 1)[::-1],
    ):
        reach = [side // 2 for side in line.shape]
        cells = ndimage.binary_dilation(np.pad(cells, [(side, side) for side in reach]), line)
    return cells


def by_scipy(surface, cells):
    """(eroded, opened) with nothing outside of the raster in any window."""
    eroded = ndimage.minimum_filter(surface, footprint=cells, mode="constant", cval=np.inf)
    return eroded, ndimage.maximum_filter(eroded, footprint=cells, mode="constant", cval=-np.inf)


def disk(radius):
    along = np.arange(-radius, radius + 1)
    return along[:, None] ** 2 + along**2 <= radius**2


@given(SURFACES, RADII, NAMES)
def test_openings_are_those_of_scipy_also_at_the_border(surface, radius, shape):
    cells = footprint(SHAPES[shape](radius))
    eroded, opened = by_scipy(surface, cells)
    np.testing.assert_array_equal(erosion(surface, radius, shape), eroded)
    np.testing.assert_array_equal(opening(surface, radius, shape), opened)
    np.testing.assert_array_equal(dilation(-surface, radius, shape), -eroded)


@pytest.mark.parametrize("size", [(90, 700), (700, 90), (300, 520), (3, 600)])
@pytest.mark.parametrize("radius", [3, 8, 40])
def test_blocks_of_columns_leave_no_seam(size, radius):
    surface = np.random.default_rng(radius).normal(size=size).astype(np.float32)
    square = ndimage.minimum_filter(surface, size=2 * radius + 1, mode="constant", cval=np.inf)
    np.testing.assert_array_equal(erosion(surface, radius), square)
    lines = octagon(radius)
    inner = footprint(lines._replace(straight=0))  # of the diagonals alone: few cells, so that SciPy is fast
    wide = np.pad(surface, radius, constant_values=np.inf)
    wide = ndimage.minimum_filter(wide, size=2 * lines.straight + 1, mode="constant", cval=np.inf)
    wide = ndimage.minimum_filter(wide, footprint=inner, mode="constant", cval=np.inf)
    expected = wide[radius:-radius, radius:-radius]
    np.testing.assert_array_equal(erosion(surface, radius, "octagon"), expected)


@pytest.mark.parametrize(
    "size", [(90, 700), (700, 90), (300, 520), (520, 300), (256, 256), (1, 600), (600, 1)]
)
@pytest.mark.parametrize("lean", [-1, 0, 1])
@pytest.mark.parametrize("reach", [0, 1, 20])
def test_a_line_reaches_every_cell(size, lean, reach):
    surface = np.random.default_rng(reach).normal(size=size).astype(np.float32)
    found = np.full(size, np.nan, np.float32)
    _down(surface, reach, lean, np.float32(1), 0, found)
    line = {0: np.ones((2 * reach + 1, 1)), 1: np.eye(2 * reach + 1), -1: np.eye(2 * reach + 1)[::-1]}[lean]
    expected = ndimage.minimum_filter(surface, footprint=line, mode="constant", cval=np.inf)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_away_from_the_border_they_are_those_of_grey_opening(shape):
    surface = np.random.default_rng(0).normal(size=(60, 50)).astype(np.float32)
    expected = ndimage.grey_opening(surface, footprint=footprint(SHAPES[shape](5)))
    np.testing.assert_array_equal(opening(surface, 5, shape)[10:-10, 10:-10], expected[10:-10, 10:-10])


@given(SURFACES, RADII, NAMES, st.integers(-9, 9))
def test_the_laws_of_an_opening(surface, radius, shape, raised):
    once = opening(surface, radius, shape)
    assert (once <= surface).all()
    np.testing.assert_array_equal(opening(once, radius, shape), once)
    np.testing.assert_array_equal(opening(surface + np.float32(raised), radius, shape), once + raised)
    higher = surface + np.random.default_rng(0).integers(0, 5, surface.shape).astype(np.float32)
    assert (once <= opening(higher, radius, shape)).all()


@pytest.mark.parametrize("shape", sorted(SHAPES))
@pytest.mark.parametrize("radius", [20, 50, 10_000_000])
def test_a_radius_larger_than_the_raster_leaves_its_lowest_height(shape, radius):
    surface = np.random.default_rng(1).normal(size=(7, 9)).astype(np.float32)
    np.testing.assert_array_equal(opening(surface, radius, shape), surface.min())


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_radius_0_leaves_the_surface_and_no_call_changes_it(shape):
    surface = np.random.default_rng(2).normal(size=(5, 6)).astype(np.float32)
    before = surface.copy()
    np.testing.assert_array_equal(opening(surface, 0, shape), before)
    for operation in (opening, erosion, dilation):
        operation(surface, 2, shape)
    np.testing.assert_array_equal(surface, before)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_a_box_narrower_than_the_window_leaves_no_trace(shape):
    box_on_a_plane = np.full((30, 30), 2, np.float32)
    box_on_a_plane[10:16, 8:13] = 9
    np.testing.assert_array_equal(opening(box_on_a_plane, 4, shape), 2)
    assert opening(box_on_a_plane, 2, shape).max() == 9


@pytest.mark.parametrize("radius", range(1, 30))
def test_the_octagon_is_the_one_closest_to_the_disk_and_has_no_holes(radius):
    lines = octagon(radius)
    octagons = [
        footprint(lines._replace(straight=radius - 2 * d, diagonal=d)) for d in range((radius + 1) // 2)
    ]
    off = min(np.count_nonzero(cells != disk(radius)) for cells in octagons)
    assert lines.straight + 2 * lines.diagonal == radius
    assert np.count_nonzero(footprint(lines) != disk(radius)) == off
    assert ndimage.binary_fill_holes(footprint(lines)).sum() == footprint(lines).sum()


@pytest.mark.parametrize("size", [(0, 4), (4, 0), (0, 0)])
def test_an_empty_raster_stays_empty(size):
    for shape in SHAPES:
        assert opening(np.empty(size, np.float32), 2, shape).shape == size


@pytest.mark.parametrize(
    ("height", "radius", "shape", "message"),
    [(0, -1, "square", "-1"), (0, 1, "disk", "square, octagon"), (np.nan, 1, "square", "NaN")],
)
def test_what_cannot_be_foundis_refused(height, radius, shape, message):
    with pytest.raises(ValueError, match=message):
        opening(np.full((3, 3), height, np.float32), radius, shape)


def by_scipy_lines(surface, reach):
    """The highest of the four openings by a line, with nothing outside of the raster in any window."""
    straight, slanted = round(reach), round(reach / np.sqrt(2))
    row, eye = np.ones((1, 2 * straight + 1)), np.eye(2 * slanted + 1)
    return np.max([by_scipy(surface, line > 0)[1] for line in (row, row.T, eye, eye[::-1])], axis=0)


@given(SURFACES, st.sampled_from([0, 0.4, 1, 2.5, 4, 8, 30]))
def test_openings_by_lines_are_those_of_scipy_also_at_the_border(surface, reach):
    np.testing.assert_array_equal(opening_by_lines(surface, reach), by_scipy_lines(surface, reach))


@given(SURFACES, st.sampled_from([0, 1, 3, 8]), st.integers(-9, 9))
def test_the_laws_of_an_opening_by_lines(surface, reach, raised):
    once = opening_by_lines(surface, reach)
    assert (once <= surface).all()
    assert (once >= opening(surface, reach)).all(), "a line fits wherever a square does"
    np.testing.assert_array_equal(opening_by_lines(once, reach), once)
    np.testing.assert_array_equal(opening_by_lines(surface + np.float32(raised), reach), once + raised)
    higher = surface + np.random.default_rng(0).integers(0, 5, surface.shape).astype(np.float32)
    assert (once <= opening_by_lines(higher, reach)).all()


def test_lines_spare_what_is_long_in_any_direction_and_take_off_what_is_short_in_all():
    level = np.zeros((60, 60), np.float32)
    along, middle = np.arange(60), np.full(60, 30)
    for row, col in ((middle, along), (along, middle), (along, along), (along, along[::-1])):
        crest = level.copy()
        crest[row, col] = 3
        np.testing.assert_array_equal(opening_by_lines(crest, 8), crest)
    car = level.copy()
    car[20:24, 30:34] = 2
    assert opening_by_lines(car, 8).max() == 0


@pytest.mark.parametrize("reach", [50, 1e9])
def test_lines_longer_than_the_raster_leave_the_highest_of_the_lowest_lines(reach):
    surface = np.random.default_rng(1).normal(size=(7, 9)).astype(np.float32)
    found = opening_by_lines(surface, reach)
    assert (found <= surface).all()
    assert (found >= np.maximum(surface.min(axis=0), surface.min(axis=1)[:, None])).all()


@pytest.mark.parametrize(
    ("height", "reach", "message"), [(0, -1, "-1"), (0, -0.1, "-0.1"), (np.nan, 1, "NaN")]
)
def test_what_lines_cannot_open_is_refused(height, reach, message):
    with pytest.raises(ValueError, match=message):
        opening_by_lines(np.full((3, 3), height, np.float32), reach)
