"""Reference systems: feet become metres, degrees are refused, nonsense costs nothing."""

import logging
from pathlib import Path

import laspy
import numpy as np
import pyproj
import pytest

from bevseg.core.pointcloud import PointLabels
from bevseg.errors import CrsError
from bevseg.io import crs
from bevseg.io.las import reader, working_copy
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud
from tests.io.las import lasfiles

US_FOOT, FOOT = 1200 / 3937, 0.3048
HERE = Path("somewhere.las")


@pytest.mark.parametrize(
    ("code", "horizontal", "vertical"),
    [
        ("EPSG:28992", 1, 1),
        ("EPSG:7415", 1, 1),
        ("EPSG:2263", US_FOOT, US_FOOT),
        ("EPSG:2263+5703", US_FOOT, 1),
        ("EPSG:2263+6360", US_FOOT, US_FOOT),
        ("EPSG:2222", FOOT, FOOT),
        ("EPSG:32611+8228", 1, FOOT),
    ],
)
def test_units_across_and_up_are_read_apart(code, horizontal, vertical):
    found = crs.from_wkt(pyproj.CRS(code).to_wkt(), HERE)
    assert (found.horizontal, found.vertical) == pytest.approx((horizontal, vertical))
    assert not pyproj.CRS(found.wkt).is_compound and found.wkt.startswith("PROJCS")
    assert pyproj.CRS(found.wkt) == pyproj.CRS(code.split("+")[0]).to_2d() or code == "EPSG:7415"


@pytest.mark.parametrize("code", ["EPSG:4326", "EPSG:4979", "EPSG:4978", "EPSG:4326+5773"])
def test_degrees_and_geocentric_coordinates_are_refused_with_a_hint(code):
    with pytest.raises(CrsError) as caught:
        crs.from_wkt(pyproj.CRS(code).to_wkt(), HERE)
    assert "project the cloud" in caught.value.hint and caught.value.exit_code == 4


@pytest.mark.parametrize(
    ("middle", "code"),
    [
        ((11.58, 48.14), "EPSG:32632"),
        ((12.0, 0.0), "EPSG:32633"),
        ((-79.95, 40.44), "EPSG:32617"),
        ((151.2, -33.9), "EPSG:32756"),
        ((-180.0, 10.0), "EPSG:32601"),
        ((180.0, 10.0), "EPSG:32601"),
    ],
)
def test_a_cloud_in_degrees_is_told_the_zone_it_lies_in(middle, code):
    wkt = pyproj.CRS("EPSG:4326").to_wkt()
    for refused in (
        lambda: crs.from_wkt(wkt, HERE, middle),
        lambda: crs.from_geokeys({1024: 2, 2048: 4326}, HERE, middle),
        lambda: crs.from_geokeys({1024: 2, 2048: 32767}, HERE, middle),
    ):
        with pytest.raises(CrsError) as caught:
            refused()
        assert caught.value.hint.endswith(code)
    area = pyproj.CRS(code).area_of_use
    assert area.south <= middle[1] <= area.north
    assert area.west <= middle[0] <= area.east or abs(middle[0]) == 180


@pytest.mark.parametrize("middle", [None, (0.0, 89.0), (200.0, 40.0), (np.nan, 0.0)])
def test_where_no_zone_can_be_told_the_rule_for_it_is(middle):
    with pytest.raises(CrsError) as caught:
        crs.from_wkt(pyproj.CRS("EPSG:4326").to_wkt(), HERE, middle)
    assert "EPSG:326ZZ" in caught.value.hint and "longitude + 180" in caught.value.hint


def test_a_file_in_degrees_is_refused_with_its_zone(tmp_path):
    def in_degrees(file):
        file.header.vlrs.append(
            laspy.vlrs.known.WktCoordinateSystemVlr(pyproj.CRS("EPSG:4326+5773").to_wkt())
        )
        file.header.offsets, file.header.scales = np.array([11.5, 48.1, 500]), np.array([1e-7, 1e-7, 0.01])

    with pytest.raises(CrsError) as caught:
        read_cloud(lasfiles.make(tmp_path / "in.laz", edit=in_degrees))
    assert "EPSG:32632" in caught.value.hint and "in.laz" in str(caught.value.where)


