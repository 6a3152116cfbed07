"""PLY, written: from PLY, and from sources of other formats, under names that programs find."""

import numpy as np
import pytest

from bevseg.core.pointcloud import PointCloud
from bevseg.io.ply import writer
from bevseg.io.vertices import VertexSource, raw_cloud
from tests.io.pcd import pcdfiles
from tests.io.ply.plyfiles import XYZ, head, read_bytes, written_and_read


def source_of(**columns):
    """A source of another format, with two points and these fields."""
    names = [
        ("x", "f8"),
        ("y", "f8"),
        ("z", "f8"),
        *((name, values.dtype) for name, values in columns.items()),
    ]
    vertex = np.zeros(2, names)
    for name, values in columns.items():
        vertex[name] = values
    return vertex


def cloud_of(folder, **columns):
    return raw_cloud(VertexSource(source_of(**columns)), folder / "a.npz").cloud


def test_text_comes_back_as_text_with_the_digits_of_its_numbers(tmp_path):
    properties = "property float x\nproperty float y\nproperty double z\nproperty uchar red\n"
    comment = "comment first\n"
    content = (
        head("ascii", 2, properties, before=comment)
        + b"439000.123 5403850.25 0.1 7\n439001 5403850.0000002 -3 255\n"
    )
    written_and_read(read_bytes(tmp_path, content).cloud, tmp_path / "out.ply")
    assert (tmp_path / "out.ply").read_bytes() == (
        b"ply\nformat ascii 1.0\ncomment first\ncomment bevseg classes=shrec20\nelement vertex 2\n"
        + properties.encode()
        + b"property uchar scalar_class\nproperty uchar scalar_bevseg_confidence\nend_header\n"
        b"439000.123 5403850.25 0.1 7 0 77\n439001.0 5403850.0000002 -3.0 255 1 77\n"
    )


def test_a_file_of_bevseg_is_labelled_anew_in_place(tmp_path):
    first = written_and_read(read_bytes(tmp_path, head("ascii", 1) + b"1 2 3\n").cloud, tmp_path / "a.ply")
    assert first.scheme == "shrec20" and first.cloud.source.fields() == {}
    again = written_and_read(first.cloud, tmp_path / "b.ply", "oakland")
    assert again.scheme == "oakland"
    assert again.cloud.source.names == ("x", "y", "z", "scalar_class", "scalar_bevseg_confidence")
    assert (tmp_path / "b.ply").read_bytes().count(b"comment bevseg") == 1


@pytest.mark.parametrize(
    "names", [("class", "bevseg_confidence"), ("scalar_class", "scalar_bevseg_confidence")]
)
def test_both_spellings_of_the_names_of_bevseg_are_read_and_kept(tmp_path, names):
    properties = XYZ + "".join(f"property uchar {name}\n" for name in names)
    content = head("ascii", 1, properties, before="comment bevseg classes=shrec20\n") + b"1 2 3 4 200\n"
    found = read_bytes(tmp_path, content)
    assert found.codes[0] == 4 and found.cloud.source.fields() == {}
    assert written_and_read(found.cloud, tmp_path / "out.ply").cloud.source.names == ("x", "y", "z", *names)


def test_a_class_of_the_source_in_other_letters_is_not_taken_for_that_of_bevseg(tmp_path):
    content = head("ascii", 2, XYZ + "property uchar Class\n") + b"1 2 3 4\n5 6 7 4\n"
    result = written_and_read(read_bytes(tmp_path, content).cloud, tmp_path / "out.ply")
    assert list(result.codes) == [0, 1]
    assert list(result.cloud.source.fields()["Class"]) == [4, 4]


def test_comments_and_other_elements_keep_their_places(tmp_path):
    properties = XYZ.replace("property double z", "comment in between\nproperty double z")
    behind = "comment before the faces\nelement face 1\nproperty list uchar int i\nobj_info at the end\n"
    content = head("ascii", 1, properties, before="obj_info first\n", behind=behind) + b"1 2 3\n1 0\n"
    written_and_read(read_bytes(tmp_path, content).cloud, tmp_path / "out.ply")
    out = (tmp_path / "out.ply").read_text()
    assert f"obj_info first\ncomment bevseg classes=shrec20\nelement vertex 1\n{properties}" in out
    assert (
        "comment before the faces\nproperty uchar scalar_class\n" in out
        and "obj_info at the end\nend_header" in out
    )
    assert out.endswith("end_header\n1.0 2.0 3.0 0 77\n1 0\n")


