"""`bevseg ground`: what it writes of a cloud, in which units, and what it refuses before it works."""

import json

import laspy
import numpy as np
import pyproj
import pytest
import rasterio

from bevseg.config import GroundConfig
from bevseg.core.pointcloud import PointLabels
from bevseg.errors import OutputWriteError
from bevseg.ground.find_ground import find_ground
from bevseg.io import geotiff, png
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud
from bevseg.workdir.folder import OPTIONAL_FILES, STAGES
from tests import scenes, tiny
from tests.cli.invoke import bevseg, left_behind
from tests.io.test_geotiff import assert_cloud_optimised

US_FOOT = 1200 / 3937


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    """A street of 20 x 20 m as text."""
    return tiny.write_street(tmp_path_factory.mktemp("street") / "street.txt")


@pytest.fixture(scope="module")
def everything(street, tmp_path_factory):
    """All that is written of a cloud, and what the command said."""
    folder = tmp_path_factory.mktemp("everything")
    arguments = ("--products", "dem,dsm,ndsm", "--hillshade", "--points", folder / "points.laz")
    before = street.read_bytes()
    result = bevseg("ground", street, "-o", folder / "dem.tif", *arguments)
    assert result.exit_code == 0, result.stderr
    assert street.read_bytes() == before
    return folder, result


RASTERS = {
    "dem": ("height", "source", "distance"),
    "dsm": ("height",),
    "ndsm": ("height_above_ground",),
}


def test_everything_lies_beside_the_dem(everything):
    folder, result = everything
    hillshade = ["dem_hillshade.pgw", "dem_hillshade.png", "dem_hillshade.png.aux.xml"]
    names = ["dem.qml", "dem.tif", *hillshade, "dsm.tif", "ndsm.tif", "points.laz"]
    assert left_behind(folder) == names
    assert sorted(line.strip() for line in result.stderr.splitlines()[-8:]) == [
        str(folder / n) for n in names
    ]


@pytest.mark.parametrize("name", RASTERS)
def test_every_raster_says_what_it_is_in_which_unit_and_how_it_came_about(everything, name):
    folder, result = everything
    assert_cloud_optimised(folder / f"{name}.tif")
    with rasterio.open(folder / f"{name}.tif") as file:
        assert file.descriptions == RASTERS[name]
        assert file.units == tuple(None if band == "source" else "m" for band in RASTERS[name])
        assert file.dtypes == ("float32",) * len(RASTERS[name]) and np.isnan(file.nodata)
        tags = file.tags()
    assert tags["BEVSEG_PRODUCT"] == name
    assert tags["BEVSEG_CELL"] == "0.2"
    assert json.loads(tags["BEVSEG_SETTINGS"])["slope"] > 0
    assert result.stdout == f"street: {tags['BEVSEG_METHOD']}: {tags['BEVSEG_WHY']}\n"


def test_the_surfaces_differ_by_what_stands_on_the_ground(everything):
    dem, dsm, ndsm = (geotiff.read(everything[0] / f"{name}.tif") for name in RASTERS)
    assert dem.grid == dsm.grid == ndsm.grid
    above = ndsm["height_above_ground"]
    known = ~np.isnan(dsm["height"])
    np.testing.assert_array_equal(np.isnan(above), ~known)
    np.testing.assert_allclose(above[known], np.maximum(dsm["height"] - dem["height"], 0)[known], atol=1e-6)
    assert above[known].max() > 6 and np.median(above[known]) < 0.1
    assert not np.isnan(dem["height"]).any()


def test_the_picture_lies_where_the_dem_does(everything):
    paths = (everything[0] / name for name in ("dem_hillshade.png", "dem.tif"))
    with rasterio.open(next(paths)) as picture, rasterio.open(next(paths)) as dem:
        assert picture.shape == dem.shape and picture.count == 4
        assert picture.bounds == pytest.approx(dem.bounds, rel=0, abs=1e-6)


