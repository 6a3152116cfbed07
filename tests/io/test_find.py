"""Files and directories -> clouds: which files are clouds, and what their names are."""

import gzip

import pytest

from bevseg.errors import CloudNotFoundError, UsageError
from bevseg.io.find import find_clouds, stem

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
    assert [cloud.stem for cloud in found.clouds] == ["a", "b", "c", "d", "e", "f", "g", "h", "i"]
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
    [("a.txt", "a"), ("5D4KVPBP.txt", "5D4KVPBP"), ("a.xyz_label.gz", "a"), ("tile_1.2.laz", "tile_1"),
     ("noend", "noend"), (".x.txt", "x")],
)  # fmt: skip
def test_the_stem_ends_at_the_first_dot(tmp_path, name, expected):
    assert stem(tmp_path / name) == expected
