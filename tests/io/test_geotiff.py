"""GeoTIFF: what others see in it, and that our own grid comes back exactly."""

import numpy as np
import pytest
import rasterio

from bevseg.errors import CloudNotFoundError, InputError, OutputWriteError
from bevseg.grid import Grid
from bevseg.io import geotiff
from bevseg.labels import COLOURS
from bevseg.raster import Raster

FOOT = 1200 / 3937


def dem(rows=3, cols=5, unit=1.0, crs=None, cell=0.2):
    """A ramp with one hole."""
    height = np.arange(rows * cols, dtype=np.float32).reshape(rows, cols)
    height[-1, -1] = np.nan
    grid = Grid(cell, 3852500, 31387500, rows, cols)
    return Raster(grid, ("height", "distance"), np.stack([height, height * 0]), crs, unit)


def classes(rows=4, cols=6):
    values = (np.arange(rows * cols).reshape(rows, cols) % 6).astype(np.uint8)
    return Raster(Grid(0.2, -3, 7, rows, cols), ("class", "confidence"), np.stack([values, values * 40]))


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (300, 700)])
@pytest.mark.parametrize("cell", [0.1, 0.2, 1 / 3])
def test_what_is_written_comes_back(tmp_path, shape, cell):
    raster = dem(*shape, cell=cell)
    geotiff.write(raster, tmp_path / "dem.tif")
    back = geotiff.read(tmp_path / "dem.tif")
    assert back.grid == raster.grid and back.names == raster.names
    assert back.values.dtype == np.float32
    np.testing.assert_array_equal(back.values, raster.values)


def test_others_see_names_place_system_and_holes(tmp_path):
    geotiff.write(dem(crs="EPSG:2154"), tmp_path / "dem.tif")
    with rasterio.open(tmp_path / "dem.tif") as file:
        assert file.descriptions == ("height", "distance") and file.crs.to_epsg() == 2154
        assert np.isnan(file.nodata) and file.read(1, masked=True).mask[-1, -1]
        assert file.xy(0, 0) == pytest.approx((770500.1, 6277500.1))
        assert file.profile["compress"] == "deflate" and file.profile["tiled"]


def test_a_system_in_feet_has_its_place_in_feet(tmp_path):
    geotiff.write(dem(crs="EPSG:2263", unit=FOOT), tmp_path / "dem.tif")
    with rasterio.open(tmp_path / "dem.tif") as file:
        assert file.xy(0, 0) == pytest.approx((770500.1 / FOOT, 6277500.1 / FOOT))
        assert file.transform.a == pytest.approx(0.2 / FOOT)
    back = geotiff.read(tmp_path / "dem.tif")
    assert back.grid == dem().grid and back.unit == FOOT


def test_classes_have_a_colour_table_beside_their_confidence(tmp_path):
    geotiff.write(classes(), tmp_path / "classes.tif", colours=dict(enumerate(COLOURS)))
    with rasterio.open(tmp_path / "classes.tif") as file:
        table = file.colormap(1)
        assert file.colorinterp[0] == rasterio.enums.ColorInterp.palette and file.count == 2
        assert [table[i][:3] for i in range(6)] == [tuple(bytes.fromhex(c[1:])) for c in COLOURS]
        assert file.nodata == 0
    back = geotiff.read(tmp_path / "classes.tif")
    np.testing.assert_array_equal(back.values, classes().values)
    assert back.values.dtype == np.uint8


def test_a_single_band_of_labels_has_its_colours_too(tmp_path):
    one = Raster(classes().grid, ("class",), classes().values[:1])
    geotiff.write(one, tmp_path / "labels.tif", colours=dict(enumerate(COLOURS)))
    with rasterio.open(tmp_path / "labels.tif") as file:
        assert file.colormap(1)[1][:3] == (0xC0, 0x50, 0x4D)
    np.testing.assert_array_equal(geotiff.read(tmp_path / "labels.tif")["class"], one["class"])


def test_a_raster_that_is_missing_foreign_or_damaged_is_told(tmp_path):
    with pytest.raises(CloudNotFoundError):
        geotiff.read(tmp_path / "none.tif")
    foreign = tmp_path / "foreign.tif"
    profile = {"driver": "GTiff", "dtype": "uint8", "count": 1, "width": 4, "height": 4}
    with rasterio.open(foreign, "w", transform=rasterio.Affine(2, 0, 50, 0, -2, 90), **profile) as file:
        file.write(np.zeros((1, 4, 4), np.uint8))
    with pytest.raises(InputError, match="Not a raster of bevseg"):
        geotiff.read(foreign)
    geotiff.write(dem(300, 300), tmp_path / "dem.tif")
    whole = (tmp_path / "dem.tif").read_bytes()
    for end in (0, 4, 100, len(whole) // 2):
        (tmp_path / "cut.tif").write_bytes(whole[:end])
        with pytest.raises(InputError):
            geotiff.read(tmp_path / "cut.tif")


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputWriteError):
        geotiff.write(dem(), tmp_path / "file" / "dem.tif")
