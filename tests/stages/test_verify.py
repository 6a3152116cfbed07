"""`bevseg verify`: proof that a result is its source, and the first difference if it is not."""

import json

import laspy
import numpy as np
import pytest

from tests import tiny
from tests.cli.invoke import bevseg

XYZ = np.array([[1.25, 2.5, 3.125], [4.0, 5.0, 6.0], [7.5, 8.25, 9.0], [10.0, 11.0, 12.5]])


def write_las(path, point_format=6, **changes):
    """A LAS file with an extra dimension and a record of somebody else; `changes` are of the third point."""
    header = laspy.LasHeader(version="1.4", point_format=point_format)
    header.scales, header.offsets = [0.001] * 3, [0.0] * 3
    header.add_extra_dim(laspy.ExtraBytesParams("width", "f4"))
    header.vlrs.append(laspy.VLR("somebody", 7, "", b"a secret"))
    las = laspy.LasData(header)
    las.x, las.y, las.z = XYZ.T
    las.intensity, las.width = [10, 20, 30, 40], [0.1, 0.2, np.nan, 0.4]
    las.classification = [1, 2, 5, 9]
    for name, value in changes.items():
        values = np.array(las[name])
        values[2] = value
        las[name] = values
    las.write(str(path))
    return path


def verify(source, result, *options):
    return bevseg("verify", source, result, *options)


def labelled(source, model, path):
    result = bevseg("run", source, "-o", path, "-m", model)
    assert result.exit_code == 0, result.stderr
    return path


@pytest.mark.parametrize("point_format", [1, 6])
@pytest.mark.parametrize("suffix", ["las", "laz", "copc.laz", "ply", "pcd", "txt", "txt.gz"])
def test_what_bevseg_labels_is_proven(suffix, point_format, tiny_model, tmp_path):
    source = write_las(tmp_path / "a.las", point_format)
    result = verify(source, labelled(source, tiny_model, tmp_path / f"out.{suffix}"))
    assert result.exit_code == 0, result.stderr
    assert "but for the class" in result.stdout


def test_text_is_proven_across_formats(tiny_model, tmp_path):
    source = tiny.write_text(tmp_path / "a.txt", XYZ, np.array([1, 2, 3, 4], np.uint8))
    assert verify(source, labelled(source, tiny_model, tmp_path / "out.laz")).exit_code == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"X": 7501}, "point 3: X is 7500 in the source, 7501 in the result"),
        ({"intensity": 31}, "point 3: intensity is 30 in the source, 31 in the result"),
        ({"width": 0.5}, "point 3: width is nan in the source, 0.5 in the result"),
        ({"withheld": 1}, "point 3: classification_flags"),
    ],
)
def test_the_first_difference_is_named(changes, words, tmp_path):
    source = write_las(tmp_path / "a.las")
    assert verify(source, write_las(tmp_path / "same.laz", classification=65)).exit_code == 0
    result = verify(source, write_las(tmp_path / "other.laz", **changes))
    assert result.exit_code == 7
    assert words in result.stderr
    assert words in result.stdout


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b"a secret", b"a Secret", "record 1 is somebody 7"),
        (b"laspy", b"other", "byte 58 of the header"),
    ],
)
def test_a_byte_of_header_or_records_is_a_difference(before, after, words, tmp_path):
    source = write_las(tmp_path / "a.las")
    (tmp_path / "b.las").write_bytes(source.read_bytes().replace(before, after))
    result = verify(source, tmp_path / "b.las")
    assert result.exit_code == 7
    assert words in result.stderr


def test_points_in_another_order_or_fewer_of_them_are_a_difference(tmp_path):
    source = tiny.write_text(tmp_path / "a.txt", XYZ)
    tiny.write_text(tmp_path / "b.txt", XYZ[::-1])
    tiny.write_text(tmp_path / "c.txt", XYZ[:3])
    assert "point 1: column 1 (x) is 1.250" in verify(source, tmp_path / "b.txt").stderr
    result = verify(source, tmp_path / "c.txt")
    assert result.exit_code == 7
    assert "point 4: a point that only the source has" in result.stderr


NAMED = "x y z label time bevseg_confidence\n"
SOURCE = "x y z label time\n1.10 2.20 3.30 4 0.5\n4.4 5.5 6.6 4 0.50\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (SOURCE, 0),
        (SOURCE.replace(" 4 0", " 2 0"), 0),
        (NAMED + "1.10 2.20 3.30 4 0.5 200\n4.4 5.5 6.6 2 0.50 7\n", 0),
        (NAMED + "1.10 2.20 3.30 4 0.5 200\n4.4 5.5 6.6 2 0.50\n", 7),
        (NAMED + "1.10 2.20 3.30 4 0.5 200\n4.4 5.5 6.6 2 0.50 7 7\n", 7),
        (NAMED + "1.10 2.20 3.30 4 0.5 200\n4.4 5.5 6.6 2 0.50 7\n1 2 3 4 5 6\n", 7),
        (NAMED.replace("time", "Time") + "1.10 2.20 3.30 4 0.5 200\n4.4 5.5 6.6 2 0.50 7\n", 7),
        (SOURCE.replace(" 4 0", " red 0"), 7),
        (SOURCE.replace("1.10", "1.1"), 7),
        (SOURCE.replace("0.50", "0.5"), 7),
        (SOURCE.replace(" 4 0", " 2 0").replace("0.50", "0.51"), 7),
        (SOURCE.replace("0.5\n", "0.5 1 2 3\n"), 7),
    ],
)
def test_every_digit_of_text_counts_but_those_of_the_class(text, code, tmp_path):
    (tmp_path / "a.txt").write_text(SOURCE)
    (tmp_path / "b.txt").write_text(text)
    assert verify(tmp_path / "a.txt", tmp_path / "b.txt").exit_code == code


def test_directories_are_matched_by_stem_and_json_is_on_stdout(tmp_path):
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()
    for name in "ab":
        write_las(tmp_path / "in" / f"{name}.las")
        write_las(tmp_path / "out" / f"{name}.laz", intensity=30 if name == "a" else 1)
    result = verify(tmp_path / "in", tmp_path / "out", "--json")
    assert result.exit_code == 7
    table = json.loads(result.stdout)
    assert (table["a"]["proven"], table["b"]["proven"]) == (True, False)
    assert table["b"]["difference"] == {"what": "intensity", "source": "30", "result": "1", "point": 3}
    assert "1 of 2 results" in result.stderr
    assert verify(tmp_path / "in" / "a.las", tmp_path / "nothing.las").exit_code == 4


def test_results_without_a_source_fail_and_the_others_are_proven(tmp_path):
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()
    for path in ("in/a.las", "in/b.las", "in/b.txt", "out/a.las", "out/lone.las"):
        if path.endswith("txt"):
            tiny.write_text(tmp_path / path, XYZ)
        else:
            write_las(tmp_path / path)
    result = verify(tmp_path / "in", tmp_path / "out")
    assert result.exit_code == 3
    assert "out/a.las: is " in result.stdout
    assert "lone" in result.stderr
    assert "The result has no source" in result.stderr
    assert "2 sources have no result: b.las, b.txt" in result.stderr


def test_codes_to_keep_are_proven(tmp_path):
    source = write_las(tmp_path / "a.las")
    result = write_las(tmp_path / "b.las", classification=6)
    assert verify(source, result, "--keep", "1,2").exit_code == 0
    changed = verify(source, result, "--keep", "2,5")
    assert changed.exit_code == 7
    assert "point 3: the class, which was to be kept, is 5 in the source, 6 in the result" in changed.stderr
