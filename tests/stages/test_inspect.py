"""`bevseg inspect`: what a model or a cloud holds."""

import gzip
import json

import laspy
import numpy as np
import pyproj
import pytest

from bevseg.errors import ModelError
from bevseg.stages.inspect import text
from tests import tiny
from tests.cli.invoke import bevseg
from tests.io.crs import geokey_files
from tests.io.las import assembled, lasfiles


def table(path, *arguments):
    result = bevseg("inspect", path, "--json", *arguments)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_inspect_shows_the_ranges_of_the_training_clouds(tiny_model):
    values = json.loads(bevseg("inspect", tiny_model, "--json").stdout)["scans"]["covered"]
    line = f"  covered: {min(values):.6g} to {max(values):.6g} in {len(values)} clouds"
    assert line in bevseg("inspect", tiny_model).stdout.splitlines()


def test_inspect_a_model(tiny_model):
    text = bevseg("inspect", tiny_model)
    assert text.exit_code == 0
    for word in ("bands", "h_max", "ground_band", "vegetation", "versions", "torch", "mIoU"):
        assert word in text.stdout
    table = json.loads(bevseg("inspect", tiny_model, "--json").stdout)
    assert table["kind"] == "model"
    assert table["settings"]["raster"]["cell"] == 0.4


def test_inspect_a_cloud(tmp_path):
    labels = np.array([1, 1, 2, 3, 5, 0], np.uint8)
    cloud = tiny.write_text(tmp_path / "a.txt", np.arange(18.0).reshape(6, 3), labels)
    text = bevseg("inspect", cloud)
    assert "points: 6" in text.stdout
    assert "building: 2" in text.stdout
    found = table(cloud)
    assert found["bounds_m"]["x"] == [0.0, 15.0]
    assert found["size_m"]["x"] == 15.0 and found["density_per_m2"] == 1.0
    assert found["classes"]["car"] == 1
    assert found["class_codes"]["5"] == {"name": "vegetation", "points": 1}
    assert found["format"]["name"] == "text" and found["format"]["separator"] == "blanks"
    assert list(found["format"]["columns"].values()) == ["x", "y", "z", "class"]


def scan(path, point_format=6, standard_time=True, **options):
    """A LAS file with a compound system, extra dimensions, dates and classes."""

    def edit(las):
        wkt = pyproj.CRS("EPSG:25832+7837").to_wkt("WKT1_GDAL")
        las.header.vlrs.append(laspy.vlrs.known.WktCoordinateSystemVlr(wkt))
        las.header.global_encoding.gps_time_type = laspy.header.GpsTimeType(int(standard_time))
        las.header.offsets = np.array([500_000.0, 5_400_000.0, 0.0])
        las.add_extra_dim(laspy.ExtraBytesParams("wärme", "f4"))
        las.add_extra_dim(laspy.ExtraBytesParams("range", "2u2"))

    def last(las):
        las.gps_time = np.linspace(3e8, 3e8 + 100, len(las.points))
        las.return_number[:10], las.number_of_returns[:20] = 2, 2

    return lasfiles.make(path, point_format, edit=edit, last=last, **options)


@pytest.mark.parametrize(("suffix", "name"), [("las", "LAS"), ("laz", "LAZ")])
def test_a_las_file_has_all_that_its_header_says(tmp_path, suffix, name):
    found = table(scan(tmp_path / f"a.{suffix}"))
    described = found["format"]
    assert (described["name"], described["version"], described["point_format"]) == (name, "1.4", 6)
    assert described["record_length"] == 30 + 4 + 4
    assert described["generating_software"] == "elsewhere 1.0" and described["system"] == "SCANNER 7"
    assert described["created"] == laspy.open(tmp_path / f"a.{suffix}").header.creation_date.isoformat()
    fields = found["fields"]
    assert fields["X"] == "int32" and fields["return_number"] == "4 bits" and fields["gps_time"] == "float64"
    assert fields["wärme"] == "float32, extra" and fields["range"] == "uint16 x 2, extra"
    assert found["returns"] == {
        "return_number": {"1": 490, "2": 10},
        "number_of_returns": {"1": 480, "2": 20},
    }
    assert found["gps_time"]["first"] == "2021-03-17T07:06:22Z"
    assert found["reference_system"]["vertical"].startswith("DHHN2016 height")
    assert found["reference_system"]["horizontal"] == "ETRS89 / UTM zone 32N (EPSG:25832)"
    assert sum(each["points"] for each in found["class_codes"].values()) == 500
    assert found["class_codes"]["2"]["name"] == "ground"


