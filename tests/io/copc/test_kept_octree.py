"""COPC in, COPC out: the same points in the same order, in the same nodes."""

import struct
from pathlib import Path

import copclib
import laspy
import numpy as np
import pytest
from laspy.vlrs.vlrlist import VLRList

from bevseg.io import formats
from bevseg.io.copc import reader, writer
from bevseg.io.copc.hierarchy import ENTRY
from bevseg.io.find import stem
from bevseg.io.las import writer as las_writer
from bevseg.io.read import read_cloud
from tests.io.copc.copcfiles import DEEP, KEYS, ensure_valid, labelled, make, nodes
from tests.io.las.lasfiles import make as make_las
from tests.io.las.lasfiles import names, raw, undeclared


def with_records(path):
    """COPC of bevseg, with records before and behind the points that have nothing to do with it."""

    def edit(las):
        las.vlrs.append(laspy.VLR("somebody", 7, "theirs", b"before" * 9))
        las.evlrs = VLRList([laspy.VLR("somebody", 8, "theirs", b"behind" * 30_000)])

    plain = make_las(path.with_name("plain.laz"), 8, "1.4", edit=edit)
    labelled(plain, path)
    return path


MAKERS = {
    "one page": lambda path: make(path, pages=False),
    "two pages": make,
    "format 6": lambda path: make(path, point_format=6),
    "with records": with_records,
}


@pytest.fixture(params=MAKERS)
def source(request, tmp_path):
    return MAKERS[request.param](tmp_path / "source.copc.laz")


@pytest.fixture
def result(source, tmp_path):
    target = tmp_path / "out" / "result.copc.laz"
    labelled(source, target)
    return target


def test_the_result_is_valid_copc(result):
    ensure_valid(result)
    assert copclib.FileReader(str(result)).ValidateSpatialBounds()


def test_the_points_have_their_order_and_all_their_values(source, tmp_path):
    target = tmp_path / "result.copc.laz"
    codes = labelled(source, target)
    before, after = laspy.read(source), laspy.read(target)
    for name in names(before):
        np.testing.assert_array_equal(before[name], after[name], err_msg=name)
    np.testing.assert_array_equal(after.classification, codes)


def test_the_nodes_are_those_of_the_source(source, result):
    assert nodes(result) == nodes(source)


def test_everything_else_is_kept_byte_for_byte(source, result):
    declared = {("laszip encoded", 22204), ("LASF_Spec", 4), ("LASF_Spec", 0)}
    before, after = raw(source), raw(result)
    assert undeclared(before[0]) == undeclared(after[0])
    for old, new in ((before[1], after[1]), (before[3], after[3])):
        ours = {key for key in old if key[0] == "copc"}
        assert {key: old[key] for key in old.keys() - declared - ours} == {
            key: new[key] for key in new.keys() - declared - ours
        }
    info, new_info = before[1]["copc", 1], after[1]["copc", 1]
    assert next(iter(after[1])) == ("copc", 1)
    assert info[0] == new_info[0]
    assert info[1][:40] + info[1][48:] == new_info[1][:40] + new_info[1][48:]


def test_pages_stay_pages(tmp_path):
    source, target = make(tmp_path / "a.copc.laz"), tmp_path / "b.copc.laz"
    labelled(source, target)
    pages = [
        {(key.d, key.x, key.y, key.z) for key in copclib.FileReader(str(path)).GetPageList()}
        for path in (source, target)
    ]
    assert pages[0] == pages[1] == {KEYS[0], DEEP[0]}


def test_entries_in_any_order_and_nodes_without_points_are_kept(tmp_path):
    source, target = make(tmp_path / "a.copc.laz", pages=False), tmp_path / "b.copc.laz"
    data = bytearray(source.read_bytes())
    at, size = struct.unpack_from("<QQ", data, 375 + 54 + 40)
    entries = np.frombuffer(bytes(data[at : at + size]), ENTRY)
    empty = np.zeros(1, ENTRY)
    empty["key"] = 1, 0, 1, 0
    entries = np.concatenate([entries[np.argsort(entries["key"][:, 3])], empty])
    data[at:] = entries.tobytes()
    struct.pack_into("<Q", data, 375 + 54 + 48, entries.nbytes)
    struct.pack_into("<Q", data, at - 40, entries.nbytes)
    source.write_bytes(data)
    assert reader.ending(source) == "copc.laz"
    labelled(source, target)
    ensure_valid(target)
    assert nodes(target) == nodes(source)
    assert nodes(target)[1, 0, 1, 0][0] == 0


def test_a_result_labelled_again_has_the_same_nodes_and_one_confidence(result, tmp_path):
    again = tmp_path / "again.copc.laz"
    labelled(result, again)
    ensure_valid(again)
    assert nodes(again) == nodes(result)
    extra = list(laspy.read(again).point_format.extra_dimension_names)
    assert extra.count("bevseg_confidence") == 1 and extra == list(
        laspy.read(result).point_format.extra_dimension_names
    )


def test_copclib_finds_the_ranges_of_what_bevseg_wrote(tmp_path):
    source, target = make(tmp_path / "a.copc.laz"), tmp_path / "b.copc.laz"
    codes = labelled(source, target)
    extents = copclib.FileReader(str(target)).copc_config.copc_extents
    assert (extents.classification.minimum, extents.classification.maximum) == (codes.min(), codes.max())
    stored = laspy.read(target).points.array["bevseg_confidence"]
    ours = extents.extra_bytes[-1]
    assert (ours.minimum, ours.maximum) == (stored.min(), stored.max())


def test_copc_is_told_by_its_content_not_by_its_name(tmp_path):
    plain = make_las(tmp_path / "plain.copc.laz", 6, "1.4")
    copc = make(tmp_path / "named.laz")
    assert formats.format_to_read(plain).name == "LAS"
    assert formats.format_to_read(copc).name == "COPC"
    assert not reader.holds(Path("missing.laz"))


def test_the_ending_decides_what_is_written():
    assert formats.format_to_write(Path("a.copc.laz")).name == "COPC"
    assert formats.format_to_write(Path("A.COPC.LAZ")).name == "COPC"
    assert formats.format_to_write(Path("a.laz")).name == "LAS"
    assert stem(Path("a.copc.laz")) == "a"


def test_plain_laz_of_copc_says_that_it_no_longer_is_copc(tmp_path):
    source, target = make(tmp_path / "a.copc.laz"), tmp_path / "b.laz"
    cloud = read_cloud(source)
    assert las_writer.cannot_keep(cloud) == [
        "the octree of COPC: the result is LAS or LAZ without one, and no longer COPC"
    ]
    assert writer.cannot_keep(cloud) == []
    labelled(source, target)
    assert not reader.holds(target)
    assert not any(key[0] == "copc" for part in (raw(target)[1], raw(target)[3]) for key in part)
