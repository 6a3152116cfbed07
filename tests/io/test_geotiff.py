"""GeoTIFF: what others see in it, and that our own grid comes back exactly."""

import struct

import numpy as np
import pytest
import rasterio
import tifffile

import bevseg
from bevseg.core.grid import Grid
from bevseg.core.labels import ClassEntry, Scheme, load_scheme
from bevseg.core.raster import Raster
from bevseg.errors import CloudNotFoundError, InputError, LabelError, OutputWriteError
from bevseg.io import geotiff

FOOT = 1200 / 3937


def dem(rows=3, cols=5, unit=1.0, crs=None, cell=0.2):
    """A ramp with one hole."""
    height = np.arange(rows * cols, dtype=np.float32).reshape(rows, cols)
    height[-1, -1] = np.nan
    grid = Grid(cell, 3852500, 31387500, rows, cols)
    return Raster(grid, ("height", "distance"), np.stack([height, height * 0]), crs, unit)


def classes(rows=4, cols=6):
    values = (np.arange(rows * cols).reshape(rows, cols) % 6).astype(np.uint8)
    return Raster(Grid(0.2, -3, 7, rows, cols), ("class",), values[None])


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


@pytest.mark.parametrize("name", ["shrec20", "asprs", "oakland"])
def test_a_raster_of_classes_holds_the_codes_and_colours_of_its_scheme(tmp_path, name):
    scheme = load_scheme(name)
    geotiff.write(classes(), tmp_path / "classes.tif", scheme=scheme)
    with rasterio.open(tmp_path / "classes.tif") as file:
        found, table = file.read(1), file.colormap(1)
        assert file.colorinterp == (rasterio.enums.ColorInterp.palette,)
    known = classes()["class"] != 0
    np.testing.assert_array_equal(found[known], scheme.encode(classes()["class"][known]))
    assert not found[~known].any()
    for train in range(1, 6):
        entry = scheme.written()[train]
        assert table[entry.code][:3] == tuple(bytes.fromhex(entry.colour[1:]))
    back = geotiff.read(tmp_path / "classes.tif")
    np.testing.assert_array_equal(back.values, classes().values)
    assert back.values.dtype == np.uint8


def scheme_of(*codes):
    entries = (ClassEntry(code, f"class {code}", train, "#102030") for train, code in enumerate(codes, 1))
    return Scheme("own", tuple(entries))


@pytest.mark.parametrize(
    ("codes", "kind", "nodata"),
    [((0, 1, 2, 3, 4), "uint8", 255), ((1, 2, 3, 4, 254), "uint8", 0), ((7, 300, 2, 1, 9), "uint16", 0)],
)
def test_nodata_is_no_code_of_a_class(tmp_path, codes, kind, nodata):
    geotiff.write(classes(), tmp_path / "classes.tif", scheme=scheme_of(*codes))
    with rasterio.open(tmp_path / "classes.tif") as file:
        assert file.dtypes == (kind,) and file.nodata == nodata
        assert (file.read(1) == nodata).sum() == (classes().values == 0).sum()
    np.testing.assert_array_equal(geotiff.read(tmp_path / "classes.tif").values, classes().values)


@pytest.mark.parametrize("codes", [(1, 2, 3, 4, 65535), (-1, 2, 3, 4, 5), (1, 2, 3, 4)])
def test_codes_that_a_raster_cannot_hold_are_refused(tmp_path, codes):
    with pytest.raises(LabelError):
        geotiff.write(classes(), tmp_path / "classes.tif", scheme=scheme_of(*codes))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("tag", ["0 1 2", "0 1 2 3 4 x", "0 1 2 3 4 70000"])
def test_a_raster_whose_codes_are_not_understood_is_refused(tmp_path, tag):
    geotiff.write(classes(), tmp_path / "classes.tif", tags={"BEVSEG_CODES": tag})
    with pytest.raises(InputError, match="class"):
        geotiff.read(tmp_path / "classes.tif")


