import numpy as np
import pytest

from bevseg.core.labels import CAR
from bevseg.sim.materials import LABELS
from bevseg.sim.objects.vehicles import trucks
from tests.sim.conftest import spans


@pytest.mark.parametrize("kind", trucks.KINDS)
def test_trucks_are_car_stand_on_the_road_and_keep_within_the_limits_of_size(kind):
    for seed in range(12):
        mesh = trucks.truck(np.random.default_rng(seed), kind)
        low, high = spans(mesh)
        assert (LABELS[mesh.materials] == CAR).all()
        assert -0.02 < low[2] < 0.02
        assert 2.2 < high[2] <= 4.05
        assert 5.0 < high[0] - low[0] < 14.0
        assert high[1] - low[1] < 3.15  # with mirrors
