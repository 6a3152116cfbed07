"""Pictures of clouds of any shape."""

import numpy as np
import pytest
from PIL import Image

from bevseg.bev.rasterize import rasterize
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.ground.find_ground import find_ground
from bevseg.runner import preview
from tests import tiny


def picture(cloud, path, classes=None):
    settings = tiny.SETTINGS
    dem = find_ground(cloud, settings.raster.cell, settings.ground).dem
    bands = rasterize(cloud, dem, settings.slices, settings.raster)
    classes = np.ones(len(cloud), np.uint8) if classes is None else classes
    preview.draw(cloud, dem, bands, PointLabels(classes, classes), path)
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_the_colours_of_the_classes_are_in_the_picture(tmp_path):
    cloud = tiny.thin_street("street")
    pixels = picture(cloud, tmp_path / "a.png", cloud.labels).reshape(-1, 3)
    colours = {tuple(pixel) for pixel in np.unique(pixels, axis=0)}
    for colour in (preview.COLOURS[i] for i in (1, 2, 3, 5)):
        assert tuple(bytes.fromhex(colour[1:])) in colours


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(60.0, 2.0), (2.0, 60.0), (0.0, 0.0), (500.0, 1.0)])
def test_clouds_of_any_shape_make_a_picture_of_sane_size(shape, tmp_path):
    xyz = np.random.default_rng(0).uniform(0, 1, (200, 3)) * [*shape, 5.0]
    pixels = picture(PointCloud.from_xyz(xyz, name="a"), tmp_path / "a.png")
    assert 250 < min(pixels.shape[:2]) <= max(pixels.shape[:2]) < 2500


def test_a_cloud_without_finite_points_makes_one_too(tmp_path):
    picture(PointCloud.from_xyz(np.full((3, 3), np.nan), name="a"), tmp_path / "a.png")


def test_large_rasters_are_thinned_by_their_highest_known_value(monkeypatch):
    monkeypatch.setattr(preview, "SIDE", 2)
    values = np.array([[1, 2, np.nan], [3, np.nan, np.nan], [0, 0, 7]], np.float32)
    np.testing.assert_array_equal(preview._thinned(values), [[3, np.nan], [0, 7]])
