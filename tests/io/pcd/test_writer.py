"""PCD, written: from PCD, and from sources of other formats."""

import numpy as np
import pytest

from bevseg.core.pointcloud import PointCloud
from bevseg.io.pcd import writer
from bevseg.io.pcd.header import read_header
from bevseg.io.vertices import VertexSource, raw_cloud
from tests.io.pcd.pcdfiles import body, head, read_bytes, written_and_read
from tests.io.ply import plyfiles

RECORD = [("x", "f4", 1), ("y", "f4", 1), ("z", "f4", 1)]
XYZ = [np.array([1.5, 2.5], "f4")] * 3


def test_a_file_of_bevseg_is_labelled_anew_in_place(tmp_path):
    first = written_and_read(
        read_bytes(tmp_path, head(RECORD, "binary", 2) + body(XYZ, "binary")).cloud, tmp_path / "a.pcd"
    )
    assert first.scheme == "shrec20" and first.cloud.source.fields() == {}
    again = written_and_read(first.cloud, tmp_path / "b.pcd", "oakland")
    assert again.scheme == "oakland"
    assert again.cloud.source.names == ("x", "y", "z", "class", "bevseg_confidence")
    assert (tmp_path / "b.pcd").read_bytes().count(b"# bevseg classes=") == 1


def test_grid_viewpoint_padding_and_packed_colour_stay(tmp_path):
    record = [*RECORD, ("_", "u1", 4), ("rgb", "f4", 1), ("_", "u1", 2)]
    columns = [
        *XYZ,
        np.ones((2, 4), "u1"),
        np.array([0x7F800001, 1], "<u4").view("<f4"),
        np.ones((2, 2), "u1"),
    ]
    content = head(record, "binary", 2, viewpoint="1 2 3 1 0 0 0", width=1, height=2) + body(
        columns, "binary"
    )
    cloud = read_bytes(tmp_path, content).cloud
    back = written_and_read(cloud, tmp_path / "out.pcd").cloud.source
    header = read_header(tmp_path / "out.pcd")
    assert (header.width, header.height, header.viewpoint) == (1, 2, "1 2 3 1 0 0 0")
    assert b"FIELDS x y z _ rgb _ class bevseg_confidence\n" in (tmp_path / "out.pcd").read_bytes()
    for name in ("_", "rgb"):
        assert back.vertex[name].tobytes() == cloud.source.vertex[name].tobytes()
    assert writer.cannot_keep(cloud) == []
    sentences = cloud.source.only_here()
    assert "1 2 3 1 0 0 0" in sentences[0] and "2 rows and 1 columns" in sentences[1]


def test_text_stays_text_with_its_digits(tmp_path):
    content = (
        head([*RECORD, ("n", "u1", 2)], "ascii", 2) + b"439000.123 5.5 1.25 1 2\n439001.123 -0.1 0.3 3 4\n"
    )
    written_and_read(read_bytes(tmp_path, content).cloud, tmp_path / "out.pcd")
    out = (tmp_path / "out.pcd").read_bytes()
    assert b"SIZE 4 4 4 1 1 1\n" in out
    assert out.endswith(b"DATA ascii\n439000.123 5.5 1.25 1 2 0 77\n439001.123 -0.1 0.3 3 4 1 77\n")


def test_a_ply_gives_its_fields_its_colour_packed_and_says_what_is_lost(tmp_path):
    properties = (
        plyfiles.XYZ + "property uchar red\nproperty uchar green\nproperty uchar blue\nproperty int64 t\n"
    )
    content = plyfiles.head("ascii", 1, properties, behind="element face 1\nproperty list uchar int i\n")
    cloud = plyfiles.read_bytes(tmp_path, content + b"439000.5 2 3 255 128 1 9007199254740993\n1 0\n").cloud
    assert writer.cannot_keep(cloud) == ["the elements beside the points are left out: 1 x face"]
    source = written_and_read(cloud, tmp_path / "out.pcd").cloud.source
    assert source.names == ("x", "y", "z", "rgb", "t", "class", "bevseg_confidence")
    assert source.vertex["x"][0] == 439000.5 and source.vertex["t"][0] == 9007199254740993
    assert [source.fields()[name][0] for name in ("red", "green", "blue")] == [255, 128, 1]


def test_a_cloud_without_source_gives_its_coordinates(tmp_path):
    cloud = PointCloud.from_xyz(np.array([[87000.125, 439000.25, 1], [np.nan, 0, 0]]))
    back = written_and_read(cloud, tmp_path / "out.pcd")
    assert back.cloud.source.vertex["y"][0] == 439000.25 and np.isnan(back.cloud.source.vertex["x"][1])
    np.testing.assert_array_equal(back.codes, [0, 0])


@pytest.mark.parametrize(
    ("name", "word"),
    [("a b\nc", "a_b_c"), ("_", "_field"), ("\x1b[31m", "_[31m"), (" ", "field"), ("a,b:c", "a_b:c")],
)
def test_names_cannot_break_the_header(tmp_path, name, word):
    vertex = np.zeros(1, [("x", "f8"), ("y", "f8"), ("z", "f8"), (name, "?"), ("s", "S3")])
    cloud = raw_cloud(VertexSource(vertex), tmp_path / "a.npz").cloud
    assert writer.cannot_keep(cloud) == ["the field s is left out: PCD holds no values of type |S3"]
    source = written_and_read(cloud, tmp_path / "out.pcd").cloud.source
    assert source.names == ("x", "y", "z", word, "class", "bevseg_confidence")
