"""Small labelled scenes on level ground, and what of them is found."""

from types import SimpleNamespace

import numpy as np

from bevseg.core.labels import BUILDING, CAR, GROUND, POLE, VEGETATION
from bevseg.core.pointcloud import PointCloud
from bevseg.objects.find_objects import find_objects
from tests.scenes import box, plane


def car(x, y, length=4.4, width=1.8, turn=0.0):
    """A car: a lower body, and a cabin over its middle; `turn` in degrees, counter-clockwise from east."""
    body = box(-length / 2, -width / 2, length / 2, width / 2, 0.3, 0.9)
    cabin = box(-length / 4, -width / 2 + 0.1, length / 4, width / 2 - 0.1, 0.9, 1.5)
    angle = np.radians(turn)
    at = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    xyz = np.concatenate([body, cabin])
    return np.column_stack([xyz[:, :2] @ at + (x, y), xyz[:, 2]])


def pole(x, y, height=6.0):
    z = np.arange(0.05, height, 0.05)
    return np.column_stack([x + 0.05 * np.cos(9 * z), y + 0.05 * np.sin(9 * z), z])


def tree(x, y, radius=2.5, top=7.0, seed=0):
    """A crown, and a trunk."""
    rng = np.random.default_rng(seed)
    crown = rng.normal(size=(5000, 3))
    crown /= np.linalg.norm(crown, axis=1, keepdims=True)
    crown = crown * rng.uniform(0.5, 1, (5000, 1)) * [radius, radius, 1.5] + [x, y, top - 1.5]
    return np.concatenate([crown, pole(x, y, top - 2)])


def scene(*parts, side=40.0, confidence=None):
    """A labelled cloud of level ground and parts (class, xyz), as `find_objects` takes it."""
    parts = [(GROUND, plane(side, 0.25)), *parts]
    xyz = np.concatenate([part for _, part in parts])
    classes = np.concatenate([np.full(len(part), label, np.uint8) for label, part in parts])
    return labelled(PointCloud.from_xyz(xyz, classes, name="scene"), confidence)


def labelled(cloud, confidence=None):
    sure = None if confidence is None else np.full(len(cloud), confidence, np.uint8)
    return SimpleNamespace(cloud=cloud, classes=cloud.labels, confidence=sure)


def street():
    """Two cars, a lamp, two trees that touch, a hedge and a house."""
    hedge = box(25.03, 5.03, 35.03, 6.03, 0, 1.2)  # no point on the border of a cell
    return scene(
        (CAR, car(10.3, 8.2, turn=7)),
        (CAR, car(15.5, 8.4, turn=3)),
        (POLE, pole(20.1, 12.1)),
        (VEGETATION, tree(8, 20)),
        (VEGETATION, tree(12.5, 20, seed=1)),
        (VEGETATION, hedge),
        (BUILDING, box(3.05, 27.05, 30.05, 35.05, 0, 7)),
        confidence=204,
    )


def moved(scene, change):
    """The scene with other coordinates; `change` takes and returns (N, 3) metres."""
    cloud = PointCloud.from_xyz(change(scene.cloud.xyz), scene.classes, name="scene")
    return SimpleNamespace(cloud=cloud, classes=scene.classes, confidence=scene.confidence)


def part(scene, which):
    """Some points of a scene, as a cloud of their own; `which` are indices or a mask."""
    which = np.flatnonzero(which) if np.asarray(which).dtype == bool else which
    sure = None if scene.confidence is None else scene.confidence[which]
    return SimpleNamespace(cloud=scene.cloud.take(which), classes=scene.classes[which], confidence=sure)


def found(*scenes):
    """The objects of clouds."""
    return find_objects(iter(scenes))
