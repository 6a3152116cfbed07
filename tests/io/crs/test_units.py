"""Units of WKT: odd ones have their size, impossible ones are refused, a name that contradicts is told."""

import logging
from pathlib import Path

import pyproj
import pytest

from bevseg.errors import CrsError
from bevseg.io.crs import from_wkt

HERE = Path("somewhere.las")
UTM = pyproj.CRS(32632).to_wkt("WKT1_GDAL")


def utm_in(name, size):
    return UTM.replace('UNIT["metre",1', f'UNIT["{name}",{size}')


@pytest.mark.parametrize(
    ("name", "size"), [("yard", 0.9144), ("rod", 5.0292), ("Foot_US", 0.3048006096), ("vara", 0.83590)]
)
def test_an_odd_unit_has_the_size_that_the_file_gives(name, size, caplog):
    with caplog.at_level(logging.WARNING):
        found = from_wkt(utm_in(name, size), HERE)
    assert (found.horizontal, found.vertical) == pytest.approx((size, size), rel=1e-9)
    assert caplog.text == ""


@pytest.mark.parametrize("size", [0, -1, 1e300, 1e-9])
def test_a_unit_of_an_impossible_size_is_refused(size):
    with pytest.raises(CrsError, match="impossible size") as caught:
        from_wkt(utm_in("odd", size), HERE)
    assert "'odd'" in caught.value.why
    with pytest.raises(CrsError, match="impossible size"):
        from_wkt(
            f'COMPD_CS["a",{UTM},VERT_CS["h",VERT_DATUM["d",2005],UNIT["odd",{size}],AXIS["Up",UP]]]', HERE
        )


@pytest.mark.parametrize(
    ("name", "size"), [("US survey foot", 1), ("foot", 1), ("metre", 0.3048), ("Meter", 0.3048)]
)
def test_a_name_that_contradicts_the_size_is_told_with_both(name, size, caplog):
    with caplog.at_level(logging.WARNING):
        assert from_wkt(utm_in(name, size), HERE).horizontal == size
    assert name in caplog.text and f"{size:g}" in caplog.text


def test_a_local_system_in_degrees_is_no_length():
    with pytest.raises(CrsError, match="degrees"):
        from_wkt('LOCAL_CS["x",UNIT["degree",0.0174532925199433]]', HERE)


def test_a_projection_that_the_first_wkt_lacks_keeps_its_unit():
    found = from_wkt(pyproj.CRS("EPSG:6244").to_wkt(), HERE)
    assert found.horizontal == 1 and pyproj.CRS(found.wkt) == pyproj.CRS("EPSG:6244")
