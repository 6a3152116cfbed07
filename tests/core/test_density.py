"""Density: points per square metre that holds any."""

import numpy as np
import pytest

from bevseg.core.density import points_per_square_metre
from bevseg.core.pointcloud import PointCloud


def density(rows):
    return points_per_square_metre(PointCloud.from_xyz(np.array(rows, float)))


@pytest.mark.parametrize("corner", [0, -7, 5_400_000])
def test_only_squares_with_points_count(corner):
    rows = [(0.1, 0.1, 0), (0.9, 0.9, 5), (0.5, 0.2, 9), (40.5, 80.5, 0)]
    assert density([(x + corner, y - corner, z) for x, y, z in rows]) == 2


def test_points_that_are_not_finite_do_not_count():
    assert density([(0, 0, 0), (np.nan, 0, 0)]) == 1
    assert density([(np.nan, 0, 0)]) is None
