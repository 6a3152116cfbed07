import numpy as np
import pytest

from bevseg.core.labels import BUILDING, UNDEFINED, VEGETATION
from bevseg.sim.materials import LABELS
from bevseg.sim.objects import walls
from tests.sim.conftest import HILL


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


def test_plain_walls_are_flat_closed_and_as_tall_as_asked_with_plants_and_rails_apart():
    materials = set()
    for seed in range(20):
        rng = np.random.default_rng(seed)
        tall = rng.uniform(0.5, 4.0)
        wall = walls.plain(rng, HILL.height, [(5.0, 8.0), (35.0, 8.0)], tall)
        stone = wall.only(wall.instances == 0)
        assert (LABELS[stone.materials] == BUILDING).all()
        assert set(LABELS[wall.materials[wall.instances > 0]].tolist()) <= {UNDEFINED, VEGETATION}
        points = stone.corners.reshape(-1, 3)
        over = points[:, 2] - HILL.height(points[:, 0], points[:, 1])
        assert tall - 0.1 < over.max() < tall + 1.0
        assert over.min() < -0.2
        assert np.abs(points[:, 1] - 8.0).max() < 0.5
        materials |= set(LABELS[wall.materials].tolist())
    assert materials == {BUILDING, UNDEFINED, VEGETATION}


def test_crowned_walls_lean_over_the_road_only_above_the_heads_of_people():
    away, near = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        tall = rng.uniform(0.8, 3.5)
        wall = walls.crowned(rng, HILL.height, [(5.0, 8.0), (35.0, 8.0)], tall)
        assert (LABELS[wall.materials] == BUILDING).all()
        across = wall.corners[..., 1] - 8.0
        away.append(across.max())
        near.append(-across.min())
        if tall < 2.2:
            assert near[-1] < 0.6
    assert max(away) > 0.8
    assert max(near) > 0.6


def test_plants_follow_a_wall_around_its_corner():
    path = [(2.0, 30.0), (2.0, 8.0), (24.0, 8.0)]  # up to the road and along it
    behind = []
    for seed in range(40):
        wall = walls.plain(np.random.default_rng(seed), HILL.height, path, 2.0)
        leaf = wall.only(LABELS[wall.materials] == VEGETATION).corners.mean(axis=1)
        beside = leaf[(leaf[:, 1] > 14.0) & (leaf[:, 1] < 26.0)]
        assert (np.abs(beside[:, 0] - 2.0) < 2.5).all()
        behind += (beside[:, 0] - 2.0).tolist()
    assert np.mean(behind) > 0.1
