"""What LAS holds is read again from every format: points far away, extents of 32 bits, steps below a millimetre."""

import laspy
import numpy as np
import pytest

from bevseg.core.pointcloud import PointLabels
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud

FORMATS = ("las", "copc.laz", "ply", "pcd", "txt")
COUNT = 200


def las(folder, scale, far=(), offset=0.0):
    """A LAS file of points in 50 m, but for some whose x is far away."""
    rng = np.random.default_rng(0)
    header = laspy.LasHeader(point_format=6, version="1.4")
    header.scales, header.offsets = [scale] * 3, [offset, 0, 0]
    cloud = laspy.LasData(header)
    cloud.X, cloud.Y, cloud.Z = (rng.integers(0, 50 / scale, COUNT) for _ in range(3))
    cloud.X[3 : 3 + len(far)] = np.rint(np.array(far) / scale)
    cloud.write(folder / "source.las")
    return folder / "source.las"


def written(cloud, path):
    labels = PointLabels(*[np.where(cloud.used, 1, 0).astype(np.uint8) if cloud.far is not None
                           else np.ones(len(cloud), np.uint8)] * 2)  # fmt: skip
    write_cloud(cloud, labels, path, overwrite=True)
    return read_cloud(path)


@pytest.mark.filterwarnings("ignore:.*far away from all others and get no class")
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("scale", "far"),
    [(0.01, [1.5e7]), (0.01, [-2e7, 2e7]), (0.001, [2.1e6, -2.1e6]), (0.0001, [2e5, -2e5]), (0.1, [9.9e7])],
)
def test_far_points_are_far_in_every_format_and_keep_their_coordinates(tmp_path, name, scale, far):
    cloud = read_cloud(las(tmp_path, scale, far))
    assert np.count_nonzero(cloud.far) == len(far)
    between = written(cloud, tmp_path / f"out.{name}")
    again = written(between, tmp_path / "again.las")
    order = np.lexsort(cloud.xyz.T)
    for found in (between, again):
        assert found.finite is None
        same = np.lexsort(np.round(found.xyz, 6).T)  # COPC sorts
        np.testing.assert_array_equal(found.far[same], cloud.far[order])
        np.testing.assert_allclose(found.xyz[same], cloud.xyz[order], rtol=0, atol=1e-7)


@pytest.mark.parametrize("name", ["ply", "pcd", "txt"])
@pytest.mark.parametrize("scale", [1e-4, 1e-5, 2.5e-4])
def test_steps_below_a_millimetre_are_found_again(tmp_path, name, scale):
    cloud = read_cloud(las(tmp_path, scale, offset=87000.0))
    found = written(cloud, tmp_path / f"out.{name}")
    assert found.scale[0] <= scale * (1 + 1e-9)
    np.testing.assert_allclose(found.xyz, cloud.xyz, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["ply", "pcd", "txt"])
def test_an_extent_of_32_bits_is_read(tmp_path, name):
    cloud = read_cloud(las(tmp_path, 0.001, [2.1e6, -2.1e6, 2.0e6, -2.0e6]))  # too many to be far
    assert cloud.far is None
    np.testing.assert_allclose(written(cloud, tmp_path / f"out.{name}").xyz, cloud.xyz, rtol=0, atol=1e-7)
