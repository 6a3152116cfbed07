import numpy as np
import pytest

from bevseg.core.labels import BUILDING, CLASS_NAMES, GROUND, POLE, VEGETATION
from bevseg.sim.materials import LABELS, RESPONSES, Material
from bevseg.sim.town.centreline import Centreline
from bevseg.sim.town.street import street
from bevseg.sim.town.styles import STYLES


@pytest.fixture(scope="module")
def streets():
    """Two short streets of every style; one of them has side streets."""
    return [street(seed, 60, style=style) for style in STYLES for seed in range(2)]


def test_a_seed_is_a_street():
    first, again, other = street(4, 40), street(4, 40), street(5, 40)
    assert np.array_equal(first.mesh.corners, again.mesh.corners)
    assert first.mesh.corners.shape != other.mesh.corners.shape


def test_every_material_has_a_response_and_every_class_a_material():
    assert set(RESPONSES) == set(Material)
    assert set(LABELS.tolist()) == set(range(len(CLASS_NAMES)))


@pytest.mark.slow
def test_streets_hold_every_material_and_differ_in_slope(streets):
    found = set(np.concatenate([np.unique(s.mesh.materials) for s in streets]).tolist())
    assert found | {Material.SCREEN} == set(Material)  # bus shelters are rare
    slopes = [s.terrain.slope for s in streets]
    assert max(map(abs, slopes)) <= 0.08
    assert np.ptp(slopes) > 0.03


def test_wheels_touch_the_ground():
    scene = street(2, 40)
    wheels = scene.mesh.only(scene.mesh.materials == Material.TYRE)
    numbers = np.unique(wheels.instances)
    lowest = [wheels.corners[wheels.instances == number].reshape(-1, 3) for number in numbers]
    feet = np.array([of[of[:, 2].argmin()] for of in lowest])
    gap = feet[:, 2] - scene.ground(*feet[:, :2].T)
    assert len(gap) > 3
    assert np.abs(gap).max() < 0.2
    assert np.abs(np.median(gap)) < 0.03


@pytest.mark.slow
def test_the_ground_is_that_of_its_triangles_to_a_tenth_of_a_millimetre(ray_casting, streets):
    for scene in streets:
        soil = scene.mesh.only(LABELS[scene.mesh.materials] == GROUND)
        corners = soil.corners.astype(np.float32).reshape(-1, 3)
        cast = ray_casting.t.geometry.RaycastingScene()
        numbers = np.arange(len(corners), dtype=np.uint32).reshape(-1, 3)
        cast.add_triangles(ray_casting.core.Tensor(corners), ray_casting.core.Tensor(numbers))
        rng = np.random.default_rng(0)
        rays = np.zeros((5_000, 6), np.float32)
        rays[:, :2] = rng.uniform(corners[:, :2].min(axis=0), corners[:, :2].max(axis=0), (5_000, 2))
        rays[:, 2], rays[:, 5] = 100, -1
        met = 100 - cast.cast_rays(ray_casting.core.Tensor(rays))["t_hit"].numpy().astype(np.float64)
        true = scene.ground(*rays[:, :2].astype(np.float64).T)
        assert (np.isfinite(met) == np.isfinite(true)).mean() > 0.999
        both = np.isfinite(met) & np.isfinite(true)
        assert both.sum() > 1_000
        assert np.abs(met - true)[both].max() < 1e-4


@pytest.mark.slow
def test_the_ground_has_the_shape_that_was_asked_for_and_ends(streets):
    scene = streets[0]
    x, y, _ = scene.centreline.to_plane(np.array([[10.0, 0.0, 0.0]]))[0]
    assert scene.ground(np.full((2, 3), x), y).shape == (2, 3)
    assert np.isnan(scene.ground(1e4, 0.0))


@pytest.mark.slow
def test_height_along_the_street_is_the_ground_in_the_plane(streets):
    s, t = np.random.default_rng(0).uniform((0, -20), (60, 20), (2_000, 2)).T
    for scene in streets:
        x, y, _ = scene.centreline.to_plane(np.column_stack([s, t, np.zeros_like(s)])).T
        assert np.median(np.abs(scene.ground(x, y) - scene.terrain.height(s, t))) < 1e-4


