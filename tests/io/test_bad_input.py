"""Bad files: each is one clear error that says what, where, why and what to do; odd but sound files are read."""

import gzip
import hashlib

import laspy
import numpy as np
import pytest

from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import CloudFormatError, CloudNotFoundError, InputError
from bevseg.io.find import find_clouds
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud
from bevseg.workdir.facts import cloud_facts
from tests.io.las import lasfiles

FIELDS = "property float x\nproperty float y\nproperty float z\n"
PLY = f"ply\nformat binary_little_endian 1.0\nelement vertex %d\n{FIELDS}end_header\n"
ALL = (".las", ".laz", ".ply", ".pcd", ".txt", ".xyz", ".csv", ".pts", ".asc", ".txt.gz", ".whatever")


def assert_helpful(caught, path):
    """Every error has its four parts, and comes with exit code 4."""
    error = caught.value
    assert error.what and error.where == path and error.why and error.hint
    assert error.exit_code == 4
    assert str(path) in str(error)


@pytest.mark.parametrize("suffix", ALL)
def test_a_file_that_is_not_there(tmp_path, suffix):
    path = tmp_path / f"none{suffix}"
    for read in (read_cloud, lambda p: find_clouds([p])):
        with pytest.raises(CloudNotFoundError) as caught:
            read(path)
        assert_helpful(caught, path)


@pytest.mark.parametrize("suffix", ALL)
def test_an_empty_file(tmp_path, suffix):
    path = tmp_path / f"empty{suffix}"
    path.write_bytes(b"")
    with pytest.raises(CloudFormatError, match="empty") as caught:
        read_cloud(path)
    assert_helpful(caught, path)


def test_a_directory_is_no_cloud(tmp_path):
    (tmp_path / "cloud.laz").mkdir()
    with pytest.raises(CloudFormatError, match="Not a file"):
        read_cloud(tmp_path / "cloud.laz")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("none.ply", (PLY % 0).encode()),
        ("none.pcd", b"FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nPOINTS 0\nDATA ascii\n"),
        ("none.txt", b"# x y z\n\n"),
        ("none.txt.gz", gzip.compress(b"", mtime=0)),
        ("none.csv", b"x,y,z,label\n"),
        ("none.pts", b"0\n"),
    ],
)
def test_a_cloud_without_points(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CloudFormatError) as caught:
        read_cloud(path)
    assert_helpful(caught, path)
    assert "points" in str(caught.value)


@pytest.mark.parametrize("suffix", [".las", ".laz"])
def test_a_las_file_without_points(tmp_path, suffix):
    path = tmp_path / f"none{suffix}"
    laspy.LasData(laspy.LasHeader(point_format=6)).write(str(path))
    with pytest.raises(CloudFormatError, match="no points") as caught:
        read_cloud(path)
    assert_helpful(caught, path)


def whole(tmp_path, suffix):
    """A sound file of 60,000 points; LAZ has two chunks."""
    path = tmp_path / f"whole{suffix}"
    if suffix in (".las", ".laz"):
        return lasfiles.make(path, count=60_000).read_bytes()
    cloud = PointCloud.from_xyz(np.random.default_rng(0).random((60_000, 3)) * 100)
    write_cloud(cloud, PointLabels(*[np.ones(60_000, np.uint8)] * 2), path)
    return path.read_bytes()


