"""Results of a run, written in a moment: two streets side by side, LAZ and PLY, with labels and a report."""

import json

import numpy as np

from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.io.write import write_cloud
from tests.scenes import street

CORNER = np.array([500_040.0, 5_400_000.0, 120.0])
"""South-west corner of the streets: the first one crosses the border between two tiles at 500,050 m."""


def street_at(number):
    """A street of 20 x 20 m; the next one lies 20 m further east."""
    cloud = street(seed=number)
    xyz = cloud.xyz + CORNER + np.array([20.0 * number, 0, 0])
    return PointCloud.from_xyz(xyz, cloud.labels, name=f"street_{number}")


def labels_of(cloud, seed):
    """The true classes, and a confidence by chance."""
    rng = np.random.default_rng(seed)
    confidence = rng.integers(1, 256, len(cloud), dtype=np.uint8)
    reasons = rng.integers(0, 6, len(cloud), dtype=np.uint8)
    return PointLabels(cloud.labels, confidence, reasons=reasons)


def write_results(folder):
    """Write labelled clouds and their report into a folder; return the clouds."""
    clouds, table = [street_at(0), street_at(1)], {}
    for number, (cloud, suffix) in enumerate(zip(clouds, ("laz", "ply"), strict=True)):
        path = folder / f"{cloud.name}.{suffix}"
        write_cloud(cloud, labels_of(cloud, number), path)
        table[cloud.name] = {
            "outputs": {"cloud": str(path)},
            "points": len(cloud),
            "source": str(folder / "gone"),
        }
    (folder / "report.json").write_text(json.dumps({"schema": 2, "clouds": table}))
    return clouds
