import numpy as np

from bevseg.sim.town.lots import CAR_PARK, HOUSE, KINDS, OPEN, PARK, SQUARE, Planner
from bevseg.sim.town.style import STYLES


def test_what_lots_are_used_for_all_occurs():
    uses, profiles, shapes = set(), [], set()
    for seed in range(60):
        rng = np.random.default_rng(seed)
        lots_of = Planner(rng, STYLES["oakland"]).side(-20, 140)
        uses |= {lot.use for lot in lots_of}
        shapes |= {lot.kind.building for lot in lots_of}
        profiles += [lot for lot in lots_of if lot.retained]
    assert uses == {HOUSE, OPEN, PARK, SQUARE, CAR_PARK}
    assert shapes == {kind.building for kind in KINDS.values()}
    assert any(lot.stairs for lot in profiles)
    assert any(lot.level for lot in profiles)
    assert any(len(lot.profile) > 3 for lot in profiles)


def test_lots_keep_off_side_streets_and_each_other():
    for seed in range(20):
        planned = Planner(np.random.default_rng(seed), STYLES["oakland"], blocked=((30, 45),)).side(-20, 140)
        edges = np.array([(lot.low, lot.high) for lot in planned])
        assert (edges[1:, 0] >= edges[:-1, 1] - 1e-9).all()
        assert not ((edges[:, 1] > 30) & (edges[:, 0] < 45)).any()
