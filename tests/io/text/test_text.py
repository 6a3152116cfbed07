"""Text clouds: the ways in which people write four numbers."""

import gzip

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.core.labels import load_scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import CloudFormatError, UsageError
from bevseg.io.text import reader, writer
from tests.io.text.scenes import read_file

XYZ = np.array([[1.5, 2.25, -3.0], [87000.125, 439000.5, 7.001], [0.0, 1e3, 0.25]])
CODES = np.array([1, 5, 0])
ROWS = "1.5 2.25 -3.0 1\n87000.125 439000.5 7.001 5\n0.0 1e3 0.25 0\n"


def read_content(tmp_path, content, name="cloud.txt", columns=None):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_file(path, columns)


def assert_the_three_points(found, codes=CODES):
    np.testing.assert_allclose(found.cloud.xyz, XYZ, atol=0.0005)
    if codes is None:
        assert found.codes is None
    else:
        np.testing.assert_array_equal(found.codes, codes)


@pytest.mark.parametrize(
    "content",
    [
        ROWS,
        ROWS.rstrip("\n"),
        ROWS.replace("\n", "\r\n"),
        ROWS + "\n  \n\n",
        ROWS.replace(" ", ","),
        ROWS.replace(" ", ", "),
        ROWS.replace(" ", " , "),
        ROWS.replace(" ", ";"),
        ROWS.replace(" ", "\t"),
        ROWS.replace(" ", "   "),
        ROWS.replace(" ", " \t"),
        "".join(f"   {line}  \n" for line in ROWS.splitlines()),
        "".join(f"   {line}  \r\n\r\n" for line in ROWS.splitlines()),
        "\n\n" + ROWS,
        ROWS.replace("\n", "\n\n"),
        "x y z label\n" + ROWS,
        '"x" "y" "z" "label"\n' + ROWS,
        "X,Y,Z,Classification\n" + ROWS.replace(" ", ","),
        "3\n" + ROWS,
        "x y z l\n" + ROWS,
        "X Y Z Scalar_field\n3\n" + ROWS,
        "# a comment\n# x y z\n" + ROWS,
        "//X Y Z Class\n" + ROWS,
        "// by hand\n\n" + ROWS.replace("87000", "# in between\n87000"),
        ROWS.replace("\n0.0", "\n// here too\n0.0"),
        "\ufeff" + ROWS,
        ROWS.replace(" 1\n", " 1.000000\n").replace(" 5\n", " 5.0\n"),
        "x y z label a b c\n" + ROWS.replace("\n", " 2 some words\n").replace("words", "w\u00f6rter"),
        ROWS.replace(" ", ",").replace("\n", ",\n"),
        "label x z y\n1 1.5 -3.0 2.25\n5 87000.125 7.001 439000.5\n0 0 0.25 1000\n",
    ],
)
def test_the_same_three_points(tmp_path, content):
    assert_the_three_points(read_content(tmp_path, content))
    assert_the_three_points(read_content(tmp_path, gzip.compress(content.encode()), "cloud.xyz.gz"))


def test_gzip_is_known_by_its_bytes_not_by_its_name(tmp_path):
    assert_the_three_points(read_content(tmp_path, gzip.compress(ROWS.encode()), "cloud.asc"))
    assert_the_three_points(read_content(tmp_path, ROWS, "cloud.txt.gz"))


@pytest.mark.parametrize("heading", ["", "x y z\n", "3\n", "#x y z\n"])
def test_three_columns_are_an_unlabelled_cloud(tmp_path, heading):
    rows = "".join(" ".join(line.split()[:3]) + "\n" for line in ROWS.splitlines())
    assert_the_three_points(read_content(tmp_path, heading + rows), codes=None)


@pytest.mark.parametrize("name", ["intensity", "R", "scalar_GPS_Time"])
def test_a_fourth_column_that_is_named_something_else_is_no_label(tmp_path, name):
    assert_the_three_points(read_content(tmp_path, f"x y z {name}\n" + ROWS), codes=None)


