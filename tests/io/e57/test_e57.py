"""E57: every scan in its place, with its fields, and damage is one clear error."""

import math
import os
import struct
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bevseg.errors import BevsegError, CloudFormatError, DependencyError, OutOfMemoryError, UsageError
from bevseg.io.e57.structure import read_structure
from bevseg.io.find import find_clouds
from bevseg.io.formats import same_format
from bevseg.io.read import read_cloud
from tests.io.e57.e57files import cartesian, pye57, write

XYZ = np.array([[1.0, 0, 0], [0, 2, 0], [0, 0, 3], [4, 5, 6]])
QUARTER = (math.sqrt(0.5), 0.0, 0.0, math.sqrt(0.5))
UTM = (500_000.0, 5_400_000.0, 100.0)


def test_a_scan_is_turned_and_moved_by_its_pose_in_64_bits(tmp_path):
    path = write(tmp_path / "a.e57", {"points": cartesian(XYZ), "pose": (QUARTER, UTM)})
    turned = np.column_stack([-XYZ[:, 1], XYZ[:, 0], XYZ[:, 2]]) + UTM
    np.testing.assert_allclose(read_cloud(path).xyz, turned, rtol=0, atol=6e-5)


@given(st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: math.hypot(*q) > 0.1), st.integers(0, 99))
@settings(max_examples=15)
def test_poses_are_those_of_pye57(tmp_path_factory, turn, seed):
    turn = tuple(part / math.hypot(*turn) for part in turn)
    xyz = np.random.default_rng(seed).normal(0, 20, (20, 3))
    path = tmp_path_factory.mktemp("pose") / "a.e57"
    write(path, {"points": cartesian(xyz), "pose": (turn, UTM)})
    theirs = pye57.E57(str(path)).read_scan(0, ignore_missing_fields=True)
    expected = np.column_stack([theirs[f"cartesian{axis}"] for axis in "XYZ"])
    np.testing.assert_allclose(read_cloud(path).xyz, expected, rtol=0, atol=6e-5)


def test_scans_are_merged_with_their_number_or_read_one_by_one(tmp_path):
    one, two = ({"points": cartesian(XYZ + i)} for i in (0, 10))
    path = write(tmp_path / "site.e57", one, two)
    both = read_cloud(path)
    assert both.source.fields()["point_source_id"].tolist() == [1] * 4 + [2] * 4
    np.testing.assert_allclose(read_cloud(path, scan=2).xyz, XYZ + 10, atol=6e-5)
    with pytest.raises(UsageError, match="no scan 3"):
        read_cloud(path, scan=3)
    assert [(c.stem, c.scan) for c in find_clouds([path], apart=True).clouds] == [
        ("site_scan1", 1),
        ("site_scan2", 2),
    ]
    assert [(c.stem, c.scan) for c in find_clouds([path]).clouds] == [("site", None)]
    assert same_format(path) == "laz"


def test_fields_are_kept_under_the_names_of_las(tmp_path):
    points = cartesian(
        XYZ,
        intensity=np.array([0.0, 0.25, 0.5, 1.0], np.float32),
        colorRed=np.array([0, 1, 2, 255], np.uint8),
        colorGreen=np.array([3, 4, 5, 6], np.uint8),
        colorBlue=np.array([7, 8, 9, 10], np.uint8),
        rowIndex=np.array([0, 0, 100_000, -5], "q"),
        columnIndex=np.array([0, 1, 0, 1], np.int16),
        returnIndex=np.array([0, 1, 0, 2], np.uint8),
        returnCount=np.array([1, 2, 1, 3], np.uint8),
        timeStamp=np.array([0.0, 0.5, 1.0, 1.5]),
        **{f"nor:normal{axis}": np.full(4, 0.5, np.float32) for axis in "XYZ"},
    )
    path = write(tmp_path / "a.e57", {"points": points, "start": 1.3e9})
    fields = read_cloud(path).source.fields()
    assert fields["intensity"].tolist() == [0.0, 0.25, 0.5, 1.0] and fields["intensity"].dtype == np.float32
    assert fields["red"].tolist() == [0, 1, 2, 255] and fields["red"].dtype == np.uint8
    assert fields["row_index"].tolist() == [0, 0, 100_000, -5] and fields["return_number"].tolist() == [
        1,
        2,
        1,
        3,
    ]
    assert fields["gps_time"].tolist() == [1.3e9, 1.3e9 + 0.5, 1.3e9 + 1, 1.3e9 + 1.5]
    assert fields["nz"].tolist() == [0.5] * 4


