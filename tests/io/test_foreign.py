"""Files of other programs: told what they are and what to do, passed over in a directory."""

import pytest

from bevseg.errors import CloudFormatError, CloudNotFoundError
from bevseg.io import FORMATS, foreign
from bevseg.io.find import find_clouds
from bevseg.io.read import read_cloud


@pytest.mark.parametrize("suffix", foreign.BY_SUFFIX)
def test_a_file_of_others_that_is_named_is_refused_with_what_to_do(tmp_path, suffix):
    path = tmp_path / f"scan{suffix.upper()}"
    path.write_bytes(b"1 2 3\n4 5 6\n")
    with pytest.raises(CloudFormatError) as caught:
        read_cloud(path)
    assert caught.value.what == "This file is not read" and caught.value.where == path
    assert caught.value.why.startswith("it is a") and len(caught.value.hint) > 10


def test_in_a_directory_they_are_passed_over_with_the_reason(tmp_path):
    for suffix in foreign.BY_SUFFIX:
        (tmp_path / f"scan{suffix}").write_bytes(b"1 2 3\n4 5 6\n")
    with pytest.raises(CloudNotFoundError):
        find_clouds([tmp_path])
    (tmp_path / "a.xyz").write_bytes(b"1 2 3\n4 5 6\n")
    found = find_clouds([tmp_path])
    assert [cloud.stem for cloud in found.clouds] == ["a"]
    assert found.skipped[tmp_path / "scan.rcp"] == "an Autodesk ReCap project"


def test_no_suffix_of_ours_is_one_of_others():
    ours = {suffix for entry in FORMATS for suffix in entry.suffixes}
    assert not ours & set(foreign.BY_SUFFIX)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"7z\xbc\xaf\x27\x1c", "archive"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"CCB2", "CloudCompare"),
        (b"%PDF-1.7", "document"),
    ],
)
def test_a_file_without_a_known_suffix_is_known_by_its_first_bytes(tmp_path, head, words):
    path = tmp_path / "thing.dat"
    path.write_bytes(head + bytes(600))
    with pytest.raises(CloudFormatError, match="not read") as caught:
        read_cloud(path)
    assert words in caught.value.why


def test_a_cloud_without_a_known_suffix_is_read_by_its_first_bytes(tmp_path):
    axes = "".join(f"property float {axis}\n" for axis in "xyz")
    text = f"ply\nformat ascii 1.0\nelement vertex 1\n{axes}end_header\n"
    (tmp_path / "export_0001.tmp").write_text(f"{text}1 2 3\n")
    assert len(read_cloud(tmp_path / "export_0001.tmp")) == 1
    assert [cloud.stem for cloud in find_clouds([tmp_path]).clouds] == ["export_0001"]


@pytest.mark.parametrize(
    "name", ["a.las", "a.laz", "a.ply", "a.pcd", "a.e57", "a.npz", "a.bin", "a.xyz", "a.dat"]
)
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "pointer of Git LFS"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html>\n<html><body>Sign in</body></html>", "a web page"),
        (b"<HTML><head></head></HTML>", "a web page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "an XML document"),
        (b'{"error": {"code": 403}}', "a JSON document"),
    ],
)
def test_what_was_downloaded_in_place_of_a_cloud_is_told(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CloudFormatError, match="not read") as caught:
        read_cloud(path)
    assert words in caught.value.why and ("download" in caught.value.hint or "git lfs" in caught.value.hint)


def test_floats_that_begin_like_a_text_are_no_text():
    assert foreign.in_place(b'{"' + bytes(510)) is None
