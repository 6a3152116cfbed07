"""What must be true of open land outside of town."""

import dataclasses

import numpy as np
import pytest

from bevseg.core.labels import VEGETATION
from bevseg.sim.materials import LABELS
from bevseg.sim.town import land
from bevseg.sim.town.builder import Builder
from bevseg.sim.town.styles import STYLES
from tests.sim.conftest import HILL

ROAD = STYLES["road"]


def test_banks_keep_away_from_cross_streets_and_lie_in_their_range():
    for seed in range(20):
        planned = land.plan(np.random.default_rng(seed), ROAD, -30, 150, [(40, 50), (100, 104)])
        assert planned
        for of in planned:
            assert ROAD.banks[0] <= of.rise <= ROAD.banks[1]
            assert abs(of.rise) / of.broad < 0.68
            assert of.high > of.low
            assert all(of.high < a - 4 or of.low > b + 4 for a, b in [(40, 50), (100, 104)])


@pytest.mark.parametrize("rise", [4.0, -4.0])
def test_the_ground_rises_to_the_land_and_not_on_the_road(rise):
    stretch = land.Stretch(-30.0, 90.0, rise, begin=1.0, broad=8.0)
    terrain = dataclasses.replace(HILL, plots=((), land.plots([stretch])))
    s = np.linspace(5, 55, 20)
    level = HILL.height(s, np.full_like(s, -HILL.right.front - 9.5))
    over = terrain.height(s, np.full_like(s, -HILL.right.front - 9.5)) - level
    assert over == pytest.approx(np.full_like(s, rise), abs=0.1)
    assert terrain.height(s, np.full_like(s, -3.0)) == pytest.approx(HILL.height(s, np.full_like(s, -3.0)))


def test_plants_of_the_land_stand_on_it_and_no_branch_hangs_low_over_the_road():
    for seed in range(3):
        builder = Builder(np.random.default_rng(seed), HILL, ROAD)
        planned = land.plan(builder.rng, ROAD, -20, 80, [])
        land.fill(builder, -1, planned, 50.0)
        assert builder.parts
        for part in builder.parts:
            assert set(LABELS[part.materials].tolist()) == {VEGETATION}
            corners = part.corners.reshape(-1, 3)
            over = corners[:, 2] - HILL.height(corners[:, 0], corners[:, 1])
            assert over.min() < 0.3
            assert over[corners[:, 1] > -1.5].min(initial=9.0) > 3.0
