"""PCD: text and binary as they stand, compressed through Open3D."""

import numpy as np
import pytest

from bevseg.errors import CloudFormatError, DependencyError
from bevseg.io import pcd
from bevseg.runtime import open3d

ROWS = [(1.5, 2.25, -3.0, 9, 0.5, 0.25, 5), (9.0, 8.0, np.nan, 9, 0.5, 0.25, 1), (0.0, 1e3, 0.25, 9, 1, 2, 0)]
RECORD = [("x", "<f8"), ("y", "<f4"), ("z", "<f4"), ("_", "u1"), ("pair", "<f4", 2), ("label", "<u2")]


def head(kind, count=3):
    return (
        "# .PCD v0.7 - by hand\nVERSION 0.7\nFIELDS x y z _ pair label\nSIZE 8 4 4 1 4 2\nTYPE F F F U F U\n"
        f"COUNT 1 1 1 1 2 1\nWIDTH {count}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {count}\nDATA {kind}\n"
    ).encode()


def body(kind):
    if kind == "ascii":
        return "".join(" ".join(str(value) for value in row) + "\n" for row in ROWS).encode()
    return np.array([(*row[:4], row[4:6], row[6]) for row in ROWS], RECORD).tobytes()


def read_content(tmp_path, content):
    path = tmp_path / "cloud.pcd"
    path.write_bytes(content)
    return pcd.read(path)


@pytest.mark.parametrize("kind", ["ascii", "binary"])
def test_the_same_three_points(tmp_path, kind):
    found = read_content(tmp_path, head(kind) + body(kind))
    np.testing.assert_allclose(found.cloud.xyz[[0, 2]], [ROWS[0][:3], ROWS[2][:3]], atol=0.0005)
    np.testing.assert_array_equal(found.cloud.finite, [True, False, True])
    np.testing.assert_array_equal(found.codes, [5, 1, 0])
    assert found.cloud.source.vertex["pair_1"][2] == 2


@pytest.mark.parametrize("kind", ["ascii", "binary"])
def test_a_header_that_claims_too_much_is_told_with_both_numbers(tmp_path, kind):
    with pytest.raises(CloudFormatError) as caught:
        read_content(tmp_path, head(kind, count=1004) + body(kind))
    assert "1,004 in the header, 3 in the file" in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pcd",
        head("ascii", count=0),
        head("ascii").split(b"DATA")[0],
        head("ascii").replace(b"TYPE F", b"TYPE Q") + body("ascii"),
        head("ascii").replace(b"COUNT 1 1", b"COUNT 1") + body("ascii"),
        head("ascii").replace(b"POINTS 3", b"POINTS many") + body("ascii"),
        head("ascii") + body("ascii").replace(b"2.25", b"two"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path, content):
    with pytest.raises(CloudFormatError):
        read_content(tmp_path, content)


def test_compressed(shared_data, tmp_path):
    try:
        open3d.load()
    except DependencyError as error:
        pytest.skip(str(error))
    source = shared_data / "isprs_filtertest" / "samp12-utm.pcd"
    cloud = pcd.read(source).cloud
    assert len(cloud) == 52_119
    assert cloud.bounds()[1] == (5403586.0, 5403850.0)
    with pytest.raises(CloudFormatError):
        read_content(tmp_path, source.read_bytes()[:100_000])
