import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bevseg.ground.attached import attached

RULES = {"step": 0.7, "share": 0.6, "others": 0.2, "least": 6}


def block(height, *, fall=0.0, side=10):
    """A block of suspect cells on level ground, `fall` high at its north edge. Returns surface, suspect, no_data."""
    surface = np.zeros((30, 30), np.float32)
    its = np.s_[10 : 10 + side, 10 : 10 + side]
    surface[its] = height
    surface[10, 10 : 10 + side] += np.float32(fall)
    suspect = np.zeros(surface.shape, bool)
    suspect[its] = True
    return surface, suspect, np.zeros(surface.shape, bool)


@pytest.mark.parametrize(("height", "expected"), [(0.0, True), (0.69, True), (0.71, False), (9.0, False)])
def test_a_zone_whose_border_is_no_wall_is_ground(height, expected):
    surface, suspect, no_data = block(height)
    np.testing.assert_array_equal(attached(surface, suspect, no_data, **RULES), suspect & expected)


@pytest.mark.parametrize(("share", "expected"), [(0.26, False), (0.24, True)])
def test_the_share_of_the_border_decides(share, expected):
    """A roof that one side of the slope leads up to: a quarter of its border."""
    surface, suspect, no_data = block(6.0)
    surface[20:, 10:20] = 6
    found = attached(surface, suspect, no_data, **RULES | {"share": share})
    np.testing.assert_array_equal(found, suspect & expected)


def test_a_border_that_is_too_short_joins_nothing():
    surface, suspect, no_data = block(0.5, side=1)
    assert not attached(surface, suspect, no_data, **RULES).any()
    assert attached(surface, suspect, no_data, **RULES | {"least": 4}).sum() == 1


def test_edges_to_cells_without_data_count_little():
    surface, suspect, no_data = block(0.5)
    no_data[:, 20:] = True  # 10 of 40 edges
    no_data[20:] = True  # and 10 more
    for others, expected in ((0.2, True), (1.0, False)):  # 20 / (20 + others x 20)
        found = attached(surface, suspect, no_data, **RULES | {"others": others})
        np.testing.assert_array_equal(found, suspect & expected)


def test_two_zones_in_one_patch_are_judged_apart():
    """A terrace with a house on it."""
    surface, suspect, no_data = block(0.5)
    surface[13:17, 13:17] = 8
    found = attached(surface, suspect, no_data, **RULES)
    assert not found[13:17, 13:17].any()
    assert found.sum() == suspect.sum() - 16


def test_a_zone_below_its_surroundings_does_not_fall():
    surface, suspect, no_data = block(-5.0)
    assert not attached(surface, suspect, no_data, **RULES).any(), "it is attached to nothing"
    surface[20:, 10:20] = -5
    assert attached(surface, suspect, no_data, **RULES).sum() == suspect.sum(), "only falls speak against it"


@given(
    hnp.arrays(np.float32, (9, 8), elements=st.integers(0, 12).map(lambda n: n / 4)),
    hnp.arrays(bool, (9, 8)),
    hnp.arrays(bool, (9, 8)),
    st.integers(-99, 99),
)
def test_only_suspect_cells_come_back_and_only_heights_among_each_other_count(
    surface, suspect, no_data, raised
):
    found = attached(surface, suspect, no_data, **RULES)
    assert not (found & ~suspect).any()
    lifted = attached(surface + np.float32(raised), suspect, no_data, **RULES)
    np.testing.assert_array_equal(lifted, found)
    turned = attached(surface[::-1].T.copy(), suspect[::-1].T.copy(), no_data[::-1].T.copy(), **RULES)
    np.testing.assert_array_equal(turned, found[::-1].T)


def test_nothing_suspect_gives_nothing_back():
    surface, suspect, no_data = block(5.0)
    assert not attached(surface, suspect & False, no_data, **RULES).any()