def test_spherical_coordinates_and_scaled_integers_are_read(tmp_path):
    r, azimuth, elevation = 2.0, 0.5, 0.25
    points = {
        "sphericalRange": np.full(3, r),
        "sphericalAzimuth": np.full(3, azimuth),
        "sphericalElevation": np.full(3, elevation),
    }
    spherical = write(tmp_path / "a.e57", {"points": points})
    expected = [r * math.cos(elevation) * math.cos(azimuth), r * math.cos(elevation) * math.sin(azimuth),
                r * math.sin(elevation)]  # fmt: skip
    np.testing.assert_allclose(read_cloud(spherical).xyz, [expected] * 3, atol=6e-5)
    scaled = {f"cartesian{axis}": 0.0001 for axis in "XYZ"}
    path = write(tmp_path / "b.e57", {"points": cartesian(XYZ), "scaled": scaled})
    np.testing.assert_allclose(read_cloud(path).xyz, XYZ, atol=1e-9)


def test_rays_without_a_return_are_left_out(tmp_path):
    state = np.array([0, 2, 1, 0], np.uint8)
    path = write(tmp_path / "a.e57", {"points": cartesian(XYZ, cartesianInvalidState=state)})
    with pytest.warns(UserWarning, match="2 of 4 points are marked invalid"):
        cloud = read_cloud(path)
    np.testing.assert_allclose(cloud.xyz, XYZ[[0, 3]], atol=6e-5)
    nothing = write(
        tmp_path / "b.e57", {"points": cartesian(XYZ, cartesianInvalidState=np.full(4, 2, np.uint8))}
    )
    with pytest.raises(CloudFormatError, match="no points"):
        read_cloud(nothing)


def test_a_field_that_one_scan_lacks_is_0_there(tmp_path):
    path = write(
        tmp_path / "a.e57",
        {"points": cartesian(XYZ)},
        {"points": cartesian(XYZ, colorRed=np.full(4, 9, np.uint8))},
    )
    assert read_cloud(path).source.fields()["red"].tolist() == [0] * 4 + [9] * 4


def test_colours_of_16_bits_and_colours_as_floats_use_their_limits(tmp_path):
    limits = {"colorLimits": {"colorRedMinimum": 0, "colorRedMaximum": 65535}}
    wide = {"points": cartesian(XYZ, colorRed=np.array([0, 1, 300, 65535], np.uint16)), "limits": limits}
    assert read_cloud(write(tmp_path / "a.e57", wide)).source.fields()["red"].tolist() == [0, 1, 300, 65535]
    share = {"points": cartesian(XYZ, colorRed=np.array([0, 0.5, 1, 2], np.float32))}
    assert read_cloud(write(tmp_path / "b.e57", share)).source.fields()["red"].tolist() == [
        0,
        32768,
        65535,
        65535,
    ]


def test_more_points_than_one_chunk_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr("bevseg.io.e57.points._CHUNK", 7)
    xyz = np.random.default_rng(0).normal(size=(50, 3))
    path = write(tmp_path / "a.e57", {"points": cartesian(xyz)}, {"points": cartesian(xyz[:3])})
    np.testing.assert_allclose(read_cloud(path).xyz, np.concatenate([xyz, xyz[:3]]), atol=6e-5)


