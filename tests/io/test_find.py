"""Files and directories -> clouds: which files are clouds, and what their names are."""

import errno
import gzip
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevseg.errors import CloudFormatError, CloudNotFoundError, InputError, UsageError
from bevseg.io.find import find_clouds, stem
from bevseg.io.read import read_cloud

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


def test_clouds_of_a_directory_are_found_and_the_rest_is_skipped(folder):
    found = find_clouds([folder])
    assert [cloud.stem for cloud in found.clouds] == ["a", "b", "c.tar", "d", "e", "f", "g", "h.empty", "i"]
    assert [path.name for path in found.skipped] == [
        ".hidden.txt", "Makefile", "README.md", "below", "history.json", "notes.txt", "page.html.gz", "photo.png",
    ]  # fmt: skip


def test_named_files_are_taken_as_they_are(folder):
    found = find_clouds([folder / "README.md", folder / "a.txt"])
    assert [cloud.stem for cloud in found.clouds] == ["README", "a"] and not found.skipped


def test_the_real_directories(shared_data):
    found = find_clouds([shared_data / "oakland3d"])
    assert len(found.clouds) == 10 and found.clouds[0].stem == "oakland_part2_ac"
    assert [path.name for path in found.skipped] == ["README.md"]
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
    [
        ("a.txt", "a"),
        ("5D4KVPBP.txt", "5D4KVPBP"),
        ("a.xyz_label.gz", "a"),
        ("tile_1.5_2.0.laz", "tile_1.5_2.0"),
        ("Scan.01.LAZ", "Scan.01"),
        ("2026.05.03.laz", "2026.05.03"),
        ("a.ply.gz", "a"),
        ("a.1.txt.GZ", "a.1"),
        ("000000.pcd.bin", "000000"),
        ("a.ply.zip", "a"),
        ("a.zip", "a"),
        ("a.txt.laz", "a.txt"),
        ("tile_1.5", "tile_1.5"),
        ("noend", "noend"),
        (".x.txt", "x"),
        (".laz", "laz"),
        ("...", "..."),
        ("a..laz", "a."),
    ],
)
def test_the_stem_loses_the_suffix_of_the_format_and_no_other_dot(tmp_path, name, expected):
    assert stem(tmp_path / name) == expected


@given(st.binary(min_size=1, max_size=255).filter(lambda b: not set(b) & {0, 47} and b.strip(b".")))
def test_any_name_has_a_stem_that_can_name_a_file(name):
    found = stem(Path(os.fsdecode(name)))
    assert found and "/" not in found and found not in (".", "..")
    assert len(os.fsencode(f"{found}.laz")) <= 255


@given(
    st.from_regex(r"[a-zA-Z0-9_.]{0,12}[a-zA-Z0-9_]", fullmatch=True),
    st.sampled_from([".laz", ".las", ".ply", ".txt"]),
)
def test_the_stem_of_an_output_is_that_of_its_input(name, suffix):
    once = stem(Path(f"{name}.laz"))
    assert stem(Path(f"{once}{suffix}")) == once


def test_what_is_no_file_is_passed_over_and_never_opened(tmp_path, monkeypatch):
    (tmp_path / "a.xyz").write_text(ROWS)
    os.mkfifo(tmp_path / "pipe.laz")
    (tmp_path / "dangling.laz").symlink_to("nowhere.laz")
    (tmp_path / "loop.laz").symlink_to("loop.laz")
    (tmp_path / "device.xyz").symlink_to("/dev/zero")
    (tmp_path / "folder.laz").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(tmp_path)
        listening.bind("socket.ply")
        found = find_clouds([tmp_path])
    assert [cloud.stem for cloud in found.clouds] == ["a"]
    reasons = {path.name: why for path, why in found.skipped.items()}
    assert reasons["pipe.laz"] == "a pipe (FIFO)" and reasons["device.xyz"] == "a device"
    assert reasons["socket.ply"] == "a socket" and reasons["folder.laz"] == "a directory"
    assert "leads nowhere" in reasons["dangling.laz"] and "leads nowhere" in reasons["loop.laz"]


def denied(monkeypatch, name, method):
    """Let the system refuse a method of paths that end in a name: tests may run as root."""
    allowed = getattr(Path, method)

    def refuse(self, *args, **kwargs):
        if self.name == name:
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return allowed(self, *args, **kwargs)

    monkeypatch.setattr(Path, method, refuse)


@pytest.mark.parametrize("method", ["open", "stat"])
def test_an_entry_without_permission_is_passed_over_with_the_reason(tmp_path, monkeypatch, method):
    for name in ("a.xyz", "secret.laz"):
        (tmp_path / name).write_text(ROWS)
    denied(monkeypatch, "secret.laz", method)
    found = find_clouds([tmp_path])
    assert [cloud.stem for cloud in found.clouds] == ["a"]
    assert list(found.skipped.values()) == ["Permission denied"]


def test_a_directory_that_cannot_be_read_is_a_clear_error(tmp_path, monkeypatch):
    (tmp_path / "locked").mkdir()
    denied(monkeypatch, "locked", "iterdir")
    with pytest.raises(InputError, match="directory cannot be read") as caught:
        find_clouds([tmp_path / "locked"])
    assert caught.value.why == "Permission denied" and caught.value.exit_code == 4


def test_what_is_no_file_is_refused_at_once_when_it_is_named(tmp_path):
    os.mkfifo(tmp_path / "pipe.laz")
    for path, kind in ((tmp_path / "pipe.laz", "a pipe"), (Path("/dev/zero"), "a device")):
        for refuse in (lambda p: find_clouds([p]), read_cloud):
            with pytest.raises(CloudFormatError, match="Not a file") as caught:
                refuse(path)
            assert kind in caught.value.why


@pytest.mark.parametrize("name", ["nowhere.laz", "x" * 300])
def test_a_path_that_cannot_be_is_not_found(tmp_path, name):
    (tmp_path / "link.laz").symlink_to(name)
    with pytest.raises(CloudNotFoundError, match="leads nowhere"):
        find_clouds([tmp_path / "link.laz"])
    with pytest.raises(CloudNotFoundError):
        find_clouds([tmp_path / name])


def test_folders_below_that_are_left_out_are_not_searched(tmp_path):
    for name in ("a", "out/a", "b/out/c"):
        path = tmp_path / f"{name}.las"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"LASF")
    found = find_clouds([tmp_path], recursive=True, leave_out=[tmp_path / "b" / ".." / "out"])
    assert [cloud.stem for cloud in found.clouds] == ["a", "b/out/c"]
    assert [
        cloud.stem
        for cloud in find_clouds([tmp_path / "out"], recursive=True, leave_out=[tmp_path / "out"]).clouds
    ] == ["a"]
