"""`bevseg objects`: from labelled clouds to a file for a GIS, and what is refused."""

import json
import sys

import numpy as np
import pytest

from bevseg.core.labels import CAR
from bevseg.io.crs import wkt_of_epsg
from tests.cli.invoke import bevseg
from tests.objects.streets import car, scene, street

pyogrio = pytest.importorskip("pyogrio", reason="pyogrio, of the extra gis, is not installed")


def objects(*arguments):
    return bevseg("objects", *arguments, "--classes", "shrec20")


def write_las(cloud, path, classes, epsg=28992):
    """A LAS file whose codes are those of SHREC'20, the train ids."""
    import laspy

    header = laspy.LasHeader(version="1.4", point_format=6)
    header.scales, header.offsets = [0.001] * 3, [0.0] * 3
    if epsg:
        header.vlrs.append(laspy.vlrs.known.WktCoordinateSystemVlr(wkt_of_epsg(epsg)))
        header.global_encoding.wkt = True
    las = laspy.LasData(header)
    las.x, las.y, las.z = cloud.xyz.T + np.array([[121_000.0], [487_000.0], [0.0]])
    las.classification = classes
    las.write(str(path))
    return path


@pytest.fixture(scope="module")
def clouds(tmp_path_factory):
    """A street in two files; the border runs through a car."""
    folder, whole = tmp_path_factory.mktemp("clouds"), street()
    west = whole.cloud.xyz[:, 0] < 15.3
    for name, half in (("a", west), ("b", ~west)):
        write_las(whole.cloud.take(np.flatnonzero(half)), folder / f"{name}.las", whole.classes[half])
    return folder


def layer_sizes(path):
    return {name: pyogrio.read_info(path, layer=name)["features"] for name in LAYERS}


LAYERS = ("cars", "poles", "crowns", "buildings", "facades")


def test_a_geopackage_has_the_objects_of_all_clouds(clouds, tmp_path):
    output = tmp_path / "objects.gpkg"
    result = objects(clouds, "-o", output)
    assert result.exit_code == 0, result.stderr
    assert layer_sizes(output) == {"cars": 2, "poles": 1, "crowns": 3, "buildings": 1, "facades": 4}
    assert pyogrio.read_info(output, layer="cars")["crs"] == "EPSG:28992"
    assert [line.split() for line in result.stdout.splitlines()][:2] == [["cars", "2"], ["poles", "1"]]
    assert "objects.gpkg" in result.stderr


def test_the_order_and_the_processes_change_no_byte(clouds, tmp_path):
    one, other = tmp_path / "1.gpkg", tmp_path / "2.gpkg"
    assert objects(clouds / "a.las", clouds / "b.las", "-o", one).exit_code == 0
    assert objects(clouds / "b.las", clouds / "a.las", "-o", other, "--jobs", 2).exit_code == 0
    assert one.read_bytes() == other.read_bytes()


def test_geojson_has_all_kinds(clouds, tmp_path):
    output = tmp_path / "objects.geojson"
    assert objects(clouds, "-o", output).exit_code == 0
    features = json.loads(output.read_text(encoding="utf-8"))["features"]
    assert {feature["properties"]["kind"] for feature in features} == set(LAYERS)
    assert {feature["properties"]["class"] for feature in features} == {
        "car", "pole", "vegetation", "building"
    }  # fmt: skip


def test_the_results_of_a_run_are_taken_from_its_report(tiny_model, clouds, tmp_path):
    assert bevseg("run", clouds / "a.las", "-o", tmp_path / "out", "-m", tiny_model).exit_code == 0
    result = bevseg("objects", tmp_path / "out", "-o", tmp_path / "objects.gpkg")
    assert result.exit_code == 0, result.stderr
    assert "1 of 1 clouds" in result.stderr


def test_other_codes_need_their_scheme(tmp_path):
    whole = scene((CAR, car(10, 10)))
    path = tmp_path / "a.txt"
    np.savetxt(path, np.column_stack([whole.cloud.xyz, whole.classes]), fmt="%.3f %.3f %.3f %d")
    result = objects(path, "-o", tmp_path / "o.gpkg")
    assert result.exit_code == 0 and result.stdout.split()[:2] == ["cars", "1"], result.stderr


def test_an_output_that_exists_is_refused_before_any_work(clouds, tmp_path):
    output = tmp_path / "objects.gpkg"
    output.write_text("mine")
    result = objects(clouds, "-o", output)
    assert result.exit_code == 6 and output.read_text() == "mine"
    assert objects(clouds, "-o", output, "--overwrite").exit_code == 0
    assert layer_sizes(output)["cars"] == 2


def test_a_cloud_without_labels_is_refused(tmp_path):
    whole = street()
    path = write_las(whole.cloud, tmp_path / "a.las", np.zeros_like(whole.classes))
    result = objects(path, "-o", tmp_path / "objects.gpkg")
    assert result.exit_code == 4 and "no labels" in result.stderr
    assert not (tmp_path / "objects.gpkg").exists()


def test_clouds_of_a_second_system_have_layers_of_their_own(tmp_path):
    whole = street()
    for name, epsg in (("a", 28992), ("b", None)):
        write_las(whole.cloud, tmp_path / f"{name}.las", whole.classes, epsg)
    output = tmp_path / "objects.gpkg"
    result = objects(tmp_path, "-o", output)
    assert result.exit_code == 0 and "cars_2" in result.stderr
    assert [pyogrio.read_info(output, layer=name)["crs"] for name in ("cars", "cars_2")] == [
        "EPSG:28992",
        None,
    ]
    assert result.stdout.split()[:2] == ["cars", "4"]
    refused = objects(tmp_path, "-o", tmp_path / "objects.geojson")
    assert refused.exit_code == 4 and "several reference systems" in refused.stderr


@pytest.mark.parametrize(
    ("name", "code", "words"), [("a.shp", 2, ".geojson"), ("a", 2, ".gpkg"), ("folder.gpkg", 6, "directory")]
)
def test_an_output_that_cannot_be_is_refused(clouds, tmp_path, name, code, words):
    (tmp_path / "folder.gpkg").mkdir()
    result = objects(clouds, "-o", tmp_path / name)
    assert result.exit_code == code and words in result.stderr


def test_a_missing_cloud_is_refused(tmp_path):
    result = objects(tmp_path / "none.las", "-o", tmp_path / "objects.gpkg")
    assert result.exit_code == 4


def test_without_pyogrio_the_command_says_what_to_install(clouds, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyogrio", None)
    result = objects(clouds, "-o", tmp_path / "objects.gpkg")
    assert result.exit_code == 5 and "bevseg[gis]" in result.stderr


def test_clouds_without_a_system_have_objects_in_metres(tmp_path):
    whole = street()
    path = write_las(whole.cloud, tmp_path / "a.las", whole.classes, epsg=None)
    output = tmp_path / "objects.gpkg"
    assert objects(path, "-o", output).exit_code == 0
    west, south, *_ = pyogrio.read_info(output, layer="poles")["total_bounds"]
    assert (west, south) == pytest.approx((121_020.1, 487_012.1), abs=0.1)
