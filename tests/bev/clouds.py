"""Random clouds for the laws that hold for every cloud."""

import dataclasses

import numpy as np
from hypothesis import strategies as st

from bevseg.core.pointcloud import PointCloud
from bevseg.core.raster import Raster


@st.composite
def clouds(draw, labelled=True):
    """A few points of any kind: near or far from the origin, strided, some of them not finite."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = draw(st.integers(1, 300))
    reach = draw(st.sampled_from([1, 300, 5000]))
    record = np.zeros(size, np.dtype([("X", "<i4"), ("Y", "<i4"), ("Z", "<i4"), ("class", "u1")]))
    for name, steps in (("X", reach), ("Y", reach), ("Z", 2000)):
        record[name] = rng.integers(-steps, steps, size, endpoint=True)
    finite = rng.random(size) < 0.8 if draw(st.booleans()) else None
    labels = rng.integers(0, 6, size).astype(np.uint8) if labelled else None
    offset = draw(st.sampled_from([(0.0, 0.0, 0.0), (9_876_543.21, -8_765_432.1, 1234.5)]))
    views = record["X"], record["Y"], record["Z"]
    return PointCloud(*views, (0.01, 0.001, 0.005), offset, labels, finite)


def kept(cloud):
    """Return the (N, 3) coordinates and the labels of the finite points."""
    mask = np.ones(len(cloud), bool) if cloud.finite is None else cloud.finite
    return cloud.xyz[mask], None if cloud.labels is None else cloud.labels[mask]


def shuffled(cloud, seed=0):
    """Return the cloud with its points in another order, and the order."""
    order = np.random.default_rng(seed).permutation(len(cloud))
    labels = None if cloud.labels is None else cloud.labels[order]
    finite = None if cloud.finite is None else cloud.finite[order]
    steps = {axis: getattr(cloud, axis)[order] for axis in "xyz"}
    return dataclasses.replace(cloud, **steps, labels=labels, finite=finite), order


def level(grid, height=0.0):
    """A DEM that is measured everywhere at one height."""
    planes = np.stack([np.full(grid.shape, height, np.float32), np.zeros(grid.shape, np.float32)])
    return Raster(grid, ("height", "distance"), planes)
