"""What must be true of what is built on lots."""

import dataclasses

import numpy as np

from bevseg.core.labels import BUILDING
from bevseg.sim.materials import LABELS
from bevseg.sim.town import lots, sites
from bevseg.sim.town.builder import Builder
from bevseg.sim.town.styles import STYLES
from tests.sim.conftest import HILL


def test_far_things_are_building_stand_at_any_angle_and_keep_within_the_ground():
    found = []
    for seed in range(40):
        builder = Builder(np.random.default_rng(seed), HILL, dataclasses.replace(STYLES["oakland"], far=1.0))
        sites.far(builder, -1, lots.Lot(20.0, 30.0, lots.KINDS["villas"]), 55.0)
        found += builder.parts
    assert len(found) > 20
    for part in found:
        assert (LABELS[part.materials] == BUILDING).any()
        assert part.corners[..., 1].mean() < -HILL.left.front - 12
        assert part.corners[..., 1].mean() > -60


def test_a_viaduct_has_low_ground_to_both_sides_and_an_even_road():
    planned = lots.carried(np.random.default_rng(0), [[], []], 60.0)
    terrain = dataclasses.replace(HILL, plots=(lots.plots(planned[0], ()), lots.plots(planned[1], ())))
    (over,) = planned[0]
    s = np.linspace(over.low + 4, over.high - 4, 20)
    for sign in (1, -1):
        beside = terrain.height(s, np.full_like(s, sign * (HILL.left.front + 1.0)))
        assert (terrain.height(s, 0.0) - beside > 2.5).all()
    builder = Builder(np.random.default_rng(0), terrain)
    sites.build(builder, 1, over)
    tops = max(part.corners[..., 2].max() for part in builder.parts)
    assert tops > terrain.height(s, HILL.left.front).max() + 0.1
