import numpy as np
from scipy.spatial import cKDTree

from bevseg.labels import CLASS_NAMES
from bevseg.sim.bend import Bend
from bevseg.sim.materials import LABELS, RESPONSES, Material
from bevseg.sim.street import street


def test_a_seed_is_a_street():
    first, again, other = street(4, 40), street(4, 40), street(5, 40)
    assert np.array_equal(first.mesh.corners, again.mesh.corners)
    assert first.mesh.corners.shape != other.mesh.corners.shape


def test_every_material_has_a_response_and_every_class_a_material():
    assert set(RESPONSES) == set(Material)
    assert set(LABELS.tolist()) == set(range(len(CLASS_NAMES)))


def test_streets_hold_every_material_and_differ_in_slope():
    streets = [street(seed, 40) for seed in range(3)]
    found = set(np.concatenate([np.unique(s.mesh.materials) for s in streets]).tolist())
    assert found == {int(material) for material in Material}
    slopes = [s.terrain.slope for s in streets]
    assert max(map(abs, slopes)) <= 0.08
    assert np.ptp(slopes) > 0.03


def test_wheels_touch_the_ground():
    scene = street(2, 40)
    s, t = (axis.ravel() for axis in np.meshgrid(np.arange(-25, 66, 0.25), np.arange(-40, 40, 0.25)))
    ground = scene.bend.plane(np.column_stack([s, t, scene.terrain.height(s, t)]))
    wheels = scene.mesh.corners[scene.mesh.materials == Material.TYRE].reshape(-1, 3 * 40, 3)
    below = cKDTree(ground[:, :2]).query(wheels.mean(axis=1)[:, :2])[1]
    gap = wheels[..., 2].min(axis=1) - ground[below, 2]
    assert len(wheels) % 4 == 0
    assert np.abs(gap).max() < 0.2
    assert np.abs(np.median(gap)) < 0.03


def test_the_road_bends_gently():
    bends = [Bend.draw(np.random.default_rng(seed), 200) for seed in range(50)]
    curvature = [np.abs(np.diff(bend.heading) / np.diff(bend.s)).max() for bend in bends]
    assert 1 / 300 < max(curvature) <= 1 / 160
    assert all(np.allclose(bend.plane(np.zeros((1, 3))), 0) for bend in bends)
