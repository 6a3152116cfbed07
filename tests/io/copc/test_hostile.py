"""COPC with a wrong octree over sound points: read as LAZ, with a sentence; never a crash or a loop."""

import struct
import warnings

import laspy
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bevseg.errors import BevsegError
from bevseg.io.copc import reader, writer
from bevseg.io.copc.hierarchy import ENTRY
from bevseg.io.las import writer as las_writer
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud
from tests.io.copc.copcfiles import ensure_valid, labels, make

INFO = 375 + 54


def root(data):
    return struct.unpack_from("<QQ", data, INFO + 40)


def entry(number, **values):
    """An edit of one entry of the root page."""

    def edit(data):
        at, size = root(data)
        page = np.frombuffer(data, ENTRY, size // ENTRY.itemsize, at)
        for name, value in values.items():
            page[name][number] = value

    return edit


def info(place, kind, *values):
    """An edit of the info record."""
    return lambda data: struct.pack_into("<" + kind, data, INFO + place, *values)


def circle(data):
    at, size = root(data)
    entry(0, points=-1, offset=at, size=size)(data)


def two_counts_changed(data):
    at, size = root(data)
    page = np.frombuffer(data, ENTRY, size // ENTRY.itemsize, at)
    page["points"][:2] += 1, -1


def record_moved(data):
    data[375 + 2 : 375 + 6] = b"nope"


WRONG = {
    "root beyond the file": info(40, "Q", 1 << 60),
    "root at the end of all numbers": info(40, "Q", 2**64 - 1),
    "root of no bytes": info(48, "Q", 0),
    "root of half an entry": info(48, "Q", 16),
    "root of very many bytes": info(48, "Q", 2**64 - 32),
    "half size NaN": info(24, "d", float("nan")),
    "half size negative": info(24, "d", -1.0),
    "center infinite": info(0, "d", float("inf")),
    "a circle of pages": circle,
    "negative count": entry(0, points=-7),
    "too many points": entry(0, points=2**31 - 1),
    "no points": entry(0, points=0),
    "counts that are only right together": two_counts_changed,
    "negative size": entry(0, size=-5),
    "offset beyond the file": entry(0, offset=1 << 50),
    "offset of the header": entry(0, offset=0),
    "page beyond the file": entry(0, points=-1, offset=1 << 62, size=32),
    "negative level": entry(0, key=(-1, 0, 0, 0)),
    "level 1000": entry(0, key=(1000, 0, 0, 0)),
    "key outside of its level": entry(0, key=(1, 2, 0, 0)),
    "negative key": entry(0, key=(1, -1, 0, 0)),
    "equal keys": entry(slice(None), key=(1, 0, 0, 0)),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return make(tmp_path_factory.mktemp("copc") / "sound.copc.laz").read_bytes()


@pytest.fixture(params=WRONG)
def wrong(request, sound, tmp_path):
    data = bytearray(sound)
    WRONG[request.param](data)
    path = tmp_path / "wrong.copc.laz"
    path.write_bytes(data)
    return path


def test_a_wrong_octree_is_said_and_the_points_are_read_as_laz(wrong):
    with pytest.warns(UserWarning, match="read as plain LAZ: it says that it is COPC, but"):
        cloud = read_cloud(wrong)
    np.testing.assert_array_equal(cloud.x, laspy.read(wrong).X)


@pytest.mark.parametrize("name", ["root of very many bytes", "page beyond the file"])
def test_a_page_outside_of_the_records_is_called_so(sound, tmp_path, name):
    data = bytearray(sound)
    WRONG[name](data)
    (tmp_path / "wrong.copc.laz").write_bytes(data)
    with pytest.warns(UserWarning, match="outside of the octree's records"):
        read_cloud(tmp_path / "wrong.copc.laz")


def test_its_result_is_plain_laz_and_says_so(wrong, tmp_path):
    assert reader.holds(wrong) and reader.ending(wrong) == "laz"
    with pytest.warns(UserWarning):
        cloud = read_cloud(wrong)
    assert "no longer COPC" in las_writer.cannot_keep(cloud)[-1]
    target = tmp_path / "out.laz"
    write_cloud(cloud, labels(len(cloud)), target)
    assert not reader.holds(target)
    np.testing.assert_array_equal(laspy.read(target).xyz, laspy.read(wrong).xyz)


def test_as_copc_it_gets_a_new_octree(wrong, tmp_path):
    with pytest.warns(UserWarning):
        cloud = read_cloud(wrong)
    assert "the order of the points changes" in writer.cannot_keep(cloud)[-1]
    write_cloud(cloud, labels(len(cloud)), tmp_path / "out.copc.laz")
    ensure_valid(tmp_path / "out.copc.laz")


def test_a_copc_record_at_another_place_makes_no_copc(sound, tmp_path):
    data = bytearray(sound)
    record_moved(data)
    path = tmp_path / "moved.copc.laz"
    path.write_bytes(data)
    assert not reader.holds(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_cloud(path)) == len(laspy.read(path))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 399), st.integers(0, 255)), min_size=1, max_size=5))
def test_any_bytes_in_the_records_of_copc_are_read_or_refused(sound, tmp_path, edits):
    data = bytearray(sound)
    end = len(data)
    for in_info, place, value in edits:
        data[INFO + place % 160 if in_info else end - 1 - place % 300] = value
    path = tmp_path / "any.copc.laz"
    path.write_bytes(data)
    reader.ending(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            cloud = read_cloud(path)
        except BevsegError:
            return
        write_cloud(cloud, labels(len(cloud)), tmp_path / "out.copc.laz", overwrite=True)
    assert reader.ending(tmp_path / "out.copc.laz") == "copc.laz"