def test_the_same_again_is_the_same_bytes(everything, street, tmp_path):
    arguments = ("--products", "dem,dsm,ndsm", "--hillshade", "--points", tmp_path / "points.laz")
    assert bevseg("ground", street, "-o", tmp_path / "dem.tif", *arguments).exit_code == 0
    for name in left_behind(tmp_path):
        assert (tmp_path / name).read_bytes() == (everything[0] / name).read_bytes()


@pytest.mark.parametrize(
    ("dem", "beside"),
    [
        ("scan_dem.tif", ["scan_dem.qml", "scan_dem.tif", "scan_dsm.tif"]),
        ("scan.tiff", ["scan.qml", "scan.tiff", "scan_dsm.tiff"]),
    ],
)
def test_the_names_follow_that_of_the_dem(street, tmp_path, dem, beside):
    result = bevseg("ground", street, "-o", tmp_path / dem, "--products", "dsm", "--hillshade")
    assert result.exit_code == 0, result.stderr
    picture = f"{dem.split('.')[0]}_hillshade"
    shown = [f"{picture}.pgw", f"{picture}.png", f"{picture}.png.aux.xml"]
    assert left_behind(tmp_path) == sorted(beside + shown)


def test_a_work_directory_has_the_same_beside_its_dem(everything, street, tmp_path):
    work = tmp_path / "work"
    assert bevseg("ingest", street, "-o", work).exit_code == 0
    result = bevseg("ground", work, "--products", "dsm,ndsm", "--hillshade")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == everything[1].stdout
    assert left_behind(work / "street") == sorted(
        STAGES["ingest"] + STAGES["ground"] + OPTIONAL_FILES["ground"]
    )
    for name in STAGES["ground"] + OPTIONAL_FILES["ground"]:
        assert (work / "street" / name).read_bytes() == (everything[0] / name).read_bytes()
    assert bevseg("rasterize", work).exit_code == 0
    assert bevseg("ground", work, "--products", "ndsm").exit_code == 6
    assert bevseg("ground", work, "--products", "ndsm", "--overwrite").exit_code == 0
    assert left_behind(work / "street") == ["cloud.json", "cloud.las", "dem.qml", "dem.tif", "ndsm.tif"]


def test_a_cell_and_a_method_are_settings_of_the_work_directory(street, tmp_path):
    work = tmp_path / "work"
    assert bevseg("ingest", street, "-o", work).exit_code == 0
    result = bevseg("ground", work, "--cell", "0.5", "--method", "smrf")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("street: smrf: ")
    recorded = json.loads((work / "settings.json").read_text())
    assert recorded["raster"]["cell"] == 0.5 and recorded["ground"]["method"] == "smrf"
    assert bevseg("rasterize", work).exit_code == 0
    with rasterio.open(work / "street" / "low.tif") as file:
        assert file.transform.a == 0.5


@pytest.mark.parametrize("method", ["smrf", "flat-zones"])
def test_the_method_that_is_asked_for_is_taken_and_told(street, tmp_path, method):
    result = bevseg("ground", street, "-o", tmp_path / "dem.tif", "--method", method)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"street: {method}: ")
    with rasterio.open(tmp_path / "dem.tif") as file:
        assert file.tags()["BEVSEG_METHOD"] == method
        assert json.loads(file.tags()["BEVSEG_SETTINGS"])["method"] == method


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--products", "dem,dtm"), ("dtm", "dem, dsm, ndsm")),
        (("--products", ","), ("dem, dsm, ndsm",)),
        (("--method", "cloth"), ("auto", "flat-zones", "smrf")),
        (("--cell", "0"), ("0.001",)),
        (("--cell", "nan"), ("0.001",)),
        (("--cell", "wide"), ("0.001",)),
        (("-o", "{out}/dem.png"), (".png", ".tif, .tiff")),
        (("-o", "{out}/dem"), (".tif, .tiff",)),
        (("--points", "{out}/points.ply"), (".ply", ".las, .laz")),
    ],
)
def test_wrong_options_name_the_right_ones_and_write_nothing(street, tmp_path, arguments, words):
    arguments = [argument.format(out=tmp_path) for argument in arguments]
    output = [] if "-o" in arguments else ["-o", tmp_path / "dem.tif"]
    result = bevseg("ground", street, *output, *arguments)
    assert result.exit_code == 2
    assert all(word in result.stderr for word in words)
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["dem.tif", "dsm.tif", "dem_hillshade.png", "dem_hillshade.pgw", "points.laz"]
)
def test_any_output_that_exists_is_refused_before_the_cloud_is_read(tmp_path, name):
    (tmp_path / name).write_text("mine")
    (tmp_path / "no_cloud.laz").write_text("not read")
    arguments = ("--products", "dsm", "--hillshade", "--points", tmp_path / "points.laz")
    result = bevseg("ground", tmp_path / "no_cloud.laz", "-o", tmp_path / "dem.tif", *arguments)
    assert result.exit_code == 6
    assert name in result.stderr
    assert left_behind(tmp_path) == sorted([name, "no_cloud.laz"])
    assert (tmp_path / name).read_text() == "mine"


