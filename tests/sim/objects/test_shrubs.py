import numpy as np
import pytest

from bevseg.core.labels import VEGETATION
from bevseg.sim.materials import LABELS
from bevseg.sim.objects import shrubs
from bevseg.sim.objects.shrubs import SHRUBS
from tests.sim.conftest import spans


@pytest.mark.parametrize("shape", SHRUBS)
def test_shrubs_stand_on_the_ground_and_keep_their_size(shape):
    for seed in range(8):
        shrub = shrubs.bush(np.random.default_rng(seed), 0.8, 1.5, shape)
        low, high = spans(shrub)
        assert -0.3 < low[2] < 0.2
        assert 0.3 < high[2] < 1.9
        assert (np.maximum(-low, high)[:2] < 2.2).all()
        assert 20 < len(shrub.corners) < 1600


@pytest.mark.parametrize("ragged", [0.0, 0.3])
def test_a_hedge_keeps_its_length_and_height(ragged):
    low, high = spans(shrubs.hedge(np.random.default_rng(1), 5.0, 0.8, 1.2, ragged=ragged))
    assert low[0] > -0.4
    assert high[0] < 5.4
    assert 1.1 < high[2] < 1.7 + ragged


def test_ground_cover_is_low():
    for seed in range(10):
        low, high = spans(shrubs.ground_cover(np.random.default_rng(seed), 4.0, 1.0, 0.4))
        assert 0.2 < high[2] < 0.8
        assert low[2] > -0.25


def test_undergrowth_is_vegetation_with_gaps_that_keeps_its_height():
    for seed in range(8):
        part = shrubs.thicket(np.random.default_rng(seed), 8.0, 4.0, 1.5)
        assert (LABELS[part.materials] == VEGETATION).all()
        assert part.corners[..., 2].min() < 0.2
        assert 0.5 < part.corners[..., 2].max() < 1.8
        assert len(part.corners) < 12_000
        near, _, _ = np.histogram2d(
            *part.corners[..., :2].mean(axis=1).T, bins=(8, 4), range=((0, 8), (0, 4))
        )
        assert near.max() > 4 * max(near.min(), 1)


@pytest.mark.parametrize(
    "make", [lambda rng: shrubs.bush(rng, 0.5, 1.0), lambda rng: shrubs.hedge(rng, 2, 0.5, 1.0)]
)
def test_a_seed_is_a_shrub(make):
    first, again = make(np.random.default_rng(3)), make(np.random.default_rng(3))
    assert np.array_equal(first.corners, again.corners)
