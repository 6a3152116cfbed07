import numpy as np

from bevseg.core.labels import VEGETATION
from bevseg.sim.materials import LABELS
from bevseg.sim.town import gardens
from bevseg.sim.town.builder import Builder
from bevseg.sim.town.layout import Side
from bevseg.sim.town.style import STYLES
from bevseg.sim.town.terrain import Terrain
from tests.sim.conftest import spans

SIDE = Side(kerb=6.0, verge=1.5, pavement=2.0, garden=5.0)


def test_the_edge_of_a_wood_has_trees_and_undergrowth():
    terrain = Terrain(60.0, 0.0, (0.0, 50.0, 0.0), 0.0, SIDE, SIDE, ())
    builder = Builder(np.random.default_rng(1), terrain, STYLES["oakland"])
    gardens.wood(builder, -1, (10.0, 40.0), (10.0, 25.0))
    assert all((LABELS[part.materials] == VEGETATION).all() for part in builder.parts)
    tops = [spans(part)[1][2] for part in builder.parts]
    assert sum(top > 4 for top in tops) > 5
    assert sum(top < 3 for top in tops) > 5