def test_what_cannot_be_written_is_refused_before_the_cloud_is_read(tmp_path):
    (tmp_path / "no_cloud.laz").write_text("not read")
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "dem.tif").mkdir()
    for dem, words in (("dem.tif", "is a directory"), ("file/dem.tif", "not a directory")):
        arguments = ("-o", tmp_path / dem, "--products", "dsm", "--overwrite")
        result = bevseg("ground", tmp_path / "no_cloud.laz", *arguments)
        assert result.exit_code == 6 and words in result.stderr
    assert left_behind(tmp_path) == ["dem.tif", "file", "no_cloud.laz"]


def test_an_input_is_never_an_output(street, tmp_path):
    cloud = tmp_path / "a_dsm.tif"  # a name for text like any other
    cloud.write_bytes(street.read_bytes())
    result = bevseg("ground", cloud, "-o", tmp_path / "a.tif", "--products", "dsm", "--overwrite")
    assert result.exit_code == 2 and "input" in result.stderr
    assert cloud.read_bytes() == street.read_bytes()


def test_all_appear_or_none(street, tmp_path, monkeypatch):
    def full(*_):
        raise OutputWriteError("No space left")

    monkeypatch.setattr(png, "write_world", full)
    (tmp_path / "dsm.tif").write_text("mine")
    arguments = ("--products", "dsm", "--hillshade", "--overwrite")
    assert bevseg("ground", street, "-o", tmp_path / "dem.tif", *arguments).exit_code == 6
    assert left_behind(tmp_path) == ["dsm.tif"]
    assert (tmp_path / "dsm.tif").read_text() == "mine"


def write_las(path, xyz, unit, code):
    """Write points, m, in a system with such a unit for lengths and heights."""
    header = laspy.LasHeader(point_format=6)
    header.add_crs(pyproj.CRS(code))
    header.scales, header.offsets = np.full(3, 0.0001), np.floor(xyz.min(axis=0) / unit)
    cloud = laspy.LasData(header)
    cloud.x, cloud.y, cloud.z = (xyz / unit).T
    cloud.return_number = cloud.number_of_returns = np.ones(len(xyz), np.uint8)
    cloud.write(str(path))
    return path


