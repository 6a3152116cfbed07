import numpy as np
import pytest

from bevseg.core.labels import BUILDING, UNDEFINED
from bevseg.sim.materials import LABELS
from bevseg.sim.objects import cafes, huts, works
from bevseg.sim.town import pavement
from tests.sim.conftest import spans


@pytest.mark.parametrize("make", huts.KINDS.values(), ids=huts.KINDS)
def test_huts_are_building_as_tall_as_a_van_or_taller_and_stand_in_the_ground(make):
    for seed in range(12):
        hut = make(np.random.default_rng(seed), 8.0)
        low, high = spans(hut)
        assert (LABELS[hut.materials] == BUILDING).all()
        assert low[2] < -0.5
        assert 2.1 < high[2] < 3.6
        assert high[0] - low[0] < 9.2
        assert len(hut.corners) < 1500


def test_rows_of_garages_are_as_long_as_they_may_be():
    longest = [spans(huts.garages(np.random.default_rng(seed), 40.0))[1][0] for seed in range(40)]
    assert min(longest) < 4.0
    assert max(longest) > 12.0


def test_an_object_has_one_class_wherever_it_stands():
    temporary = {"container": works.container, "kiosk": cafes.kiosk}
    assert not temporary.keys() & huts.KINDS.keys()
    rng = np.random.default_rng(0)
    for name, make in temporary.items():
        for part in (make(rng), pavement.LARGE[name](rng, 3.0)):
            assert (LABELS[part.materials] == UNDEFINED).all()
    for roof in (huts.carport(rng, 6.0), huts.walkway(rng, 12.0), pavement.LARGE["walkway"](rng, 3.0)):
        assert (LABELS[roof.materials] == BUILDING).all()
        assert 2.1 < roof.corners[..., 2].max() < 3.6
