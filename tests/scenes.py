"""Small synthetic clouds with faces, as (xyz, train ids); all in metres."""

import numpy as np

from bevseg.labels import BUILDING, CAR, GROUND, POLE, VEGETATION
from bevseg.pointcloud import PointCloud


def plane(side=20.0, step=0.1, slope=0.0, height=0.0):
    """A square of ground; `slope` in m per m towards east."""
    axis = np.arange(0, side, step) + step / 2
    x, y = (a.ravel() for a in np.meshgrid(axis, axis))
    return np.column_stack([x, y, height + slope * x])


def box(west, south, east, north, bottom, top, step=0.1):
    """The sides and the lid of a box."""
    xs, ys, zs = (np.arange(a + step / 2, b, step) for a, b in ((west, east), (south, north), (bottom, top)))
    lid = [(x, y, top) for x in xs for y in ys]
    sides = [(x, y, z) for z in zs for x in xs for y in (south, north)]
    sides += [(x, y, z) for z in zs for y in ys for x in (west, east)]
    return np.array(lid + sides)


def street(slope=0.0, seed=0):
    """A street of 20 x 20 m: ground, a house, a car under a tree, a pole. Returns a labelled PointCloud."""
    rng = np.random.default_rng(seed)
    crown = rng.normal(size=(4000, 3))
    crown = crown / np.linalg.norm(crown, axis=1, keepdims=True) * [2, 2, 1.2] + [9, 9, 5.5]
    angle = rng.uniform(0, 2 * np.pi, 800)
    pole = np.column_stack([15 + 0.05 * np.cos(angle), 5 + 0.05 * np.sin(angle), rng.uniform(0, 6, 800)])
    parts = {
        GROUND: plane(),
        BUILDING: box(1.05, 14.05, 18.95, 18.95, 0, 7),
        CAR: box(8.05, 8.05, 9.95, 12.05, 0.25, 1.5),
        VEGETATION: crown,
        POLE: pole,
    }
    xyz = np.concatenate(list(parts.values()))
    xyz[:, 2] += slope * xyz[:, 0]
    labels = np.concatenate([np.full(len(p), c, np.uint8) for c, p in parts.items()])
    return PointCloud.from_xyz(xyz, labels, name="street")
