"""Small synthetic clouds with faces, as (xyz, train ids); all in metres."""

import numpy as np

from bevseg.core.labels import BUILDING, CAR, GROUND, POLE, VEGETATION
from bevseg.core.pointcloud import PointCloud


def plane(side=20.0, step=0.1, slope=0.0, height=0.0):
    """A square of ground; `slope` in m per m towards east."""
    axis = np.arange(0, side, step) + step / 2
    x, y = (a.ravel() for a in np.meshgrid(axis, axis))
    return np.column_stack([x, y, height + slope * x])


def plane_at(west):
    """A level square of 20 x 20 m, so far east."""
    return PointCloud.from_xyz(plane() + np.array([west, 0, 0]), name="plane")


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


def hill(slope, blocks=4):
    """Streets one behind the other up a hill; returns the cloud and each point's true height above ground."""
    block = street()
    xyz = np.concatenate([block.xyz + np.array([20.0 * i, 0, 0]) for i in range(blocks)])
    above = xyz[:, 2].copy()
    xyz[:, 2] += slope * xyz[:, 0]
    return PointCloud.from_xyz(xyz, np.tile(block.labels, blocks), name="hill"), above


def house_on_lawn(side=40.0, width=10.0, height=6.0):
    """A closed box in the middle of level ground at 100 m; it shows from 0.3 m up, and no ground is seen below it."""
    lawn = plane(side, step=0.2, height=100.0)
    south, north = side / 2 - width / 2, side / 2 + width / 2
    hidden = ((lawn[:, :2] > south) & (lawn[:, :2] < north)).all(axis=1)
    house = box(south, south, north, north, 100.2, 100.0 + height, step=0.2)
    return PointCloud.from_xyz(np.concatenate([lawn[~hidden], house]), name="house_on_lawn")


def wall(length=10.0, height=8.0):
    """A wall and nothing else: no ground anywhere."""
    along, up = (a.ravel() for a in np.meshgrid(np.arange(0, length, 0.1), np.arange(0, height, 0.1)))
    return PointCloud.from_xyz(np.column_stack([along, np.full(along.size, 0.05), 2 + up]), name="wall")


def column(heights, labels=None, at=(0.05, 0.05), ground=0.0):
    """Points above each other in one cell of 0.1 or 0.2 m, at these heights over level ground."""
    xyz = np.array([(*at, ground + h) for h in heights], float)
    return PointCloud.from_xyz(xyz, None if labels is None else np.array(labels, np.uint8), name="column")


def from_the_street(seed=0):
    """A street as a scanner on it sees it: crowded close by, thin further off. Labelled."""
    cloud, rng = street(seed=seed), np.random.default_rng(seed)
    scanner = np.array([rng.uniform(4, 12), rng.uniform(3, 7), 1.8])
    squared = ((cloud.xyz - scanner) ** 2).sum(axis=1)
    return cloud.take(np.flatnonzero(rng.random(len(cloud)) < rng.uniform(5, 10) / squared))


def from_above(seed=0):
    """The same street as an aircraft sees it: the highest points alone, some in each square metre."""
    cloud, rng = street(seed=seed), np.random.default_rng(seed)
    xyz = np.concatenate([cloud.xyz, box(1.05, 14.05, 18.95, 18.95, 6.9, 7)])
    xyz = xyz[np.argsort(-xyz[:, 2], kind="stable")]
    _, highest = np.unique(np.floor(xyz[:, :2] / 0.2), axis=0, return_index=True)
    return PointCloud.from_xyz(xyz[highest][rng.random(len(highest)) < 0.4], name="from above")
