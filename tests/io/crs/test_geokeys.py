"""GeoTIFF keys: the unit that they name, wherever it stands, or a refusal; never metres in silence."""

import logging
import math
from pathlib import Path

import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.errors import CrsError
from bevseg.io.crs import from_geokeys, parse_geokeys
from bevseg.io.read import read_cloud
from tests.io.crs import geokey_files
from tests.io.crs.geokey_files import directory, doubles

HERE = Path("somewhere.las")
US_FOOT, FOOT = 1200 / 3937, 0.3048
LINEAR = pyproj.database.get_units_map("EPSG", "linear", allow_deprecated=True).values()


def read(path, **records):
    numbers = {"keys": 34735, "doubles": 34736, "texts": 34737}
    return read_cloud(geokey_files.write(path, {numbers[name]: data for name, data in records.items()}))


def test_a_projection_given_by_parameters_is_no_degrees(tmp_path):
    keys = directory(
        (1024, 0, 1, 1), (2048, 0, 1, 4269), (3075, 0, 1, 1), (3076, 0, 1, 9001), (3080, 34736, 1, 0)
    )
    cloud = read(tmp_path / "a.las", keys=keys, doubles=doubles(-93.0))
    assert (cloud.crs.horizontal, cloud.crs.vertical) == (1, 1)


ZONE = {
    1024: 1,
    2048: 4269,
    3072: 32767,
    3074: 32767,
    3075: 1,
    3080: -93.0,
    3081: 0.0,
    3082: 500_000.0,
    3083: 0.0,
}


@pytest.mark.parametrize(
    ("unit", "size"),
    [({3076: 9001}, 1), ({3076: 9003}, US_FOOT), ({3076: 9096}, 0.9144), ({3076: 32767, 3077: 0.25}, 0.25)],
)
def test_a_projection_given_by_parameters_has_its_wkt(unit, size):
    east = 500_000.0 / size
    found = from_geokeys({**ZONE, 3082: east, 3092: 0.9996, 3073: "Zone 15|", **unit}, HERE)
    assert found.horizontal == pytest.approx(size)
    system = pyproj.CRS(found.wkt)
    assert system.axis_info[0].unit_conversion_factor == pytest.approx(size)
    expected = pyproj.Proj(26915)(-92.5, 45.0)
    assert [value * size for value in pyproj.Proj(system)(-92.5, 45.0)] == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    "keys", [{3075: 9999}, {3075: 1, 3080: math.nan}, {3074: 1, 3075: 0}, {3075: 1, 3080: "a"}]
)
def test_parameters_that_are_not_understood_leave_the_unit(keys):
    assert from_geokeys({1024: 1, 2048: 4269, 3076: 9002, **keys}, HERE).horizontal == FOOT


def test_parameters_without_a_datum_are_no_system():
    without = {key: value for key, value in ZONE.items() if key != 2048}
    assert from_geokeys({**without, 3076: 9001}, HERE).wkt == ""


def test_a_count_of_zero_keys_means_all_that_are_there():
    assert parse_geokeys(directory((3076, 0, 1, 9003), count=0)) == {3076: 9003}


def test_the_size_of_a_users_own_unit_stands_among_the_doubles(tmp_path):
    keys = directory((1024, 0, 1, 1), (3072, 0, 1, 32767), (3076, 0, 1, 32767), (3077, 34736, 1, 2))
    cloud = read(tmp_path / "a.las", keys=keys, doubles=doubles(5.0, 6.0, 0.25))
    assert (cloud.crs.horizontal, cloud.crs.vertical) == (0.25, 0.25)


@pytest.mark.parametrize("unit", LINEAR, ids=lambda unit: unit.name)
def test_every_unit_of_length_of_the_register_is_known(unit):
    found = from_geokeys({1024: 1, 3072: 32767, 3076: int(unit.code)}, HERE)
    assert found.horizontal == found.vertical == unit.conv_factor
    heights = from_geokeys({1024: 1, 3072: 32767, 3076: 9001, 4099: int(unit.code)}, HERE)
    assert (heights.horizontal, heights.vertical) == (1, unit.conv_factor)


@pytest.mark.parametrize(
    ("code", "size"),
    [
        (9004, 0.304812253),
        (9006, 0.30479951),
        (9007, 0.201168),
        (9010, 20.11678),
        (9012, 0.9143984),
        (9015, 1852),
    ],
)
def test_the_codes_of_the_first_geotiff_are_known(code, size):
    assert from_geokeys({1024: 1, 3076: code}, HERE).horizontal == pytest.approx(size, rel=1e-6)


@pytest.mark.parametrize("model", [1, 32767, None])
def test_feet_across_and_metres_up_whatever_the_model_type(model, tmp_path):
    entries = [(3076, 0, 1, 9003), (4099, 0, 1, 9001)] + ([(1024, 0, 1, model)] if model else [])
    for order in (entries, entries[::-1]):
        cloud = read(tmp_path / f"{model}{order[0][0]}.las", keys=directory(*order))
        assert (cloud.crs.horizontal, cloud.crs.vertical) == pytest.approx((US_FOOT, 1))


def test_a_value_may_stand_at_the_end_of_the_directory_or_first_of_several():
    keys = parse_geokeys(
        directory((3076, 34735, 1, 12), (3077, 34736, 3, 1), (9003, 0, 0, 0), count=2), doubles(7, 8, 9)
    )
    assert keys == {3076: 9003, 3077: 8.0}
    assert from_geokeys({1024: 1, 3076: keys[3076]}, HERE).horizontal == pytest.approx(US_FOOT)


