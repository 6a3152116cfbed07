"""Any pair of files: packed sources, formats that become LAZ, points without coordinates, parts beside points."""

import gzip
import warnings
import zipfile

import numpy as np
import pytest

from bevseg.core.pointcloud import KeptCodes, PointLabels
from bevseg.errors import UsageError
from bevseg.io.compare.files import compare
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud
from tests.io.las import assembled
from tests.io.pcd import pcdfiles
from tests.io.ply import plyfiles

XYZ = np.array([[1.25, 2.5, 3.125], [4.0, 5.0, 6.0], [7.5, 8.25, 9.0], [10.0, 11.0, 12.5]])


def labelled(source, result, kept=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        cloud = read_cloud(source)
    labels = PointLabels(*[(np.arange(len(cloud)) % 5 + 1).astype(np.uint8)] * 2, kept)
    write_cloud(cloud, labels, result, overwrite=True)
    return result


@pytest.mark.parametrize("suffix", ["laz", "ply", "txt", "copc.laz"])
def test_packed_sources_are_proven(suffix, tmp_path):
    las = assembled.write(tmp_path / "a.las", 7, assembled.points(7, 5))
    (tmp_path / "a.las.gz").write_bytes(gzip.compress(las.read_bytes()))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(las, "a.las")
    for name in ("a.las.gz", "a.zip"):
        assert compare(tmp_path / name, labelled(tmp_path / name, tmp_path / f"out.{suffix}")) is None


def test_arrays_come_back_as_laz_and_are_proven(tmp_path):
    rng = np.random.default_rng(0)
    values = {"points": XYZ, "intensity": np.arange(4, dtype="u2"), "rgb": rng.integers(0, 255, (4, 3), np.uint8),
              "quality": rng.random(4)}  # fmt: skip
    np.savez(tmp_path / "a.npz", **values)
    result = labelled(tmp_path / "a.npz", tmp_path / "out.laz")
    assert compare(tmp_path / "a.npz", result) is None
    values["quality"][2] += 1e-9
    np.savez(tmp_path / "b.npz", **values)
    found = compare(tmp_path / "b.npz", result)
    assert (found.what, found.point) == ("quality", 3)
    np.hstack([XYZ, np.arange(4)[:, None] / 4]).astype("<f4").tofile(tmp_path / "a.bin")
    assert compare(tmp_path / "a.bin", labelled(tmp_path / "a.bin", tmp_path / "out.laz")) is None


def ply(path, rows, properties=plyfiles.XYZ, kind="ascii", behind="", tail=b""):
    names = [line.split()[2] for line in properties.splitlines()]
    record = [
        (name, "f8" if line.split()[1] == "double" else "u1")
        for name, line in zip(names, properties.splitlines(), strict=True)
    ]
    path.write_bytes(
        plyfiles.head(kind, len(rows), properties, behind=behind) + plyfiles.body(kind, rows, record) + tail
    )
    return path


@pytest.mark.parametrize("suffix", ["laz", "ply", "pcd", "txt"])
def test_points_without_coordinates_are_declared(suffix, tmp_path):
    rows = [*map(tuple, XYZ), (np.nan, 1.0, 2.0)]
    source = ply(tmp_path / "a.ply", rows)
    result = labelled(source, tmp_path / f"out.{suffix}")
    assert compare(source, result) is None
    assert compare(ply(tmp_path / "b.ply", [*rows[:4], (3.0, 1.0, 2.0)]), result) is not None


def test_parts_beside_the_points_of_a_ply_count(tmp_path):
    face = "element face 1\nproperty list uchar int vertex_indices\n"
    properties = plyfiles.XYZ + "property uchar label\n"
    rows = [(*point, 3) for point in XYZ]
    source = ply(tmp_path / "a.ply", rows, properties, behind=face, tail=b"3 0 1 2\n")
    result = labelled(source, tmp_path / "out.ply")
    assert compare(source, result) is None
    for old, new, what in (
        (b"3 0 1 2", b"3 0 1 3", "the elements behind the points"),
        (b"12.5 3", b"12.5 4", "label"),
        (b"element face", b"element FACE", "a line of the header"),
        (b"scalar_class", b"scalar_klass", "the declaration of a property"),
    ):
        data = result.read_bytes()
        assert old in data
        (tmp_path / "b.ply").write_bytes(data.replace(old, new, 1))
        assert compare(source, tmp_path / "b.ply").what == what


def test_the_viewpoint_of_a_pcd_counts(tmp_path):
    record = [(axis, "f8", 1) for axis in "xyz"]
    source = tmp_path / "a.pcd"
    source.write_bytes(pcdfiles.head(record, "binary", 4) + pcdfiles.body(list(XYZ.T.copy()), "binary"))
    result = labelled(source, tmp_path / "out.pcd")
    assert compare(source, result) is None
    changed = result.read_bytes().replace(b"VIEWPOINT 0", b"VIEWPOINT 1")
    (tmp_path / "b.pcd").write_bytes(changed)
    assert compare(source, tmp_path / "b.pcd").what == "the viewpoint"


def test_classes_that_are_kept_are_proven(tmp_path):
    source = assembled.write(tmp_path / "a.las", 6, assembled.points(6, 9))
    codes = read_cloud(source).source.points["classification"]
    kept = KeptCodes(codes, codes < 4)
    assert compare(source, labelled(source, tmp_path / "out.las", kept)) is None


def test_a_field_that_the_source_has_not_is_a_difference(tmp_path):
    more = ply(tmp_path / "more.ply", [(*point, 3) for point in XYZ], plyfiles.XYZ + "property uchar ring\n")
    source = ply(tmp_path / "a.ply", [tuple(point) for point in XYZ])
    result = labelled(more, tmp_path / "out.laz")
    assert str(compare(source, result)) == "field ring is missing in the source, present in the result"


@pytest.mark.parametrize("suffix", ["laz", "ply", "pcd", "txt"])
def test_a_zero_return_of_a_projected_cloud_is_proven(suffix, tmp_path):
    rows = assembled.points(6, 2000)
    rows[:, :12].view("<i4")[:] += 2_000_000_000
    rows[7, :12] = 0
    source = assembled.write(tmp_path / "a.las", 6, rows)
    result = labelled(source, tmp_path / f"out.{suffix}")
    assert compare(source, result) is None
    rows[7, 0] = 9
    found = compare(assembled.write(tmp_path / "b.las", 6, rows), result)
    assert (found.what.lower(), found.point) == ("x", 8)


@pytest.mark.parametrize("suffix", ["laz", "ply", "pcd"])
def test_other_spellings_of_numbers_in_text_are_proven(suffix, tmp_path):
    source = tmp_path / "a.txt"
    source.write_text("x y z\n1.5D+01 2.5 3.5\n1.5 -nan(ind) 3.5\n1.5 2.5 4.5\n")
    assert compare(source, labelled(source, tmp_path / f"out.{suffix}")) is None


@pytest.mark.parametrize("suffix", ["las", "laz", "copc.laz"])
def test_codes_that_were_to_be_kept_are_compared(suffix, tmp_path):
    source = assembled.write(tmp_path / "a.las", 6, assembled.points(6, 60))
    codes = read_cloud(source).source.points["classification"]
    result = labelled(source, tmp_path / f"out.{suffix}", KeptCodes(codes, codes < 3))
    assert compare(source, result, keep=(1, 2)) is None
    found = compare(source, result, keep=(2, 4))
    assert found.source == "4"
    assert codes[found.point - 1] == 4
    text = tmp_path / "a.xyz"
    text.write_text("x y z\n1.5 2.5 3.5\n")
    with pytest.raises(UsageError, match="no classes to keep"):
        compare(text, labelled(text, tmp_path / "out.txt"), keep=(2,))
