"""What bevseg writes is proven, whatever the values and the spelling of the source are."""

import struct
import warnings

import numpy as np
import pytest

from bevseg.core.pointcloud import PointLabels
from bevseg.io.compare.files import compare
from bevseg.io.read import read_with_codes
from bevseg.io.write import write_cloud
from tests.io.las import assembled
from tests.io.ply import plyfiles

XYZ = np.array([[1.25, 2.5, 3.125], [4.0, 5.0, 6.0], [7.5, 8.25, 9.0], [10.0, 11.0, 12.5]])
SHARES = np.array([0, 0.25, 0.874510, 1])
BYTES = np.array([0, 51, 223, 255]) / 255


def found(source, result):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        cloud, _ = read_with_codes(source)
    labels = PointLabels(*[(np.arange(len(cloud)) % 5 + 1).astype(np.uint8)] * 2)
    write_cloud(cloud, labels, result, overwrite=True)
    return compare(source, result)


@pytest.fixture(params=["laz", "copc.laz", "ply", "txt"])
def result(request, tmp_path):
    return tmp_path / f"out.{request.param}"


@pytest.mark.parametrize("intensity", [SHARES, BYTES, SHARES * 0])
def test_kitti_with_intensity(intensity, result, tmp_path):
    source = tmp_path / "a.bin"
    np.column_stack([XYZ, intensity]).astype("<f4").tofile(source)
    assert found(source, result) is None


@pytest.mark.parametrize("intensity", [SHARES, np.arange(4) - 2000, np.arange(4)])
def test_pts_with_any_intensity(intensity, result, tmp_path):
    source = tmp_path / "a.pts"
    rows = [f"{x} {y} {z} {i} 10 20 30" for (x, y, z), i in zip(XYZ, intensity, strict=True)]
    source.write_text("4\n" + "\n".join(rows) + "\n")
    assert found(source, result) is None


@pytest.mark.parametrize("colours", [SHARES, BYTES, SHARES * 0])
def test_ply_with_colours_as_floats(colours, result, tmp_path):
    properties = plyfiles.XYZ + "".join(f"property float {name}\n" for name in ("red", "green", "blue"))
    record = [(name, "f8") for name in "xyz"] + [(name, "f4") for name in ("red", "green", "blue")]
    rows = [(*point, c, 1 - c, c) for point, c in zip(XYZ, colours, strict=True)]
    kind = "binary_little_endian"
    source = tmp_path / "a.ply"
    source.write_bytes(plyfiles.head(kind, 4, properties) + plyfiles.body(kind, rows, record))
    assert found(source, result) is None


@pytest.mark.parametrize("colours", [SHARES, BYTES])
@pytest.mark.parametrize("intensity", [SHARES, SHARES * np.nan, None])
def test_npz_with_colours_as_floats_and_any_intensity(intensity, colours, result, tmp_path):
    more = {} if intensity is None else {"intensity": intensity}
    np.savez(tmp_path / "a.npz", points=XYZ, rgb=np.column_stack([colours, 1 - colours, colours]), **more)
    assert found(tmp_path / "a.npz", result) is None


@pytest.mark.parametrize(
    "content",
    [
        "x y z i\n1.5 2.5 3.5 4\n5.5 6.5 7.5 8\n".encode("utf-16"),
        "x y z i\n1.5 2.5 3.5 4\n5.5 6.5 7.5 8\n".encode("utf-32"),
        b"x y z i\r1.5 2.5 3.5 4\r5.5 6.5 7.5 8\r",
        b"x,y,z,classification\n1.5,2.5,3.5,4.000000\n5.5,6.5,7.5,5.000000\n",
        b"x,y,z,i\n1.5,2.5,,4\n5.5,6.5,7.5,8\n",
        "x y z h\xf6he_\xfc\n1.5 2.5 3.5 4\n5.5 6.5 7.5 8\n".encode("latin-1"),
        b"x y z i\n1.5 2.5 3.5 4\n# between\n\n5.5 6.5 7.5 8\n",
    ],
    ids=["utf-16", "utf-32", "cr", "class as a float", "no z", "latin-1", "comment"],
)
def test_text_in_any_spelling(content, result, tmp_path):
    source = tmp_path / "a.txt"
    source.write_bytes(content)
    assert found(source, result) is None


@pytest.mark.parametrize("suffix", ["las", "laz", "copc.laz", "ply"])
def test_las_whose_description_is_of_bytes_that_no_point_has(suffix, tmp_path):
    vlrs = [assembled.vlr(*assembled.EXTRA_BYTES, assembled.description(9, b"width"))]
    source = assembled.write(tmp_path / "a.las", 3, assembled.points(3, 5), vlrs=vlrs)
    assert found(source, tmp_path / f"out.{suffix}") is None


@pytest.mark.parametrize("suffix", ["las", "laz"])
def test_las_with_two_records_of_names_of_codes_keeps_both(suffix, tmp_path):
    lookup = ("LASF_Spec", 0)
    names = [struct.pack("<B15s", code, name) for code, name in ((70, b"first"), (71, b"second"))]
    vlrs = [assembled.vlr(*lookup, name) for name in names]
    source = assembled.write(tmp_path / "a.las", 6, assembled.points(6, 5), vlrs=vlrs)
    result = tmp_path / f"out.{suffix}"
    assert found(source, result) is None
    data = result.read_bytes()
    assert [data.count(name) for name in names] == [1, 1]
    (tmp_path / f"b.{suffix}").write_bytes(data.replace(b"second", b"Second"))
    assert "names of codes" in str(compare(source, tmp_path / f"b.{suffix}"))