@given(st.binary(max_size=200), st.binary(max_size=40), st.binary(max_size=40))
def test_any_bytes_are_keys_with_numbers_or_texts(keys, numbers, texts):
    found = parse_geokeys(keys, numbers, texts)
    assert all(isinstance(value, int | float | str) for value in found.values())
    assert len(found) <= len(keys) // 8


@given(
    st.dictionaries(st.sampled_from([1024, 2048, 3072, 3076, 4096, 4099]), st.integers(0, 65535)), st.floats()
)
def test_any_numbers_are_a_length_or_a_refusal(keys, size):
    try:
        found = from_geokeys({**keys, 3077: size}, HERE, (5e5, 5e6))
    except CrsError as error:
        assert error.hint
        return
    assert found is None or (1e-6 <= found.horizontal <= 1e6 and 1e-6 <= found.vertical <= 1e6)


@given(st.floats(1e-3, 1e3))
def test_a_users_own_size_is_the_unit(size):
    assert from_geokeys({1024: 1, 3076: 32767, 3077: size}, HERE).horizontal == size


@pytest.mark.parametrize("size", [0.0, -0.3048, math.nan, math.inf, 1e300, 5e-324])
def test_a_size_that_no_unit_can_have_is_refused(size, tmp_path):
    keys = directory((1024, 0, 1, 1), (3072, 0, 1, 32767), (3076, 0, 1, 32767), (3077, 34736, 1, 0))
    with pytest.raises(CrsError, match="impossible size") as caught:
        read(tmp_path / "a.las", keys=keys, doubles=doubles(size))
    assert "3077" in caught.value.why and "a.las" in str(caught.value.where)


def test_a_users_own_unit_without_its_size_is_refused_with_the_citation(tmp_path):
    keys = directory((1024, 0, 1, 1), (3073, 34737, 10, 0), (3076, 0, 1, 32767), (3077, 34736, 1, 0))
    with pytest.raises(CrsError, match="unit of the coordinates is unknown") as caught:
        read(tmp_path / "a.las", keys=keys, texts=b"Site grid|\0")
    assert "3077" in caught.value.why and "'Site grid'" in caught.value.why


@pytest.mark.parametrize("code", [9102, 1234, 40000])
def test_a_unit_that_is_no_length_is_refused_where_nothing_else_tells_it(code, caplog):
    with pytest.raises(CrsError, match=r"(?s)unknown.*" + str(code)):
        from_geokeys({1024: 1, 3076: code}, HERE)
    with caplog.at_level(logging.WARNING):
        assert from_geokeys({1024: 1, 3072: 2263, 3076: code}, HERE).horizontal == pytest.approx(US_FOOT)
    assert str(code) in caplog.text


def test_the_unit_of_the_keys_counts_more_than_that_of_the_code(caplog):
    with caplog.at_level(logging.WARNING):
        found = from_geokeys({1024: 1, 3072: 32632, 3076: 9002}, HERE)
    assert "EPSG:32632" in caplog.text and "foot" in caplog.text
    assert (found.horizontal, found.vertical) == (FOOT, FOOT)
    kept = pyproj.CRS(found.wkt)
    assert kept.axis_info[0].unit_conversion_factor == FOOT
    feet, metres = pyproj.Proj(kept), pyproj.Proj(32632)
    east, north = metres(9.5, 48.0)
    assert feet(east / FOOT, north / FOOT, inverse=True) == pytest.approx((9.5, 48.0))


@pytest.mark.parametrize("code", [5103, 5030, 2263])
def test_a_wrong_vertical_code_does_not_cost_the_horizontal_unit(code, caplog):
    with caplog.at_level(logging.WARNING):
        found = from_geokeys({1024: 1, 3072: 2263, 4096: code}, HERE)
    assert (found.horizontal, found.vertical) == pytest.approx((US_FOOT, US_FOOT))
    assert str(code) in caplog.text


@pytest.mark.parametrize("keys", [{1024: 3}, {1024: 3, 2048: 4978}, {3072: 4978}])
def test_geocentric_coordinates_are_called_so(keys):
    with pytest.raises(CrsError, match="Geocentric coordinates"):
        from_geokeys(keys, HERE, (4e6, 7e5))


def test_degrees_that_cannot_be_are_no_reason_to_project():
    with pytest.raises(CrsError, match="coordinates have not") as caught:
        from_geokeys({1024: 2, 2048: 4326}, HERE, (5e5, 5.4e6))
    assert "a_srs" in caught.value.hint


@pytest.mark.parametrize(
    ("system", "unit", "warned"),
    [(5703, 9003, True), (6360, 9002, True), (6360, 9003, False), (5703, 9001, False), (5703, None, False)],
)
def test_a_unit_of_heights_that_is_not_that_of_their_system_is_told(system, unit, warned, caplog):
    keys = {1024: 1, 3072: 26917, 4096: system} | ({4099: unit} if unit else {})
    with caplog.at_level(logging.WARNING):
        found = from_geokeys(keys, HERE)
    assert ("for heights" in caplog.text) == warned
    expected = {9001: 1, 9002: FOOT, 9003: US_FOOT, None: 1}[unit]
    assert found.vertical == pytest.approx(expected, rel=1e-9)
