"""Headers of PLY files: every spelling that tools write, and a refusal for every line that PLY does not know."""

import warnings

import numpy as np
import pytest

from bevseg.errors import CloudFormatError
from bevseg.io.ply import header as headers
from tests.io.ply.plyfiles import XYZ, body, head, read_bytes, written_and_read

ROWS = [(1.5, 2.5, 3.5), (4.25, 5.0, 6.0)]
RECORD = [("x", "f8"), ("y", "f8"), ("z", "f8")]
BINARY = head("binary_little_endian", 2) + body("binary_little_endian", ROWS, RECORD)
ASCII = head("ascii", 2) + body("ascii", ROWS, RECORD)


def with_ends(end):
    """The binary file with other line ends in its header."""
    size = len(head("binary_little_endian", 2))
    return BINARY[:size].replace(b"\n", end) + BINARY[size:]


@pytest.mark.parametrize(
    "content",
    [
        with_ends(b"\r\n"),
        with_ends(b"\r"),
        with_ends(b" \t\n"),
        ASCII.replace(b"\n", b"\r\n"),
        ASCII.replace(b"\n", b"\r"),
        ASCII.replace(b" ", b"\t"),
        ASCII.replace(b" ", b"   "),
        ASCII.replace(b"\n", b"\n\n"),
        ASCII.replace(b"\n", b" \n"),
        ASCII.removesuffix(b"\n"),
        b"\xef\xbb\xbf" + BINARY,
        BINARY.replace(b"element", b"comment data after end_header\nelement", 1),
        BINARY.replace(b"element", b"comment " + b"c" * 5000 + b"\nelement", 1),
        BINARY.replace(b"element", b"comment end_header\nobj_info  end_header\nelement", 1),
        BINARY.replace(b"double x", b"double X").replace(b"double y", b"double Y").replace(b"e z", b"e Z"),
        BINARY.replace(b"double x", b"float64 easting")
        .replace(b"double y", b"float64 northing")
        .replace(b"double z", b"float64 height"),
        BINARY.replace(b"element vertex", b"element Vertex"),
        ASCII.replace(b"4.25 5.0 6.0", b"4.25\n5.0 6.0"),
    ],
)
def test_what_tools_write_is_read(tmp_path, content):
    np.testing.assert_array_equal(read_bytes(tmp_path, content).cloud.xyz, ROWS)


def test_a_header_with_carriage_returns_leaves_a_line_feed_to_the_points(tmp_path):
    rows = [(float(np.frombuffer(b"\n\0\0\0\0\0\xf0\x3f", "<f8")[0]), 2.0, 3.0)]
    content = head("binary_little_endian", 1).replace(b"\n", b"\r") + body(
        "binary_little_endian", rows, RECORD
    )
    assert read_bytes(tmp_path, content).cloud.source.vertex["x"][0] == rows[0][0]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("property double z", "property", "'property' is not understood"),
        ("property double z", "property double", "not understood"),
        ("property double z", "property double z extra", "not understood"),
        ("property double z", "property list float int z", "not understood"),
        ("property double z", "properly double z", "'properly double z'"),
        ("property double z", "property double x", "the property x of the vertices occurs twice"),
        ("property double z", "property double " + "z" * 1001, "not understood"),
        ("element vertex 2", "element vertex \u00b2", "not understood"),
        ("element vertex 2", "element vertex -2", "not understood"),
        ("element vertex 2", "element vertex " + "9" * 19, "not understood"),
        ("element vertex 2", "element vertex", "not understood"),
        ("element vertex 2", "element vertex 2\nproperty int i\nelement vertex 2", "two elements are called"),
        ("element vertex 2\n", "", "not understood"),
        ("format ascii 1.0\n", "", "format none"),
        ("format ascii 1.0", "format", "format none"),
        ("format ascii 1.0", "format ascii 1.0\nformat binary_little_endian 1.0", "one line"),
        (XYZ, "", "its vertices have no properties"),
        (XYZ, "\x1c\n", "not understood"),
    ],
)
def test_what_ply_does_not_know_is_refused_with_its_line(tmp_path, old, new, reason):
    content = ASCII.decode().replace(old, new).encode("latin-1")
    with pytest.raises(CloudFormatError) as caught:
        read_bytes(tmp_path, content)
    assert reason in str(caught.value) and len(str(caught.value)) < 800


@pytest.mark.parametrize("kind", ["ascii", "binary_little_endian"])
def test_counts_are_held_against_the_bytes_before_anything_is_read(tmp_path, kind):
    rows = body(kind, ROWS, RECORD)
    for before in ("property int i\n", "property list uchar int i\n"):
        with pytest.raises(CloudFormatError, match="ends before its points begin") as caught:
            read_bytes(tmp_path, head(kind, 2, before=f"element face 1000000000000\n{before}") + rows)
        assert "1,000,000,000,000 x face" in str(caught.value)
    assert len(read_bytes(tmp_path, head(kind, 2, before="element face 1000000000000\n") + rows).cloud) == 2
    for properties in (XYZ, XYZ + "property list uchar int v\n"):
        with pytest.raises(CloudFormatError, match="fewer points"):
            read_bytes(tmp_path, head(kind, 10**12, properties) + rows)


