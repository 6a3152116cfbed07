import dataclasses

import numpy as np
import pytest

from bevseg.sim.materials import Material
from bevseg.sim.mesh import box, merge
from bevseg.sim.town.builder import GROUND, Builder
from bevseg.sim.town.layout import WALL, Crossing, Plot, Ramp, Side
from bevseg.sim.town.terrain import KERB, Terrain

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
    wall = builder.new_instance()
    builder.stand(block, 1, 1)
    builder.stand(merge([block, block.numbered(1)]), 5, 1)
    builder.lay(block, 10, 1)
    builder.drape(block, 15, 1, instance=wall)
    builder.stand(block, 20, 1, instance=GROUND)
    assert [sorted(set(part.instances.tolist())) for part in builder.parts] == [[2], [3, 4], [5], [1], [0]]


RETAINED = dataclasses.replace(
    LEVEL,
    crossings=(),
    plots=(
        (Plot(5, 20, ((1.0, 0.0), (1.0 + WALL, 1.5)), seams=(WALL, WALL)), Plot(20, 40, seams=(WALL, 3.0))),
        (),
    ),
)
"""A plot 1.5 m up behind a wall 1 m from the pavement, and one at the level of the street."""


def test_a_plot_behind_a_wall_is_as_high_as_planned_and_its_neighbour_is_not():
    bank = SIDE.bank * SIDE.bank_width
    behind = SIDE.front + 10
    street = RETAINED.height(12, SIDE.front)
    assert RETAINED.height(12, behind) - street == pytest.approx(1.5 + bank, abs=0.15)
    assert RETAINED.height(30, behind) - street == pytest.approx(bank, abs=0.15)
    assert RETAINED.height(12, SIDE.front + 0.9) - street < 0.3 + 0.15


def test_the_step_of_a_retained_plot_lies_within_the_thickness_of_the_wall():
    u = SIDE.front + 1.0
    across = RETAINED.height(12, np.array([u - 0.02, u + WALL + 0.02]))
    assert np.diff(across) == pytest.approx(1.5, abs=0.2)
    along = RETAINED.height(np.array([20 - WALL / 2 - 0.02, 20 + WALL / 2 + 0.02]), SIDE.front + 8)
    assert np.diff(along) == pytest.approx(-1.5, abs=0.2)


def test_a_level_plot_does_not_follow_the_slope_of_the_street():
    plot = Plot(5, 25, ((0.0, 0.0), (WALL, 1.5)), level=1.0, seams=(WALL, WALL), soil=Material.PAVING)
    hill = dataclasses.replace(LEVEL, slope=0.05, crossings=(), plots=((plot,), ()))
    behind = hill.height(np.array([8.0, 22.0]), SIDE.front + 8)
    assert np.diff(behind) == pytest.approx(0, abs=1e-9)
    assert np.diff(hill.height(np.array([8.0, 22.0]), 0.0)) == pytest.approx(0.7)


def test_a_dropped_kerb_is_low_and_the_pavement_behind_it_is_not():
    dropped = dataclasses.replace(LEVEL, ramps=(Ramp(1, 10, 1.5),))
    edge, behind = np.array([3.99, 4.05]), 4 + 1.3
    assert np.diff(dropped.height(10, edge)) < 0.03
    assert np.diff(dropped.height(16, edge)) > 0.1
    assert np.diff(dropped.height(10, -edge)) > 0.1
    assert dropped.height(10, behind) == pytest.approx(LEVEL.height(10, behind), abs=0.1)


def test_a_side_street_goes_on_with_kerbs_on_the_side_it_goes_off_to():
    tee = dataclasses.replace(LEVEL, crossings=(Crossing(30, 3, 2.0, (1,), 0.12),))
    far = 50.0
    assert tee.height(33.1, far) - tee.height(32.9, far) == pytest.approx(0.12, abs=0.02)
    assert tee.height(30, -(SIDE.kerb + 0.1)) - tee.height(30, -(SIDE.kerb - 0.1)) > 0.1
    assert {arm.sign for arm in tee.arms()} == {1}


@pytest.mark.parametrize("sign", [1, -1])
def test_a_side_street_has_coordinates_of_its_own(sign):
    hill = dataclasses.replace(LEVEL, slope=0.05)
    arm = next(arm for arm in hill.arms() if arm.sign == sign)
    s, t = arm.on_street(10.0, 2.0)
    assert s == 30 - 2 * sign
    assert t == sign * (SIDE.front + 10)
    mark = box((9, 1, 0), (11, 3, 1), Material.WOOD)
    assert np.allclose(arm.placed(mark).corners.reshape(-1, 3).mean(axis=0), (s, t, 0.5))
    assert arm.height(10.0, 2.0) == hill.height(s, t)


def test_a_building_does_not_stand_on_another():
    builder = Builder(np.random.default_rng(0), LEVEL)
    assert builder.claim(np.array((0.0, 10.0)), np.array((8.0, 20.0)))
    assert not builder.claim(np.array((7.0, 15.0)), np.array((12.0, 25.0)))
    assert builder.claim(np.array((8.5, 10.0)), np.array((12.0, 20.0)))
    arm = Builder(np.random.default_rng(0), LEVEL.arms()[0])
    arm.footprints = builder.footprints
    assert not arm.claim(np.array((0.0, 20.0)), np.array((8.0, 26.0)))
