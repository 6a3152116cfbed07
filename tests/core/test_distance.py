import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from bevseg.core.distance import squared_to_other, to_nearest

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=25)
SPARSE = hnp.arrays(np.bool_, SHAPES, elements=st.sampled_from([True, False, False, False]))
IMAGES = hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=12)
VOLUMES = hnp.array_shapes(min_dims=4, max_dims=4, min_side=1, max_side=6)
ELEMENTS = st.sampled_from([0, 0, 0, 0, 1, 1, 7, 255])
KINDS = hnp.arrays(np.uint8, st.one_of(IMAGES, VOLUMES), elements=ELEMENTS)


@given(SPARSE)
def test_the_way_to_a_known_cell_is_exact(known):
    found = to_nearest(known)
    if known.any():
        np.testing.assert_allclose(found, ndimage.distance_transform_edt(~known), rtol=1e-6)
    else:
        assert np.isinf(found).all()


@given(SPARSE, st.integers(0, 25), st.integers(0, 25))
def test_some_rows_come_out_as_among_all(known, first, count):
    rows = slice(first, first + count)
    np.testing.assert_array_equal(to_nearest(known, rows), to_nearest(known)[rows])


def by_hand(kinds):
    """Squared distance to the nearest cell of another kind, by looking at all pairs of cells."""
    places = np.argwhere(np.ones(kinds.shape, bool))
    apart = ((places[:, None] - places[None]) ** 2).sum(-1).astype(float)
    apart[kinds.ravel()[:, None] == kinds.ravel()[None]] = np.inf
    nearest = apart.min(1)
    return np.where(np.isinf(nearest), 0, nearest).reshape(kinds.shape)


@given(KINDS)
def test_squared_distances_to_another_kind_are_those_of_all_pairs(kinds):
    np.testing.assert_array_equal(squared_to_other(kinds), [by_hand(image) for image in kinds])


@given(hnp.arrays(np.bool_, IMAGES))
def test_both_sides_of_a_mask_are_measured_at_once(masks):
    np.testing.assert_array_equal(squared_to_other(masks), squared_to_other(~masks))


@given(KINDS)
def test_turning_an_image_turns_its_distances(kinds):
    turned = squared_to_other(np.rot90(kinds, axes=(-2, -1)))
    np.testing.assert_array_equal(turned, np.rot90(squared_to_other(kinds), axes=(-2, -1)))


@given(hnp.arrays(np.uint8, IMAGES, elements=ELEMENTS))
def test_a_volume_of_one_slice_is_an_image(kinds):
    np.testing.assert_array_equal(squared_to_other(kinds[:, None])[:, 0], squared_to_other(kinds))


def test_a_volume_of_one_kind_has_no_distance():
    # scipy alone would measure it to a corner beyond.
    assert not squared_to_other(np.ones((1, 3, 4, 5), bool)).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_shapes_are_exact_to_the_last_bit(dtype):
    rows, cols = np.mgrid[:300, :400]
    discs = np.stack(
        [(rows - 150) ** 2 + (cols - c) ** 2 < r * r for c, r in [(200, 140), (40, 90), (390, 7)]]
    )
    found = squared_to_other(discs, dtype)
    assert found.dtype == dtype
    for disc, squares in zip(discs, found, strict=True):
        both = ndimage.distance_transform_edt(disc) + ndimage.distance_transform_edt(~disc)
        np.testing.assert_array_equal(squares, np.rint(both**2))


@pytest.mark.parametrize("share", [0.0003, 0.002, 0.02])
@pytest.mark.parametrize("shape", [(40, 1500), (1500, 40), (1, 3000)])
def test_short_and_long_runs_stand_side_by_side(shape, share):
    known = np.random.default_rng(0).random(shape) < share
    known[0, shape[1] // 3] = True
    apart = ndimage.distance_transform_edt(~known)
    np.testing.assert_allclose(to_nearest(known), apart, rtol=1e-6)
    found = squared_to_other(known[None])[0]
    np.testing.assert_array_equal(found[~known], np.rint(apart[~known] ** 2))


def test_one_lone_cell_is_one_away_and_the_others_see_it():
    lone = np.zeros((1, 5, 5), bool)
    lone[0, 2, 2] = True
    np.testing.assert_array_equal(squared_to_other(lone)[0, 2], [4, 1, 1, 1, 4])


def test_an_image_of_one_kind_is_zero_and_does_not_touch_its_neighbour():
    masks = np.zeros((3, 4, 4), bool)
    masks[1, 0, 0] = True
    masks[2] = True
    found = squared_to_other(masks)
    assert not found[[0, 2]].any()
    assert found[1].min() == 1
