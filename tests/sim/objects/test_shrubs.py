import numpy as np
import pytest
from scipy.spatial import cKDTree

from bevseg.core.labels import UNDEFINED, VEGETATION
from bevseg.sim.materials import LABELS
from bevseg.sim.objects import shrubs, walls
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


def thickness(xyz):
    """Median over places: square root of the smaller eigenvalue of the covariance in plan within 0.6 m."""
    xy = xyz[:, :2].astype(float)
    near = cKDTree(xy).query_ball_point(xy[:: max(1, len(xy) // 200)], 0.6)
    spread = [np.linalg.eigvalsh(np.cov(xy[of].T))[0] for of in near if len(of) > 10]
    return float(np.median(np.sqrt(np.maximum(spread, 0))))


def test_returns_of_a_clipped_hedge_are_deeper_than_those_of_a_wall(driven):
    def level(s, t):
        return np.zeros(np.broadcast(s, t).shape)

    wall = walls.wall(level, [(2, -7), (14, -7)], 0.3, tall=2.0)
    hedge = shrubs.hedge(np.random.default_rng(0), 12.0, 0.8, 2.0).at(24, -7)
    returns = driven(wall, hedge)
    below = returns.xyz[:, 2] < 1.6  # the tops of both are as wide as they are
    of_wall, of_hedge = (thickness(returns.xyz[below & (returns.instances == which)]) for which in (1, 2))
    assert of_wall < 0.03
    assert 0.07 < of_hedge < 0.14


def test_a_clipped_hedge_is_closed_and_has_sharp_ends():
    for seed in range(6):
        rng = np.random.default_rng(seed)
        long, wide, high = rng.uniform(3, 40), rng.uniform(0.5, 1.2), rng.uniform(0.6, 2.5)
        hedge = shrubs.hedge(rng, long, wide, high)
        low, top = np.percentile(hedge.corners.reshape(-1, 3), (1, 99), axis=0)
        assert (np.abs(low - (0, -wide / 2, 0)) < 0.25).all()
        assert (np.abs(top - (long, wide / 2, high)) < 0.25).all()
        along = np.histogram(hedge.corners.mean(axis=1)[:, 0], bins=int(long), range=(0, long))[0]
        assert along.min() > 0.5 * np.median(along)


def test_short_hedges_have_gaps_and_keep_their_length():
    for seed in range(6):
        row = shrubs.short_hedges(np.random.default_rng(seed), 20.0, 0.8, 1.2)
        along = np.histogram(row.corners.mean(axis=1)[:, 0], bins=100, range=(0, 20))[0]
        assert (along == 0).any()
        assert row.corners[..., 0].max() < 20.4


def test_beds_are_low_plants_within_their_boards():
    for seed in range(12):
        part = shrubs.bed(np.random.default_rng(seed), 6.0, 1.5, 0.4, edging=0.15)
        plants = part.only(LABELS[part.materials] == VEGETATION)
        boards = part.only(LABELS[part.materials] == UNDEFINED)
        assert 0.15 < np.percentile(plants.corners[..., 2], 95) < 0.7
        assert boards.corners[..., 2].max() == pytest.approx(0.15)
        assert set(boards.instances.tolist()) == {1}
        assert (plants.instances == 0).all()


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
