"""The picture of the ground: light from the north-west, and what is not measured looks like it."""

import numpy as np
import pytest
from scipy import ndimage

from bevseg.core.grid import Grid
from bevseg.core.raster import Raster
from bevseg.ground.hillshade import FADED, gradient, hillshade, illuminated


def plane(east, north, rows=6, cols=7, cell=0.5):
    """Heights that rise by so many m per m."""
    row, col = np.mgrid[:rows, :cols]
    return (cell * (east * col - north * row)).astype(np.float32)


def dem(height, source=0, distance=0.0):
    values = np.stack([height, np.full_like(height, source), np.full_like(height, distance)])
    return Raster(Grid(0.5, 0, 0, *height.shape), ("height", "source", "distance"), values)


@pytest.mark.parametrize(("east", "north"), [(0, 0), (0.3, 0), (0, -0.2), (0.1, 0.4)])
def test_the_gradient_of_a_plane_is_its_slope(east, north):
    found = gradient(plane(east, north), 0.5)
    for slope, expected in zip(found, (east, north), strict=True):
        np.testing.assert_allclose(slope[1:-1, 1:-1], expected, atol=1e-6)


def test_the_gradient_is_that_of_horn():
    height = np.random.default_rng(0).random((3, 3), np.float32)
    (a, b, c), (d, _, f), (g, h, i) = height
    east, north = gradient(height, 2.0)
    assert east[1, 1] == pytest.approx((c + 2 * f + i - a - 2 * d - g) / 16)
    assert north[1, 1] == pytest.approx((a + 2 * b + c - g - 2 * h - i) / 16)


@pytest.mark.parametrize(
    ("east", "north", "azimuth", "light"),
    [
        (0, 0, 315, np.sqrt(0.5)),  # level: the sine of the altitude
        (1, 0, 270, 1.0),  # faces the sun
        (-1, 0, 270, 0.0),  # lies in the plane of the light
        (-3, 0, 270, 0.0),  # in its own shade
        (0, -1, 0, 1.0),
        (0, 1, 180, 1.0),
    ],
)
def test_light_falls_on_the_side_of_the_sun(east, north, azimuth, light):
    shown = illuminated(plane(east, north), 0.5, azimuth, 45.0)
    np.testing.assert_allclose(shown[1:-1, 1:-1], light, atol=1e-6)


def test_cells_that_are_not_known_are_transparent_and_cast_nothing_on_their_neighbours():
    height = plane(0, 0)
    height[2, 3] = np.nan
    picture = hillshade(dem(height))
    assert picture.shape == (6, 7, 4) and picture.dtype == np.uint8
    assert (picture[2, 3] == 0).all()
    others = np.delete(picture.reshape(-1, 4), 2 * 7 + 3, axis=0)
    assert (others == [180, 180, 180, 255]).all()


def test_nothing_known_is_a_transparent_picture():
    assert not hillshade(dem(np.full((1, 1), np.nan, np.float32))).any()


def test_interpolated_cells_fade_with_the_distance_to_the_measured_ones():
    measured, near, far, farther = (
        hillshade(dem(plane(0, 0), source, distance))[0, 0, 0]
        for source, distance in ((0, 0), (1, FADED / 2), (1, FADED), (1, 10 * FADED))
    )
    assert measured < near < far == farther < 255


def test_cells_within_the_spacing_of_the_measured_ones_are_as_crisp_as_these():
    source = np.ones((20, 20), np.float32)
    source[::4, ::4] = 0
    values = np.stack([np.zeros((20, 20)), source, 0.2 * ndimage.distance_transform_edt(source)])
    names = ("height", "source", "distance")
    picture = hillshade(Raster(Grid(0.2, 0, 19, 20, 20), names, values.astype(np.float32)))
    assert len(np.unique(picture[:17, :17, 0])) == 1


def test_extrapolated_cells_are_tinted_and_hatched():
    picture = hillshade(dem(plane(0, 0, 20, 20), 2, 3.0))
    colours = np.unique(picture[..., :3].reshape(-1, 3), axis=0)
    assert len(colours) == 2
    assert (colours[:, 0] > colours[:, 2]).all()
    interpolated = hillshade(dem(plane(0, 0, 20, 20), 1, 3.0))[..., :3]
    assert np.ptp(interpolated, axis=2).max() == 0