@pytest.mark.parametrize("kind", ["straight", "gentle", "sharp"])
def test_places_come_back_from_the_plane(kind):
    for seed in range(5):
        centreline = Centreline.draw(np.random.default_rng(seed), 100, kind)
        reach = [0.75 * min(80.0, centreline.reach(sign)) for sign in (-1, 1)]
        s, t = np.random.default_rng(seed).uniform((-20, -reach[0]), (120, reach[1]), (500, 2)).T
        there = centreline.to_plane(np.column_stack([s, t, np.zeros_like(s)]))[:, :2]
        assert np.allclose(centreline.to_street(there), np.column_stack([s, t]), atol=1e-6)


def test_the_road_does_not_bend_at_a_side_street():
    centreline = Centreline.draw(np.random.default_rng(3), 100, "gentle", [(30, 60)])
    inside = (centreline.s >= 30) & (centreline.s <= 60)
    assert np.ptp(centreline.heading[inside]) < 1e-9
    assert np.ptp(centreline.heading) > 0.01


@pytest.mark.slow
def test_side_streets_are_furnished(streets):
    assert sum(len(scene.terrain.arms()) for scene in streets) >= len(STYLES)
    for scene in streets:
        some = scene.mesh.only(np.arange(0, len(scene.mesh.corners), 40))
        on_street = scene.centreline.to_street(some.corners.mean(axis=1)[:, :2])
        labels = LABELS[some.materials]
        for arm in scene.terrain.arms():
            s = arm.sign * on_street[:, 1] - arm.origin
            t = arm.sign * (arm.crossing.s - on_street[:, 0])
            beside = (s > 5) & (s < 60) & (np.abs(t) < 25)
            assert GROUND in labels[beside]
            if scene.terrain.left.pavement:  # outside of town, nobody builds beside the road
                assert BUILDING in labels[beside]


def test_the_road_bends_gently():
    lines = [Centreline.draw(np.random.default_rng(seed), 200) for seed in range(50)]
    curvature = [np.abs(np.diff(line.heading) / np.diff(line.s)).max() for line in lines]
    assert 1 / 300 < max(curvature) <= 1 / 160
    assert all(np.allclose(line.to_plane(np.zeros((1, 3))), 0) for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize("style", [name for name, town in STYLES.items() if not town.land])
def test_streets_of_every_style_have_buildings(style):
    mesh = street(7, 60, style=style).mesh
    assert (LABELS[mesh.materials] == BUILDING).sum() > 1_000


@pytest.mark.slow
@pytest.mark.parametrize("style", ["suburb", "boulevard", "road", "centre"])
def test_no_pole_plant_or_house_stands_in_the_lane_of_the_scanner(style):
    for seed in range(2):
        scene = street(seed, 60, style=style)
        mesh = scene.mesh.only(np.isin(LABELS[scene.mesh.materials], [BUILDING, POLE, VEGETATION]))
        corners = mesh.corners.reshape(-1, 3)
        s, t = scene.centreline.to_street(corners[:, :2]).T
        lane = corners[(s > 0) & (s < 60) & (np.abs(t - scene.lane) < 0.9)]
        over = lane[:, 2] - scene.ground(lane[:, 0], lane[:, 1])
        assert over.min(initial=9.0) > 2.2


@pytest.mark.slow
def test_fronts_are_close_in_a_centre_and_far_apart_on_a_boulevard():
    fronts = {
        style: [street(seed, 20, style=style).terrain for seed in range(4)]
        for style in ("centre", "boulevard")
    }
    widths = {style: [of.left.front + of.right.front for of in found] for style, found in fronts.items()}
    assert min(widths["centre"]) > 3.5
    assert max(widths["centre"]) < 12
    assert min(widths["boulevard"]) > 17
    assert max(widths["boulevard"]) < 56
