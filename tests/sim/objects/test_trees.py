import numpy as np
import pytest

from bevseg.core.labels import UNDEFINED, VEGETATION
from bevseg.sim.materials import LABELS, Material
from bevseg.sim.objects import trees
from bevseg.sim.objects.trees import BARE, HABITS, LEAVES
from tests.sim.conftest import spans


def drawn(habit, count=12, **size):
    return [trees.tree(np.random.default_rng(seed), habit=habit, **size) for seed in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("habit", [*HABITS, BARE])
def test_trees_are_rooted_vegetation_within_their_budget(habit):
    for tree in drawn(habit):
        (low, _) = spans(tree)
        assert low[2] < 0
        assert set(LABELS[tree.materials].tolist()) == {VEGETATION}
        assert len(tree.corners) < LEAVES + 4500


@pytest.mark.slow
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


@pytest.mark.parametrize("habit", ["spruce", "cypress", "evergreen"])
def test_evergreens_have_leaves_down_to_the_ground(habit):
    for tree in drawn(habit, 6):
        leaf = tree.corners[tree.materials == Material.LEAF].mean(axis=1)
        assert leaf[:, 2].min() < 0.7
        assert (leaf[:, 2] < 0.3 * tree.corners[..., 2].max()).mean() > 0.08


def test_a_palm_has_leaves_on_top_alone():
    for palm in drawn("palm", 8, height=9.0):
        leaf = palm.corners[palm.materials == Material.LEAF].mean(axis=1)
        assert leaf[:, 2].min() > 4.0
        assert len(palm.corners) < 1200


def test_evergreens_are_never_bare():
    rng = np.random.default_rng(0)
    widths = [np.ptp(trees.tree(rng, habit=BARE, height=12.0).corners[..., 0]) for _ in range(20)]
    assert min(widths) > 1.5


def test_stakes_stand_beside_young_trees_and_are_not_plants():
    for seed in range(8):
        tree = trees.staked(np.random.default_rng(seed))
        stakes = tree.only(tree.instances == 1)
        assert set(LABELS[stakes.materials].tolist()) == {UNDEFINED}
        assert 0.8 < stakes.corners[..., 2].max() < 2.0
        assert set(LABELS[tree.only(tree.instances == 0).materials].tolist()) == {VEGETATION}


def test_far_trees_cost_less():
    (near,), (far,) = drawn("round", 1), drawn("round", 1, detail=0.2)
    assert len(far.corners) < 0.4 * len(near.corners)


def test_a_seed_is_a_tree():
    first, again = (trees.tree(np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first.corners, again.corners)
