"""What must be true of buildings: houses, public ones, and the fronts and stairs that they are made of."""

import dataclasses

import numpy as np
import pytest

from bevseg.core.labels import BUILDING, UNDEFINED, VEGETATION
from bevseg.sim.materials import LABELS, Material
from bevseg.sim.objects import facades, fronts, houses, public, stairs
from bevseg.sim.objects.blocks import Block
from bevseg.sim.objects.facades import Rhythm
from bevseg.sim.objects.roofs import Roof


def area(mesh):
    a, b, c = mesh.corners.transpose(1, 0, 2)
    return np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2


MAKERS = {
    "detached": lambda rng: houses.detached(rng, 9.0, 2, 0.6),
    "terraced": lambda rng: houses.terraced(rng, 5.5, 3, 0.4),
    "shop": lambda rng: houses.terraced(rng, 5.5, 3, 0.4, shop=True),
    "flats": lambda rng: houses.flats(rng, 20.0, 4, 0.5),
    "institute": lambda rng: public.institute(rng, 50.0, 3, 0.8),
    "downtown": lambda rng: public.downtown(rng, 24.0, 4),
    "passage": lambda rng: houses.passage(rng, 5.0, 3),
    "garage": lambda rng: houses.garage(rng, 3.0),
    "hall": lambda rng: public.hall(rng, 25.0),
    "deck": lambda rng: public.deck(rng, 25.0),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_every_building_is_building_stands_in_the_ground_and_differs(make):
    made = [make(np.random.default_rng(seed)) for seed in range(12)]
    for mesh in made:
        labels = LABELS[mesh.materials]
        assert set(labels.tolist()) <= {BUILDING, VEGETATION, UNDEFINED}
        assert area(mesh)[labels == BUILDING].sum() > 0.9 * area(mesh).sum()
        assert np.isfinite(mesh.corners).all()
        assert mesh.corners[..., 2].min() < -0.5
        assert mesh.corners[..., 2].max() > 2.0
    assert len({len(mesh.corners) for mesh in made}) > 1


@pytest.mark.parametrize("kind", fronts.KINDS)
def test_layered_fronts_are_building_keep_their_length_and_stand_out_or_step_back(kind):
    for seed in range(6):
        mesh = fronts.KINDS[kind](np.random.default_rng(seed), 40.0, 3, 0.5)
        assert set(LABELS[mesh.materials].tolist()) <= {BUILDING, UNDEFINED}
        low, high = mesh.corners.min(axis=(0, 1)), mesh.corners.max(axis=(0, 1))
        assert low[2] < -0.5
        assert low[0] > -1.0
        assert high[0] < 41.0
        levels = mesh.corners.mean(axis=1)
        upper = levels[(levels[:, 2] > 2.2) & (np.abs(levels[:, 1]) < 8.0)]
        assert len(np.unique(upper[:, 1].round(1))) > 3
        assert len(mesh.corners) < 25_000


def test_near_fronts_leave_room_to_walk_below():
    standing = 0
    for seed in range(12):
        mesh = fronts.front(np.random.default_rng(seed), 30.0, 1, 0.0, near=True)
        out = mesh.corners[mesh.corners[..., 1].min(axis=1) < -0.4]
        assert ((out[..., 2].max(axis=1) < 0.4) | (out[..., 2].min(axis=1) > 2.2)).all()
        standing += len(out) > 0
    assert standing > 4


def test_windows_are_holes_and_fill_their_share_of_a_wall():
    rhythm = Rhythm(
        3.0, 0.5, 1.0, 2.0, 0.2, open=0.0, blind=0.0, mullions=False, surround=0.0, material=Material.BRICK
    )
    wall = facades.facade(np.random.default_rng(0), 30.0, 2, 3.0, rhythm)
    flush = np.abs(wall.corners[..., 1]).max(axis=1) < 1e-9
    above = flush & (wall.corners[..., 2].min(axis=1) > -0.1)
    panes = wall.materials == Material.PANE
    assert area(wall)[panes].sum() == pytest.approx(10 * 2 * 1.5)
    assert area(wall)[above].sum() == pytest.approx(30 * 6 - 10 * 2 * 1.5)
    assert np.allclose(wall.corners[panes][..., 1], 0.2)


def profile(mesh, z):
    """y of the front faces (triangles that stand upright along x) that reach the height z."""
    upright = np.ptp(mesh.corners[..., 1], axis=1) < 1e-6
    low, high = mesh.corners[..., 2].min(axis=1), mesh.corners[..., 2].max(axis=1)
    return mesh.corners[upright & (low < z) & (high > z)][:, 0, 1]


@pytest.mark.parametrize("kind", facades.RELIEFS)
def test_a_relief_stands_on_the_wall_from_the_foot_to_the_eaves_and_is_building(kind):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        of = dataclasses.replace(facades.Relief.draw(rng), kind=kind)
        part = facades.relief(of, 12.0, 2.5, -1.0, 6.0, Material.BRICK)
        low, high = part.corners.min(axis=(0, 1)), part.corners.max(axis=(0, 1))
        assert (low[2], high[2]) == (-1.0, 6.0)
        assert (low[0] > -1e-6) and (high[0] < 12.0 + 1e-6)
        assert -0.61 < low[1] < -0.03
        assert high[1] < 0.4
        assert (LABELS[part.materials] == BUILDING).all()


def test_a_good_share_of_fronts_has_upright_parts_and_few_are_glass():
    drawn = [Rhythm.draw(np.random.default_rng(seed), public=seed % 2 == 0) for seed in range(300)]
    assert 60 < sum(rhythm.relief is not None for rhythm in drawn) < 180
    assert 5 < sum(rhythm.curtain for rhythm in drawn) < 60


def test_a_curtain_wall_is_mostly_glass_between_mullions_that_stand_out():
    for seed in range(6):
        wall = facades.curtain(np.random.default_rng(seed), 20.0, [0.4, 3.5, 7.0], Material.BRICK)
        panes = wall.materials == Material.PANE
        above = wall.corners[..., 2].min(axis=1) > 0.3
        assert area(wall)[panes].sum() == pytest.approx(20 * 6.6)
        assert wall.corners[above & ~panes][..., 1].min() < -0.01


def test_an_open_floor_has_pillars_and_no_wall_in_front():
    rhythm = dataclasses.replace(Rhythm.draw(np.random.default_rng(0)), relief=None)
    block = Block(20.0, 12.0, 3, 3.0, rhythm, Roof.FLAT, pillared=True)
    for seed in range(4):
        mesh = block.mesh(np.random.default_rng(seed))
        assert (LABELS[mesh.materials] == BUILDING).all()
        front = mesh.corners[(mesh.corners[..., 1] < 1e-6).all(axis=1)]
        assert front[..., 2].min() > 2.5
        assert len(np.unique(profile(mesh, 1.5).round(2))) > 2


def test_steps_go_down_evenly_to_the_ground():
    flight = stairs.flight(np.random.default_rng(0), 2.0, 1.2, run=2.0, cheeks=False)
    steps = flight.only(flight.materials == Material.STONE)
    levels = np.unique(steps.corners[..., 2].round(6))
    levels = levels[levels > -1.2 - 1e-6]
    assert np.ptp(np.diff(levels)) < 1e-5
    assert 0.13 < np.diff(levels)[0] < 0.22
    assert steps.corners[..., 1].min() == pytest.approx(-2.0)
