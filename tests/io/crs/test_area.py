"""Feet in a file that names metres, and the reverse: told where the area of use shows it."""

import logging
from pathlib import Path

import pyproj
import pytest

from bevseg.io.crs import from_geokeys, from_wkt

HERE = Path("somewhere.las")
FOOT = 0.3048


def place(code, longitude, latitude, unit=1.0):
    """(x, y) of a place, in a unit of so many metres instead of that of the system."""
    own = pyproj.CRS(code).axis_info[0].unit_conversion_factor
    return tuple(value * own / unit for value in pyproj.Proj(code)(longitude, latitude))


FEET_AS_METRES = [
    (32632, 9.2, 48.8),
    (25832, 11.6, 48.1),
    (2154, 2.3, 48.9),
    (32118, -73.9, 40.7),
    (28992, 4.4, 52.0),
]


@pytest.mark.parametrize(("code", "longitude", "latitude"), FEET_AS_METRES)
def test_feet_where_the_file_names_metres_are_told(code, longitude, latitude, caplog):
    middle = place(code, longitude, latitude, FOOT)
    with caplog.at_level(logging.WARNING):
        for found in (
            from_wkt(pyproj.CRS(code).to_wkt("WKT1_GDAL"), HERE, middle),
            from_geokeys({1024: 1, 3072: code}, HERE, middle),
        ):
            assert found.horizontal == 1
    assert caplog.text.count("are the coordinates in feet?") == 2
    assert pyproj.CRS(code).name in caplog.text and "Metres are used" in caplog.text


@pytest.mark.parametrize(
    ("code", "longitude", "latitude"), [(2263, -73.9, 40.7), (2222, -110.5, 34), (2272, -77, 40.3)]
)
def test_metres_where_the_file_names_feet_are_told(code, longitude, latitude, caplog):
    with caplog.at_level(logging.WARNING):
        from_wkt(pyproj.CRS(code).to_wkt("WKT1_GDAL"), HERE, place(code, longitude, latitude, 1.0))
    assert "are the coordinates in metres?" in caplog.text and "Feet are used" in caplog.text


def test_metres_beside_a_unit_key_of_feet_are_told(caplog):
    with caplog.at_level(logging.WARNING):
        from_geokeys({1024: 1, 3072: 25832, 3076: 9003}, HERE, place(25832, 9.2, 48.8))
    assert "are the coordinates in metres?" in caplog.text


@pytest.mark.parametrize(
    ("code", "middle"),
    [
        *((code, place(code, *where)) for code, *where in FEET_AS_METRES),
        (25832, place(25832, 14.6, 51.0)),  # the zone west of its own, as some states use it
        (25833, place(25833, 7.0, 50.0)),
        (32632, place(32632, 14.6, 51.0)),
        (2193, place(2193, 174.8, -41.3)),  # an area across the 180th meridian
        (2263, place(2263, -73.9, 40.7, 1200 / 3937)),
        (32632, (0.0, 0.0)),  # a local origin fits no unit
        (32632, (float("nan"), 1.0)),
        (32632, (1e300, -1e300)),
        (32632, None),
    ],
)
def test_a_cloud_that_fits_or_fits_nowhere_is_not_suspected(code, middle, caplog):
    with caplog.at_level(logging.WARNING):
        assert from_wkt(pyproj.CRS(code).to_wkt("WKT1_GDAL"), HERE, middle)
    assert "are the coordinates in" not in caplog.text
