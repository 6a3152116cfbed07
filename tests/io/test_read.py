"""Files -> clouds: which are taken, what they are called, what their codes mean, what is told about them."""

import gzip
import json
import shutil
import warnings

import laspy
import numpy as np
import pytest

from bevseg.core.labels import ClassEntry, Scheme, load_scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import CloudNotFoundError, LabelError, UsageError
from bevseg.io.read import describe, duplicates, find_clouds, read_cloud, sha256, stem
from bevseg.io.write import write_cloud
from tests.io.las import files as lasfiles

ROWS = "1 2 3 1\n4 5 6 5\n"


@pytest.fixture
def folder(tmp_path):
    """A directory as people have them."""
    files = {
        "a.txt": ROWS,
        "b.xyz_label_conf": "# a dictionary\n" + ROWS,
        "c.tar.xyz": ROWS,
        "d.csv": "x,y,z\n1,2,3\n",
        "e.PTS": "2\n" + ROWS,
        "README.md": "# Clouds\n\nThey are 1 2 3.\n",
        "notes.txt": "seen on Monday\n",
        "history.json": '{"a": [1, 2, 3]}',
        ".hidden.txt": ROWS,
        "Makefile": "all:\n\techo 1 2 3\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "f.xyz_label_conf.gz").write_bytes(gzip.compress(ROWS.encode()))
    (tmp_path / "page.html.gz").write_bytes(gzip.compress(b"<html>1 2 3</html>"))
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\r")
    (tmp_path / "g.LAZ").write_bytes(b"whatever it holds, its name says it is a cloud")
    (tmp_path / "h.empty.txt").write_bytes(b"")
    (tmp_path / "i.cut_short.gz").write_bytes(gzip.compress(ROWS.encode() * 500)[:-12])
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "z.txt").write_text(ROWS)
    return tmp_path


def test_in_a_directory_clouds_are_taken_and_the_rest_is_listed(folder):
    found = find_clouds([folder])
    assert [cloud.stem for cloud in found.clouds] == ["a", "b", "c", "d", "e", "f", "g", "h", "i"]
    assert [path.name for path in found.passed_over] == [
        ".hidden.txt", "Makefile", "README.md", "below", "history.json", "notes.txt", "page.html.gz", "photo.png",
    ]  # fmt: skip


def test_named_files_are_taken_as_they_are(folder):
    found = find_clouds([folder / "README.md", folder / "a.txt"])
    assert [cloud.stem for cloud in found.clouds] == ["README", "a"] and not found.passed_over


def test_the_real_directories(shared_data):
    found = find_clouds([shared_data / "oakland3d"])
    assert len(found.clouds) == 10 and found.clouds[0].stem == "oakland_part2_ac"
    assert [path.name for path in found.passed_over] == ["README.md"]
    assert len(find_clouds([shared_data / "ign_lidarhd", shared_data / "ahn3_delft"]).clouds) == 6
    with pytest.raises(CloudNotFoundError, match="No point clouds"):
        find_clouds([shared_data / "mnist"])


def test_equal_stems_are_a_usage_error_that_names_both(folder):
    (folder / "a.las").write_bytes(b"")
    with pytest.raises(UsageError) as caught:
        find_clouds([folder])
    assert "a.las" in str(caught.value) and "a.txt" in str(caught.value)


def test_a_path_that_is_not_there_and_a_directory_without_clouds(tmp_path):
    with pytest.raises(CloudNotFoundError, match="No such file"):
        find_clouds([tmp_path / "nowhere"])
    with pytest.raises(CloudNotFoundError, match="No point clouds"):
        find_clouds([tmp_path])


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.txt", "a"), ("5D4KVPBP.txt", "5D4KVPBP"), ("a.xyz_label.gz", "a"), ("tile_1.2.laz", "tile_1"),
     ("noend", "noend"), (".x.txt", "x")],
)  # fmt: skip
def test_the_stem_ends_at_the_first_dot(tmp_path, name, expected):
    assert stem(tmp_path / name) == expected


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
    (tmp_path / "a.txt").write_text("1 2 3 1\n4 5 6 77\n7 8 9 77\n7 8 9 -5\n")
    strict = Scheme("mine", (ClassEntry(1, "house", 1, "#000000"),), strict=True)
    with pytest.warns(UserWarning) as caught:
        assert read_cloud(tmp_path / "a.txt", strict=True).labels.tolist() == [1, 0, 0, 0]
    assert len(caught) == 1 and "-5, 77" in str(caught[0].message)
    with pytest.warns(UserWarning):
        assert read_cloud(tmp_path / "a.txt", scheme=strict).labels.tolist() == [1, 0, 0, 0]
    with pytest.raises(LabelError, match="does not know"):
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


def test_the_description_holds_what_people_ask_for(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("1 2 3 1\n1 2 3 1\nnan 2 3 5\n4 5 6.5 5\n1 2 3 0\n")
    facts = describe(read_cloud(path), path)
    assert json.loads(json.dumps(facts, allow_nan=False))
    assert facts["points"] == 5 and facts["non_finite"] == 1 and facts["duplicates"] == 2
    assert facts["bounds_m"] == {"x": (1, 4), "y": (2, 5), "z": (3, 6.5)}
    assert facts["classes"]["building"] == 2 and facts["classes"]["undefined"] == 1
    assert facts["sha256"] == sha256(path) and facts["crs"] is None


def test_duplicates_are_those_of_all_three_coordinates():
    steps = np.random.default_rng(0).integers(0, 4, (200, 3))
    cloud = PointCloud.from_xyz(steps / 1000)
    assert duplicates(cloud) == 200 - len(np.unique(steps, axis=0))
    assert duplicates(PointCloud.from_xyz(np.full((3, 3), np.nan))) == 0


def test_real_tiles_need_no_more_than_a_warning(shared_data):
    for path in sorted(shared_data.glob("*/*.laz")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            cloud = read_cloud(path)
        assert cloud.labels.any() and cloud.name == stem(path)
