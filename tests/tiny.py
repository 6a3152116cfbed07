"""Streets of a few thousand points and networks of a few hundred weights, for tests of whole runs."""

import dataclasses

import numpy as np

from bevseg.config import NetConfig, RasterConfig, Settings, TrainConfig
from bevseg.core.pointcloud import PointCloud
from tests.scenes import street

SETTINGS = Settings(
    raster=RasterConfig(cell=0.4),
    net=NetConfig(filters=4, depth=2),
    train=TrainConfig(steps=4, batch=2, crop=32, validate_every=2),
)

TOML = """
[raster]
cell = 0.4
[net]
filters = 4
depth = 2
[train]
steps = 4
batch = 2
crop = 32
validate_every = 2
simulated = 0
"""


def thin_street(name, seed=0, every=8):
    """Every eighth point of a street of 20 x 20 m, labelled."""
    cloud = street(seed=seed)
    keep = np.random.default_rng(seed).permutation(len(cloud))[: len(cloud) // every]
    columns = {axis: getattr(cloud, axis)[keep] for axis in ("x", "y", "z", "labels")}
    return dataclasses.replace(cloud, **columns, name=name)


def long_street(name, pieces=16, every=40):
    """Pieces of 20 m one behind the other to the east: thin, labelled, and longer than a block."""
    parts = [thin_street(name, seed, every) for seed in range(pieces)]
    xyz = np.concatenate([part.xyz + np.array([20.0 * number, 0, 0]) for number, part in enumerate(parts)])
    return PointCloud.from_xyz(xyz, np.concatenate([part.labels for part in parts]), name=name)


def write_text(path, xyz, labels=None):
    """Write x y z [label] rows as text."""
    rows = zip(xyz, [()] * len(xyz) if labels is None else labels[:, None], strict=True)
    lines = (" ".join([*(f"{v:.3f}" for v in point), *(str(v) for v in label)]) for point, label in rows)
    path.write_text("\n".join(lines) + "\n")
    return path


def write_street(path, seed=0):
    """Write a thin labelled street as text."""
    cloud = thin_street(path.name, seed)
    return write_text(path, cloud.xyz, cloud.labels)
