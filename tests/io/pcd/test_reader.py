"""PCD: text, binary and compressed, in every spelling; and counts that lie."""

import functools
import struct
import tracemalloc

import numpy as np
import pytest

from bevseg.errors import CloudFormatError
from bevseg.io.pcd import reader as pcd
from tests.io.pcd.pcdfiles import KINDS
from tests.io.pcd.pcdfiles import body as body_of
from tests.io.pcd.pcdfiles import head as head_of

ROWS = [(1.5, 2.25, -3.0, 9, 0.5, 0.25, 5), (9.0, 8.0, np.nan, 9, 0.5, 0.25, 1), (0.0, 1e3, 0.25, 9, 1, 2, 0)]
RECORD = [("x", "<f8"), ("y", "<f4"), ("z", "<f4"), ("_", "u1"), ("pair", "<f4", 2), ("label", "<u2")]


def head(kind, count=3):
    return (
        "# .PCD v0.7 - by hand\nVERSION 0.7\nFIELDS x y z _ pair label\nSIZE 8 4 4 1 4 2\nTYPE F F F U F U\n"
        f"COUNT 1 1 1 1 2 1\nWIDTH {count}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {count}\nDATA {kind}\n"
    ).encode()


def body(kind):
    if kind == "ascii":
        return "".join(" ".join(str(value) for value in row) + "\n" for row in ROWS).encode()
    return np.array([(*row[:4], row[4:6], row[6]) for row in ROWS], RECORD).tobytes()


def read_content(tmp_path, content):
    path = tmp_path / "cloud.pcd"
    path.write_bytes(content)
    return pcd.read(path)


@pytest.mark.parametrize("kind", ["ascii", "binary"])
def test_the_same_three_points(tmp_path, kind):
    found = read_content(tmp_path, head(kind) + body(kind))
    np.testing.assert_allclose(found.cloud.xyz[[0, 2]], [ROWS[0][:3], ROWS[2][:3]], atol=0.0005)
    np.testing.assert_array_equal(found.cloud.finite, [True, False, True])
    np.testing.assert_array_equal(found.codes, [5, 1, 0])
    assert found.cloud.source.fields()["pair_1"][2] == 2


@pytest.mark.parametrize("kind", ["ascii", "binary"])
def test_a_header_that_claims_too_much_is_told_with_both_numbers(tmp_path, kind):
    with pytest.raises(CloudFormatError) as caught:
        read_content(tmp_path, head(kind, count=1004) + body(kind))
    assert "1,004 in the header, 3 in the file" in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pcd",
        head("ascii", count=0),
        head("ascii").split(b"DATA")[0],
        head("ascii").replace(b"TYPE F", b"TYPE Q") + body("ascii"),
        head("ascii").replace(b"COUNT 1 1", b"COUNT 1") + body("ascii"),
        head("ascii").replace(b"POINTS 3", b"POINTS many") + body("ascii"),
        head("ascii") + body("ascii").replace(b"2.25", b"two"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path, content):
    with pytest.raises(CloudFormatError):
        read_content(tmp_path, content)


def test_a_compressed_street_of_the_point_cloud_library(shared_data, tmp_path):
    source = shared_data / "isprs_filtertest" / "samp12-utm.pcd"
    with pytest.warns(UserWarning, match=r"32-bit floats, which are 0\.5 units apart"):
        cloud = pcd.read(source).cloud
    assert len(cloud) == 52_119
    assert cloud.bounds()[1] == (5403586.0, 5403850.0)
    content = source.read_bytes()
    for size in (100, 300, 1000, 100_000):
        with pytest.raises(CloudFormatError):
            read_content(tmp_path, content[:size])


def test_all_kinds_hold_the_same(tmp_path):
    record = [
        ("x", "f4", 1),
        ("y", "f8", 1),
        ("z", "f4", 1),
        ("_", "u1", 3),
        ("pair", "i2", 2),
        ("t", "u8", 1),
    ]
    xyz = np.array([1.5, 2.5])
    columns = [
        *(xyz.astype(form) for form in ("f4", "f8", "f4")),
        np.zeros((2, 3), "u1"),
        np.array([[1, 2], [3, 4]], "i2"),
        np.array([2**64 - 1, 7], "u8"),
    ]
    for kind in KINDS:
        source = read_content(tmp_path, head_of(record, kind, 2) + body_of(columns, kind)).cloud.source
        fields = source.fields()
        assert list(fields) == ["pair_0", "pair_1", "t"]
        np.testing.assert_array_equal(fields["pair_1"], [2, 4])
        np.testing.assert_array_equal(fields["t"], columns[-1])


def test_compressed_data_may_leave_the_padding_out(tmp_path):
    record = [("x", "f4", 1), ("_", "u1", 4), ("y", "f4", 1), ("z", "f4", 1)]
    content = head_of(record, "binary_compressed", 2) + body_of(
        [np.array([1.5, 2.5], "f4")] * 3, "binary_compressed"
    )
    np.testing.assert_array_equal(read_content(tmp_path, content).cloud.xyz, [[1.5] * 3, [2.5] * 3])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"POINTS 3\n", b""),
        (b"WIDTH 3\nHEIGHT 1\n", b""),
        (b"COUNT 1 1 1 1 2 1\n", b"COUNT 1 1 1 1 2 1\n\n# more\n"),
        (b"\n", b"\r\n"),
        (b"FIELDS x y z _ pair label", b"FIELDS x, y, z, _, pair, label"),
        (b"FIELDS", b"COLUMNS"),
        (b"VIEWPOINT 0 0 0 1 0 0 0\n", b""),
        (b"x y z", b"X Y Z"),
    ],
)
def test_what_tools_write_is_read(tmp_path, old, new):
    for kind in ("ascii", "binary"):
        found = read_content(tmp_path, head(kind).replace(old, new) + body(kind))
        np.testing.assert_array_equal(found.codes, [5, 1, 0])
        assert found.cloud.bounds()[1] == (2.25, 1000.0)


