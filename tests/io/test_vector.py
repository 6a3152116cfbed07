"""Layers in GeoPackage and GeoJSON, read again by GDAL and by plain SQLite and JSON."""

import dataclasses
import json
import math
import sqlite3
import sys
from contextlib import closing

import numpy as np
import pytest

from bevseg.core.labels import COLOURS
from bevseg.core.pointcloud import Crs
from bevseg.errors import CrsError, DependencyError, OutputExistsError, UsageError
from bevseg.io import qgis, vector
from bevseg.io.crs import wkt_of_epsg
from bevseg.io.vector import Layer

pyogrio = pytest.importorskip("pyogrio", reason="pyogrio, of the extra gis, is not installed")

AMSTERDAM = (121_000.0, 487_000.0)
"""In RD New; 52.37 degrees north, 4.89 degrees east."""


def rd_new(**units):
    return Crs(wkt_of_epsg(28992), **units)


def layers(x=0.0, y=0.0, crs=None):
    return [dataclasses.replace(layer, crs=crs) for layer in shapes(x, y)]


def shapes(x, y):
    ring = ((x, y), (x + 4, y), (x + 4, y + 3), (x, y + 3), (x, y))
    hole = ((x + 1, y + 1), (x + 1, y + 2), (x + 2, y + 2), (x + 2, y + 1), (x + 1, y + 1))
    return [
        Layer(
            "poles",
            "Point",
            [(x, y), (x + 1, y + 2)],
            {"height": (float, [6.5, None]), "points": (int, [7, 2**40])},
            qgis.points(COLOURS[4]),
        ),
        Layer("facades", "LineString", [((x, y), (x + 5, y))], {"height": (float, [3.0])}),
        Layer("buildings", "Polygon", [(ring, hole)], {"name": (str, ["<\"é'>"])}),
        Layer("cars", "Polygon", [], {"height": (float, []), "points": (int, [])}),
    ]


def written(tmp_path, name, crs=None, **at):
    path = tmp_path / name
    vector.write(layers(crs=crs, **at), path)
    return path


def test_a_geopackage_gives_back_shapes_fields_and_gaps(tmp_path):
    path = written(tmp_path, "a.gpkg", rd_new(), x=AMSTERDAM[0], y=AMSTERDAM[1])
    assert [name for name, _ in pyogrio.list_layers(path)][:4] == ["poles", "facades", "buildings", "cars"]
    meta, _, shapes, (heights, points) = pyogrio.raw.read(path, layer="poles")
    assert meta["crs"] == "EPSG:28992" and meta["geometry_type"] == "Point"
    assert math.isnan(heights[1]) and heights[0] == 6.5 and points.tolist() == [7, 2**40]
    assert np.frombuffer(shapes[1][5:], "<f8").tolist() == [AMSTERDAM[0] + 1, AMSTERDAM[1] + 2]
    assert pyogrio.read_info(path, layer="buildings")["total_bounds"] == pytest.approx(
        (*AMSTERDAM, AMSTERDAM[0] + 4, AMSTERDAM[1] + 3)
    )
    assert pyogrio.raw.read(path, layer="buildings")[3][0].tolist() == ["<\"é'>"]
    assert pyogrio.read_info(path, layer="cars")["features"] == 0


def test_a_geopackage_has_the_style_of_its_layers(tmp_path):
    with closing(sqlite3.connect(written(tmp_path, "a.gpkg"))) as database:
        rows = database.execute("SELECT f_table_name, f_geometry_column, useAsDefault FROM layer_styles")
        assert rows.fetchall() == [("poles", "geom", 1)]
        columns = database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall()
        assert ("poles", "geom") in columns
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_coordinates_are_in_the_unit_of_the_system(tmp_path):
    path = written(tmp_path, "a.gpkg", rd_new(horizontal=0.3048), x=304.8, y=0)
    assert pyogrio.read_info(path, layer="facades")["total_bounds"][0] == pytest.approx(1000)


def test_geojson_is_in_longitude_and_latitude_with_the_layer_as_kind(tmp_path):
    path = written(tmp_path, "a.geojson", rd_new(), x=AMSTERDAM[0], y=AMSTERDAM[1])
    table = json.loads(path.read_text(encoding="utf-8"))
    kinds = [feature["properties"]["kind"] for feature in table["features"]]
    assert kinds == ["poles", "poles", "facades", "buildings"] and "crs" not in table
    pole, _, line, house = table["features"]
    assert pole["geometry"]["coordinates"] == pytest.approx([4.885, 52.370], abs=0.01)
    assert pole["properties"]["height"] == 6.5 and pole["properties"]["name"] is None
    assert line["geometry"]["type"] == "LineString" and len(house["geometry"]["coordinates"]) == 2


def test_geojson_without_a_system_has_metres(tmp_path):
    table = json.loads(written(tmp_path, "a.geojson", x=1000.5, y=-3.0).read_text())
    assert table["features"][0]["geometry"]["coordinates"] == [1000.5, -3.0]


def test_geojson_of_a_system_without_a_place_is_refused_and_leaves_nothing(tmp_path):
    local = Crs('LOCAL_CS["mine",UNIT["metre",1]]')
    with pytest.raises(CrsError, match="longitude and latitude"):
        vector.write(layers(crs=local), tmp_path / "a.geojson")
    assert list(tmp_path.iterdir()) == []


def test_geojson_of_two_systems_is_refused(tmp_path):
    with pytest.raises(CrsError, match="several"):
        vector.write([*layers(crs=rd_new()), *layers()], tmp_path / "a.geojson")


@pytest.mark.parametrize("name", ["a.gpkg", "a.geojson"])
def test_equal_layers_become_equal_bytes(tmp_path, name):
    first = written(tmp_path / "1", name, rd_new())
    assert first.read_bytes() == written(tmp_path / "2", name, rd_new()).read_bytes()


def test_a_file_is_replaced_only_if_asked(tmp_path):
    path = written(tmp_path, "a.gpkg")
    before = path.read_bytes()
    with pytest.raises(OutputExistsError):
        vector.write(layers(x=1), path)
    assert path.read_bytes() == before
    vector.write(layers(x=1), path, overwrite=True)
    assert path.read_bytes() != before and list(tmp_path.iterdir()) == [path]


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"\.shp"):
        vector.write(layers(), tmp_path / "a.shp")


def test_without_pyogrio_the_error_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyogrio", None)
    with pytest.raises(DependencyError, match="pyogrio") as error:
        vector.write(layers(), tmp_path / "a.gpkg")
    assert "bevseg[gis]" in str(error.value)
