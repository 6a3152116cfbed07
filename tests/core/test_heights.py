import numpy as np
from hypothesis import given

from bevseg.config import GroundConfig
from bevseg.core.heights import height_above_ground
from bevseg.ground.find_ground import find_ground
from tests.bev.clouds import clouds, kept


@given(clouds())
def test_height_above_ground_is_z_minus_the_cell_of_the_dem(cloud):
    dem = find_ground(cloud, 0.2, GroundConfig()).dem
    heights = height_above_ground(cloud, dem)
    mask = np.ones(len(cloud), bool) if cloud.finite is None else cloud.finite
    xyz, _ = kept(cloud)
    expected = xyz[:, 2] - dem["height"].ravel()[dem.grid.cell_of(xyz[:, 0], xyz[:, 1])]
    np.testing.assert_allclose(heights[mask], expected, atol=1e-4)
    assert np.isnan(heights[~mask]).all()
