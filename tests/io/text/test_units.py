"""Units before the points: lengths are converted, angles and unknown units refused."""

import warnings

import numpy as np
import pytest

from bevseg.core.pointcloud import Crs
from bevseg.errors import CrsError
from tests.io.text.scenes import XYZ, labels, read, read_file, rows, write, written

FOOT, SURVEY_FOOT = 0.3048, 1200 / 3937


@pytest.mark.parametrize(
    ("header", "size"),
    [
        ("X [ft],Y [ft],Z [ft]", FOOT),
        ("X (feet),Y (feet),Z (feet)", FOOT),
        ("Easting (US ft),Northing (US ft),Elevation (US ft)", SURVEY_FOOT),
        ("X (US survey foot),Y (US survey foot),Z (US survey foot)", SURVEY_FOOT),
        ("x_ft,y_ft,z_ft", FOOT),
        ("X (cm),Y (cm),Z (cm)", 0.01),
        ("X (yd),Y (yd),Z (yd)", 0.9144),
        ("X,Y,Z\nft,ft,ft", FOOT),
        ("# units: feet\nx,y,z", FOOT),
        ("# unit = us-ft", SURVEY_FOOT),
        ("# all units in feet\nx,y,z", FOOT),
        ("# Coordinates are in US survey feet (NAD83)\nx,y,z", SURVEY_FOOT),
        ("Scan 3, all coordinates in millimetres\nx,y,z", 0.001),
        ("# EPSG:2263\nx,y,z", SURVEY_FOOT),
        ("# X [ft], Y [ft], Z [ft]", FOOT),
    ],
)
def test_a_unit_of_length_before_the_points_is_converted(tmp_path, header, size):
    with pytest.warns(UserWarning, match="outputs keep this unit"):
        cloud = read(tmp_path, f"{header}\n" + rows(",")).cloud
    np.testing.assert_allclose(cloud.xyz, XYZ * size, rtol=1e-9)
    assert cloud.crs.wkt == "" and cloud.crs.horizontal == pytest.approx(size, rel=1e-9)


