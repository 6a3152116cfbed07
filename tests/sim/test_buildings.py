"""What must be true of what is built beside a street."""

import dataclasses

import numpy as np
import pytest

from bevseg.labels import BUILDING, UNDEFINED, VEGETATION
from bevseg.sim import bridges, facades, fronts, houses, lots, stairs, walls, yards
from bevseg.sim.builder import Builder
from bevseg.sim.facades import Rhythm
from bevseg.sim.materials import LABELS, Material
from bevseg.sim.street import street
from bevseg.sim.style import STYLES, drawn
from bevseg.sim.terrain import Side, Terrain

SIDE = Side(kerb=4, verge=0, pavement=2, garden=3, bank=0.0, bank_width=4)
HILL = Terrain(60, 0.05, (0.0, 50.0, 0.0), 0.02, SIDE, SIDE)


def area(mesh):
    a, b, c = mesh.corners.transpose(1, 0, 2)
    return np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2


MAKERS = {
    "detached": lambda rng: houses.detached(rng, 9.0, 2, 0.6),
    "terraced": lambda rng: houses.terraced(rng, 5.5, 3, 0.4),
    "shop": lambda rng: houses.terraced(rng, 5.5, 3, 0.4, shop=True),
    "flats": lambda rng: houses.flats(rng, 20.0, 4, 0.5),
    "institute": lambda rng: houses.institute(rng, 50.0, 3, 0.8),
    "downtown": lambda rng: houses.downtown(rng, 24.0, 4),
    "passage": lambda rng: houses.passage(rng, 5.0, 3),
    "garage": lambda rng: houses.garage(rng, 3.0),
    "hall": lambda rng: houses.hall(rng, 25.0),
    "deck": lambda rng: houses.deck(rng, 25.0),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_every_building_is_building_stands_in_the_ground_and_differs(make):
    made = [make(np.random.default_rng(seed)) for seed in range(12)]
    for mesh in made:
        labels = LABELS[mesh.materials]
        assert set(labels.tolist()) <= {BUILDING, VEGETATION, UNDEFINED}
        assert area(mesh)[labels == BUILDING].sum() > 0.9 * area(mesh)[labels == UNDEFINED].sum()
        assert np.isfinite(mesh.corners).all()
        assert mesh.corners[..., 2].min() < -0.5
        assert mesh.corners[..., 2].max() > 2.0
    assert len({len(mesh.corners) for mesh in made}) > 1


@pytest.mark.parametrize("make", yards.KINDS.values(), ids=yards.KINDS)
def test_small_built_things_are_building_and_stand_in_the_ground(make):
    for seed in range(8):
        mesh = make(np.random.default_rng(seed))
        stone = LABELS[mesh.materials] == BUILDING
        assert stone.sum() >= 12
        assert mesh.corners[stone][..., 2].min() < -0.5
        assert 0.3 < mesh.corners[..., 2].max() < 7.0


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
    for seed in range(12):
        mesh = fronts.front(np.random.default_rng(seed), 30.0, 1, 0.0, near=True)
        out = mesh.corners[mesh.corners[..., 1].min(axis=1) < -0.4]
        assert len(out) == 0 or out[..., 2].max(axis=1).min() < 0.4 or out[..., 2].min() > 2.2


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


def test_steps_go_down_evenly_to_the_ground():
    flight = stairs.flight(np.random.default_rng(0), 2.0, 1.2, run=2.0, cheeks=False)
    steps = flight.only(flight.materials == Material.STONE)
    levels = np.unique(steps.corners[..., 2].round(6))
    levels = levels[levels > -1.2 - 1e-6]
    assert np.ptp(np.diff(levels)) < 1e-5
    assert 0.13 < np.diff(levels)[0] < 0.22
    assert steps.corners[..., 1].min() == pytest.approx(-2.0)


def test_a_retaining_wall_reaches_the_higher_ground_everywhere_and_into_the_lower():
    def ground(s, t):
        return 0.05 * np.asarray(s) + np.where(np.asarray(t) > 6.0, 1.4, 0.0)

    wall = walls.wall(ground, [(0, 6.0), (12, 6.0)], 0.3, over=0.1, longer=0.5)
    points = wall.corners.reshape(-1, 3)
    inside = (points[:, 0] >= 0) & (points[:, 0] <= 12)
    height = points[inside, 2] - 0.05 * points[inside, 0]
    assert height.max() == pytest.approx(1.5)
    assert height.min() == pytest.approx(-walls.DEEP)
    assert points[:, 0].min() == pytest.approx(-0.5)
    assert points[:, 0].max() == pytest.approx(12.5)


def test_a_wall_turns_corners_without_gaps():
    wall = walls.wall(HILL.height, [(0, 7.0), (6, 7.0), (6, 12.0)], 0.4, tall=1.0)
    corner = wall.corners.reshape(-1, 3)
    outer = np.hypot(corner[:, 0] - 6.2, corner[:, 1] - 6.8)
    assert outer.min() < 1e-6


def test_walls_in_steps_have_level_tops():
    wall = walls.wall(HILL.height, [(0, 7.0), (12, 7.0)], 0.4, tall=1.0, stepped=3.0)
    up = np.cross(wall.corners[:, 1] - wall.corners[:, 0], wall.corners[:, 2] - wall.corners[:, 0])
    flat = np.abs(up[:, 2]) > 0.99 * np.linalg.norm(up, axis=1)
    assert len(np.unique(wall.corners[flat][..., 2].round(6))) == 4


def test_garden_walls_stand_over_the_ground():
    for seed in range(10):
        wall = walls.garden(np.random.default_rng(seed), HILL.height, [(2, 12.0), (2, 6.4), (12, 6.4)])
        points = wall.corners.reshape(-1, 3)
        over = points[:, 2] - HILL.height(points[:, 0], points[:, 1])
        assert 0.3 < over.max() < 2.2


@pytest.mark.parametrize("course", walls.LINES)
def test_low_walls_stand_on_the_slope_and_never_turn_towards_the_road(course):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        path = walls.line(rng, 12.0, course)
        assert path[:, 1].min() > -1e-9
        assert path[:, 1].max() < 7.1
        wall = walls.low(rng, HILL.height, path + np.array((10.0, 8.0)))
        stone = wall.only(LABELS[wall.materials] == BUILDING).corners.reshape(-1, 3)
        over = stone[:, 2] - HILL.height(stone[:, 0], stone[:, 1])
        assert 0.4 < over.max() < 1.7
        assert over.min() < -0.2


def test_far_things_are_building_stand_at_any_angle_and_keep_within_the_ground():
    found = []
    for seed in range(40):
        builder = Builder(np.random.default_rng(seed), HILL, dataclasses.replace(STYLES["oakland"], far=1.0))
        lots.far(builder, -1, lots.Lot(20.0, 30.0, lots.KINDS["villas"]), 55.0)
        found += builder.parts
    assert len(found) > 20
    for part in found:
        assert (LABELS[part.materials] == BUILDING).any()
        assert part.corners[..., 1].mean() < -SIDE.front - 12
        assert part.corners[..., 1].mean() > -60


def test_one_drives_under_a_bridge():
    builder = Builder(np.random.default_rng(1), HILL)
    bridges.overhead(builder, 30.0, 4.0)
    points = builder.parts[0].corners.reshape(-1, 3)
    road = (np.abs(points[:, 1]) < 3.5) & (np.abs(points[:, 0] - 30) < 4)
    assert (points[road, 2] - HILL.height(points[road, 0], 0.0) > 4.0).all()


def test_a_viaduct_has_low_ground_to_both_sides_and_an_even_road():
    planned = lots.carried(np.random.default_rng(0), [[], []], 60.0)
    terrain = dataclasses.replace(HILL, plots=(lots.plots(planned[0], ()), lots.plots(planned[1], ())))
    (over,) = planned[0]
    s = np.linspace(over.low + 4, over.high - 4, 20)
    for sign in (1, -1):
        beside = terrain.height(s, np.full_like(s, sign * (SIDE.front + 1.0)))
        assert (terrain.height(s, 0.0) - beside > 2.5).all()
    builder = Builder(np.random.default_rng(0), terrain)
    lots.build(builder, 1, over)
    tops = max(part.corners[..., 2].max() for part in builder.parts)
    assert tops > terrain.height(s, SIDE.front).max() + 0.1


def test_names_are_drawn_by_their_shares():
    rng = np.random.default_rng(0)
    names = [drawn(rng, {"a": 3.0, "b": 1.0, "c": 0.0}) for _ in range(400)]
    assert set(names) == {"a", "b"}
    assert 0.65 < names.count("a") / 400 < 0.85


@pytest.mark.parametrize("style", STYLES)
def test_streets_of_a_style_keep_their_triangles(style):
    mesh = street(7, 60, style=style).mesh
    built = np.isin(LABELS[mesh.materials], (BUILDING,))
    assert 1_000 < built.sum() < 150_000
