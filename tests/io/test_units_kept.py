"""Law of units: read, label, write, read gives the same metres, in every format and any unit of length."""

import itertools
import warnings

import laspy
import numpy as np
import pytest
import rasterio

from bevseg.core.pointcloud import Crs, PointLabels
from bevseg.errors import CrsError
from bevseg.io.read import read_cloud
from bevseg.io.write import cannot_keep, write_cloud
from tests.io.crs import geokey_files

XYZ = np.array([[25478.125, 109590.5, 501.25], [25491.375, 109625.25, 508.0], [25484.0, 109600.75, 505.5]])
METRE, FOOT, SURVEY_FOOT = 1.0, 0.3048, 1200 / 3937
HEADERS = {
    "x_ft y_ft z_ft": (FOOT, FOOT),
    "x_usft y_usft z_usft": (SURVEY_FOOT, SURVEY_FOOT),
    "x_m y_m z_ft": (METRE, FOOT),
    "x_ft y_ft z_m": (FOOT, METRE),
    "x_mm y_mm z_mm": (0.001, 0.001),
    "x_yd y_yd z_yd": (0.9144, 0.9144),
}
FORMATS = ("las", "copc.laz", "ply", "pcd", "txt", "pts")


def source(folder, header):
    path = folder / "source.csv"
    np.savetxt(path, XYZ, fmt="%.3f", header=header, comments="")
    with pytest.warns(UserWarning, match="outputs keep this unit and name it"):
        return read_cloud(path)


def written(cloud, path, **options):
    labels = PointLabels(*[np.ones(len(cloud), np.uint8)] * 2)
    write_cloud(cloud, labels, path, overwrite=True, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return read_cloud(path)


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("first", FORMATS)
def test_metres_stay_the_same_through_any_two_formats(tmp_path, header, first):
    cloud = source(tmp_path, header)
    across, up = HEADERS[header]
    between = written(cloud, tmp_path / f"first.{first}")
    for found, name in itertools.chain(
        [(between, first)], ((written(between, tmp_path / f"out.{name}"), name) for name in FORMATS)
    ):
        assert cannot_keep(found, tmp_path / f"out.{name}") == []
        np.testing.assert_allclose(found.xyz[:, :2], XYZ[:, :2] * across, rtol=1e-12)
        np.testing.assert_allclose(found.xyz[:, 2], XYZ[:, 2] * up, rtol=1e-12)
        assert found.crs.wkt == "" and found.crs.horizontal == pytest.approx(across, rel=1e-12)


def test_other_programs_find_the_unit_and_no_place(tmp_path):
    written(source(tmp_path, "x_ft y_ft z_m"), tmp_path / "out.las")
    system = laspy.open(tmp_path / "out.las").header.parse_crs()
    assert [axis.unit_name for axis in system.axis_info] == ["foot", "foot", "metre"]
    assert system.to_epsg() is None and system.area_of_use is None
    assert system.sub_crs_list[0].type_name == "Engineering CRS"
    assert not rasterio.crs.CRS.from_wkt(system.to_wkt()).is_projected


@pytest.mark.parametrize("suffix", ["ply", "pcd"])
def test_a_comment_says_the_units(tmp_path, suffix):
    written(source(tmp_path, "x_ft y_ft z_m"), tmp_path / f"out.{suffix}")
    content = (tmp_path / f"out.{suffix}").read_bytes()
    assert b" bevseg units: x and y in foot of 0.3048 m, z in metre of 1.0 m\n" in content


@pytest.mark.parametrize("size", [b"1e-300", b"9e99", b"1.5.5"])
def test_absurd_sizes_in_a_comment_are_refused_or_passed_over(tmp_path, size):
    written(source(tmp_path, "x_ft y_ft z_m"), tmp_path / "out.ply")
    path = tmp_path / "absurd.ply"
    path.write_bytes((tmp_path / "out.ply").read_bytes().replace(b"0.3048", size))
    if size == b"1.5.5":
        assert read_cloud(path).crs is None
        return
    with pytest.raises(CrsError, match="impossible size"):
        read_cloud(path)


@pytest.mark.parametrize("name", ["out.ply", "out.pcd", "out.txt", "out.las"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_units_of_geokeys_are_kept(tmp_path, name):
    keys = geokey_files.directory((1024, 0, 1, 1), (3072, 0, 1, 2263), (3076, 0, 1, 9003), (4099, 0, 1, 9001))
    path = geokey_files.write(tmp_path / "in.las", {34735: keys}, middle=(984250.0, 200000.0))
    cloud = read_cloud(path)
    assert cloud.crs.horizontal == pytest.approx(SURVEY_FOOT) and cloud.crs.vertical == METRE
    found = written(cloud, tmp_path / name, upgrade=True)
    np.testing.assert_allclose(found.xyz, cloud.xyz, rtol=1e-12)


def test_an_upgraded_file_with_units_alone_has_them_as_wkt(tmp_path):
    keys = geokey_files.directory((1024, 0, 1, 1), (3076, 0, 1, 9002))
    cloud = read_cloud(geokey_files.write(tmp_path / "in.las", {34735: keys}))
    assert cloud.crs == Crs("", FOOT, FOOT)
    written(cloud, tmp_path / "out.las", upgrade=True)
    (record,) = laspy.read(tmp_path / "out.las").header.vlrs.get_by_id("LASF_Projection", [2112])
    assert record.string.startswith("LOCAL_CS[") and 'UNIT["foot",0.3048]' in record.string


def test_units_without_a_word_are_named_as_lost_in_text(tmp_path):
    keys = geokey_files.directory((1024, 0, 1, 1), (3076, 0, 1, 9061))
    cloud = read_cloud(geokey_files.write(tmp_path / "in.las", {34735: keys}))
    sentences = cannot_keep(cloud, tmp_path / "out.txt")
    said = f"the units of the coordinates, {cloud.crs.horizontal:.10g} m, are not named"
    assert said in sentences
