"""Packed clouds are read like the cloud inside, and nothing is unpacked further than it should be."""

import gzip
import io
import os
import tarfile
import warnings
import zipfile

import numpy as np
import pytest

from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import CloudFormatError, OutOfMemoryError
from bevseg.io import packed
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud

XYZ = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9.5]])
LABELS = PointLabels(np.array([1, 3, 5], np.uint8), np.full(3, 200, np.uint8))


def content(folder, suffix):
    """The bytes of a labelled cloud of three points."""
    path = folder / f"plain{suffix}"
    write_cloud(PointCloud.from_xyz(XYZ), LABELS, path)
    return path.read_bytes()


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def check(path):
    cloud = read_cloud(path)
    np.testing.assert_allclose(cloud.xyz, XYZ)
    np.testing.assert_array_equal(cloud.labels, LABELS.classes)
    assert cloud.origin == path
    return cloud


@pytest.mark.parametrize("suffix", [".laz", ".las", ".ply", ".txt"])
def test_a_gzipped_cloud_of_any_format_is_read(tmp_path, suffix):
    path = tmp_path / f"a.b{suffix}.gz"
    path.write_bytes(gzip.compress(content(tmp_path, suffix)))
    assert check(path).name == "a.b"


@pytest.mark.parametrize("suffix", [".laz", ".ply", ".txt"])
def test_a_zip_archive_of_one_cloud_is_read(tmp_path, suffix):
    members = {
        f"some/folder/c{suffix}": content(tmp_path, suffix),
        "__MACOSX/._c.ply": b"1",
        "readme.md": b"2",
    }
    assert check(zipped(tmp_path / "a.zip", members)).name == "a"


def test_what_is_packed_is_known_by_its_first_bytes_whatever_its_name(tmp_path):
    path = tmp_path / "a.ply"
    path.write_bytes(gzip.compress(content(tmp_path, ".ply")))
    check(path)


def test_nothing_is_left_of_what_was_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    for name, data in {"a.ply.gz": content(tmp_path, ".ply"), "b.ply.gz": b"ply\nrubbish"}.items():
        (tmp_path / name).write_bytes(gzip.compress(data))
    check(tmp_path / "a.ply.gz")
    with pytest.raises(CloudFormatError):
        read_cloud(tmp_path / "b.ply.gz")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_errors_and_warnings_name_the_packed_file(tmp_path):
    path = tmp_path / "a.ply.gz"
    path.write_bytes(gzip.compress(b"ply\nformat ascii 1.0\nelement vertex 0\nend_header\n"))
    with pytest.raises(CloudFormatError) as caught:
        read_cloud(path)
    assert str(caught.value.where) == str(path) and "bevseg-" not in str(caught.value)
    path = tmp_path / "b.txt.gz"
    path.write_bytes(gzip.compress(b"1 2 3 99\n4 5 6 99\n"))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        read_cloud(path)
    assert all("bevseg-" not in str(warning.message) for warning in told)


@pytest.mark.parametrize("cut", [1, 9, 30])
def test_a_gzip_file_cut_short_is_damaged(tmp_path, cut):
    path = tmp_path / "a.ply.gz"
    path.write_bytes(gzip.compress(content(tmp_path, ".ply"))[:-cut])
    with pytest.raises(CloudFormatError, match="damaged or truncated"):
        read_cloud(path)


def test_a_bomb_is_refused_after_a_bounded_read(tmp_path, monkeypatch):
    path, taken = tmp_path / "bomb.ply.gz", []
    with gzip.open(path, "wb", 9) as file:
        for _ in range(300):
            file.write(bytes(1 << 20))
    blocks = packed._blocks
    monkeypatch.setattr(packed, "_blocks", lambda *a: (taken.append(len(b)) or b for b in blocks(*a)))
    with pytest.raises(CloudFormatError, match="absurdly much"):
        read_cloud(path)
    assert sum(taken) <= packed.FREE_OF_RATIO + (1 << 20)


def test_a_bomb_in_a_zip_archive_is_refused(tmp_path):
    path = zipped(tmp_path / "bomb.zip", {"a.xyz": bytes(packed.FREE_OF_RATIO + (1 << 21))})
    with pytest.raises(CloudFormatError, match="absurdly much"):
        read_cloud(path)


def test_what_does_not_fit_in_memory_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "a.xyz.gz"
    path.write_bytes(gzip.compress(b"1 2 3\n" * 10_000))
    monkeypatch.setattr("bevseg.runtime.memory.available", lambda: 1000)
    with pytest.raises(OutOfMemoryError, match="does not fit"):
        read_cloud(path)


def test_archives_without_exactly_one_cloud_are_refused_with_what_they_hold(tmp_path):
    two = zipped(tmp_path / "two.zip", {"a.ply": b"1", "b.laz": b"2"})
    none = zipped(tmp_path / "none.zip", {"esc\x1b.tif": b"1"})
    for path, words in ((two, "a.ply, b.laz"), (none, r"esc\x1b.tif")):
        with pytest.raises(CloudFormatError, match="unpack it") as caught:
            read_cloud(path)
        assert words in caught.value.why


def test_an_entry_without_a_name_is_passed_over(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a": b"1"})
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 28 : at + 30] = (0).to_bytes(2, "little")  # the length of the name
    data[at + 30 : at + 32] = (1).to_bytes(2, "little")  # the name becomes an extra field
    path.write_bytes(data)
    with pytest.raises(CloudFormatError):
        read_cloud(path)


def test_a_zip_archive_with_a_password_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.xyz": b"1 2 3\n" * 9})
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    path.write_bytes(data)
    with pytest.raises(CloudFormatError, match="zip"):
        read_cloud(path)


def test_packed_twice_tar_and_empty_are_told(tmp_path):
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.xyz"))
    cases = {
        "a.xyz.gz.gz": (gzip.compress(gzip.compress(b"1 2 3\n")), "packed twice"),
        "b.tar.gz": (gzip.compress(tar.getvalue()), "an archive"),
        "c.xyz.gz": (gzip.compress(tar.getvalue()), "an archive"),
        "d.xyz.gz": (gzip.compress(b""), "empty"),
    }
    for name, (data, words) in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(CloudFormatError, match=words):
            read_cloud(tmp_path / name)


def test_a_name_that_is_not_utf8_is_no_obstacle(tmp_path):
    path = tmp_path / os.fsdecode(b"stra\xdfe.ply.gz")
    path.write_bytes(gzip.compress(content(tmp_path, ".ply")))
    check(path)