@pytest.mark.parametrize(
    ("columns", "order"),
    [
        ("x,y,z,label", (0, 1, 2, 3)),
        ("y, x, z, label", (1, 0, 2, 3)),
        ("-,x,y,z,-,label", (9, 0, 1, 2, 9, 3)),
        ("label,x,y,z", (3, 0, 1, 2)),
        ("X,Y,Z,-,Label", (0, 1, 2, 9, 3)),
    ],
)
@pytest.mark.parametrize("further", ["", " 7 words"])
def test_columns_say_what_is_where(tmp_path, columns, order, further):
    lines = []
    for line in ROWS.splitlines():
        fields = [*line.split(), *["8"] * 6]
        lines.append(" ".join(fields[i] for i in order) + further)
    assert_the_three_points(read_content(tmp_path, "\n".join(lines), columns=columns))


@pytest.mark.parametrize("columns", ["x,y,label", "x,y,z,lable", "x,x,y,z", "x,y,z,label,label", "", "x y z"])
def test_columns_that_make_no_sense_are_a_usage_error(tmp_path, columns):
    with pytest.raises(UsageError) as caught:
        read_content(tmp_path, ROWS, columns=columns)
    assert "columns" in str(caught.value) and caught.value.exit_code == 2


def test_more_columns_than_the_file_has_are_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="5 columns for a file with 4"):
        read_content(tmp_path, ROWS, columns="x,y,z,-,label")


def test_nan_and_infinity_keep_their_place(tmp_path):
    found = read_content(tmp_path, "1 2 3 1\nnan 2 3 2\n1 -inf 3 3\n1 2 Infinity 4\n4 5 6 5\nNaN NaN NaN 0\n")
    np.testing.assert_array_equal(found.cloud.finite, [True, False, False, False, True, False])
    np.testing.assert_array_equal(found.codes, [1, 2, 3, 4, 5, 0])


def test_points_whose_class_is_nan_have_none_and_the_others_keep_theirs(tmp_path):
    found = read_content(tmp_path, "1 2 3 1\n1 2 3 nan\n1 2 3 4\n")
    assert found.codes.tolist() == [1, None, 4]


