"""Where the points of a drive lie."""

import numpy as np
from scipy.spatial import cKDTree


def test_density_falls_with_range(driven):
    xyz = driven().xyz
    middle = np.abs(xyz[:, 0] - 20) < 10
    counts = np.histogram(np.abs(xyz[middle, 1]), [0, 2, 4, 8, 16, 32])[0] / np.diff([0, 2, 4, 8, 16, 32])
    assert (np.diff(counts) < 0).all()
    assert counts[0] > 20 * counts[-1]


def test_profiles_lie_apart_as_stripes(driven):
    xyz = driven().xyz
    away = xyz[(np.abs(xyz[:, 0] - 20) < 5) & (np.abs(xyz[:, 1] - 15) < 0.5)]
    nearest = cKDTree(away[:, :2]).query(away[:, :2], k=2)[0][:, 1]
    isotropic = 0.5 / np.sqrt(len(away) / 10)
    assert np.median(nearest) < 0.7 * isotropic
