"""Labelled points strewn over level ground, in clouds of any extent, for tests of splits."""

import dataclasses

import numpy as np

from bevseg.core.grid import Grid
from bevseg.core.labels import CLASS_NAMES
from bevseg.core.pointcloud import Crs, PointCloud
from bevseg.core.raster import Raster
from bevseg.training import Example

CELL = 0.2
BLOCK, GUARD = 102.4, 25.6
RD = Crs('PROJCS["RD"]')


def strewn(name, x, y=(0.0, 20.0), points=4000, seed=0, crs=None):
    """A cloud of all classes between the ends of x and y, m."""
    rng = np.random.default_rng(seed)
    xyz = np.column_stack([rng.uniform(*x, points), rng.uniform(*y, points), rng.uniform(0.3, 8, points)])
    labels = rng.integers(1, len(CLASS_NAMES), points).astype(np.uint8)
    return PointCloud.from_xyz(xyz, labels, name=name, crs=crs)


def example(cloud):
    """The cloud on level ground at 0 m."""
    grid = Grid.covering(CELL, *cloud.bounds()[:2])
    return Example(cloud, Raster(grid, ("height",), np.zeros((1, *grid.shape), np.float32)))


def strewn_example(*args, **kwargs):
    """Such a cloud on its ground."""
    return example(strewn(*args, **kwargs))


def relabelled(one, labels):
    """The example with other labels."""
    return dataclasses.replace(one, cloud=dataclasses.replace(one.cloud, labels=labels.astype(np.uint8)))


def away(cloud, blocks):
    """How far each point lies from the nearest of some blocks, m, across or up; 0 within. Blocks are half-open."""
    xy = cloud.xyz[:, None, :2]
    south_west = np.array(blocks, float) * BLOCK
    outside = np.maximum(south_west - xy - 1e-7, xy - (south_west + BLOCK) + 1e-7)
    return np.maximum(outside, 0).max(axis=2).min(axis=1)
