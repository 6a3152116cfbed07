import numpy as np
import pytest

from bevseg.labels import VEGETATION
from bevseg.sim import plants
from bevseg.sim.materials import LABELS, Material
from bevseg.sim.plants import BARE, HABITS, LEAVES, SHRUBS


def drawn(habit, count=12, **size):
    return [plants.tree(np.random.default_rng(seed), habit=habit, **size) for seed in range(count)]


def spans(mesh):
    corners = mesh.corners.reshape(-1, 3)
    return corners.min(axis=0), corners.max(axis=0)


@pytest.mark.parametrize("habit", [*HABITS, BARE])
def test_trees_are_rooted_vegetation_within_their_budget(habit):
    for tree in drawn(habit):
        (low, _) = spans(tree)
        assert low[2] < 0
        assert set(LABELS[tree.materials].tolist()) == {VEGETATION}
        assert len(tree.corners) < LEAVES + 4500


@pytest.mark.parametrize("habit", HABITS)
def test_a_tree_is_as_high_and_wide_as_asked(habit):
    for tree in drawn(habit, height=8.0, radius=2.5, clear=2.0):
        low, high = spans(tree)
        assert 6.0 < high[2] < 10.5
        assert (np.maximum(-low, high)[:2] < 2 * 2.5 + 0.8).all()
        leaf = tree.corners[tree.materials == Material.LEAF].mean(axis=1)
        if HABITS[habit].stems == (1, 1):
            assert np.quantile(leaf[:, 2], 0.01) > 0.0


def test_trunks_are_as_thick_as_those_of_street_trees():
    widths = []
    for habit, kind in HABITS.items():
        if kind.stems != (1, 1):
            continue
        for tree in drawn(habit):
            bark = tree.corners[tree.materials == Material.BARK].reshape(-1, 3)
            foot = bark[np.abs(bark[:, 2] - 0.25) < 0.01]
            widths.append(np.ptp(foot[:, 0]))
    assert 0.03 < min(widths) < 0.1
    assert 0.6 < max(widths) < 1.2


def test_crowns_let_some_beams_through(ray_casting):
    def share_through(tree, height):
        scene = ray_casting.t.geometry.RaycastingScene()
        corners = tree.corners.astype(np.float32).reshape(-1, 3)
        scene.add_triangles(
            ray_casting.core.Tensor(corners),
            ray_casting.core.Tensor(np.arange(len(corners), dtype=np.uint32).reshape(-1, 3)),
        )
        x, z = (
            axis.ravel() for axis in np.meshgrid(np.linspace(-1.5, 1.5, 40), height + np.linspace(-1, 1, 40))
        )
        rays = np.column_stack([x, np.full_like(x, -20), z, *np.broadcast_to([[0], [1], [0]], (3, len(x)))])
        return np.isinf(
            scene.cast_rays(ray_casting.core.Tensor(rays.astype(np.float32)))["t_hit"].numpy()
        ).mean()

    shares = [
        share_through(tree, 6.0) for tree in drawn("round", count=25, height=9.0, radius=3.0, clear=3.0)
    ]
    bare = [share_through(tree, 6.0) for tree in drawn(BARE, count=8, height=9.0, radius=3.0, clear=3.0)]
    assert 0.005 < np.median(shares) < 0.1
    assert max(shares) > 0.08
    assert min(shares) < 0.005
    assert min(bare) > 0.4


def test_far_trees_cost_less():
    (near,), (far,) = drawn("round", 1), drawn("round", 1, detail=0.2)
    assert len(far.corners) < 0.4 * len(near.corners)


@pytest.mark.parametrize("shape", SHRUBS)
def test_shrubs_stand_on_the_ground_and_keep_their_size(shape):
    for seed in range(8):
        shrub = plants.bush(np.random.default_rng(seed), 0.8, 1.5, shape)
        low, high = spans(shrub)
        assert -0.3 < low[2] < 0.2
        assert 0.3 < high[2] < 1.9
        assert (np.maximum(-low, high)[:2] < 2.2).all()
        assert 20 < len(shrub.corners) < 1600


@pytest.mark.parametrize("ragged", [0.0, 0.3])
def test_a_hedge_keeps_its_length_and_height(ragged):
    low, high = spans(plants.hedge(np.random.default_rng(1), 5.0, 0.8, 1.2, ragged=ragged))
    assert low[0] > -0.4
    assert high[0] < 5.4
    assert 1.1 < high[2] < 1.7 + ragged


def test_ground_cover_is_low():
    for seed in range(10):
        low, high = spans(plants.ground_cover(np.random.default_rng(seed), 4.0, 1.0, 0.4))
        assert 0.2 < high[2] < 0.8
        assert low[2] > -0.25


def test_a_seed_is_a_plant():
    for make in (
        plants.tree,
        lambda rng: plants.bush(rng, 0.5, 1.0),
        lambda rng: plants.hedge(rng, 2, 0.5, 1.0),
    ):
        first, again = make(np.random.default_rng(3)), make(np.random.default_rng(3))
        assert np.array_equal(first.corners, again.corners)


def test_undergrowth_is_vegetation_with_gaps_that_keeps_its_height():
    for seed in range(8):
        part = plants.thicket(np.random.default_rng(seed), 8.0, 4.0, 1.5)
        assert (LABELS[part.materials] == VEGETATION).all()
        assert part.corners[..., 2].min() < 0.2
        assert 0.5 < part.corners[..., 2].max() < 1.8
        assert len(part.corners) < 12_000
        near, _, _ = np.histogram2d(
            *part.corners[..., :2].mean(axis=1).T, bins=(8, 4), range=((0, 8), (0, 4))
        )
        assert near.max() > 4 * max(near.min(), 1)
