"""Which of two descriptions of the reference system counts, and where the cloud is taken to lie."""

import logging

import numpy as np
import pytest

from bevseg.core.pointcloud import PointLabels
from bevseg.io.compare.files import compare
from bevseg.io.las.describe import describe
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud
from tests.io.crs.geokey_files import directory
from tests.io.las import assembled
from tests.io.las.test_batches import pass_over
from tests.io.las.test_relabel import relabelled

pyproj = pytest.importorskip("pyproj")

FEET, METRES = 2263, 32118
"""New York Long Island in US survey feet, and in metres."""
US_FOOT = 1200 / 3937
KEYS = assembled.vlr("LASF_Projection", 34735, directory((1024, 0, 1, 1), (3072, 0, 1, FEET)))
ENCODING, OFFSETS, BOUNDS = 6, 155, 179


def wkt(text):
    return assembled.vlr("LASF_Projection", 2112, text.encode() + b"\0")


def written(path, *vlrs, point_format=1, flag=0, at=(990_000.0, 200_000.0)):
    rows = assembled.points(point_format, 300)
    assembled.write(path, point_format, rows, vlrs=vlrs, minor=4)
    assembled.patched(path, ENCODING, bytes([flag]))
    assembled.patched(path, OFFSETS, np.array([*at, 30.0]).tobytes())
    low, high = np.array([*at, 30.0]), np.array([*at, 30.0]) + 100
    return assembled.patched(path, BOUNDS, np.column_stack([high, low]).tobytes())


either_way = pytest.mark.parametrize("read", [read_cloud, pass_over])

WKT_IN_METRES = wkt(pyproj.CRS(METRES).to_wkt("WKT1_GDAL"))


@pytest.mark.parametrize(("point_format", "flag", "unit"), [(1, 0, US_FOOT), (1, 16, 1.0), (6, 0, 1.0)])
def test_a_flag_says_whether_wkt_or_keys_count(tmp_path, point_format, flag, unit):
    source = written(tmp_path / "a.las", WKT_IN_METRES, KEYS, point_format=point_format, flag=flag)
    cloud = read_cloud(source)
    assert cloud.crs.horizontal == pytest.approx(unit, rel=1e-9)
    assert pass_over(source).crs == cloud.crs
    assert ("ftUS" in describe(cloud.source)["reference_system"]["horizontal"]) == (unit != 1)


@either_way
def test_keys_are_read_where_the_wkt_cannot_be(tmp_path, caplog, read):
    for text in ("PROJCS[broken", ""):
        source = written(tmp_path / "a.las", wkt(text), KEYS, flag=16)
        with caplog.at_level(logging.WARNING):
            assert read(source).crs.horizontal == pytest.approx(US_FOOT, rel=1e-9)
    assert "its other description in the file is read" in caplog.text
    assert "metres are assumed" not in caplog.text


@either_way
def test_wkt_is_read_where_the_keys_name_nothing(tmp_path, read):
    empty = assembled.vlr("LASF_Projection", 34735, directory((1024, 0, 1, 1)))
    source = written(tmp_path / "a.las", wkt(pyproj.CRS(FEET).to_wkt("WKT1_GDAL")), empty)
    assert read(source).crs.horizontal == pytest.approx(US_FOOT, rel=1e-9)


@pytest.mark.parametrize("text", ["", pyproj.CRS(METRES).to_wkt("WKT1_GDAL")])
def test_an_upgraded_file_has_the_system_that_counted(tmp_path, text):
    source = written(tmp_path / "a.las", wkt(text), KEYS)
    cloud = read_cloud(source)
    labels = PointLabels(np.ones(len(cloud), np.uint8), np.zeros(len(cloud), np.uint8))
    write_cloud(cloud, labels, tmp_path / "out.las", upgrade=True)
    assert read_cloud(tmp_path / "out.las").crs.horizontal == pytest.approx(US_FOOT, rel=1e-9)
    assert compare(source, tmp_path / "out.las") is None
    relabelled(source, tmp_path / "parts.las", labels, size=7, upgrade=True)
    assert (tmp_path / "parts.las").read_bytes() == (tmp_path / "out.las").read_bytes()


@either_way
@pytest.mark.parametrize(("at", "warned"), [((990_000.0, 200_000.0), True), ((300_000.0, 60_000.0), False)])
def test_the_place_of_the_cloud_comes_from_its_points(tmp_path, caplog, at, warned, read):
    source = written(tmp_path / "a.las", WKT_IN_METRES, point_format=6, flag=16, at=at)
    for bounds in (bytes(48), np.array([990_010.0, 990_000.0, 200_010.0, 200_000.0, 50.0, 0.0]).tobytes()):
        assembled.patched(source, BOUNDS, bounds)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            read(source)
        assert caplog.text.count("are the coordinates in feet?") == warned