@pytest.mark.parametrize(
    "header",
    [
        *("X [m],Y [m],Z [m]", "x_m,y_m,z_m", "X,Y,Z\nm,m,m", "# units: metres", "x,y,Z (m above sea level)"),
        *(
            "# coordinates in UTM zone 32",
            "# EPSG:25832",
            "# EPSG:2263 converted to EPSG:25832",
            "# EPSG:4326",
        ),
        *("# coordinates are in metres", "# EPSG:999999"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*x and y without a unit")
def test_metres_are_metres(tmp_path, header):
    cloud = read(tmp_path, f"{header}\n" + rows(",")).cloud
    np.testing.assert_allclose(cloud.xyz, XYZ)
    assert cloud.crs is None


def test_millimetres_of_a_country_fit(tmp_path):
    with pytest.warns(UserWarning, match="outputs keep this unit"):
        cloud = read(
            tmp_path, "X (mm),Y (mm),Z (mm)\n690025478,5335009590,501820\n690010791,5335005625,508441\n"
        ).cloud
    np.testing.assert_allclose(cloud.xyz[0], [690025.478, 5335009.590, 501.820], atol=1e-6)
    assert cloud.crs == Crs("", 0.001, 0.001)


@pytest.mark.filterwarnings("ignore:.*outputs keep this unit")
def test_heights_may_have_another_unit(tmp_path):
    cloud = read(tmp_path, "X [m],Y [m],Z [ft]\n" + rows(",")).cloud
    np.testing.assert_allclose(cloud.xyz, XYZ * (1, 1, FOOT))


@pytest.mark.filterwarnings("ignore:.*outputs keep this unit")
def test_digits_in_feet_come_back_as_they_were(tmp_path):
    lines = written(tmp_path, "x_ft,y_ft,z_ft\n" + rows(","))
    assert lines[0] == "x_ft,y_ft,z_ft,label,bevseg_confidence"
    assert lines[1].startswith("12.25,40.5,1.125,") and len(lines) == len(labels(4).classes) + 2


@pytest.mark.filterwarnings("ignore:.*outputs keep this unit")
@pytest.mark.parametrize(
    ("head", "columns"),
    [
        ("X,Y,Z,I\nft,ft,ft,-\n", None),
        ("X,Y,Z\n[ft],[ft],[ft]\n", None),
        ("# X[ft] Y[ft] Z[ft]\n", None),
        ("", "x_ft,y_ft,z_ft"),
        ("", "x [US ft],y [US ft],z [US ft]"),
    ],
)
def test_results_say_the_unit_of_their_source(tmp_path, head, columns):
    further = [lambda i: i] if head.startswith(("X,Y,Z,I", "#")) else []
    cloud = read(tmp_path, head + rows(",", after=further), columns=columns).cloud
    again = read_file(write(cloud, tmp_path / "result.csv")).cloud
    assert again.crs == cloud.crs and cloud.crs.horizontal < 0.31
    np.testing.assert_array_equal(again.xyz, cloud.xyz)


def test_a_units_row_is_kept(tmp_path):
    assert written(tmp_path, "X,Y,Z\nm,m,m\n" + rows(","))[1] == "m,m,m"


@pytest.mark.parametrize("header", ["X [px],Y [px],Z [px]", "X (inch),Y (inch),Z (inch)", "x,y,z\npx,px,px"])
def test_an_unknown_unit_is_refused_by_name(tmp_path, header):
    with pytest.raises(CrsError, match=r"unit '(px|inch)' of the coordinates is not known"):
        read(tmp_path, f"{header}\n" + rows(","))


def test_different_units_of_x_and_y_are_refused(tmp_path):
    with pytest.raises(CrsError, match="different units"):
        read(tmp_path, "X [m],Y [ft],Z [m]\n" + rows(","))


def test_brackets_that_are_no_unit_are_told(tmp_path):
    with pytest.warns(UserWarning, match="'UTM' behind the name of a coordinate is no unit of length"):
        cloud = read(tmp_path, "X (UTM),Y (UTM),Z (UTM)\n" + rows(",")).cloud
    np.testing.assert_allclose(cloud.xyz, XYZ)


@pytest.mark.parametrize(
    ("header", "order"),
    [
        ("X (deg),Y (deg),Z (m)", (0, 1)),
        ("x,y,z\ndeg,deg,m", (0, 1)),
        ("lon,lat,alt", (0, 1)),
        ("latitude,longitude,height", (1, 0)),
        ("# lon lat alt", (0, 1)),
    ],
)
def test_degrees_are_refused_with_the_zone_to_project_to(tmp_path, header, order):
    place = (11.5002548, 48.1000959)
    lines = "".join(f"{place[order[0]]},{place[order[1]]},{500 + i}\n" for i in range(5))
    with pytest.raises(CrsError, match=r"(?s)Coordinates in degrees.*EPSG:32632"):
        read(tmp_path, f"{header}\n{lines}")


@pytest.mark.parametrize("header", ["", "x,y,z\n"])
def test_bare_values_like_degrees_are_refused_unless_the_user_says_otherwise(tmp_path, header):
    lines = "".join(f"{11.5 + i * 1e-5},{48.1 - i * 1e-5},{500 + i}.5\n" for i in range(12))
    with pytest.raises(ValueError, match=r"(?s)may be degrees.*differ by less than 0.05.*--columns x,y,z"):
        read(tmp_path, header + lines)
    assert len(read(tmp_path, header + lines, columns="x,y,z").cloud) == 12


def test_geocentric_coordinates_are_refused(tmp_path):
    lines = "".join(f"{4177025.5 + i} {850009.25 - i} {4728501.5 + i % 3}\n" for i in range(5))
    with pytest.raises(CrsError, match="Geocentric coordinates"):
        read(tmp_path, lines)


def test_a_northing_as_long_as_the_radius_of_the_earth_is_no_geocentric_coordinate(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read(tmp_path, "550000.5 6330000.5 12.5\n550001.5 6330002.5 13.5\n").cloud) == 2


@pytest.mark.parametrize("name", ["out.txt", "out.pts"])
@pytest.mark.filterwarnings("ignore:.*outputs keep this unit")
def test_a_unit_that_the_user_gives_stands_in_the_result(tmp_path, name):
    cloud = read(tmp_path, rows(), columns="x [ft],y [ft],z [ft]").cloud
    write(cloud, tmp_path / name)
    assert "x[ft] y[ft] z[ft] label bevseg_confidence\n" in (tmp_path / name).read_text()
    np.testing.assert_allclose(read_file(tmp_path / name).cloud.xyz, XYZ * FOOT)
