"""Readers of `.pts` expect points below the count: a comment behind the last point names the columns."""

import numpy as np
import pytest

from bevseg.io.compare.files import compare
from bevseg.io.describe import describe
from bevseg.runtime import open3d
from tests.io.text.scenes import XYZ, labels, read, read_file, rows, save, write

NAMES = "# x y z intensity label bevseg_confidence"


def intensity(i):
    return 100 + 7 * i % 5


@pytest.fixture
def result(tmp_path):
    return write(read(tmp_path, "4\n" + rows(after=[intensity]), "scan.pts").cloud, tmp_path / "out.pts")


def test_points_stay_right_below_the_count(result):
    lines = result.read_text().splitlines()
    assert lines[:2] == ["4", "12.25 40.5 1.125 100 0 0"] and lines[5:] == [NAMES]


def test_classes_are_read_back_without_columns(result):
    found = read_file(result)
    np.testing.assert_array_equal(found.codes, labels(4).classes)
    assert list(found.cloud.source.fields()) == ["intensity"]
    facts = describe(result, found.cloud)["format"]
    assert facts["header"] == NAMES and facts["columns"]["label"] == "class"


def test_a_result_comes_back_as_it_was_and_as_other_text(result, tmp_path):
    again = write(read_file(result).cloud, tmp_path / "again.pts")
    assert again.read_bytes() == result.read_bytes()
    assert write(read_file(result).cloud, tmp_path / "again.txt").read_bytes() == result.read_bytes()


def test_names_of_a_source_keep_their_spelling_and_get_further_ones(tmp_path):
    content = "4\n" + rows(",", after=[intensity]) + "// X,Y,Z,Echo Amplitude\n"
    lines = write(read(tmp_path, content, "scan.pts").cloud, tmp_path / "out.pts").read_text().splitlines()
    assert lines[-1] == "// X,Y,Z,Echo Amplitude,label,bevseg_confidence"


def test_columns_of_the_user_are_named_behind_the_points(tmp_path):
    cloud = read(tmp_path, "4\n" + rows(after=[intensity]), "scan.pts", columns="y,x,z,echo").cloud
    lines = write(cloud, tmp_path / "out.pts").read_text().splitlines()
    assert lines[-1] == "# y x z echo label bevseg_confidence"


@pytest.mark.parametrize("end", ["", "# the end\n", "# x y z\n", "# a b c d\n"])
def test_other_comments_behind_the_points_name_nothing(tmp_path, end):
    content = "4\n" + rows(after=[intensity]) + end
    assert list(read(tmp_path, content, "scan.pts").cloud.source.fields()) == ["intensity"]


def test_the_comment_is_proven(result, tmp_path):
    source = tmp_path / "scan.pts"
    assert compare(source, result) is None and compare(result, result) is None
    other = save(tmp_path, result.read_bytes().replace(b"label", b"lable"), "other.pts")
    assert "the comment behind the points" in str(compare(source, other))


@pytest.mark.parametrize("columns", [3, 4, 6, 7])
def test_open3d_reads_points_with_such_a_comment(columns, tmp_path):
    lines = [" ".join([*(str(value) for value in point), *["8"] * (columns - 3)]) for point in XYZ]
    path = save(tmp_path, "4\n" + "\n".join(lines) + f"\n# {' '.join('abcdefg'[:columns])}\n", "scan.pts")
    np.testing.assert_allclose(open3d.load().io.read_point_cloud(str(path)).points, XYZ)
