"""Pictures of clouds of any shape."""

import numpy as np
import pytest
from PIL import Image

from bevseg.core.labels import CLASS_NAMES
from bevseg.runner import preview
from tests.report.clouds import maps


def picture(path, classes, name="a", measured=True):
    """Draw a hill with these classes (rows, cols) on it, and return the pixels."""
    classes = np.asarray(classes, np.uint8)
    heights = np.add.outer(*(np.arange(size, dtype=np.float32) for size in classes.shape))
    ground = heights if measured else np.full_like(heights, np.nan)
    shown = maps(classes, ground=ground)
    counts = dict(zip(CLASS_NAMES, np.bincount(classes.ravel(), minlength=6).tolist(), strict=True))
    preview.draw(name, counts, shown, np.stack([heights, heights]), path)
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_the_colours_of_the_classes_are_in_the_picture(tmp_path):
    pixels = picture(tmp_path / "a.png", np.repeat([[1, 2], [3, 5]], 20, axis=0)).reshape(-1, 3)
    colours = {tuple(pixel) for pixel in np.unique(pixels, axis=0)}
    for colour in (preview.COLOURS[i] for i in (1, 2, 3, 5)):
        assert tuple(bytes.fromhex(colour[1:])) in colours


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(150, 5), (5, 150), (1, 1), (1000, 2), (1000, 1000)])
def test_clouds_of_any_shape_make_a_picture_of_sane_size(shape, tmp_path):
    pixels = picture(tmp_path / "a.png", np.ones(shape))
    assert 250 < min(pixels.shape[:2]) <= max(pixels.shape[:2]) < 2500


def test_a_cloud_without_finite_points_makes_one_too(tmp_path):
    picture(tmp_path / "a.png", np.zeros((1, 1)), measured=False)


def test_a_name_of_any_kind_can_stand_over_it(tmp_path):
    picture(tmp_path / "a.png", np.ones((2, 2)), name="$x^{" * 40 + "\n\x1b[31m")
