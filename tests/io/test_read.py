"""File -> cloud: what its codes mean, and what is recorded about it."""

import shutil
import subprocess
import sys
import warnings

import laspy
import numpy as np
import pytest

from bevseg.core import pointcloud
from bevseg.core.labels import ClassEntry, Scheme, load_scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import LabelError
from bevseg.io.find import stem
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud
from tests.io.las import lasfiles


def test_text_has_shrec20_codes_and_las_asprs(tmp_path):
    (tmp_path / "a.txt").write_text("1 2 3 1\n4 5 6 5\n7 8 9 4\n")
    np.testing.assert_array_equal(read_cloud(tmp_path / "a.txt").labels, [1, 5, 4])
    source = lasfiles.make(tmp_path / "b.laz")
    codes = np.asarray(laspy.read(source).classification)
    expected = np.array([0, 0, 3, 5, 5, 5, 1])[codes]
    np.testing.assert_array_equal(read_cloud(source).labels, expected)


def test_a_scheme_may_be_named(shared_data):
    cloud = read_cloud(
        shared_data / "oakland3d" / "oakland_part2_ac.xyz_label_conf.gz", scheme=load_scheme("oakland")
    )
    # As counted in the README of the data set: undefined, building, car, ground, pole, vegetation.
    assert np.bincount(cloud.labels).tolist() == [1177, 13853, 3102, 69521, 209, 12138]
    assert cloud.name == "oakland_part2_ac"


def test_unknown_codes_are_one_warning_or_an_error_if_scheme_and_caller_are_strict(tmp_path):
    (tmp_path / "a.txt").write_text("x y z label\n1 2 3 1\n4 5 6 77\n7 8 9 77\n7 8 9 -5\n")
    strict = Scheme("mine", (ClassEntry(1, "house", 1, "#000000"),), strict=True)
    with pytest.warns(UserWarning) as caught:
        assert read_cloud(tmp_path / "a.txt", strict=True).labels.tolist() == [1, 0, 0, 0]
    assert len(caught) == 1 and "-5, 77" in str(caught[0].message)
    with pytest.warns(UserWarning):
        assert read_cloud(tmp_path / "a.txt", scheme=strict).labels.tolist() == [1, 0, 0, 0]
    with pytest.raises(LabelError, match="Unknown class codes"):
        read_cloud(tmp_path / "a.txt", scheme=strict, strict=True)


def test_a_cloud_in_which_nothing_is_defined_counts_as_unlabelled(tmp_path):
    (tmp_path / "a.txt").write_text("1 2 3 0\n4 5 6 0\n")
    assert read_cloud(tmp_path / "a.txt").labels is None


def test_columns_are_passed_on(tmp_path):
    (tmp_path / "a.txt").write_text("5 1 2 3\n")
    cloud = read_cloud(tmp_path / "a.txt", columns="label,x,y,z")
    assert cloud.labels.tolist() == [5] and cloud.xyz.tolist() == [[1, 2, 3]]


def test_our_own_files_are_understood_without_a_word(tmp_path):
    cloud = PointCloud.from_xyz(np.arange(18.0).reshape(6, 3))
    made = PointLabels(np.arange(6, dtype=np.uint8), np.arange(6, dtype=np.uint8))
    for scheme in ("asprs", "shrec20"):
        for suffix in ("laz", "ply"):
            path = tmp_path / f"{scheme}.{suffix}"
            write_cloud(cloud, made, path, scheme=load_scheme(scheme))
            np.testing.assert_array_equal(read_cloud(path).labels, made.classes)
            np.testing.assert_array_equal(read_cloud(path, scheme=load_scheme(scheme)).labels, made.classes)
    # Car and pole of other people's files are something else.
    shutil.copy(tmp_path / "asprs.laz", tmp_path / "theirs.laz")
    other = laspy.read(tmp_path / "theirs.laz")
    other.remove_extra_dim("bevseg_confidence")
    other.write(tmp_path / "theirs.laz")
    np.testing.assert_array_equal(read_cloud(tmp_path / "theirs.laz").labels, [0, 1, 0, 3, 0, 5])


def test_a_file_of_ours_in_a_users_scheme_asks_for_it(tmp_path):
    names = ("nothing", "house", "car", "floor", "mast", "green")
    mine = Scheme(
        "mine, and a very long name it has",
        tuple(ClassEntry(200 + i, name, i, "#000000") for i, name in enumerate(names)),
    )
    cloud = PointCloud.from_xyz(np.arange(18.0).reshape(6, 3))
    made = PointLabels(np.arange(6, dtype=np.uint8), np.full(6, 9, np.uint8))
    write_cloud(cloud, made, tmp_path / "out.laz", scheme=mine)
    with pytest.raises(LabelError, match="'mine, and"):
        read_cloud(tmp_path / "out.laz", strict=True)
    with pytest.warns(UserWarning, match="counts as unlabelled"):
        assert read_cloud(tmp_path / "out.laz").labels is None
    np.testing.assert_array_equal(read_cloud(tmp_path / "out.laz", scheme=mine).labels, made.classes)


def test_real_tiles_need_no_more_than_a_warning(shared_data):
    for path in sorted(shared_data.glob("*/*.laz")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            cloud = read_cloud(path)
        assert cloud.labels.any() and cloud.name == stem(path)


def test_reading_las_does_not_need_the_compiler(tmp_path):
    """Compiled kernels take 100 MiB and a second before the first point; what only reads must not pay for them."""
    source = lasfiles.make(tmp_path / "cloud.laz")
    program = (
        "import sys; from pathlib import Path; from bevseg.io.read import read_cloud\n"
        "print(len(read_cloud(Path(sys.argv[1]))), 'numba' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", program, source], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["500", "False"]


def test_the_ends_of_a_record_are_found_once(tmp_path, monkeypatch):
    source = lasfiles.make(tmp_path / "cloud.las")
    find, found = pointcloud.ends_of, []
    monkeypatch.setattr(
        pointcloud, "ends_of", lambda *given, **named: found.append(given) or find(*given, **named)
    )
    read_cloud(source)
    assert len(found) == 1
