"""Names of systems and datums, across and up."""

import pyproj
import pytest

from bevseg.io.crs import names_of_geokeys, names_of_wkt


@pytest.mark.parametrize("version", ["WKT1_GDAL", "WKT2_2019"])
def test_a_compound_system_has_four_names(version):
    assert names_of_wkt(pyproj.CRS("EPSG:2263+5703").to_wkt(version)) == {
        "horizontal": "NAD83 / New York Long Island (ftUS) (EPSG:2263)",
        "horizontal_datum": "North American Datum 1983",
        "vertical": "NAVD88 height (EPSG:5703)",
        "vertical_datum": "North American Vertical Datum 1988",
    }


def test_keys_have_the_same_names_as_their_codes():
    keys = {1024: 1, 3072: 2263, 4096: 5703}
    assert names_of_geokeys(keys) == names_of_wkt(pyproj.CRS("EPSG:2263+5703").to_wkt())


def test_keys_without_codes_have_their_words_and_the_datum_of_their_projection():
    found = names_of_geokeys({1024: 1, 2048: 4269, 3072: 32767, 3073: "Site grid", 4097: "local heights"})
    assert found == {
        "horizontal": "Site grid",
        "horizontal_datum": "North American Datum 1983",
        "vertical": "local heights",
        "vertical_datum": None,
    }


@pytest.mark.parametrize(
    "names", [names_of_geokeys({}), names_of_geokeys({3072: 1111}), names_of_wkt("PROJCS[")]
)
def test_what_the_file_does_not_name_is_none(names):
    assert set(names.values()) == {None}
