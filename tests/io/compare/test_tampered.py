"""Results that somebody changed after bevseg wrote them: each change is named."""

import warnings

import laspy
import numpy as np
import pytest

from bevseg.core.pointcloud import PointLabels
from bevseg.errors import BevsegError
from bevseg.io.compare.files import compare
from bevseg.io.read import read_with_codes
from bevseg.io.write import write_cloud
from tests.io.las import assembled
from tests.io.ply import plyfiles

XYZ = np.array([[1.25, 2.5, 3.125], [4.0, 5.0, 6.0], [7.5, 8.25, 9.0], [10.0, 11.0, 12.5]])


def labelled(source, result, columns=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        cloud, _ = read_with_codes(source, columns=columns)
    labels = PointLabels(*[(np.arange(len(cloud)) % 5 + 1).astype(np.uint8)] * 2)
    write_cloud(cloud, labels, result, overwrite=True)
    assert compare(source, result, columns) is None
    return result.read_bytes()


def tampered(source, data, path, columns=None):
    """What is found in a result with these bytes: a difference, or that it cannot be read."""
    path.write_bytes(data)
    try:
        return compare(source, path, columns)
    except BevsegError as error:
        return error


def column(place, change, separator=b","):
    """A change of one column in all lines but the first."""

    def changed(data):
        lines = [line.split(separator) for line in data.split(b"\n")]
        for fields in lines[1:-1]:
            fields[place] = change(fields[place])
        return b"\n".join(separator.join(fields) for fields in lines)

    return changed


def replaced(old, new):
    def changed(data):
        assert old in data
        return data.replace(old, new, 1)

    return changed


def further(word):
    return b"%.2f" % (float(word) + 5)


NAMED = "P1,1.25,2.5,3.5\nP2,4.5,5.5,6.5\n"
TEXTS = {
    "intensity": (
        "x,y,z,intensity,class\n1.5,2.5,3.5,30,4\n4.5,5.5,6.5,40,4\n",
        column(3, lambda word: b"%d" % (int(word) + 7)),
        "column 4 (intensity) is 30",
    ),
    "x behind a word": (NAMED, column(1, further), "column 2 (x) is 1.25"),
    "the word": (NAMED, replaced(b"P2", b"P3"), "column 1 (name) is P2"),
    "rows": (NAMED, lambda data: data.split(b"\n")[0] + b"\n", "only the source has"),
    "bars": ("X|Y|Z\n1.5|2.5|3.5\n4.5|5.5|6.5\n", column(0, further, b"|"), "column 1 (X) is 1.5"),
    "another column": (
        "X,Y,Z,I,J\n1.5,2.5,3.5,,7\n4.5,5.5,6.5,,8\n",
        replaced(b"3.5,,7,", b"3.5,7,,"),
        "column 4 (I) is nothing in the source, 7",
    ),
    "header": ("X,Y,Z,I,J\n1.5,2.5,3.5,1,7\n", replaced(b",J,", b",K,"), "a line before the points"),
    "comment above": ("# one\nx y z i\n1.5 2.5 3.5 1\n", replaced(b"# one", b"# two"), "# one"),
    "comment added": ("x y z i\n1.5 2.5 3.5 1\n", lambda data: data + b"# two\n", "only the result has"),
    "line ends": ("x y z i\n1.5 2.5 3.5 1\n", lambda data: data.replace(b"\n", b"\r\n"), "what ends a line"),
    "one line end": ("x y z i\n1.5 2.5 3.5 1\n", replaced(b"\n", b"\r\n"), "what ends a line"),
    "windows": (
        "x y z i\r\n1.5 2.5 3.5 1\r\n",
        lambda data: data.replace(b"\r\n", b"\n"),
        "what ends a line",
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_change_of_text_is_found(name, tmp_path):
    content, change, words = TEXTS[name]
    columns = "name,x,y,z" if content == NAMED else None
    source = tmp_path / "a.csv"
    source.write_bytes(content.encode())
    data = labelled(source, tmp_path / "out.csv.txt", columns)
    assert words in str(tampered(source, change(data), tmp_path / "b.txt", columns))


FACES = b"element face 1\nproperty list uchar int vertex_indices\n"


@pytest.mark.parametrize(
    "change",
    [
        replaced(b"comment offset 1 2\n", b""),
        replaced(b"end_header\n", b"comment more\nend_header\n"),
        replaced(b"obj_info scanner\n", b""),
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: data.replace(b"face 1", b"face 0")[:-13],
        lambda data: data.replace(FACES, b"")[:-13],
    ],
    ids=["comment", "new comment", "obj_info", "face", "no face", "no element"],
)
def test_a_change_beside_the_points_of_a_ply_is_found(change, tmp_path):
    kind = "binary_little_endian"
    head = plyfiles.head(kind, 4, before="comment offset 1 2\nobj_info scanner\n", behind=FACES.decode())
    body = plyfiles.body(kind, list(map(tuple, XYZ)), [(name, "f8") for name in "xyz"])
    source = tmp_path / "a.ply"
    source.write_bytes(head + body + b"\3" + np.arange(3, dtype="<i4").tobytes())
    data = labelled(source, tmp_path / "out.ply")
    assert tampered(source, change(data), tmp_path / "b.ply") is not None


@pytest.mark.parametrize("suffix", ["las", "laz", "copc.laz"])
@pytest.mark.parametrize("kind", ["las", "ply"])
def test_bytes_behind_the_points_of_a_las_are_found(kind, suffix, tmp_path):
    source = assembled.write(tmp_path / "a.las", 6, assembled.points(6, 50))
    if kind == "ply":
        labelled(source, tmp_path / "a.ply")
        source = tmp_path / "a.ply"
    data = labelled(source, tmp_path / f"out.{suffix}")
    assert "6a 75 6e 6b" in str(tampered(source, data + b"junk", tmp_path / f"b.{suffix}"))


def test_a_point_that_is_newly_withheld_is_found_across_formats(tmp_path):
    source = tmp_path / "a.ply"
    source.write_bytes(
        plyfiles.head("binary_little_endian", 4)
        + plyfiles.body("binary_little_endian", list(map(tuple, XYZ)), [(name, "f8") for name in "xyz"])
    )
    labelled(source, tmp_path / "out.laz")
    las = laspy.read(tmp_path / "out.laz")
    las.withheld = [0, 0, 1, 0]
    las.write(tmp_path / "b.laz")
    found = compare(source, tmp_path / "b.laz")
    assert (found.what, found.point) == ("withheld", 3)
