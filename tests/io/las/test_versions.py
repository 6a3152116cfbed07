"""LAS 1.0 to 1.5, and old point formats that become new ones on request."""

import struct

import laspy
import numpy as np
import pyproj
import pytest

from bevseg.core.pointcloud import PointLabels
from bevseg.io.las import writer
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud
from tests.io.las import assembled, lasfiles
from tests.io.las.assembled import evlr, vlr

COUNT = 30


def point_labels(count=COUNT):
    order = np.arange(count)
    return PointLabels((order % 6).astype(np.uint8), order.astype(np.uint8))


@pytest.mark.parametrize("suffix", [".las", ".laz"])
def test_las_1_5_comes_back_with_its_longer_header(tmp_path, suffix):
    rows = assembled.points(7, COUNT, 2)
    source = assembled.write(tmp_path / f"in{suffix}", 7, rows, minor=5, user=b"and the user's",
                             vlrs=[vlr("somebody", 1, b"note")], evlrs=[evlr("somebody", 2, b"long")])  # fmt: skip
    target = tmp_path / f"out{suffix}"
    write_cloud(read_cloud(source), point_labels(), target)
    old, new = source.read_bytes(), target.read_bytes()
    assert struct.unpack_from("<H", new, 94)[0] == 393 + 14 and new[24:26] == b"\1\5"
    assert lasfiles.undeclared(old[:407]) == lasfiles.undeclared(new[:407])
    assert assembled.records(source, extended=True) == assembled.records(target, extended=True)
    np.testing.assert_array_equal(read_cloud(target).labels, point_labels().classes)


def test_user_ids_in_latin_1_come_back(tmp_path):
    named = [vlr(b"Vermessung M\xfc", 1, b"note"), vlr(b"Vermessung M\xfe", 1, b"other")]
    source = assembled.write(tmp_path / "in.las", 6, assembled.points(6, COUNT), vlrs=named)
    write_cloud(read_cloud(source), point_labels(), tmp_path / "out.las")
    assert assembled.records(tmp_path / "out.las")[:2] == assembled.records(source)


def test_a_header_of_las_1_3_without_its_last_field_is_read(tmp_path):
    source = assembled.write(tmp_path / "in.las", 1, assembled.points(1, COUNT), minor=2)
    assert len(read_cloud(assembled.patched(source, 25, b"\3"))) == COUNT


def test_overlap_points_of_old_formats_get_the_flag_that_new_ones_have(tmp_path):
    rows = assembled.points(1, COUNT)
    rows[:, 15] = np.where(np.arange(COUNT) % 3, 2, 12)
    source = assembled.write(tmp_path / "in.las", 1, rows, minor=2)
    write_cloud(read_cloud(source), point_labels(), tmp_path / "out.laz", upgrade=True)
    np.testing.assert_array_equal(laspy.read(tmp_path / "out.laz").overlap, np.arange(COUNT) % 3 == 0)


def test_an_upgrade_names_the_reference_system_as_new_formats_must(tmp_path):
    def projected(file):
        file.header.add_crs(pyproj.CRS(28992))

    source = lasfiles.make(tmp_path / "in.laz", 3, "1.2", edit=projected)
    write_cloud(read_cloud(source), point_labels(500), tmp_path / "out.laz", upgrade=True)
    after = laspy.read(tmp_path / "out.laz")
    assert after.header.global_encoding.wkt
    assert [record.record_id for record in after.vlrs if record.user_id == "LASF_Projection"][-1] == 2112
    assert read_cloud(tmp_path / "out.laz").crs == read_cloud(source).crs


def test_an_upgrade_changes_nothing_in_new_formats_and_in_other_files(tmp_path):
    cloud = read_cloud(lasfiles.make(tmp_path / "in.laz", 7))
    for name in ("out.las", "out.ply"):
        for upgrade in (False, True):
            write_cloud(cloud, point_labels(500), tmp_path / f"{upgrade}{name}", upgrade=upgrade)
        assert (tmp_path / f"True{name}").read_bytes() == (tmp_path / f"False{name}").read_bytes()


def test_waveforms_of_an_upgraded_file_are_found(tmp_path):
    source = assembled.write(tmp_path / "in.las", 4, assembled.points(4, COUNT), minor=3)
    data = bytearray(source.read_bytes())
    struct.pack_into("<H", data, 6, 2)  # waveforms are in the file
    struct.pack_into("<Q", data, 227, len(data))
    source.write_bytes(data + evlr("LASF_Spec", 65535, b"wave" * 10))
    write_cloud(read_cloud(source), point_labels(), tmp_path / "out.las", upgrade=True)
    written = (tmp_path / "out.las").read_bytes()
    place = struct.unpack_from("<Q", written, 227)[0]
    assert place == struct.unpack_from("<Q", written, 235)[0] and written[place + 60 :] == b"wave" * 10


def test_nothing_of_a_las_source_is_lost(tmp_path):
    assert writer.cannot_keep(read_cloud(lasfiles.make(tmp_path / "in.laz"))) == []
