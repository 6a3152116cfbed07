"""PLY: plain ones without Open3D, odd ones with it, and writing that keeps what was there."""

import numpy as np
import pytest

from bevseg.core.labels import load_scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import CloudFormatError, DependencyError
from bevseg.io.ply import reader, writer
from bevseg.runtime import open3d

ROWS = [(1.5, 2.25, -3.0, 200, 5), (87000.125, 439000.5, 7.001, 10, 1), (0.0, 1000.0, 0.25, 0, 0)]
XYZ = np.array([row[:3] for row in ROWS])
PROPERTIES = (
    "property double x\nproperty double y\nproperty double z\nproperty uchar red\nproperty int label\n"
)
RECORD = [("x", "f8"), ("y", "f8"), ("z", "f8"), ("red", "u1"), ("label", "i4")]
CUBE_FACES = "element face 2\nproperty list uchar int vertex_indices\n"


def head(kind, count=3, properties=PROPERTIES, before="", behind=""):
    return (
        f"ply\nformat {kind} 1.0\ncomment of somebody\nobj_info and more\n{before}"
        f"element vertex {count}\n{properties}{behind}end_header\n"
    ).encode()


def body(kind, rows=ROWS):
    if kind == "ascii":
        return "".join(" ".join(str(value) for value in row) + "\n" for row in rows).encode()
    order = ">" if "big" in kind else "<"
    return np.array(rows, [(name, order + form) for name, form in RECORD]).tobytes()


def read_content(tmp_path, content):
    path = tmp_path / "cloud.ply"
    path.write_bytes(content)
    return reader.read(path)


@pytest.fixture
def no_open3d(monkeypatch):
    """Whoever asks for Open3D fails."""

    def refuse():
        raise AssertionError("Open3D was asked for")

    monkeypatch.setattr(open3d, "load", refuse)


@pytest.fixture
def needs_open3d():
    try:
        open3d.load()
    except DependencyError as error:
        pytest.skip(str(error))


KINDS = ["ascii", "binary_little_endian", "binary_big_endian"]


@pytest.mark.usefixtures("no_open3d")
@pytest.mark.parametrize("kind", KINDS)
def test_plain_files_need_no_open3d(tmp_path, kind):
    found = read_content(tmp_path, head(kind) + body(kind))
    np.testing.assert_allclose(found.cloud.xyz, XYZ, atol=0.0005)
    np.testing.assert_array_equal(found.codes, [5, 1, 0])
    np.testing.assert_array_equal(found.cloud.source.vertex["red"], [200, 10, 0])


@pytest.mark.usefixtures("no_open3d")
@pytest.mark.parametrize("kind", KINDS)
def test_elements_before_and_behind_the_vertices_are_stepped_over(tmp_path, kind):
    order = ">" if "big" in kind else "<"
    camera = "element camera 2\nproperty float f\nproperty list uchar short k\n"
    if kind == "ascii":
        before, behind = b"1.5 2 7 8\n2.5 0\n", b"3 0 1 2\n4 0 1 2 0\n"
    else:
        before = b"".join(
            np.array([value], order + form).tobytes()
            for value, form in [(1.5, "f4"), (2, "u1"), (7, "i2"), (8, "i2"), (2.5, "f4"), (0, "u1")]
        )
        behind = b"whatever"
    found = read_content(
        tmp_path, head(kind, before=camera, behind=CUBE_FACES) + before + body(kind) + behind
    )
    np.testing.assert_allclose(found.cloud.xyz, XYZ, atol=0.0005)
    np.testing.assert_array_equal(found.codes, [5, 1, 0])


@pytest.mark.usefixtures("needs_open3d")
@pytest.mark.parametrize("kind", KINDS)
def test_vertices_with_lists_come_through_open3d(tmp_path, kind):
    order = ">" if "big" in kind else "<"
    lists = PROPERTIES + "property list uchar int views\n"
    if kind == "ascii":
        rows = b"".join(line + b" 2 7 8\n" for line in body(kind).splitlines())
    else:
        views = np.array([2], "u1").tobytes() + np.array([7, 8], order + "i4").tobytes()
        rows = b"".join(body(kind, [row]) + views for row in ROWS)
    found = read_content(tmp_path, head(kind, properties=lists) + rows)
    np.testing.assert_allclose(found.cloud.xyz, XYZ, atol=0.0005)
    np.testing.assert_array_equal(found.codes, [5, 1, 0])
    short = [head(kind, 4, lists) + rows]
    if kind != "ascii":  # cut in the midst of a list, and before its counter
        short += [head(kind, properties=lists) + rows[:-cut] for cut in (5, 9)]
    for content in short:
        with pytest.raises(CloudFormatError, match="fewer points than its header says"):
            read_content(tmp_path, content)


@pytest.mark.parametrize(
    "name", ["label", "class", "Classification", "scalar_Classification", "scalar_Label", "labels"]
)
def test_labels_go_by_many_names(tmp_path, name):
    found = read_content(
        tmp_path, head("ascii", properties=PROPERTIES.replace("int label", f"float {name}")) + body("ascii")
    )
    np.testing.assert_array_equal(found.codes, [5, 1, 0])


def test_no_label_property_means_unlabelled(tmp_path):
    found = read_content(
        tmp_path, head("ascii", properties=PROPERTIES.replace("label", "time")) + body("ascii")
    )
    assert found.codes is None


