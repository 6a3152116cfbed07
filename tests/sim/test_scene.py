"""Rays among things that move."""

import numpy as np
import pytest

from bevseg.sim.materials import Material
from bevseg.sim.mesh import Mesh, box, merge
from bevseg.sim.scene import Mover, Scene

WALL = box((-50, 20, -1), (50, 21, 8), Material.BRICK).numbered(7)
CAR = box((-2, -1, 0), (2, 1, 1.5), Material.PAINT)
TIME = np.array([0.0, 2.0, 4.0])
AHEAD = np.array([(1.0, 0.0, 0.1), (0.6, 0.8, 0.0), (0.0, 1.0, -0.1)])
TURNING = Mover(CAR, TIME, np.array([(0.0, 0, 0), (9, 2, 0.2), (10, 12, 0)]), AHEAD)
"""A car that drives round a corner, over a crest."""


def fan(time, count=4000):
    """Rays from beside the road to everywhere, all at one time."""
    direction = np.random.default_rng(0).normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    start = np.broadcast_to((5.0, 6.0, 1.2), (count, 3))
    return np.concatenate([start, direction], axis=1).astype(np.float32), np.full(count, time)


@pytest.mark.parametrize("time", [0.0, 1.3, 3.9])
def test_what_moves_is_hit_where_it_is_at_the_time_of_the_ray(ray_casting, time):
    busy = Scene(WALL, ray_casting).with_movers([TURNING])
    now = np.array([time])
    frozen = CAR.mapped(lambda points: points @ TURNING.axes(now)[0] + TURNING.places(now)[0])
    rays, times = fan(time)
    reach, triangle, normal = busy.cast(rays, times)
    expected, same, across = Scene(merge([WALL, frozen.numbered(8)]), ray_casting).cast(rays)
    np.testing.assert_allclose(reach, expected, atol=1e-4)
    assert (triangle == same).mean() > 0.999  # a ray along an edge may hit either face
    hit = np.isfinite(reach) & (triangle == same)
    assert (busy.mesh.instances[triangle[hit]] == 8).sum() > 20
    np.testing.assert_allclose(normal[hit], across[hit], atol=1e-4)


def test_what_moves_is_there_during_its_way_alone(ray_casting):
    busy = Scene(WALL, ray_casting).with_movers([TURNING])
    rays, times = fan(2.0)
    assert (busy.cast(rays, times)[1] >= len(WALL.corners)).any()
    empty = Scene(WALL, ray_casting).cast(rays)[0]
    for when in (times - 2.1, times + 2.1, None):
        np.testing.assert_array_equal(busy.cast(rays, when)[0], empty)


def test_each_mover_is_new_instances_and_other_movers_replace_them(ray_casting):
    still = Scene(WALL, ray_casting)
    pair = TURNING.mesh.numbered(0), TURNING.mesh.numbered(1)
    group = Mover(merge(pair), TIME, TURNING.place, AHEAD)
    busy = still.with_movers([TURNING, group])
    assert set(busy.mesh.instances.tolist()) == {7, 8, 9, 10}
    assert set(busy.with_movers([TURNING]).mesh.instances.tolist()) == {7, 8}
    assert still.with_movers([]).mesh is still.mesh
    assert isinstance(busy.with_movers([]).mesh, Mesh)
