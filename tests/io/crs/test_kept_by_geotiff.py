"""A GeoTIFF has the reference system that was asked for, or none."""

import logging

import numpy as np
import pyproj
import pytest
import rasterio

from bevseg.core.grid import Grid
from bevseg.core.raster import Raster
from bevseg.io import geotiff
from bevseg.io.crs import kept_by_geotiff
from bevseg.io.crs.system import with_unit

YARDS = with_unit(pyproj.CRS(32632), 0.9144, "yard").to_wkt("WKT1_GDAL")


def raster(crs):
    return Raster(Grid(1.0, 0, 0, 2, 2), ("a",), np.zeros((1, 2, 2), np.float32), crs)


@pytest.mark.parametrize("code", [25832, 2154, 28992, 2263, 4550, 3182, 2053, 3857])
@pytest.mark.parametrize("version", ["WKT1_GDAL", "WKT1_ESRI", "WKT2_2019"])
def test_systems_of_the_register_are_kept_in_all_spellings(code, version):
    assert kept_by_geotiff.kept_by_geotiff(pyproj.CRS(code).to_wkt(version))


@pytest.mark.parametrize("wkt", [YARDS, 'LOCAL_CS["site",UNIT["US survey foot",0.304800609601219]]'])
def test_systems_of_users_are_kept(wkt):
    assert kept_by_geotiff.kept_by_geotiff(wkt)


def test_a_system_that_does_not_come_back_is_left_out_and_told(tmp_path, monkeypatch, caplog):
    kept_by_geotiff.kept_by_geotiff.cache_clear()
    monkeypatch.setattr(kept_by_geotiff, "_written_and_read", lambda crs: rasterio.crs.CRS.from_epsg(32633))
    with caplog.at_level(logging.WARNING):
        for name in ("a.tif", "b.tif"):
            geotiff.write(raster(pyproj.CRS(32632).to_wkt("WKT1_GDAL")), tmp_path / name)
            assert geotiff.read(tmp_path / name).crs is None
    assert caplog.text.count("cannot hold the reference system") == 1
    kept_by_geotiff.kept_by_geotiff.cache_clear()