def test_nan_keeps_its_place(tmp_path):
    rows = [ROWS[0], (np.nan, 1.0, 1.0, 0, 3), ROWS[2]]
    for kind in KINDS:
        found = read_content(tmp_path, head(kind) + body(kind, rows))
        np.testing.assert_array_equal(found.cloud.finite, [True, False, True])
        np.testing.assert_array_equal(found.codes, [5, 3, 0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_header_that_claims_too_much_is_told_with_both_numbers(tmp_path, kind):
    with pytest.raises(CloudFormatError) as caught:
        read_content(tmp_path, head(kind, count=1004) + body(kind))
    assert "1,004 in the header, 3 in the file" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"ply\nformat ascii 1.0\nelement ver", "no end of header"),
        (b"PK\3\4 no ply at all", "begins with"),
        (head("binary_middle_endian") + body("ascii"), "binary_middle_endian"),
        (head("ascii", properties=PROPERTIES.replace("uchar", "colour")) + body("ascii"), "colour"),
        (head("ascii", properties=PROPERTIES.replace("double z", "double w")) + body("ascii"), "no z"),
        (head("ascii", count=0), "no points"),
        (b"ply\nformat ascii 1.0\nelement face 0\nproperty list uchar int i\nend_header\n", "no points"),
        (head("ascii") + body("ascii").replace(b"7.001", b"seven"), "holds 'seven'"),
        (head("ascii") + body("ascii").replace(b" 7.001", b""), "has 4 columns"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path, content, reason):
    with pytest.raises(CloudFormatError) as caught:
        read_content(tmp_path, content)
    assert reason in str(caught.value)


def written(cloud, path, classes, scheme="shrec20"):
    writer.write(cloud, PointLabels(classes, np.full(len(classes), 77, np.uint8)), path, load_scheme(scheme))
    return reader.read(path)


@pytest.mark.parametrize("kind", KINDS)
def test_written_again_a_file_keeps_its_properties_and_its_comments(tmp_path, kind):
    faces = b"3 0 1 2\n4 0 1  2 0\n" if kind == "ascii" else b"\3\0\0\0\0\1\0\0\0\2\0\0\0"
    source = read_content(tmp_path, head(kind, behind=CUBE_FACES) + body(kind) + faces)
    back = written(source.cloud, tmp_path / "out.ply", np.array([4, 2, 1], np.uint8))
    assert back.cloud.source.header.order == source.cloud.source.header.order
    for name in source.cloud.source.vertex.dtype.names:
        np.testing.assert_array_equal(back.cloud.source.vertex[name], source.cloud.source.vertex[name])
    np.testing.assert_array_equal(back.codes, [4, 2, 1])
    np.testing.assert_array_equal(back.cloud.source.vertex["scalar_bevseg_confidence"], [77] * 3)
    assert back.scheme == "shrec20"
    content = (tmp_path / "out.ply").read_bytes()
    assert b"comment of somebody\nobj_info and more\n" in content and content.endswith(faces)
    assert CUBE_FACES.encode() in content


def test_a_property_called_class_is_set_where_it_stands_and_widened_if_it_must(tmp_path):
    source = read_content(
        tmp_path, head("ascii", properties=PROPERTIES.replace("int label", "char class")) + body("ascii")
    )
    back = written(source.cloud, tmp_path / "out.ply", np.array([4, 2, 1], np.uint8))
    assert back.cloud.source.vertex.dtype.names == ("x", "y", "z", "red", "class", "scalar_bevseg_confidence")
    assert back.cloud.source.vertex.dtype["class"] == np.int8
    back = written(source.cloud, tmp_path / "wide.ply", np.array([4, 2, 1], np.uint8), "oakland")
    assert back.cloud.source.vertex.dtype["class"] == np.uint16
    np.testing.assert_array_equal(back.codes, [1103, 1501, 1400])


def test_other_sources_give_whole_coordinates_and_nan(tmp_path):
    cloud = PointCloud.from_xyz(np.array([[87000.125, 439000.25, 1], [np.nan, 0, 0]]))
    back = written(cloud, tmp_path / "out.ply", np.array([3, 3], np.uint8))
    vertex = back.cloud.source.vertex
    assert vertex.dtype["x"] == np.float64 and vertex["x"][0] == 87000.125
    assert np.isnan(vertex["x"][1])
    np.testing.assert_array_equal(back.codes, [3, 0])


@pytest.mark.usefixtures("needs_open3d")
@pytest.mark.parametrize("kind", KINDS)
def test_open3d_reads_what_is_written(tmp_path, kind):
    source = read_content(tmp_path, head(kind) + body(kind))
    written(source.cloud, tmp_path / "out.ply", np.array([4, 2, 1], np.uint8))
    cloud = open3d.load().t.io.read_point_cloud(str(tmp_path / "out.ply"))
    np.testing.assert_array_equal(cloud.point.positions.numpy(), XYZ)
    np.testing.assert_array_equal(cloud.point["scalar_class"].numpy().ravel(), [4, 2, 1])


@pytest.mark.usefixtures("no_open3d")
def test_the_street_in_lille(shared_data):
    found = reader.read(shared_data / "lille_street_unlabelled" / "Lille_street_small.ply")
    assert len(found.cloud) == 170_610 and found.codes is None
    (west, east), (south, north), _ = found.cloud.bounds()
    assert (round(east - west), round(north - south)) == (25, 37)
