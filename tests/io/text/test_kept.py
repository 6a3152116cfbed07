"""What a text file holds beside coordinates and classes comes back: byte by byte in text, as numbers elsewhere."""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.core.pointcloud import Crs, PointCloud
from bevseg.io.text import reader, writer
from bevseg.io.write import cannot_keep
from tests.io.text.scenes import XYZ, labels, read, rows, write, written


def number(i):
    return i


@pytest.mark.parametrize(
    ("content", "first_lines"),
    [
        (rows(), ["x y z label bevseg_confidence", "12.25 40.5 1.125 0 0", "13.5 41.75 2.5 1 7"]),
        (rows(after=[number]), ["x y z label bevseg_confidence", "12.25 40.5 1.125 0 0"]),
        ("x y z class i\n" + rows(after=[number, lambda i: "7.50"]),
         ["x y z class i bevseg_confidence", "12.25 40.5 1.125 0 7.50 0", "13.5 41.75 2.5 1 7.50 7"]),
        ("id;X;Y;Z\n" + rows(";", [lambda i: f"A{i}"], comma=True),
         ["id;X;Y;Z;label;bevseg_confidence", "A0;12,25;40,5;1,125;0;0"]),
        ("# a word\n//X Y Z R G\n4\n" + rows(after=[number, number]),
         ["# a word", "//X Y Z R G label bevseg_confidence", "4", "12.25 40.5 1.125 0 0 0 0"]),
        ('"x","y","z","class"\n"1.50","2.0","3.0","4"\n',
         ['"x","y","z","class","bevseg_confidence"', '"1.50","2.0","3.0","0",0']),
        ("id,x,y,z\n" + rows(",", [number]).replace("\n", ",\n"),
         ["id,x,y,z,label,bevseg_confidence", "0,12.25,40.5,1.125,0,0"]),
        ("  1.50   2.500\t3.0   4  \n# in between\n\n  1.5    2.5 3.0 4\n",
         ["x y z label bevseg_confidence", "  1.50   2.500\t3.0   0 0", "  1.5    2.5 3.0 1 7"]),
        ("x y z label bevseg_confidence i\n1.50 2 3 5 255 8\n1 2 3 5 255 9\n",
         ["x y z label bevseg_confidence i", "1.50 2 3 0 0 8", "1 2 3 1 7 9"]),
        ("x,y,z,class\n1.5,2.5,3.5,\n", ["x,y,z,class,bevseg_confidence", "1.5,2.5,3.5,0,0"]),
        ('x,y,z,class,n\n1.5,2.5,3.5,4,"a, b"\n', ["x,y,z,class,n,bevseg_confidence", '1.5,2.5,3.5,0,"a, b",0']),
        ("x y z\n1.5D+03 2.5 -nan(ind)\n", ["x y z label bevseg_confidence", "1.5D+03 2.5 -nan(ind) 0 0"]),
    ],
)  # fmt: skip
def test_lines_come_back_with_a_class_and_a_confidence(tmp_path, content, first_lines):
    assert written(tmp_path, content)[: len(first_lines)] == first_lines


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_come_back(tmp_path, end):
    cloud = read(tmp_path, ("x y z\n" + rows()).replace("\n", end)).cloud
    lines = write(cloud, tmp_path / "out.txt").read_bytes().split(end.encode())
    assert lines[:2] == [b"x y z label bevseg_confidence", b"12.25 40.5 1.125 0 0"] and len(lines) == 6


def test_columns_of_the_user_name_the_columns_of_a_file_without_a_header(tmp_path):
    lines = written(tmp_path, rows(after=[number, number, number]), columns="x,y,z,-,label,GPS Time")
    assert lines[:2] == ["x y z column_4 label GPS_Time bevseg_confidence", "12.25 40.5 1.125 0 0 0 0"]


def test_columns_of_the_user_stand_in_a_comment_under_a_header_that_stays(tmp_path):
    lines = written(tmp_path, "a,b,c,d\n" + rows(",", after=[number]), columns="x,y,z,label")
    assert lines[:2] == ["a,b,c,d,bevseg_confidence", "# x,y,z,label,bevseg_confidence"]
    back = reader.read(tmp_path / "out.txt")
    np.testing.assert_array_equal(back.codes, labels(4).classes)
    np.testing.assert_allclose(back.cloud.xyz, XYZ)


def test_a_column_of_classes_that_holds_none_stays_beside_the_new_one(tmp_path):
    with pytest.warns(UserWarning, match="no class code"):
        lines = written(tmp_path, "x y z class\n1 2 3 0.5\n1.25 2 3 4\n")
    assert lines[:2] == ["x y z class bevseg_label bevseg_confidence", "1 2 3 0.5 0 0"]
    np.testing.assert_array_equal(reader.read(tmp_path / "out.txt").codes, [0, 1])


def test_further_columns_are_numbers_of_the_smallest_type(tmp_path):
    content = (
        "x,y,z,a,b,c,d,e,f\n1,2,3,255,-1,1.0,0.5,A1,1700000000123456789\n"
        "1,2,3,0,300,2.0,,7,1700000000123456790\n"
    )
    source = read(tmp_path, content).cloud.source
    fields = source.fields()
    assert {name: values.dtype.str[1:] for name, values in fields.items()} == {
        "a": "u1", "b": "i2", "c": "u1", "d": "f8", "f": "i8",
    }  # fmt: skip
    assert fields["f"].tolist() == [1700000000123456789, 1700000000123456790]
    assert source.words == ("e",)


