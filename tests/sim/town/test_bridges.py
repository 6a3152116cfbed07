import numpy as np

from bevseg.sim.town import bridges
from bevseg.sim.town.builder import Builder
from tests.sim.conftest import HILL


def test_one_drives_under_a_bridge():
    builder = Builder(np.random.default_rng(1), HILL)
    bridges.overhead(builder, 30.0, 4.0)
    corners = builder.parts[0].corners
    low, high = corners.min(axis=1), corners.max(axis=1)
    over = (low[:, 1] < 3.5) & (high[:, 1] > -3.5) & (low[:, 0] < 34) & (high[:, 0] > 26)
    assert over.any()
    assert low[over, 2].min() - HILL.height(np.linspace(26, 34, 9), 0.0).max() > 4.0
