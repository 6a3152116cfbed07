"""The DEM of a survey: that of one cloud, however the survey is cut into files."""

import numpy as np
import pytest

from bevseg.io import geotiff
from tests import tiny
from tests.cli.invoke import bevseg


@pytest.fixture
def street():
    """Coordinates of a street, m."""
    return tiny.thin_street("street").xyz


def dem_of(folder, parts):
    """Write the parts of a survey, and return its DEM as `bevseg ground` finds it."""
    (folder / "in").mkdir(parents=True)
    for number, part in enumerate(parts):
        tiny.write_text(folder / "in" / f"{number}.txt", part)
    result = bevseg("ground", folder / "in", "-o", folder / "dem.tif", "--cell", 0.4)
    assert result.exit_code == 0, result.stderr
    return geotiff.read(folder / "dem.tif")


def test_the_dem_does_not_depend_on_the_cut(tmp_path, street):
    whole = dem_of(tmp_path / "whole", [street])
    cut = dem_of(tmp_path / "cut", [street[::2], street[1::2]])
    assert whole.names == ("height", "source", "distance")
    assert cut.grid == whole.grid
    np.testing.assert_array_equal(cut.values, whole.values)
    assert (whole["source"] == 0).sum() > 100


def test_products_of_single_clouds_are_refused(tmp_path, street):
    tiny.write_text(tmp_path / "a.txt", street)
    result = bevseg("ground", tmp_path, "-o", tmp_path / "dem.tif", "--hillshade")
    assert result.exit_code == 2 and "a SURVEY has a DEM alone" in result.stderr


def test_a_dem_that_exists_is_not_replaced(tmp_path, street):
    (tmp_path / "in").mkdir()
    tiny.write_text(tmp_path / "in" / "a.txt", street)
    (tmp_path / "dem.tif").write_bytes(b"mine")
    result = bevseg("ground", tmp_path / "in", "-o", tmp_path / "dem.tif")
    assert result.exit_code == 6
    assert (tmp_path / "dem.tif").read_bytes() == b"mine"