def test_equal_names_are_numbered(tmp_path):
    assert list(read(tmp_path, "x y z i i\n1 2 3 4 5\n").cloud.source.fields()) == ["i", "i_2"]


def test_decimal_commas_are_numbers_in_further_columns_too(tmp_path):
    fields = read(tmp_path, "x;y;z;t\n1,5;2,5;3,5;0,125\n").cloud.source.fields()
    np.testing.assert_array_equal(fields["t"], [0.125])


class Made:
    """A source of another format."""

    def __init__(self, **fields):
        self._fields = fields

    def fields(self):
        return self._fields


def test_fields_of_other_formats_are_columns(tmp_path):
    values = {
        "intensity": np.array([0, 65535, 3], np.uint16),
        "GPS Time [s]": np.array([0.1, 1 / 3, 1e300]),
        "f": np.array([0.1, np.nan, -np.inf], np.float32),
        "big": np.array([2**63, 1, 2], np.uint64),
        "flag": np.array([True, False, True]),
        "X": np.array([1, 2, 3], ">i4"),
        "class": np.array([7, 8, 9], np.uint8),
    }
    cloud = PointCloud.from_xyz(XYZ[:3], source=Made(**values))
    back = reader.read(write(cloud, tmp_path / "out.txt"))
    fields = back.cloud.source.fields()
    assert list(fields) == ["intensity", "GPS_Time_[s]", "f", "big", "flag", "X_", "class"]
    for found, expected in zip(fields.values(), values.values(), strict=True):
        np.testing.assert_array_equal(found.astype(expected.dtype), expected)
    np.testing.assert_array_equal(back.codes, [0, 1, 2])
    np.testing.assert_array_equal(back.cloud.xyz, cloud.xyz)


def test_control_characters_of_names_are_no_part_of_a_header(tmp_path):
    cloud = PointCloud.from_xyz(XYZ[:3], source=Made(**{"\x03\x01": np.arange(3), "a\x00b": np.arange(3)}))
    assert list(reader.read(write(cloud, tmp_path / "out.txt")).cloud.source.fields()) == ["column_4", "a_b"]


def test_text_says_that_it_keeps_no_reference_system():
    cloud = PointCloud.from_xyz(XYZ, crs=Crs("a system"))
    assert writer.cannot_keep(cloud) == ["text has no place for the coordinate reference system"]
    assert writer.cannot_keep(PointCloud.from_xyz(XYZ)) == []


NAMES = st.lists(
    st.sampled_from(["i", "Intensity", "R", "GPS Time", "my field", "Zeit [s]", "Number of Returns", "ring", "a.b"]),
    max_size=4, unique=True,
)  # fmt: skip
NUMBERS = st.one_of(
    st.integers(-(2**40), 2**40).map(str),
    st.decimals(-1000, 1000, places=4).map(str),
    st.sampled_from(["nan", "1e-7", "+2.5", ".5", "7."]),
)


@given(
    st.data(),
    NAMES,
    st.sampled_from([" ", "\t", ",", ";", "  ", " ; "]),
    st.integers(0, 5),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_read_label_write_read_gives_the_same_but_for_the_class(
    tmp_path_factory, data, names, separator, places, labelled, packed, end
):
    folder = tmp_path_factory.mktemp("law")
    columns = [*AXES, *(["Classification"] if labelled else []), *names]
    columns = data.draw(st.permutations(columns))
    if separator.strip() == "" and separator != "\t":
        columns = [name.replace(" ", "_") for name in columns]
    count = data.draw(st.integers(1, 12))
    coordinate = st.decimals(-5000, 5000, places=places).map(str)
    kinds = [
        coordinate if n in AXES else st.integers(0, 5).map(str) if n == "Classification" else NUMBERS
        for n in columns
    ]
    lines = [[data.draw(kind) for kind in kinds] for _ in range(count)]
    text = end.join(separator.join(line) for line in [columns, *lines]) + end
    content = gzip.compress(text.encode()) if packed else text.encode()
    first = read(folder, content)
    out = write(first.cloud, folder / "out.txt")
    back = reader.read(out)
    classes = (
        np.where(first.cloud.finite, labels(count).classes, 0)
        if first.cloud.finite is not None
        else labels(count).classes
    )
    np.testing.assert_array_equal(back.codes, classes)
    for axis in "xyz":
        np.testing.assert_array_equal(getattr(back.cloud, axis), getattr(first.cloud, axis))
    assert back.cloud.scale == first.cloud.scale
    before, after = first.cloud.source.fields(), back.cloud.source.fields()
    assert list(before) == list(after) == [name for name in columns if name not in (*AXES, "Classification")]
    for name in before:
        np.testing.assert_array_equal(before[name], after[name])
    place = columns.index("Classification") if labelled else None
    for line, new in zip(lines, out.read_bytes().decode().split(end)[1:], strict=False):
        fields = [
            field.strip()
            for field in (new.split() if separator.strip(" ") == "" else new.split(separator.strip(" ")))
        ]
        kept = [(a, b) for i, (a, b) in enumerate(zip(line, fields, strict=False)) if i != place]
        assert all(a == b for a, b in kept) and len(fields) == len(line) + 2 - labelled


AXES = ("x", "y", "z")


def test_other_formats_say_that_columns_of_words_are_left_out(tmp_path):
    cloud = read(tmp_path, "x y z Street\n1.5 2.5 3.5 A12\n2.5 3.5 4.5 B7\n").cloud
    for name in ("out.laz", "out.ply", "out.pcd"):
        assert any("field Street is left out" in sentence for sentence in cannot_keep(cloud, tmp_path / name))
    assert cannot_keep(cloud, tmp_path / "out.txt") == []