@pytest.mark.parametrize(
    ("keys", "horizontal", "vertical"),
    [
        ({1024: 1, 3072: 28992}, 1, 1),
        ({1024: 1, 3072: 2263}, US_FOOT, US_FOOT),
        ({1024: 1, 3072: 32611, 4099: 9002}, 1, FOOT),
        ({1024: 1, 3072: 32611, 4096: 6360}, 1, US_FOOT),
        ({1024: 1, 3072: 32767, 3076: 9003}, US_FOOT, US_FOOT),
        ({1024: 1, 3072: 32767, 3076: 9001, 4099: 9003}, 1, US_FOOT),
    ],
)
def test_geokeys_tell_units_with_and_without_a_code(keys, horizontal, vertical):
    found = crs.from_geokeys(keys, HERE)
    assert (found.horizontal, found.vertical) == pytest.approx((horizontal, vertical))
    assert bool(found.wkt) == (keys[3072] != 32767)


@pytest.mark.parametrize("keys", [{1024: 2, 2048: 4326}, {1024: 2, 2048: 32767}, {1024: 3}, {2048: 4258}])
def test_geokeys_of_degrees_are_refused(keys):
    with pytest.raises(CrsError):
        crs.from_geokeys(keys, HERE)


@pytest.mark.parametrize(
    "read",
    [
        lambda: crs.from_wkt('PROJCS["cut sho', HERE),
        lambda: crs.from_geokeys({1024: 1, 3072: 1111}, HERE),
        lambda: crs.from_geokeys({1024: 1, 3072: 32767}, HERE),
        lambda: crs.from_geokeys({}, HERE),
    ],
)
def test_a_system_that_cannot_be_understood_is_a_warning_and_metres(read, caplog):
    with caplog.at_level(logging.WARNING):
        assert read() is None
    assert "metres are assumed" in caplog.text and "somewhere.las" in caplog.text


def test_a_local_system_has_its_unit():
    found = crs.from_wkt('LOCAL_CS["site",UNIT["US survey foot",0.304800609601219]]', HERE)
    assert found.horizontal == pytest.approx(US_FOOT)


def test_a_file_in_feet_is_metres_inside_and_feet_again_outside(tmp_path):
    def in_feet(file):
        wkt = pyproj.CRS("EPSG:2263+5703").to_wkt()
        file.header.vlrs.append(laspy.vlrs.known.WktCoordinateSystemVlr(wkt))

    source = lasfiles.make(tmp_path / "in.laz", edit=in_feet)
    before, cloud = laspy.read(source), read_cloud(source)
    np.testing.assert_allclose(cloud.xyz, before.xyz * [US_FOOT, US_FOOT, 1], rtol=1e-12)
    made = PointLabels(np.ones(500, np.uint8), np.ones(500, np.uint8))
    for suffix in ("laz", "ply", "txt"):
        write_cloud(cloud, made, tmp_path / f"out.{suffix}")
    assert (
        lasfiles.raw(source)[1]["LASF_Projection", 2112]
        == (lasfiles.raw(tmp_path / "out.laz")[1]["LASF_Projection", 2112])
    )
    for suffix, tolerance in (("laz", 0), ("ply", 1e-9), ("txt", 0.0005)):
        np.testing.assert_allclose(
            read_cloud(tmp_path / f"out.{suffix}").xyz * [1 / US_FOOT, 1 / US_FOOT, 1],
            before.xyz,
            rtol=1e-12,
            atol=tolerance + 1e-6,
        )
    working_copy.write(cloud, tmp_path / "cloud.las")
    kept = laspy.read(tmp_path / "cloud.las")
    np.testing.assert_allclose(kept.xyz, before.xyz, rtol=1e-12)
    across, up = kept.header.parse_crs().sub_crs_list
    assert across == pyproj.CRS("EPSG:2263") and up.axis_info[0].unit_name == "metre"


def test_wkt_in_an_extended_record_counts(tmp_path):
    def far_behind(file):
        wkt = pyproj.CRS("EPSG:2154").to_wkt().encode()
        file.evlrs = laspy.vlrs.vlrlist.VLRList([laspy.VLR("LASF_Projection", 2112, "", wkt)])

    cloud = read_cloud(lasfiles.make(tmp_path / "in.laz", edit=far_behind))
    assert "Lambert-93" in cloud.crs.wkt


def test_the_tiles_at_hand(shared_data):
    for name, expected in (("ign_lidarhd", "Lambert-93"), ("ahn3_delft", None)):
        for path in (shared_data / name).glob("*.laz"):
            found = reader.read(path).cloud.crs
            assert (found is None) if expected is None else expected in found.wkt
