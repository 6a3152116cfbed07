"""Sums over the points of a cell of the DEM: they stay right in cells of any size."""

import numpy as np

from bevseg.core.grid import Grid
from bevseg.core.pointcloud import PointCloud
from bevseg.ground.label_points import label_points
from bevseg.ground.surface import Surface


def test_a_wide_cell_holds_more_than_32_bits_of_heights():
    xyz = np.tile([50.0, 50.0, 9.0], (50_000, 1))  # 4.5e9 tenths of a millimetre
    level, tolerance = np.full((2, 100, 100), [[[0.0]], [[10.0]]], np.float32)
    searched, grid = Grid(1.0, 0, 99, 100, 100), Grid(100.0, 0, 0, 1, 1)
    clouds = [PointCloud.from_xyz(xyz[:20_000]), PointCloud.from_xyz(xyz[20_000:])]
    is_ground, off = label_points(clouds, searched, Surface(level, tolerance), grid)
    assert [len(each) for each in is_ground] == [20_000, 30_000] and all(each.all() for each in is_ground)
    np.testing.assert_allclose(off, 9.0, rtol=1e-5)