@pytest.mark.parametrize("value", ["0.37", "inf"])
def test_a_fourth_column_that_is_no_class_code_is_told_and_left_alone(tmp_path, value):
    with pytest.warns(UserWarning, match="--columns"):
        found = read_content(tmp_path, ROWS.replace(" 5\n", f" {value}\n"))
    assert_the_three_points(found, codes=None)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (ROWS + "1 2\n" + ROWS, "line 4 has 2 columns, the first point has 4: '1 2'"),
        (ROWS + "1 2 3\n" + ROWS, "line 4 has 3 columns"),
        (ROWS + "1 2 3 4 5\n", "line 4 has 5 columns"),
        ("x y z l\n" + ROWS + "1 two 3 4\n", "line 5 holds 'two' where a number is expected: '1 two 3 4'"),
        ("1 2 three 4\n", "line 1 holds 'three'"),
        ("# c\n\n1 2 3 4\n1 2 3 x\n", "line 4 holds 'x'"),
        (ROWS.replace(" ", ",") + "1,,3,4,\n", "line 4 has 5 columns"),
        ("1 2 3 4 5 6\n1 2 3 4 5\n", "line 2 has 5 columns, the first point has 6"),
        ("1 2\n3 4\n", "first line is"),
        ("4\n" + ROWS, "4 in the header, 3 in the file"),
        ("# only\n# comments\n", "no line holds numbers"),
        ("only words here\nand here\n", "no line holds numbers"),
        ("\n \n", "no line holds numbers"),
        ("5\n", "no line holds numbers"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "byte 9 is 0"),
        (b"1 2 3 4\n\xff\xfe 2 3 4\n", "line 2 holds"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(tmp_path, content, reason):
    with pytest.raises(CloudFormatError) as caught:
        read_content(tmp_path, content)
    assert reason in str(caught.value)
    assert caught.value.where == tmp_path / "cloud.txt" and caught.value.exit_code == 4


def test_the_line_is_right_far_down_a_long_file(tmp_path):
    lines = ["1 2 3 4"] * 50_000
    lines[31_233] = "1 2 3"
    with pytest.raises(CloudFormatError, match="line 31234 has 3 columns"):
        read_content(tmp_path, "\n".join(lines))


def test_a_long_file_is_what_numpy_reads(tmp_path):
    rng = np.random.default_rng(0)
    table = np.column_stack([rng.random((20_000, 3)) * 1e3, rng.integers(0, 6, 20_000)]).round(3)
    np.savetxt(tmp_path / "cloud.txt", table, fmt="%12.3f %12.3f %9.3f %d")
    found = reader.read(tmp_path / "cloud.txt")
    expected = np.loadtxt(tmp_path / "cloud.txt")
    np.testing.assert_allclose(found.cloud.xyz, expected[:, :3], atol=1e-9)
    np.testing.assert_array_equal(found.codes, expected[:, 3])


def test_oakland(shared_data):
    found = read_file(shared_data / "oakland3d" / "oakland_part2_ac.xyz_label_conf.gz")
    expected = np.loadtxt(shared_data / "oakland3d" / "oakland_part2_ac.xyz_label_conf.gz")
    np.testing.assert_allclose(found.cloud.xyz, expected[:, :3], atol=1e-9)
    np.testing.assert_array_equal(found.codes, expected[:, 3])


def written(cloud, path, classes):
    writer.write(cloud, PointLabels(classes, classes), path, load_scheme("shrec20"))
    return path


@pytest.mark.parametrize("name", ["out.txt", "out.txt.gz"])
def test_text_is_written_as_shrec20_has_it(tmp_path, name):
    cloud = PointCloud.from_xyz(np.array([[87000.125, 2, -3], [np.nan, 2, 3], [1e5, 4.5, 0.001]]))
    path = written(cloud, tmp_path / name, np.array([4, 5, 1], np.uint8))
    content = path.read_bytes()
    content = gzip.decompress(content) if name.endswith("gz") else content
    assert content.decode() == (
        "x y z label bevseg_confidence\n87000.125 2.000 -3.000 4 4\nNaN NaN NaN 0 5\n100000.000 4.500 0.001 1 1\n"
    )
    np.testing.assert_array_equal(
        pl.read_csv(content, separator=" ")["label"], np.loadtxt(path, skiprows=1)[:, 3]
    )


def test_a_gzip_of_the_same_points_is_the_same_bytes(tmp_path):
    cloud = PointCloud.from_xyz(XYZ)
    first, second = (written(cloud, tmp_path / f"{i}.txt.gz", np.zeros(3, np.uint8)) for i in "ab")
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes()[3:8] == bytes(5)  # no name, no time


@pytest.mark.parametrize(
    ("step", "expected"),
    [(1.0, 0), (0.5, 1), (0.01, 2), (0.001, 3), (0.00025, 5), (0.001 / (1200 / 3937), 9)],
)
def test_decimals_tell_steps_apart(step, expected):
    assert writer.decimals(step) == expected


@given(st.lists(st.tuples(*[st.integers(-(10**9), 10**9)] * 3, st.integers(0, 5)), min_size=1, max_size=30))
def test_write_then_read_gives_the_very_same_steps_and_labels(tmp_path_factory, rows):
    table = np.array(rows)
    cloud = PointCloud.from_xyz(table[:, :3] / 1000)
    path = written(cloud, tmp_path_factory.mktemp("law") / "out.txt", table[:, 3].astype(np.uint8))
    back = reader.read(path)
    for axis in "xyz":
        np.testing.assert_array_equal(getattr(back.cloud, axis), getattr(cloud, axis))
    np.testing.assert_array_equal(back.codes, table[:, 3])
