import numpy as np

from bevseg.labels import CLASS_NAMES
from bevseg.sim.bend import Bend
from bevseg.sim.materials import LABELS, RESPONSES, Material
from bevseg.sim.street import street
from bevseg.sim.style import STYLES


def test_a_seed_is_a_street():
    first, again, other = street(4, 40), street(4, 40), street(5, 40)
    assert np.array_equal(first.mesh.corners, again.mesh.corners)
    assert first.mesh.corners.shape != other.mesh.corners.shape


def test_every_material_has_a_response_and_every_class_a_material():
    assert set(RESPONSES) == set(Material)
    assert set(LABELS.tolist()) == set(range(len(CLASS_NAMES)))


def test_streets_hold_every_material_and_differ_in_slope():
    streets = [street(seed, 60, style=style) for seed in range(3) for style in STYLES]
    found = set(np.concatenate([np.unique(s.mesh.materials) for s in streets]).tolist())
    assert found == {int(material) for material in Material}
    slopes = [s.terrain.slope for s in streets]
    assert max(map(abs, slopes)) <= 0.08
    assert np.ptp(slopes) > 0.03


def test_wheels_touch_the_ground():
    scene = street(2, 40)
    wheels = scene.mesh.only(scene.mesh.materials == Material.TYRE)
    numbers = np.unique(wheels.things)
    lowest = [wheels.corners[wheels.things == number].reshape(-1, 3) for number in numbers]
    feet = np.array([of[of[:, 2].argmin()] for of in lowest])
    gap = feet[:, 2] - scene.ground(*feet[:, :2].T)
    assert len(gap) > 3
    assert np.abs(gap).max() < 0.2
    assert np.abs(np.median(gap)) < 0.03


def test_the_road_bends_gently():
    bends = [Bend.draw(np.random.default_rng(seed), 200) for seed in range(50)]
    curvature = [np.abs(np.diff(bend.heading) / np.diff(bend.s)).max() for bend in bends]
    assert 1 / 300 < max(curvature) <= 1 / 160
    assert all(np.allclose(bend.plane(np.zeros((1, 3))), 0) for bend in bends)
