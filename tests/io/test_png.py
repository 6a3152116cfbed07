"""Pictures: what goes in comes out, and the world file says where the first pixel lies."""

import numpy as np
import pytest
import rasterio

from bevseg.core.grid import Grid
from bevseg.errors import OutputWriteError
from bevseg.io import png

FOOT = 1200 / 3937


def noise(rows=30, cols=40):
    return np.random.default_rng(0).integers(0, 256, (rows, cols, 4), np.uint8)


def test_others_see_the_same_pixels(tmp_path):
    import matplotlib.image

    png.write(noise(), tmp_path / "a.png")
    np.testing.assert_array_equal(np.rint(matplotlib.image.imread(tmp_path / "a.png") * 255), noise())
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_equal_pictures_are_equal_bytes(tmp_path):
    for name in "ab":
        png.write(noise(), tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("unit", [1.0, FOOT])
def test_the_world_file_places_the_picture_where_the_raster_lies(tmp_path, unit):
    grid = Grid(0.2, 3852500, 31387500, 30, 40)
    png.write(noise(), tmp_path / "a.png")
    png.write_world(grid, unit, tmp_path / "a.pgw")
    with rasterio.open(tmp_path / "a.png") as file:
        expected = np.array([grid.left, grid.top - 6.0, grid.left + 8.0, grid.top]) / unit
        np.testing.assert_allclose(file.bounds, expected, rtol=0, atol=1e-6)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputWriteError):
        png.write(noise(), tmp_path / "file" / "a.png")
