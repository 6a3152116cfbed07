import numpy as np

from bevseg.sim import bridges
from bevseg.sim.builder import Builder
from tests.sim.conftest import HILL


def test_one_drives_under_a_bridge():
    builder = Builder(np.random.default_rng(1), HILL)
    bridges.overhead(builder, 30.0, 4.0)
    points = builder.parts[0].corners.reshape(-1, 3)
    road = (np.abs(points[:, 1]) < 3.5) & (np.abs(points[:, 0] - 30) < 4)
    assert (points[road, 2] - HILL.height(points[road, 0], 0.0) > 4.0).all()