def test_the_text_has_the_same_facts_and_dashes_for_what_is_missing(tmp_path):
    shown = bevseg("inspect", scan(tmp_path / "a.las")).stdout
    for line in (
        "  version: 1.4",
        "  wärme: float32, extra",
        "  first: 2021-03-17T07:06:22Z",
        "  horizontal_datum: European Terrestrial Reference System 1989",
    ):
        assert line in shown.splitlines() or line.replace("1989", "1989 ensemble") in shown.splitlines()
    x = next(line for line in shown.splitlines() if line.startswith("  x: 5"))
    assert x.startswith("  x: 500000.") or x.startswith("  x: 500000,")
    bare = bevseg("inspect", tiny.write_text(tmp_path / "a.txt", np.arange(6.0).reshape(2, 3))).stdout
    for line in ("crs: -", "gps_time: -", "returns: -", "  vertical_datum: -", "class_codes: -"):
        assert line in bare.splitlines()


def test_week_seconds_have_no_date(tmp_path):
    assert "604,800" in table(scan(tmp_path / "a.las", standard_time=False))["gps_time"]["counts"]


def test_geokeys_are_named_as_well(tmp_path):
    keys = geokey_files.directory((1024, 0, 1, 1), (3072, 0, 1, 25832), (4096, 0, 1, 7837))
    found = table(geokey_files.write(tmp_path / "a.las", {34735: keys}, (500_000.0, 5_400_000.0)))
    assert found["reference_system"]["vertical"].startswith("DHHN2016 height")
    assert found["format"]["version"] == "1.2"


def test_a_ply_file_has_kind_and_properties(tmp_path):
    header = (
        "ply\nformat ascii 1.0\ncomment by hand\nelement vertex 2\nproperty double x\nproperty double y\n"
        "property double z\nproperty float scalar_Intensity\nelement face 0\nproperty list uchar int vertex_indices\n"
        "end_header\n"
    )
    path = tmp_path / "a.ply"
    path.write_text(header + "0 0 0 7\n1 1 1 8\n", encoding="utf-8")
    found = table(path)
    assert found["format"] == {"name": "PLY", "kind": "ascii 1.0", "elements": {"vertex": "2", "face": "0"}}
    assert found["fields"] == {
        "x": "double",
        "y": "double",
        "z": "double",
        "scalar_Intensity": "float (intensity)",
    }


def test_a_pcd_file_has_kind_and_fields(tmp_path):
    path = tmp_path / "a.pcd"
    path.write_text(
        "# .PCD v0.7\nVERSION 0.7\nFIELDS x y z intensity\nSIZE 4 4 4 2\nTYPE F F F U\nCOUNT 1 1 1 1\nWIDTH 2\n"
        "HEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS 2\nDATA ascii\n0 0 0 7\n1 1 1 8\n",
        encoding="utf-8",
    )
    found = table(path)
    assert found["format"] == {"name": "PCD", "version": "0.7", "kind": "ascii", "viewpoint": "0 0 0 1 0 0 0"}
    assert found["fields"] == {"x": "float32", "y": "float32", "z": "float32", "intensity": "uint16"}


def test_packed_text_has_its_columns(tmp_path):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"x,y,z,label\n0,0,0,1\n1,1,1,2\n"))
    described = table(path)["format"]
    assert described["separator"] == "comma" and described["header"] == "x,y,z,label"
    assert list(described["columns"].values()) == ["x", "y", "z", "class"]


@pytest.mark.parametrize(
    "held_out", [{"clouds": [], "scores": {"iou": {}}, "oracle": None}, {"clouds": 1}, [1]]
)
def test_scores_of_a_model_that_are_no_scores_are_an_error_that_says_so(held_out):
    table = {"kind": "model", "file": "m.safetensors", "scores": {"validation": held_out}}
    with pytest.raises(ModelError, match="scores in this model cannot be shown"):
        text(table)


def test_names_of_a_file_never_break_a_line(tmp_path):
    vlrs = [assembled.vlr(*assembled.EXTRA_BYTES, assembled.description(1, b"De\nv\x1b[31m"))]
    source = assembled.write(tmp_path / "a.las", 6, assembled.points(6, 5, 1), vlrs=vlrs)
    assembled.patched(source, 58, b"soft\nware")
    lines = bevseg("inspect", source).stdout.splitlines()
    assert r"  De\nv\x1b[31m: uint8, extra" in lines and r"  generating_software: soft\nware" in lines
