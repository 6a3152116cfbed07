import numpy as np
import pytest

from bevseg.core.labels import POLE, UNDEFINED
from bevseg.sim.materials import LABELS, Material
from bevseg.sim.objects.poles import lamp_posts, masts, posts, signs, traffic_lights, utility_poles
from bevseg.sim.objects.poles.lamp_posts import LAMPS
from bevseg.sim.objects.poles.signs import SIGNS
from bevseg.sim.objects.poles.utility_poles import Line


def draws(make, count=20, **asked):
    return [make(np.random.default_rng(seed), **asked) for seed in range(count)]


def height(mesh):
    return mesh.corners[..., 2].max()


def labels(mesh):
    return set(LABELS[mesh.materials].tolist())


POLES = {
    **{f"lamp {kind}": lambda rng, kind=kind: lamp_posts.lamp_post(rng, kind) for kind in LAMPS},
    **{f"sign {kind}": lambda rng, kind=kind: signs.sign(rng, kind) for kind in SIGNS},
    "bollard": posts.bollard,
    "post": posts.post,
    "traffic light": traffic_lights.traffic_light,
    "overhead sign": signs.overhead_sign,
    "span mast": lambda rng: masts.span_mast(rng, 7.5),
    "pedestrian light": traffic_lights.pedestrian_light,
    "level light": traffic_lights.level_light,
    "board": signs.board,
    "stop": signs.stop_post,
    "camera": posts.camera,
    "delineator": posts.delineator,
}


@pytest.mark.parametrize("make", POLES.values(), ids=POLES)
def test_poles_stand_in_the_ground_and_are_pole_all_over(make):
    for part in draws(make):
        assert -0.5 < part.corners[..., 2].min() < 0
        assert labels(part) == {POLE}
        assert len(part.corners) < 500


@pytest.mark.parametrize(
    ("make", "low", "high"),
    [
        (POLES["lamp cobra"], 6, 11.6),
        (POLES["lamp globe"], 2.8, 5.6),
        (POLES["sign parking"], 2.1, 3.3),
        (POLES["lamp curved"], 5, 13.2),
        (POLES["lamp flat"], 4, 14.1),
        (POLES["lamp high"], 12, 18),
        (POLES["lamp lantern"], 3, 5.4),
        (posts.delineator, 0.7, 1.1),
        (signs.board, 1.3, 5.3),
        (posts.bollard, 0.6, 1.4),
        (posts.flag_pole, 6, 12),
        (traffic_lights.pedestrian_light, 2.6, 3.1),
    ],
)
def test_poles_are_as_high_as_manuals_say(make, low, high):
    for part in draws(make):
        assert low <= height(part) <= high


def test_arms_of_signals_reach_over_the_road_and_leave_room_below():
    reaches = []
    for light in draws(traffic_lights.traffic_light, arm=1.0):
        over = light.corners[light.corners[..., 1].min(axis=1) > 2.0]
        assert over[..., 2].min() > 4.0
        reaches.append(light.corners[..., 1].max())
    assert min(reaches) < 5
    assert 8 < max(reaches) < 11
    assert all(height(light) < 4.3 for light in draws(traffic_lights.traffic_light, arm=0.0))


def test_signs_over_the_road_leave_room_below():
    for sign in draws(signs.overhead_sign):
        over = sign.corners[sign.corners[..., 1].min(axis=1) > 1.0]
        assert over[..., 2].min() > 5.2
        assert 3.4 < sign.corners[..., 1].max() < 11.3


def test_signals_that_lie_on_their_side_hang_over_the_road():
    for light in draws(traffic_lights.level_light):
        over = light.corners[light.corners[..., 1].min(axis=1) > 2.0]
        assert over[..., 2].min() > 4.6
        assert 2.4 < light.corners[..., 1].max() < 9.1


def test_a_gantry_stands_on_both_sides_and_leaves_room_below():
    for frame in draws(signs.gantry, left=9.0, right=-8.0, drop=0.5):
        assert labels(frame) == {POLE}
        y = frame.corners[..., 1]
        between = frame.corners[(np.abs(y) < 7.5).all(axis=1)]
        assert between[..., 2].min() > 4.7
        for foot, z in ((9.0, -0.3), (-8.0, -0.8)):
            assert frame.corners[np.abs(y - foot) < 0.3][:, 2].min() == pytest.approx(z)


def test_lamps_of_other_countries_are_thin_and_thick():
    feet = []
    for kind in ("curved", "flat", "high", "lantern"):
        for part in draws(lambda rng, kind=kind: lamp_posts.lamp_post(rng, kind)):
            low = part.corners[np.abs(part.corners[..., 2] + 0.3) < 0.01]
            feet.append(np.ptp(low[:, 1]))
    assert 0.06 < min(feet) < 0.14
    assert 0.3 < max(feet) < 0.8


def test_concrete_masts_carry_many_wires():
    lines = [Line.concrete(np.random.default_rng(seed)) for seed in range(20)]
    for seed, line in enumerate(lines):
        mast = utility_poles.utility_pole(np.random.default_rng(seed), line)
        assert POLE in labels(mast)
        assert labels(mast) <= {POLE, UNDEFINED}
        assert line.hooks[:, 1].min() > 4.7
        assert line.hooks[:, 1].max() < line.height + 0.2
    assert max(len(line.hooks) for line in lines) > 14


def test_lights_hang_below_their_wire():
    for lights in draws(traffic_lights.hanging_lights):
        assert labels(lights) == {POLE}
        assert lights.corners[..., 2].max() < 0.1
        assert -1.8 < lights.corners[..., 2].min() < -1.0


def test_thin_posts_are_thin():
    post = signs.sign(np.random.default_rng(0), "parking")
    steel = post.corners[post.materials == Material.STEEL]
    assert np.ptp(steel[..., 1]) < 0.06


def test_wooden_masts_carry_their_wires():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        line = Line.draw(rng)
        mast = utility_poles.utility_pole(rng, line)
        assert 8 <= line.height <= 12.5
        assert line.hooks[:, 1].min() > 4.7
        assert line.hooks[:, 1].max() < line.height + 0.2
        assert POLE in labels(mast)
        assert labels(mast) <= {POLE, UNDEFINED}
        timber = mast.corners[mast.materials == Material.TIMBER]
        foot = timber[np.abs(timber[..., 2] + 0.3) < 0.01]
        assert 0.2 < np.ptp(foot[:, 1]) < 0.4


def test_every_kind_of_sign_and_lamp_is_drawn():
    assert len({len(signs.sign(np.random.default_rng(seed)).corners) for seed in range(200)}) >= 6
    assert len({round(height(part)) for part in draws(lamp_posts.lamp_post, 60)}) >= 5


def test_a_seed_is_a_pole():
    first, again = signs.sign(np.random.default_rng(4)), signs.sign(np.random.default_rng(4))
    assert np.array_equal(first.corners, again.corners)