def assert_cloud_optimised(path):
    """The checks of GDAL's validate_cloud_optimized_geotiff.py, by a reader that is not GDAL."""
    with rasterio.open(path) as file:
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        shapes = [(max(file.height // k, 1), max(file.width // k, 1)) for k in (1, *file.overviews(1))]
    with tifffile.TiffFile(path) as file:
        pages = list(file.pages)
        assert [page.shape[:2] for page in pages] == shapes
        assert all(page.is_tiled and page.tile[:2] == (geotiff.TILE, geotiff.TILE) for page in pages)
        assert max(pages[-1].shape[:2]) <= geotiff.TILE
        # All directories, then the data: coarsest first, and each in order.
        directories = [page.offset for page in pages]
        data = [offset for page in reversed(pages) for offset in page.dataoffsets]
        assert directories == sorted(directories) and data == sorted(data)
        assert directories[-1] < data[0]


@pytest.mark.parametrize("shape", [(1, 1), (3, 700), (512, 512), (513, 1100)])
def test_every_file_is_cloud_optimised(tmp_path, shape):
    geotiff.write(dem(*shape, crs="EPSG:2154"), tmp_path / "dem.tif")
    geotiff.write(classes(*shape), tmp_path / "classes.tif", scheme=load_scheme("shrec20"))
    for name in ("dem", "classes"):
        assert_cloud_optimised(tmp_path / f"{name}.tif")


def test_the_check_sees_a_file_that_is_not(tmp_path):
    profile = {"driver": "GTiff", "dtype": "uint8", "count": 1, "width": 700, "height": 700}
    with rasterio.open(
        tmp_path / "plain.tif", "w", transform=rasterio.Affine(2, 0, 50, 0, -2, 90), **profile
    ) as file:
        file.write(np.ones((1, 700, 700), np.uint8))
    with pytest.raises((AssertionError, KeyError)):
        assert_cloud_optimised(tmp_path / "plain.tif")


@pytest.mark.parametrize("seen", [classes, dem])
def test_equal_rasters_are_equal_bytes(tmp_path, seen):
    for name in "ab":
        geotiff.write(seen(600, 700), tmp_path / f"{name}.tif", tags={"WHY": "so"})
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


def test_overviews_average_heights_but_never_kinds(tmp_path):
    steps = np.tile(np.float32([[0, 1], [2, 6]]), (300, 300))
    height = Raster(Grid(0.2, 0, 0, 600, 600), ("height",), steps[None])
    mixed = Raster(Grid(0.2, 0, 0, 600, 600), ("height", "source"), np.stack([steps, steps]))
    for raster, expected in ((height, {2.25}), (mixed, {0.0, 1.0, 2.0, 6.0})):
        geotiff.write(raster, tmp_path / "dem.tif")
        with rasterio.open(tmp_path / "dem.tif", overview_level=0) as file:
            assert set(np.unique(file.read(1))) <= expected


def test_a_file_tells_units_software_and_what_it_is_told_to(tmp_path):
    geotiff.write(dem(crs="EPSG:2154"), tmp_path / "dem.tif", units={"height": "m"}, tags={"WHY": "steep"})
    with rasterio.open(tmp_path / "dem.tif") as file:
        assert file.units == ("m", None)
        assert file.tags()["WHY"] == "steep"
        assert file.tags()["AREA_OR_POINT"] == "Area"
        assert file.tags()["TIFFTAG_SOFTWARE"] == f"bevseg {bevseg.__version__}"


def test_a_raster_that_is_missing_foreign_or_damaged_is_told(tmp_path):
    with pytest.raises(CloudNotFoundError):
        geotiff.read(tmp_path / "none.tif")
    foreign = tmp_path / "foreign.tif"
    profile = {"driver": "GTiff", "dtype": "uint8", "count": 1, "width": 4, "height": 4}
    with rasterio.open(foreign, "w", transform=rasterio.Affine(2, 0, 50, 0, -2, 90), **profile) as file:
        file.write(np.zeros((1, 4, 4), np.uint8))
    with pytest.raises(InputError, match="Not a bevseg raster"):
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


SAMPLES, TILE_WIDTH = 277, 322
"""Tags of a TIFF."""


def claimed(path, tag, value):
    """Change a 16-bit number in the header of a little-endian TIFF."""
    data = bytearray(path.read_bytes())
    start = struct.unpack_from("<I", data, 4)[0]
    for at in range(start + 2, start + 2 + 12 * struct.unpack_from("<H", data, start)[0], 12):
        if struct.unpack_from("<H", data, at)[0] == tag:
            struct.pack_into("<H", data, at + 8, value)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("tag", "value", "message"),
    [(SAMPLES, 16385, "Not a bevseg raster"), (TILE_WIDTH, 65520, "claims blocks larger")],
)
def test_what_a_header_claims_is_checked_before_a_block_is_unpacked(
    tmp_path, monkeypatch, tag, value, message
):
    geotiff.write(classes(12, 20), tmp_path / "classes.tif", scheme=load_scheme("asprs"))
    monkeypatch.setattr(rasterio.io.DatasetReader, "read", lambda *_: pytest.fail("the cells are read"))
    with pytest.raises(InputError, match=message):
        geotiff.read(claimed(tmp_path / "classes.tif", tag, value))
