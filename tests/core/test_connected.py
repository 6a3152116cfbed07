import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from bevseg.core.connected import FARTHEST, connected

maps = arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 2))


def same_partition(one, other):
    pairs = set(zip(one.tolist(), other.tolist(), strict=True))
    return len(pairs) == len(set(one.tolist())) == len(set(other.tolist()))


@given(maps)
def test_pieces_are_those_of_a_dense_labelling(kinds):
    rows, cols = np.nonzero(np.ones_like(kinds))
    expected = np.zeros(kinds.shape, int)
    for kind in range(3):
        labels, _ = ndimage.label(kinds == kind, np.ones((3, 3)))
        expected = np.where(kinds == kind, labels * 3 + kind, expected)
    assert same_partition(connected(cols, rows, kinds.ravel()), expected.ravel())


@given(maps, st.randoms(use_true_random=False))
def test_the_order_of_the_cells_does_not_matter(kinds, random):
    rows, cols = np.nonzero(np.ones_like(kinds))
    order = list(range(len(rows)))
    random.shuffle(order)
    straight = connected(cols, rows, kinds.ravel())
    np.testing.assert_array_equal(connected(cols[order], rows[order], kinds.ravel()[order]), straight[order])


def test_cells_that_occur_twice_are_one_cell():
    np.testing.assert_array_equal(connected(np.array([5, 5, 9]), np.array([-3, -3, -3])), [0, 0, 1])


def test_the_end_of_a_row_does_not_touch_the_start_of_the_next():
    assert len(set(connected(np.array([0, 3]), np.array([1, 0])).tolist())) == 2


def test_no_cells_have_no_pieces():
    assert connected(np.empty(0, int), np.empty(0, int)).shape == (0,)


def test_cells_too_far_apart_are_refused():
    with pytest.raises(ValueError, match="apart"):
        connected(np.array([0, FARTHEST + 5]), np.array([0, 0]))
