"""Files of numbers that are no list of points, and hostile ones: one clear error, in bounded memory and time."""

import pytest

from bevseg.errors import CloudFormatError
from bevseg.io.find import find_clouds
from bevseg.io.text import reader
from tests.io.text.scenes import read, rows, save

GRID = (
    "ncols 4\nnrows 2\nxllcorner 500000\nyllcorner 5400000\ncellsize 1\nNODATA_value -9999\n"
    + "50.0 50.1 50.2 50.3\n" * 2
)
POSES = "0 0 0\n1 0 0\n0 1 0\n0 0 1\n1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n"
PTX = "2\n2\n" + POSES + "1.5 2.5 3.5 0.5\n" * 4
TUM = "".join(f"{100.5 + i} {i * 0.25} {i * 0.5} 1.5 0 0 0.6 0.8\n" for i in range(6))
SBET = "Time X Y Z Roll Pitch Heading\n" + "1.5 2.5 3.5 4.5 0.1 0.2 0.3\n" * 5


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (GRID, "an ESRI ASCII grid"),
        (GRID.upper(), "an ESRI ASCII grid"),
        (PTX, "a PTX file"),
        (SBET, "a trajectory"),
        ("time,lat,lon,alt,roll_deg,pitch_deg,yaw\n1,2,3,4,5,6,7\n", "a trajectory"),
        (b"ASTM-E57" + bytes(100), "E57 and no text"),
        (b"LASF" + bytes(100), "LAS and no text"),
        ("ply\nformat ascii 1.0\n", "PLY and no text"),
        ("# .PCD v0.7\n", "PCD and no text"),
        ("DSAA\n4 2\n", "a Surfer grid"),
        (
            "north: 9\nsouth: 5\neast: 9\nwest: 5\nrows: 2\ncols: 4\n" + "5.5 5.6 5.7 5.8\n" * 2,
            "a GRASS ASCII raster",
        ),
        ("# timestamp tx ty tz qx qy qz qw\n" + TUM, "a trajectory"),
        (TUM, "a trajectory"),
        ("1 0 0 1.5 0 0.8 -0.6 2.5 0 0.6 0.8 0.1\n" * 5, "a trajectory"),
        ("ID,Easting,Northing,H-Ell,Omega,Phi,Kappa\n" + "1,2.5,3.5,4.5,0.1,0.2,0.3\n" * 5, "a trajectory"),
    ],
)
def test_what_is_no_list_of_points_is_told_and_passed_over_in_a_directory(tmp_path, content, reason):
    with pytest.raises(CloudFormatError, match=reason) as caught:
        read(tmp_path, content, "dtm.asc")
    assert caught.value.hint
    save(tmp_path, content, "other.dat")
    save(tmp_path, rows(), "scan.txt")
    assert not reader.looks_like_points(tmp_path / "other.dat")
    found = find_clouds([tmp_path])
    # A LAS, PLY, PCD or E57 file is known by its start where the suffix says nothing.
    known = {"other.dat"} if reason.endswith("and no text") else set()
    assert {cloud.path.name for cloud in found.clouds} == {"scan.txt"} | known
    assert {path.name for path in found.skipped} == {"dtm.asc", "other.dat"} - known


@pytest.mark.parametrize("columns", [8, 12])
def test_points_with_as_many_columns_as_poses_are_points(tmp_path, columns):
    after = [lambda i: (i * 37) % 256] * (columns - 3)
    assert len(read(tmp_path, rows(after=after, repeat=3)).cloud) == 12


def test_columns_make_points_of_a_trajectory(tmp_path):
    assert len(read(tmp_path, SBET, columns="-,x,y,z").cloud) == 5


def test_several_stations_in_one_file_are_told(tmp_path):
    content = "4\n" + rows(after=[lambda i: 1] * 4) + "4\n" + rows(after=[lambda i: 1] * 4)
    with pytest.raises(
        CloudFormatError, match=r"several scans.*\n.*\n.*line 6 is a second count of points: '4'"
    ):
        read(tmp_path, content, "stations.pts")


def test_rows_of_numbers_with_an_unclear_header_are_no_secret(tmp_path):
    """In a directory they count as a cloud, so that the user is told."""
    assert reader.looks_like_points(save(tmp_path, "a b c\n" + rows(), "unclear.dat"))
    assert not reader.looks_like_points(save(tmp_path, "all:\n\techo 1 2 3\n", "Makefile"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("9" * 5000 + "\n1 2 3 1\n", "a number of 5,000 digits"),
        ("1 2 3\n1 2 " + "9" * 5000 + "\n", "larger than numbers of 64 bits"),
        ("1 2 3\n1 2 1e999\n", "larger than numbers of 64 bits"),
        ("\u00b2\n1 2 3\n", "header does not say"),
        ("1 " * 100_000, "more than 65,536 bytes"),
        ("1 2 3\n" + "1 " * 100_000 + "\n", "line 2 has 100000 columns"),
        (b"1 2 3\n1 \0 3\n", "byte 9 is 0"),
        (b"1 2 3\n\x80\x81\xff 2 3\n", "line 2 holds"),
        (bytes(range(1, 256)) * 50, "is 1, which stands for no character"),
        (b"\xff\xfe\x00\xd8\x00", "not valid UTF-16"),
        ("1 2 3\n" * 10 + '"1 2 3\n', "a quote that does not end"),
        ("x y z\n" + "a b c\n" * 3, "No points in the file"),
        ("999999999999999\n1 2 3\n", "999,999,999,999,999 in the header, 1 in the file"),
    ],
)
def test_hostile_text_is_one_error_without_binary_bytes(tmp_path, content, reason):
    with pytest.raises(CloudFormatError) as caught:
        read(tmp_path, content)
    assert reason in str(caught.value)
    assert str(caught.value).replace("\n", "").isprintable() and len(str(caught.value)) < 1000


def test_a_fault_in_a_long_file_is_found_without_looking_at_each_line(tmp_path, monkeypatch):
    looked_at = []
    true = reader.table._fault
    monkeypatch.setattr(reader.table, "_fault", lambda *a: (looked_at.append(1), true(*a))[1])
    lines = ["1.5 2.5 3.5"] * 20_000
    lines[15_000] = "1.5 2.5 x"
    with pytest.raises(CloudFormatError, match="line 15003 holds 'x'"):
        read(tmp_path, "# a\n\n" + "\n".join(lines))
    assert len(looked_at) <= 200
