"""Three kinds of boxes on a plane: clouds for studies of streets."""

import numpy as np

from bevseg.core.labels import BUILDING, CAR, GROUND, VEGETATION
from bevseg.core.pointcloud import PointCloud


def boxes(root):
    """Part, number and cloud of four small clouds."""
    for part, number, seed in (("train", 0, 0), ("train", 1, 1), ("val", 0, 2), ("test", 0, 3)):
        rng = np.random.default_rng(seed)
        xyz = np.column_stack([rng.uniform(0, 8, (4000, 2)), np.zeros(4000)])
        labels = np.full(4000, GROUND, np.uint8)
        for left, height, label in ((1, 6.0, BUILDING), (4, 1.5, CAR), (6, 4.0, VEGETATION)):
            inside = (abs(xyz[:, 0] - left) < 0.8) & (abs(xyz[:, 1] - 4) < 2)
            xyz[inside, 2] = rng.uniform(0.3, height, inside.sum())
            labels[inside] = label
        yield part, number, PointCloud.from_xyz(xyz, labels, name=f"{part}{number}")
