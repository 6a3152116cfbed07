import numpy as np
import pytest

from bevseg.core.labels import BUILDING
from bevseg.sim.materials import LABELS
from bevseg.sim.objects import yards


@pytest.mark.parametrize("make", yards.KINDS.values(), ids=yards.KINDS)
def test_small_built_things_are_building_and_stand_in_the_ground(make):
    for seed in range(8):
        mesh = make(np.random.default_rng(seed))
        stone = LABELS[mesh.materials] == BUILDING
        assert stone.sum() >= 12
        assert mesh.corners[stone][..., 2].min() < -0.5
        assert 0.3 < mesh.corners[..., 2].max() < 7.0
