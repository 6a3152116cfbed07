import dataclasses

import numpy as np

from bevseg.sim.town import lots
from bevseg.sim.town.lots import CAR_PARK, HOUSE, KINDS, OPEN, PARK, SQUARE, Planner
from bevseg.sim.town.styles import STYLES


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


def test_walled_sides_have_wide_open_plots_and_houses_may_stand_far_back():
    style = dataclasses.replace(
        STYLES["shrec20"], plain_walls=1.0, set_back=1.0, back=(8.0, 16.0), car_park=0.0, square=0.0
    )
    wide, setbacks = 0, []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        planned = Planner(rng, style).side(-20, 140)
        walled = [lot for lot in planned if lot.walled]
        assert all(lot.use == OPEN and 5.0 < lot.width < 60.0 for lot in walled)
        wide += sum(lot.width > 1.2 * lot.kind.width[1] for lot in walled)
        moved = lots.set_back(rng, style, planned, 80.0)
        setbacks += [
            lot.setback
            for lot in moved
            if lot.use == HOUSE and lot.kind.building == "detached" and not lot.retained
        ]
        assert [lot.setback for lot in lots.set_back(rng, style, planned, 0.0)] == [
            lot.setback for lot in planned
        ]
    assert wide > 10
    assert min(setbacks) >= 8.0
    assert max(setbacks) > 20.0


def test_the_plots_of_one_side_share_a_taste():
    planned = Planner(np.random.default_rng(0), STYLES["oakland"]).side(-20, 140)
    assert len({lot.taste for lot in planned}) == 1
