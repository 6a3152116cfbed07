"""What a GIS shows of our files: read by GDAL, and by QGIS itself where the machine has PyQGIS."""

import dataclasses
import json
import shutil
import subprocess
from xml.etree import ElementTree

import numpy as np
import pytest

from bevseg.core.labels import COLOURS, load_scheme
from bevseg.core.pointcloud import Crs
from bevseg.core.raster import Raster
from bevseg.io import aux_xml, geotiff, png, qgis, vector
from bevseg.io.crs import wkt_of_epsg
from bevseg.objects.layers import SHRUB, layers_of
from bevseg.workdir.folder import Folder
from tests.io.test_geotiff import classes, dem
from tests.objects.streets import found, street

SCHEMES = ("shrec20", "asprs", "oakland")


def in_qgis(*paths):
    """Return what QGIS shows of each file; skip if the system Python has no QGIS."""
    python = shutil.which("python3", path="/usr/bin")
    if python is None or subprocess.run([python, "-c", "import qgis.core"], capture_output=True).returncode:
        pytest.skip("PyQGIS is not installed (Debian: python3-qgis)")
    script = __file__.replace("test_qgis", "in_qgis")
    done = subprocess.run([python, script, *map(str, paths)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def expected(scheme, first=0):
    """Return code -> name and colour of the classes from train id `first` on."""
    written = load_scheme(scheme).written()
    return {str(e.code): [e.name, e.colour] for train, e in written.items() if train >= first}


@pytest.mark.slow
def test_qgis_shows_what_the_styles_say(tmp_path):
    two = Raster(classes().grid, ("class", "confidence"), np.repeat(classes().values, 2, 0), "EPSG:2154")
    for scheme in SCHEMES:
        Folder(tmp_path / scheme).write_classes({"low": two}, load_scheme(scheme))
        (tmp_path / f"{scheme}.qml").write_text(qgis.cloud(load_scheme(scheme)), encoding="utf-8")
    ground = dem(crs="EPSG:2154")
    geotiff.write(ground, tmp_path / "dem.tif")
    (tmp_path / "dem.qml").write_text(qgis.single_band(ground["height"]), encoding="utf-8")
    png.write(np.zeros((3, 5, 4), np.uint8), tmp_path / "shade.png")
    png.write_world(ground.grid, 1.0, tmp_path / "shade.pgw")
    (tmp_path / "shade.png.aux.xml").write_text(aux_xml.reference_system("EPSG:2154"), encoding="utf-8")
    rasters = [tmp_path / scheme / "low_classes.tif" for scheme in SCHEMES]
    styles = [tmp_path / f"{scheme}.qml" for scheme in SCHEMES]
    shown = in_qgis(*rasters, *styles, tmp_path / "dem.tif", tmp_path / "shade.png")
    for scheme, raster, cloud in zip(SCHEMES, shown[:3], shown[3:6], strict=True):
        assert raster["bands"] == 1 and raster["renderer"] == "paletted"
        assert raster["classes"] == expected(scheme, first=1)
        names = {code: name for code, (name, _) in expected(scheme, first=1).items()}
        assert names.items() <= raster["named_by_gdal"].items()
        assert cloud == {"attribute": "Classification", "classes": expected(scheme), "same": True}
    heights, shade = shown[6:]
    assert heights["renderer"] == "singlebandgray" and heights["used"] == [1]
    assert heights["crs"] == shade["crs"] == "EPSG:2154"
    assert shade["extent"] == pytest.approx(heights["extent"])


@pytest.mark.slow
def test_qgis_shows_the_objects_of_a_geopackage_in_the_colours_of_their_classes(tmp_path):
    pytest.importorskip("pyogrio", reason="pyogrio, of the extra gis, is not installed")
    path = tmp_path / "objects.gpkg"
    objects = dataclasses.replace(found(street()), crs=Crs(wkt_of_epsg(28992)))
    vector.write(layers_of(objects), path)
    (shown,) = in_qgis(path)
    assert {name: layer["features"] for name, layer in shown.items()} == {
        "buildings": 1, "crowns": 3, "cars": 2, "facades": 4, "poles": 1
    }  # fmt: skip
    assert all(layer["crs"] == "EPSG:28992" and layer["invalid"] == [] for layer in shown.values())
    assert shown["crowns"]["renderer"] == "categorizedSymbol"
    assert shown["crowns"]["colours"] == {"tree": COLOURS[5], "shrub": SHRUB}
    for name, label in (("buildings", 1), ("cars", 2), ("facades", 1), ("poles", 4)):
        assert shown[name]["colours"] == {"": COLOURS[label]}


@pytest.mark.parametrize("name", SCHEMES)
def test_gdal_finds_the_names_of_the_codes(tmp_path, name):
    if shutil.which("gdalinfo") is None:
        pytest.skip("gdalinfo is not installed (Debian: gdal-bin)")
    path = tmp_path / "classes.tif"
    geotiff.write(classes(), path, scheme=load_scheme(name))
    aux_xml.path_beside(path).write_text(aux_xml.class_names(load_scheme(name)), encoding="utf-8")
    said = json.loads(subprocess.run(["gdalinfo", "-json", path], capture_output=True, check=True).stdout)
    names = said["bands"][0].get("category") or said["bands"][0].get("categories") or []
    text = subprocess.run(["gdalinfo", path], capture_output=True, text=True, check=True).stdout
    for entry in load_scheme(name).written().values():
        assert f"{entry.code:3}: {entry.name}" in text or entry.name in names


def test_names_with_markup_stay_names(tmp_path):
    scheme = load_scheme("shrec20")
    odd = scheme.entries[1].__class__(1, '<b>&"quoted"', 1, "#102030")
    scheme = scheme.__class__("own", (odd,))
    for text in (qgis.class_raster(scheme), qgis.cloud(scheme), aux_xml.class_names(scheme)):
        tree = ElementTree.fromstring(text.split("\n", 1)[1] if text.startswith("<!") else text)
        found = [e.get("label") or (e.text or "").strip() for e in tree.iter()]
        assert '<b>&"quoted"' in found


def test_a_picture_without_a_system_names_none():
    assert "SRS" not in aux_xml.reference_system(None)


def test_heights_that_are_not_known_do_not_stretch_the_grey():
    style = ElementTree.fromstring(
        qgis.single_band(np.array([[np.nan, 2.0], [7.5, np.inf]])).split("\n", 1)[1]
    )
    assert [style.find(f".//{name}").text for name in ("minValue", "maxValue")] == ["2.0", "7.5"]
