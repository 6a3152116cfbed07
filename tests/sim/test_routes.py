"""Where the instrument can go and stand in a street."""

import numpy as np
import pytest

from bevseg.sim import routes
from bevseg.sim.scene import Scene
from bevseg.sim.town.street import street


@pytest.mark.slow
def test_a_turn_goes_round_a_corner_on_the_road():
    there, route = next(
        (there, route)
        for there in (street(seed, 120, style="oakland") for seed in range(20))
        if (route := routes.turning(there, np.random.default_rng(0), least=40)) is not None
    )
    assert abs(np.ptp(route.heading)) == pytest.approx(np.pi / 2, abs=0.35)
    ground = there.ground(route.place[:, 0], route.place[:, 1])
    assert np.abs(route.place[:, 2] - ground).max() < 0.15
    assert np.allclose(np.diff(route.along), 0.25, atol=0.01)
    at = route.through * route.length
    assert route.curvature[np.abs(route.along - at) < 2].max() > 0.05


def test_the_way_back_is_in_the_other_lane_and_the_other_direction():
    there = street(1, 60)
    ahead, back = routes.straight(there), routes.straight(there, back=True)
    assert np.cos(ahead.heading[10] - back.heading[-10]) == pytest.approx(-1, abs=0.02)
    gap = np.linalg.norm(ahead.place[40, :2] - back.place[:, :2], axis=1).min()
    assert gap == pytest.approx(2 * abs(there.lane), abs=0.4)


def test_a_walk_keeps_to_a_pavement_or_verge_and_out_of_what_stands_there(ray_casting):
    there = street(1, 40)
    scene = Scene(there.mesh, ray_casting)
    walks = [routes.walk(there, scene, np.random.default_rng(seed)) for seed in range(4)]
    assert len({walk.back for walk in walks}) == 2
    for walk in walks:
        _, t = there.centreline.to_street(walk.place[:, :2]).T
        side = there.terrain.side(1 if t[0] > 0 else -1)
        assert side.kerb < np.abs(t).min() < np.abs(t).max() < side.front
        assert routes.free(scene, walk.place, walk.heading, height=2.2, half=0.3).mean() > 0.9


def test_tripods_stand_on_the_pavement_where_there_is_most_room():
    there = street(2, 90)
    middle = there.centreline.to_plane(np.array([[15.0, 0, 0]]))[0]

    def room(place):
        return np.linalg.norm(place[:2] - middle[:2])

    places = routes.standpoints(there, 3, 30.0, np.random.default_rng(0), room)
    s, t = there.centreline.to_street(np.array(places)[:, :2]).T
    assert (np.diff(s) > 5).all()
    for along, across in zip(s, t, strict=True):
        side = there.terrain.side(1 if across > 0 else -1)
        assert side.front - side.pavement <= abs(across) <= side.front, along