@pytest.mark.parametrize("suffix", [".las", ".laz", ".ply", ".txt.gz"])
def test_a_file_cut_short_anywhere(tmp_path, suffix, capfd):
    content = whole(tmp_path, suffix)
    path = tmp_path / f"cut{suffix}"
    ends = {1, 3, 50, 226, 227, 300, 375, 380, 400, len(content) // 2, len(content) - 9, len(content) - 1}
    for end in sorted(ends | set(range(1000, len(content), len(content) // 7))):
        path.write_bytes(content[:end])
        with pytest.raises(CloudFormatError) as caught:
            read_cloud(path)
        assert_helpful(caught, path)
        if suffix == ".laz" and 1000 < end < len(content) - 100:
            assert "chunk table" in caught.value.why
    assert not capfd.readouterr().err


def test_real_files_cut_short(shared_data, tmp_path):
    for source in ("ahn3_delft/ahn3_cropped_2.laz", "lille_street_unlabelled/Lille_street_small.ply",
                   "oakland3d/oakland_part2_ac.xyz_label_conf.gz"):  # fmt: skip
        content = (shared_data / source).read_bytes()
        path = tmp_path / (shared_data / source).name
        path.write_bytes(content[: len(content) // 2])
        assert [cloud.path for cloud in find_clouds([tmp_path]).clouds] == [path]
        with pytest.raises(CloudFormatError, match=r"truncated|fewer points"):
            read_cloud(path)
        path.unlink()


def test_a_laz_whose_bytes_are_noise(tmp_path):
    content = bytearray(whole(tmp_path, ".laz"))
    content[600:1200] = np.random.default_rng(0).bytes(600)
    path = tmp_path / "noise.laz"
    for start in (96, 100, 105, 131):  # offset, number of records, record length, scale
        damaged = bytearray(content)
        damaged[start : start + 2] = b"\xff\xff"
        path.write_bytes(damaged)
        with pytest.raises(InputError):
            read_cloud(path)


def test_a_ply_that_claims_more_than_it_holds(tmp_path):
    path = tmp_path / "lies.ply"
    path.write_bytes((PLY % 1000).encode() + np.zeros(30, "<f4").tobytes())
    with pytest.raises(CloudFormatError, match="1,000 in the header, 10 in the file") as caught:
        read_cloud(path)
    assert_helpful(caught, path)


@pytest.mark.parametrize(
    ("row", "reason"),
    [("1 2 3", "3 columns"), ("1 2 3 4 5", "5 columns"), ("1 2 three 4", "'three'"), ("1 2 3 4x", "'4x'")],
)
@pytest.mark.parametrize("suffix", [".txt", ".csv", ".xyz.gz", ".something"])
def test_ragged_rows_and_letters_are_told_with_their_line(tmp_path, row, reason, suffix):
    path = tmp_path / f"ragged{suffix}"
    content = "1 2 3 4\n" * 999 + row + "\n" + "1 2 3 4\n" * 999
    content = content.replace(" ", ",") if suffix == ".csv" else content
    path.write_bytes(gzip.compress(content.encode()) if suffix.endswith("gz") else content.encode())
    with pytest.raises(CloudFormatError) as caught:
        read_cloud(path)
    assert_helpful(caught, path)
    assert "line 1000" in caught.value.why and reason in caught.value.why


@pytest.mark.parametrize(
    "name", ["photo.laz", "photo.las", "photo.ply", "photo.pcd", "photo.txt", "photo.png"]
)
def test_a_file_that_is_something_else(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + np.random.default_rng(0).bytes(5000))
    with pytest.raises(CloudFormatError) as caught:
        read_cloud(path)
    assert_helpful(caught, path)


def test_points_a_thousand_kilometres_apart(tmp_path):
    path = tmp_path / "stray.txt"
    path.write_text("0 0 0\n9999999 0 0\n")
    with pytest.raises(InputError, match="too large for a street scene") as caught:
        read_cloud(path)
    assert "stray" in str(caught.value.where)


ODD = {
    "one point": np.array([[1.0, 2, 3]]),
    "two equal points": np.array([[1.0, 2, 3], [1, 2, 3]]),
    "all in one cell": np.random.default_rng(0).random((50, 3)) * 0.05,
    "a hole": np.array([[1.0, 2, 3], [np.nan, np.nan, np.nan], [4, 5, np.inf], [6, 7, 8]]),
}


@pytest.mark.parametrize("suffix", [".laz", ".ply", ".txt", ".txt.gz"])
@pytest.mark.parametrize("name", ODD)
def test_odd_clouds_are_ordinary_input(tmp_path, name, suffix):
    cloud = PointCloud.from_xyz(ODD[name])
    made = PointLabels(np.full(len(cloud), 5, np.uint8), np.full(len(cloud), 200, np.uint8))
    write_cloud(cloud, made, tmp_path / f"odd{suffix}")
    back = read_cloud(tmp_path / f"odd{suffix}")
    finite = np.isfinite(ODD[name]).all(axis=1)
    np.testing.assert_array_equal(back.labels, np.where(finite, 5, 0))
    np.testing.assert_allclose(back.xyz[finite], ODD[name][finite], atol=0.0005)
    assert cloud_facts(back, tmp_path / f"odd{suffix}")["points"] == len(cloud)


def test_inputs_are_never_touched(tmp_path):
    def prints():
        return {p: (hashlib.sha256(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns) for p in sources}

    sources = [lasfiles.make(tmp_path / "a.laz"), lasfiles.make(tmp_path / "b.las", 3), tmp_path / "c.txt"]
    sources[2].write_text("1 2 3 4\n")
    before = prints()
    for path in sources:
        cloud = read_cloud(path)
        made = PointLabels(*[np.ones(len(cloud), np.uint8)] * 2)
        write_cloud(cloud, made, tmp_path / "out" / f"{path.stem}.laz")
    assert prints() == before
