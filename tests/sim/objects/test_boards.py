import numpy as np
import pytest

from bevseg.core.labels import BUILDING, POLE, VEGETATION
from bevseg.sim.materials import LABELS
from bevseg.sim.objects import low_walls, pleached
from bevseg.sim.objects.poles import attachments, boards, lamp_posts, posts
from tests.sim.conftest import spans


@pytest.mark.parametrize("make", boards.KINDS.values(), ids=boards.KINDS)
def test_boards_are_pole_stand_in_the_ground_and_are_no_wider_than_a_car_is_long(make):
    for seed in range(12):
        board = make(np.random.default_rng(seed))
        low, high = spans(board)
        assert (LABELS[board.materials] == POLE).all()
        assert low[2] < -0.2
        assert 0.4 < high[2] < 4.1
        assert high[1] - low[1] < 5.6


def test_what_a_post_carries_is_pole_and_low_posts_carry_nothing():
    more = 0
    for seed in range(12):
        post = lamp_posts.lamp_post(np.random.default_rng(seed))
        dressed = attachments.dressed(np.random.default_rng(seed), post, 1.0)
        assert (LABELS[dressed.materials] == POLE).all()
        more += len(dressed.corners) > len(post.corners)
    assert more > 10
    bollard = posts.bollard(np.random.default_rng(0))
    assert attachments.dressed(np.random.default_rng(0), bollard, 1.0) is bollard


@pytest.mark.parametrize("make", low_walls.KINDS.values(), ids=low_walls.KINDS)
def test_low_walls_are_building_and_stand_in_the_ground(make):
    for seed in range(12):
        part = make(np.random.default_rng(seed))
        low, high = spans(part)
        assert (LABELS[part.materials] == BUILDING).all()
        assert low[2] < -0.5
        assert 1.0 < high[2] < 3.3


def test_crowns_cut_to_boxes_are_vegetation_and_nothing_but_stems_is_below_them():
    for seed in range(8):
        row = pleached.row(np.random.default_rng(seed), 20.0, 2.0)
        assert (LABELS[row.materials] == VEGETATION).all()
        under = row.corners[row.corners[..., 2].max(axis=1) < 1.0]
        assert np.abs(under[..., 1]).max(initial=0.0) < 0.2
