"""KITTI `.bin`: read if the numbers bear it out, refused with what to say otherwise."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bevseg.errors import CloudFormatError, UsageError
from bevseg.io.coordinates import finite_ends
from bevseg.io.crs.degrees import LEAST, like_degrees
from bevseg.io.find import find_clouds
from bevseg.io.formats import same_format
from bevseg.io.read import read_cloud


def spin(count=40, columns=4, seed=0):
    """A spin as KITTI has it; columns after the fourth are numbers of rings."""
    rng = np.random.default_rng(seed)
    rings = [rng.integers(0, 32, count)] * (columns - 4)
    return np.column_stack([rng.normal(0, 20, (count, 3)), rng.random(count), *rings]).astype("<f4")


def written(path, rows):
    rows.tofile(path)
    return path


@given(
    hnp.arrays("<f4", st.tuples(st.integers(1, 30), st.just(3)), elements=st.floats(-900, 900, width=32)),
    st.data(),
)
def test_every_point_and_intensity_comes_back(tmp_path_factory, xyz, data):
    assume(len(xyz) < LEAST or not like_degrees(finite_ends(xyz)))  # such a cloud is refused
    intensity = data.draw(hnp.arrays("<f4", len(xyz), elements=st.floats(0, 1, width=32)))
    path = tmp_path_factory.mktemp("kitti") / "000000.bin"
    cloud = read_cloud(written(path, np.column_stack([xyz, intensity])), columns="x,y,z,intensity")
    np.testing.assert_allclose(cloud.xyz, xyz, atol=0.0001)
    np.testing.assert_array_equal(cloud.source.fields()["intensity"], intensity)


def test_a_spin_needs_no_columns_and_becomes_laz(tmp_path):
    path = written(tmp_path / "000000.bin", spin())
    cloud = read_cloud(path)
    assert len(cloud) == 40 and cloud.labels is None and cloud.name == "000000"
    assert same_format(path) == "laz"


def test_five_floats_are_read_only_if_told(tmp_path):
    rows = spin(columns=5)
    path = written(tmp_path / "a.pcd.bin", rows)
    with pytest.raises(CloudFormatError) as caught:
        read_cloud(path)
    assert "--columns x,y,z,intensity,ring" in caught.value.hint
    cloud = read_cloud(path, columns="x,y,z,intensity,ring")
    np.testing.assert_array_equal(cloud.source.fields()["ring"], rows[:, 4])
    assert cloud.name == "a" and list(read_cloud(path, columns="x,y,z,-,-").source.fields()) == []


@pytest.mark.parametrize(
    "data",
    [
        bytes(17),
        bytes(160),
        b"\xff" * 160,
        np.full(40, 5e5, "<f4").tobytes(),
        b"some text, 32 bytes of it, here.",
    ],
)
def test_what_is_no_spin_is_refused_and_passed_over(tmp_path, data):
    path = tmp_path / "a.bin"
    path.write_bytes(data)
    with pytest.raises(CloudFormatError) as caught:
        read_cloud(path)
    assert "--columns" in caught.value.hint
    (tmp_path / "b.xyz").write_text("1 2 3\n")
    assert list(find_clouds([tmp_path]).skipped) == [path]


@pytest.mark.parametrize("columns", ["x,y", "x,y,z,x", "x,y,z,", "x,y,z,i,i"])
def test_columns_that_make_no_sense_are_a_usage_error(tmp_path, columns):
    with pytest.raises(UsageError):
        read_cloud(written(tmp_path / "a.bin", spin()), columns=columns)


def test_labels_beside_it_are_not_read(tmp_path):
    (tmp_path / "velodyne").mkdir()
    (tmp_path / "labels").mkdir()
    path = written(tmp_path / "velodyne" / "000000.bin", spin())
    np.full(40, 3, "<u4").tofile(tmp_path / "labels" / "000000.label")
    assert read_cloud(path).labels is None
