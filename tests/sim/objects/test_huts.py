import numpy as np
import pytest

from bevseg.core.labels import BUILDING
from bevseg.sim.materials import LABELS
from bevseg.sim.objects import huts
from tests.sim.conftest import spans


@pytest.mark.parametrize("make", huts.KINDS.values(), ids=huts.KINDS)
def test_huts_are_building_as_tall_as_a_van_or_taller_and_stand_in_the_ground(make):
    for seed in range(12):
        hut = make(np.random.default_rng(seed), 8.0)
        low, high = spans(hut)
        assert (LABELS[hut.materials] == BUILDING).all()
        assert low[2] < -0.5
        assert 2.1 < high[2] < 3.6 or make is huts.container
        assert high[0] - low[0] < 9.2
        assert len(hut.corners) < 1500


def test_rows_of_garages_are_as_long_as_they_may_be():
    longest = [spans(huts.garages(np.random.default_rng(seed), 40.0))[1][0] for seed in range(40)]
    assert min(longest) < 4.0
    assert max(longest) > 12.0