def test_equal_names_are_told_and_get_a_number(tmp_path):
    properties = XYZ + "property int a\nproperty int a_2\nproperty int a\n"
    with pytest.warns(UserWarning, match="same name, a:"):
        found = read_bytes(tmp_path, head("ascii", 1, properties) + b"1 2 3 4 5 6\n")
    assert {name: values[0] for name, values in found.cloud.source.fields().items()} == {
        "a": 4,
        "a_2": 5,
        "a_3": 6,
    }


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_names_and_comments_of_any_language_are_kept(tmp_path, encoding):
    text = f"ply\nformat ascii 1.0\ncomment Straße\nelement vertex 1\n{XYZ}property int höhe\nend_header\n1 2 3 4\n"
    found = read_bytes(tmp_path, text.encode(encoding))
    assert list(found.cloud.source.fields()) == ["höhe"]
    assert found.cloud.source.header.encoding == encoding
    assert "comment Straße" in found.cloud.source.header.lines


@pytest.mark.parametrize("word", ["long", "ulong"])
@pytest.mark.parametrize("size", [4, 8])
def test_long_is_as_long_as_the_file_says(tmp_path, word, size):
    record = [*RECORD, ("t", f"i{size}")]
    rows = [(*row, 7) for row in ROWS]
    content = head("binary_little_endian", 2, f"{XYZ}property {word} t\n") + body(
        "binary_little_endian", rows, record
    )
    np.testing.assert_array_equal(read_bytes(tmp_path, content).cloud.source.fields()["t"], [7, 7])
    with pytest.raises(CloudFormatError, match="4 or 8 bytes long"):
        read_bytes(tmp_path, content + b"more")


def test_a_header_without_end_is_no_header(tmp_path):
    with pytest.raises(CloudFormatError, match="truncated"):
        read_bytes(tmp_path, b"ply\n" + b"comment c\n" * 200_000)


def test_thousands_of_properties_are_no_burden(tmp_path):
    properties = XYZ + "".join("property uchar same\n" for _ in range(3000))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = read_bytes(tmp_path, head("binary_little_endian", 1, properties) + bytes(24 + 3000))
    assert len(set(found.cloud.source.names)) == 3003
    assert headers.read_header(tmp_path / "cloud.ply").elements[0].least_bytes == 3024


FACES = "element face 1\nproperty list uchar int vertex_indices\n"
CELLS = "element cell 1\nproperty list short uchar members\n"
MORE_FACES = "element face 2\nproperty list ushort double weights\nproperty uchar kind\n"


@pytest.mark.parametrize(
    "content",
    [
        BINARY + b"\0" * 24,
        ASCII + b"7 8 9\n",
        head("ascii", 2, behind="element stop 1\nproperty int a\n") + b"1 2 3\n4 5 6\n7\n8\n",
        head("binary_little_endian", 2, behind="element stop 1\nproperty int a\n") + bytes(48 + 4 + 24),
        head("binary_little_endian", 2, behind=FACES) + bytes(48) + b"\3" + bytes(12 + 24),
        head("binary_big_endian", 2, behind=MORE_FACES)
        + bytes(48)
        + b"\0\2"
        + bytes(17)
        + b"\0\0"
        + bytes(33),
    ],
)
def test_more_behind_the_points_than_the_header_explains_is_a_warning(tmp_path, content):
    with pytest.warns(UserWarning, match="may hold more points than its header counts: 2 points"):
        assert len(read_bytes(tmp_path, content).cloud) == 2


@pytest.mark.parametrize(
    "behind",
    [
        b"",
        b"\3",
        b"\3" + bytes(11),
        b"\2" + bytes(8) + b"\0\7" + bytes(6),
        b"\2" + bytes(8) + b"\xff\xff" + bytes(90),
    ],
)
def test_elements_behind_the_points_that_are_cut_short_are_told_and_kept(tmp_path, behind):
    content = head("binary_big_endian", 2, behind=FACES + CELLS) + bytes(48) + behind
    with pytest.warns(
        UserWarning, match=r"ends before the 1 x (face|cell) of its header do: all points are read"
    ):
        cloud = read_bytes(tmp_path, content).cloud
    with pytest.warns(UserWarning, match="ends before"):
        written_and_read(cloud, tmp_path / "out.ply")
    assert (tmp_path / "out.ply").read_bytes().endswith(b"M" + behind)  # the last confidence is 77


@pytest.mark.parametrize(
    "content",
    [
        BINARY,
        ASCII + b"\n",
        BINARY + b"\n",
        head("ascii", 2, behind=FACES) + b"1 2 3\n4 5 6\n3 0 1 1\n",
        head("binary_little_endian", 2, behind=FACES) + bytes(48) + b"\3" + bytes(12),
    ],
)
def test_what_other_elements_explain_is_no_warning(tmp_path, content):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_bytes(tmp_path, content).cloud) == 2


@pytest.mark.parametrize("content", [ASCII, BINARY])
def test_without_vertices_the_first_element_with_coordinates_has_the_points(tmp_path, content):
    camera = b"element camera 0\nproperty float f\nelement point"
    found = read_bytes(tmp_path, content.replace(b"element vertex", camera, 1))
    np.testing.assert_allclose(found.cloud.xyz, ROWS)
    again = written_and_read(found.cloud, tmp_path / "out.ply")
    np.testing.assert_allclose(again.cloud.xyz, ROWS)
    assert again.codes is not None and "element point 2" in again.cloud.source.header.lines


def test_a_file_without_points_says_which_elements_it_has(tmp_path):
    with pytest.raises(CloudFormatError, match="no vertices, but 2 x face") as caught:
        read_bytes(tmp_path, b"ply\nformat ascii 1.0\nelement face 2\nproperty int a\nend_header\n1\n2\n")
    assert "remove" not in caught.value.hint


def test_a_name_with_a_colon_is_written(tmp_path):
    content = head("binary_little_endian", 1, XYZ + "property uchar a:b\n") + bytes(25)
    again = written_and_read(read_bytes(tmp_path, content).cloud, tmp_path / "out.ply")
    assert "a:b" in again.cloud.source.names