def test_a_file_name_that_is_not_utf8_is_no_obstacle(tmp_path):
    path = write(tmp_path / "a.e57", {"points": cartesian(XYZ)})
    odd = tmp_path / os.fsdecode(b"stra\xdfe.e57")
    path.rename(odd)
    assert len(read_cloud(odd)) == 4


def test_without_pye57_the_error_says_how_to_install_it(tmp_path, monkeypatch):
    path = write(tmp_path / "a.e57", {"points": cartesian(XYZ)})
    monkeypatch.setitem(sys.modules, "pye57", None)
    with pytest.raises(DependencyError) as caught:
        read_cloud(path)
    assert 'pip install "bevseg[e57]"' in caught.value.hint and caught.value.exit_code == 5


def test_a_file_that_does_not_fit_in_memory_is_refused(tmp_path, monkeypatch):
    path = write(tmp_path / "a.e57", {"points": cartesian(XYZ)})
    monkeypatch.setattr("bevseg.runtime.memory.available", lambda: 100)
    with pytest.raises(OutOfMemoryError):
        read_cloud(path)


def with_checksums(data):
    """Correct the checksums of all pages: CRC-32C of 1,020 bytes, big-endian."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ 0x82F63B78 if byte & 1 else byte >> 1
        table.append(byte)
    pages = []
    for at in range(0, len(data), 1024):
        page, crc = data[at : at + 1020], 0xFFFFFFFF
        for byte in page:
            crc = crc >> 8 ^ table[(crc ^ byte) & 255]
        pages.append(page + struct.pack(">I", crc ^ 0xFFFFFFFF))
    return b"".join(pages)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'recordCount="4"', b'recordCount="9999999"', "too many"),
        (b'recordCount="4"', b'recordCount="-4"', "points"),
        (b"<?xml version", b"<!DOCTYPE a  ", "document type"),
        (b'encoding="UTF-8"', b'encoding="UTFm8"', "unknown encoding"),
        (b'<vectorChild type="Structure">', b'<vectorChild type="Structure"<', "damaged"),
    ],
)
def test_a_description_that_lies_is_refused_before_the_library_sees_it(
    tmp_path, monkeypatch, old, new, words
):
    path = write(tmp_path / "a.e57", {"points": cartesian(XYZ), "name": "x" * 40})
    data = path.read_bytes()
    pages = b"".join(data[at : at + 1020] for at in range(0, len(data), 1024))
    # The name makes room, so that nothing moves.
    changed = pages.replace(old, new).replace(b"x" * 40, b"x" * (40 - len(new) + len(old)))
    assert len(changed) == len(pages) and changed != pages
    path.write_bytes(
        with_checksums(b"".join(changed[at : at + 1020] + bytes(4) for at in range(0, len(changed), 1020)))
    )
    monkeypatch.setattr("bevseg.io.e57.points._library", lambda: pytest.fail("the library was loaded"))
    with pytest.raises(CloudFormatError, match=words):
        read_cloud(path)


def test_a_description_nested_too_deep_is_refused():
    from bevseg.io.e57 import structure

    with pytest.raises(structure.NotE57Error, match="deep"):
        structure._parse(b"<a>" * 5000 + b"</a>" * 5000)


@given(st.data())
@settings(max_examples=40)
def test_damage_anywhere_is_one_error_or_a_cloud(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("damage") / "a.e57"
    content = bytearray(write(path, {"points": cartesian(XYZ), "pose": (QUARTER, UTM)}).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.sampled_from([len(content), len(content) // 2, 40, 7]))]
    path.write_bytes(with_checksums(bytes(content)) if data.draw(st.booleans()) else bytes(content))
    try:
        read_cloud(path)
    except BevsegError as error:
        assert error.exit_code in (4, 5)


def test_the_name_of_each_scan_is_known(tmp_path):
    path = write(tmp_path / "a.e57", {"points": cartesian(XYZ), "name": "Station Süd"})
    assert [scan.name for scan in read_structure(path).scans] == ["Station Süd"]