@pytest.mark.parametrize("separator", [b",", b", ", b"\t", b"  "])
def test_numbers_may_stand_apart_in_any_way(tmp_path, separator):
    found = read_content(tmp_path, head("ascii") + body("ascii").replace(b" ", separator))
    np.testing.assert_array_equal(found.codes, [5, 1, 0])


def test_decimal_commas_are_refused_by_name(tmp_path):
    with pytest.raises(CloudFormatError, match="decimal commas"):
        read_content(tmp_path, head("ascii") + body("ascii").replace(b".", b","))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"COUNT 1 1 1 1 2 1", b"COUNT 1 1 1 1 2 1000000000", "bytes by SIZE and COUNT"),
        (b"COUNT 1 1 1 1 2 1", b"COUNT 1 1 1 1 2 1" + b"0" * 30, "is no number of values"),
        (b"COUNT 1 1 1 1 2 1", b"COUNT 1 1 1 1 2 20000", "20,006 values|fewer points"),
        (b"COUNT 1 1 1 1 2 1", b"COUNT 1 1 1 1 2 0", "COUNT 0 of the field label"),
        (b"SIZE 8", b"SIZE 3", "TYPE F with SIZE 3"),
        (b"TYPE F", b"TYPE \xc2\xb2", "TYPE"),
        (b"POINTS 3", b"POINTS 1000000000000", "POINTS is 1,000,000,000,000, WIDTH times HEIGHT is 3"),
        (b"WIDTH 3\nHEIGHT 1\n", b"WIDTH 1000000\nHEIGHT 1000000\n", "POINTS is 3"),
        (b"WIDTH 3\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS 3", b"POINTS 1000000000000", "fewer points"),
        (b"WIDTH 3\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS 3\n", b"", "neither POINTS nor WIDTH"),
        (b"x y z", b"x y x", "a coordinate occurs twice"),
        (b"DATA ", b"DATA un", "expected ascii, binary or"),
    ],
)
def test_a_header_that_lies_is_refused_before_memory_is_spent(tmp_path, old, new, reason):
    for kind in ("ascii", "binary"):
        with pytest.raises(CloudFormatError, match=reason):
            read_content(tmp_path, head(kind).replace(old, new) + body(kind))


@pytest.mark.parametrize(
    ("packed", "unpacked"), [(10, 2**31), (2**32 - 1, 24), (24, 2**32 - 1), (0, 0), (26, 23), (26, 24)]
)
def test_sizes_of_compressed_data_are_held_against_the_file(tmp_path, packed, unpacked):
    record = [("x", "f4", 1), ("y", "f4", 1), ("z", "f4", 1)]
    content = (
        head_of(record, "binary_compressed", 2) + struct.pack("<II", packed, unpacked) + b"\x17" + bytes(24)
    )
    with pytest.raises(CloudFormatError):
        read_content(tmp_path, content)


@pytest.mark.parametrize("left", range(8))
def test_compressed_data_cut_within_its_sizes_are_too_few(tmp_path, left):
    record = [("x", "f4", 1), ("y", "f4", 1), ("z", "f4", 1)]
    content = head_of(record, "binary_compressed", 2) + struct.pack("<II", 26, 24)[:left]
    with pytest.raises(CloudFormatError):
        read_content(tmp_path, content)


def test_no_memory_is_taken_for_compressed_bytes_that_are_not_there(tmp_path):
    record = [("x", "f4", 1), ("y", "f4", 1), ("z", "f4", 1)]
    content = head_of(record, "binary_compressed", 2) + struct.pack("<II", 1 << 28, 24) + bytes(24)
    read = functools.partial(read_content, tmp_path, content)
    with pytest.raises(CloudFormatError):
        read()
    tracemalloc.start()
    try:
        with pytest.raises(CloudFormatError):
            read()
        assert tracemalloc.get_traced_memory()[1] < 1 << 24
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("form", ["f4", "u4"])
@pytest.mark.parametrize("name", ["rgb", "rgba"])
@pytest.mark.parametrize("kind", KINDS)
def test_packed_colours_are_red_green_and_blue(tmp_path, kind, name, form):
    record = [("x", "f4", 1), ("y", "f4", 1), ("z", "f4", 1), (name, form, 1)]
    bits = np.array([0x00FF8001, 0x00010203], "<u4")
    columns = [*[np.array([1.5, 2.5], "f4")] * 3, bits.view("<" + form)]
    fields = read_content(tmp_path, head_of(record, kind, 2) + body_of(columns, kind)).cloud.source.fields()
    assert list(fields) == ["red", "green", "blue"] + ["alpha"] * (name == "rgba")
    np.testing.assert_array_equal([fields[n] for n in ("red", "green", "blue")], [[255, 1], [128, 2], [1, 3]])


@pytest.mark.parametrize("kind", ["ascii", "binary"])
def test_more_points_than_the_header_counts_are_a_warning(tmp_path, kind):
    path = tmp_path / "a.pcd"
    path.write_bytes(head(kind, 2) + body(kind))
    with pytest.warns(UserWarning, match="may hold more points than its header counts: 2 points"):
        assert len(pcd.read(path).cloud) == 2