def test_a_cloud_in_feet_has_the_same_ground_as_its_twin_in_metres(tmp_path):
    xyz = scenes.street(slope=0.05).xyz
    # Steps differ in the two units: a point on the border of a cell may fall to either side.
    xyz = xyz[(np.abs(xyz[:, :2] / 0.2 % 1 - 0.5) < 0.499).all(axis=1)] + [1_800_000, 600_000, 150]
    made = {}
    for name, unit, code in (("metres", 1.0, "EPSG:32610"), ("feet", US_FOOT, "EPSG:2227+6360")):
        cloud = write_las(tmp_path / f"{name}.laz", xyz, unit, code)
        dem, points = tmp_path / f"{name}_dem.tif", tmp_path / f"{name}_points.laz"
        arguments = ("--products", "dsm,ndsm", "--hillshade", "--points", points)
        result = bevseg("ground", cloud, "-o", dem, *arguments)
        assert result.exit_code == 0, result.stderr
        made[name] = laspy.read(points)
        with rasterio.open(dem) as file:
            assert file.crs.linear_units_factor[1] == pytest.approx(unit)
            assert file.units == ("m", None, "m")
            corners = np.array(file.bounds)
            assert file.transform.a * unit == pytest.approx(0.2)
        with rasterio.open(tmp_path / f"{name}_dem_hillshade.png") as file:
            np.testing.assert_allclose(file.bounds, corners, rtol=0, atol=1e-6)
        made[name, "corners"] = corners * unit
    metres, feet = made["metres"], made["feet"]
    np.testing.assert_allclose(made["feet", "corners"], made["metres", "corners"], rtol=0, atol=1e-6)
    np.testing.assert_array_equal(feet.classification, metres.classification)
    assert set(np.unique(feet.classification)) == {1, 2}
    np.testing.assert_allclose(feet.height_above_ground, metres.height_above_ground, atol=0.001)
    for product in RASTERS:
        one, other = (geotiff.read(tmp_path / f"{name}_{product}.tif") for name in ("metres", "feet"))
        assert one.grid == other.grid
        for band in one.names:
            np.testing.assert_allclose(one[band], other[band], atol=0.001)


def test_a_cloud_in_degrees_is_told_its_zone_and_writes_nothing(tmp_path):
    xyz = np.random.default_rng(0).random((50, 3)) * [1e-3, 1e-3, 5] + [11.57, 48.13, 500]
    cloud = write_las(tmp_path / "degrees.laz", xyz, 1.0, "EPSG:4326")
    result = bevseg("ground", cloud, "-o", tmp_path / "dem.tif")
    assert result.exit_code == 4
    assert "EPSG:32632" in result.stderr
    assert left_behind(tmp_path) == ["degrees.laz"]


def test_clouds_without_return_numbers_have_the_same_ground_as_those_with(street, tmp_path):
    cloud = read_cloud(street)
    nothing = PointLabels(np.ones(len(cloud), np.uint8), np.ones(len(cloud), np.uint8))
    found = {}
    for suffix in ("txt", "ply", "laz"):
        path = tmp_path / f"cloud.{suffix}"
        write_cloud(cloud, nothing, path)
        dem = tmp_path / suffix / "dem.tif"
        result = bevseg("ground", path, "-o", dem, "--points", tmp_path / f"{suffix}.laz")
        assert result.exit_code == 0, result.stderr
        found[suffix] = np.asarray(laspy.read(tmp_path / f"{suffix}.laz").classification)
        values = geotiff.read(dem).values
        found[suffix, "dem"] = values
    for suffix in ("ply", "laz"):
        np.testing.assert_array_equal(found[suffix], found["txt"])
        np.testing.assert_allclose(found[suffix, "dem"], found["txt", "dem"], atol=1e-5)


def test_ground_of_a_single_cloud_with_its_points(streets, tmp_path):
    dem, points = tmp_path / "dem.tif", tmp_path / "ground.laz"
    result = bevseg("ground", streets / "a.txt", "-o", dem, "--points", points)
    assert result.exit_code == 0, result.stderr
    las, xyz = laspy.read(points), np.loadtxt(streets / "a.txt")[:, :3]
    np.testing.assert_allclose(las.xyz, xyz, atol=1e-6)
    assert set(np.unique(las.classification)) == {1, 2}
    above = np.asarray(las.height_above_ground)
    is_ground = np.asarray(las.classification) == 2
    np.testing.assert_array_equal(
        is_ground, find_ground(read_cloud(streets / "a.txt"), 0.2, GroundConfig()).is_ground
    )
    assert np.abs(above[is_ground]).max() < 0.2 and is_ground[np.abs(above) < 0.01].all()
    with rasterio.open(dem) as file:
        assert file.descriptions == ("height", "source", "distance")


def test_ground_of_a_single_cloud_needs_an_output(streets):
    assert bevseg("ground", streets / "a.txt").exit_code == 2
