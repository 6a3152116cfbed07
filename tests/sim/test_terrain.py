import dataclasses

import numpy as np
import pytest

from bevseg.sim.builder import GROUND, Builder
from bevseg.sim.materials import Material
from bevseg.sim.mesh import box, merge
from bevseg.sim.terrain import KERB, Crossing, Side, Terrain

SIDE = Side(kerb=4, verge=1, pavement=2, garden=3, bank=0.2, bank_width=4)
LEVEL = Terrain(
    length=60, slope=0, wave=(0, 50, 0), camber=0.02, left=SIDE, right=SIDE, crossings=(Crossing(30, 3),)
)


def test_the_kerb_is_a_step_on_both_sides():
    for t in (4, -4):
        foot, top = LEVEL.height(10, 0.999 * t), LEVEL.height(10, 1.01 * t)
        assert top - foot == pytest.approx(KERB, abs=0.01)


def test_a_cross_street_has_no_kerb_and_no_bank():
    assert np.ptp(LEVEL.height(30, np.linspace(4, 40, 50))) < 1e-9


def test_the_road_falls_from_its_crown():
    assert LEVEL.height(10, 0) - LEVEL.height(10, 3) == pytest.approx(0.06)


def test_the_bank_rises_behind_the_pavement_and_ends():
    behind = LEVEL.height(10, SIDE.front)
    assert LEVEL.height(10, SIDE.front + 4) - behind == pytest.approx(0.8, abs=0.15)
    assert LEVEL.height(10, SIDE.front + 9) - behind == pytest.approx(0.8, abs=0.15)


def test_slope_is_metres_per_metre():
    hill = dataclasses.replace(LEVEL, slope=0.08)
    assert hill.height(50, 1) - hill.height(0, 1) == pytest.approx(4.0)


def test_the_mesh_is_the_height_function_where_nothing_grows():
    ground = LEVEL.mesh()
    paved = ground.corners[ground.materials == Material.ASPHALT].reshape(-1, 3)
    inside = paved[np.abs(paved[:, 1]) < 3.9]
    assert np.allclose(inside[:, 2], LEVEL.height(inside[:, 0], inside[:, 1]))


def test_a_place_is_taken_once_and_never_in_a_cross_street():
    builder = Builder(np.random.default_rng(0), LEVEL)
    assert builder.take("kerb", 5, 10)
    assert not builder.take("kerb", 9, 12)
    assert builder.take("pavement", 9, 12)
    assert not builder.take("kerb", 26, 28)
    assert builder.take("kerb", 25, 26.5)
    assert not builder.take("kerb", 24, 25, margin=3)


def test_a_car_lies_on_the_slope_and_a_mast_stands_upright():
    hill = dataclasses.replace(LEVEL, slope=0.1)
    builder = Builder(np.random.default_rng(0), hill)
    block = box((-2, -1, 0), (2, 1, 1), Material.PAINT)
    builder.lay(block, 10, 1.5)
    builder.stand(block, 10, 1.5)
    laid, standing = (part.corners.reshape(-1, 3) for part in builder.parts)
    assert np.ptp(laid[:, 2]) == pytest.approx(1 + 0.4 + 0.04, abs=0.01)
    assert np.ptp(standing[:, 2]) == pytest.approx(1)


def test_every_part_that_is_put_down_is_a_new_thing_unless_told_otherwise():
    builder = Builder(np.random.default_rng(0), LEVEL)
    block = box((0, 0, 0), (1, 1, 1), Material.PAINT)
    wall = builder.new_thing()
    builder.stand(block, 1, 1)
    builder.stand(merge([block, block.numbered(1)]), 5, 1)
    builder.lay(block, 10, 1)
    builder.drape(block, 15, 1, thing=wall)
    builder.stand(block, 20, 1, thing=GROUND)
    assert [sorted(set(part.things.tolist())) for part in builder.parts] == [[2], [3, 4], [5], [1], [0]]
