"""Degrees in a file that does not say so are refused, whatever its format."""

import numpy as np
import pytest

from bevseg.errors import CloudFormatError, CrsError
from bevseg.io.read import read_cloud
from tests.io.las import assembled
from tests.io.las.test_batches import pass_over

COUNT = 200

either_way = pytest.mark.parametrize("read", [read_cloud, pass_over])


def street(path, wide=2e-4, high=5.0, west=11.5, south=48.1, wkt=None):
    """A street of so many degrees or metres, as LAS."""
    rng = np.random.default_rng(0)
    rows = assembled.points(6, COUNT)
    steps = rng.uniform(0, [wide, wide, high], (COUNT, 3)) / (1e-7, 1e-7, 1e-3)
    rows[:, :12] = steps.astype("<i4").view(np.uint8)
    vlrs = [assembled.vlr("LASF_Projection", 2112, wkt.encode())] if wkt else []
    assembled.write(path, 6, rows, scale=(1e-7, 1e-7, 1e-3), vlrs=vlrs)
    return assembled.patched(path, 155, np.array([west, south, 500.0]).tobytes())


@either_way
@pytest.mark.parametrize(("west", "south"), [(11.5, 48.1), (-73.9, 40.7), (48.1, 11.5), (151.2, -33.9)])
def test_las_without_a_system_in_degrees_is_refused(tmp_path, west, south, read):
    with pytest.raises(CloudFormatError, match=r"(?s)may be degrees.*UTM.*reference system in metres"):
        read(street(tmp_path / "in.las", west=west, south=south))


def test_ply_in_degrees_is_refused(tmp_path):
    xyz = np.random.default_rng(0).uniform((11.5, 48.1, 500), (11.5002, 48.1002, 505), (COUNT, 3))
    header = f"ply\nformat binary_little_endian 1.0\nelement vertex {COUNT}\n"
    header += "".join(f"property double {axis}\n" for axis in "xyz") + "end_header\n"
    (tmp_path / "in.ply").write_bytes(header.encode() + xyz.tobytes())
    with pytest.raises(CloudFormatError, match="may be degrees"):
        read_cloud(tmp_path / "in.ply")


@either_way
@pytest.mark.parametrize(
    "values", [{"wide": 20.0}, {"high": 1e-3}, {"west": 5000.0}, {"wkt": 'LOCAL_CS["here",UNIT["metre",1]]'}]
)
def test_metres_are_read(tmp_path, values, read):
    assert len(read(street(tmp_path / "in.las", **values))) == COUNT


@either_way
def test_the_zone_comes_from_the_points_not_from_the_bounds_of_the_header(tmp_path, read):
    pyproj = pytest.importorskip("pyproj")
    source = street(tmp_path / "in.las", wkt=pyproj.CRS(4326).to_wkt("WKT1_GDAL"))
    assembled.patched(source, 179, bytes(48))
    with pytest.raises(CrsError, match="EPSG:32632"):
        read(source)