def test_fields_of_other_formats_have_the_names_that_cloudcompare_looks_for(tmp_path):
    wide = np.array([257 * 3, 257 * 255], "u2")
    cloud = cloud_of(
        tmp_path, Intensity=wide, Red=wide, G=wide, Blue=wide, normal_x=np.zeros(2, "f4"), gps_time=np.zeros(2),
        Reflectance=np.zeros(2, "f4"), **{"scalar_Deviation": np.zeros(2, "f4"), "two words": np.zeros(2, "i1")},
    )  # fmt: skip
    source = written_and_read(cloud, tmp_path / "out.ply").cloud.source
    assert source.names == (
        "x", "y", "z", "intensity", "red", "green", "blue", "nx", "scalar_gps_time", "scalar_Reflectance",
        "scalar_Deviation", "scalar_two_words", "scalar_class", "scalar_bevseg_confidence",
    )  # fmt: skip
    np.testing.assert_array_equal(source.vertex["red"], np.array([3, 255], "u1"))
    assert source.vertex.dtype["red"] == np.uint8


def test_colours_of_more_than_8_bits_stay_as_they_are(tmp_path):
    deep = np.array([1, 65535], "u2")
    source = written_and_read(
        cloud_of(tmp_path, red=deep, green=deep, blue=deep), tmp_path / "out.ply"
    ).cloud.source
    assert source.vertex.dtype["red"] == np.uint16
    np.testing.assert_array_equal(source.vertex["red"], deep)


@pytest.mark.parametrize(
    ("values", "form", "is_lost"),
    [
        (np.array([-5, 7]), "i4", False),
        (np.array([0, 2**32 - 1]), "u4", False),
        (np.array([-1, 2**53]), "f8", False),
        (np.array([2**60, 2**61]), "f8", False),
        (np.array([0, 2**53 + 1]), "f8", True),
        (np.array([0, 2**64 - 1], "u8"), "f8", True),
        (np.array([True, False]), "u1", False),
        (np.array([0.5, 1.5], "f2"), "f4", False),
    ],
)
def test_types_that_ply_lacks_become_one_that_holds_the_values_or_the_field_is_named(
    tmp_path, values, form, is_lost
):
    cloud = cloud_of(tmp_path, t=values)
    assert [" t " in sentence for sentence in writer.cannot_keep(cloud)] == [True] * is_lost
    found = written_and_read(cloud, tmp_path / "out.ply").cloud.source.vertex["scalar_t"]
    assert found.dtype == form
    np.testing.assert_array_equal(found, values.astype(form))


def test_what_has_no_type_in_ply_is_left_out_and_named(tmp_path):
    cloud = cloud_of(tmp_path, s=np.array(["a", "b"]), c=np.zeros(2, "c16"))
    assert [sentence.split(":")[0] for sentence in writer.cannot_keep(cloud)] == [
        "the field s is left out", "the field c is left out",
    ]  # fmt: skip
    assert len(written_and_read(cloud, tmp_path / "out.ply").cloud.source.names) == 5


def test_a_pcd_gives_its_colour_unpacked_and_says_that_its_viewpoint_is_lost(tmp_path):
    record = [
        ("x", "f4", 1),
        ("y", "f4", 1),
        ("z", "f4", 1),
        ("_", "u1", 3),
        ("rgb", "u4", 1),
        ("pair", "i2", 2),
    ]
    columns = [
        *[np.ones(1, "f4")] * 3,
        np.zeros((1, 3), "u1"),
        np.array([0xFF8001], "u4"),
        np.array([[4, 5]], "i2"),
    ]
    content = pcdfiles.head(record, "binary", 1, viewpoint="1 2 3 1 0 0 0") + pcdfiles.body(columns, "binary")
    cloud = pcdfiles.read_bytes(tmp_path, content).cloud
    assert [" ".join(each.split()[:2]) for each in writer.cannot_keep(cloud)] == ["the viewpoint"]
    source = written_and_read(cloud, tmp_path / "out.ply").cloud.source
    assert source.names[:8] == ("x", "y", "z", "red", "green", "blue", "scalar_pair_0", "scalar_pair_1")
    assert (
        source.vertex[0].item()[:8] == (1, 1, 1, 255, 128, 1, 4, 5) and source.vertex.dtype["x"] == np.float32
    )


@pytest.mark.parametrize(
    "name", ["a b\nelement face 9", "\x1b[31m", "x", "scalar_class", "y\u2028z", "\udcff"]
)
def test_names_cannot_break_the_header(tmp_path, name):
    cloud = PointCloud.from_xyz(np.zeros((2, 3)), source=Named({name: np.array([5, 6], "u1")}))
    back = written_and_read(cloud, tmp_path / "out.ply")
    assert len(back.cloud.source.names) == 6 and len(back.cloud.source.header.elements) == 1
    np.testing.assert_array_equal(back.codes, [0, 1])
    np.testing.assert_array_equal(next(iter(back.cloud.source.fields().values())), [5, 6])


class Named:
    """A source with these fields."""

    def __init__(self, fields):
        self._fields = fields

    def fields(self):
        return self._fields
