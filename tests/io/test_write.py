"""Labelled clouds out: from every format into every format, and never a broken file."""

import subprocess
import sys
import textwrap
from pathlib import Path

import laspy
import numpy as np
import polars as pl
import pytest

from bevseg.core.labels import ClassEntry, Scheme, load_scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import LabelError, OutputExistsError, UsageError
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud
from tests import scenes
from tests.io.las import lasfiles

SUFFIXES = (".laz", ".las", ".ply", ".txt", ".txt.gz")


def point_labels(count):
    order = np.arange(count)
    return PointLabels((order % 6).astype(np.uint8), (order % 256).astype(np.uint8))


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The same street in every format that is read; PLY with colours beside."""
    folder = tmp_path_factory.mktemp("sources")
    whole = scenes.street(slope=0.02)
    street = PointCloud.from_xyz(whole.xyz[::40], whole.labels[::40])
    made = PointLabels(street.labels, np.full(len(street), 255, np.uint8))
    for suffix in SUFFIXES:
        write_cloud(street, made, folder / f"street{suffix}")
    record = np.zeros(
        len(street), [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("red", "u1"), ("intensity", "<f4")]
    )
    record["x"], record["y"], record["z"] = street.xyz.T
    record["red"], record["intensity"] = np.arange(len(street)) % 256, 0.5
    fields = (
        "property float x\nproperty float y\nproperty float z\nproperty uchar red\nproperty float intensity\n"
    )
    kind = "ply\nformat binary_little_endian 1.0\n"
    head = f"{kind}element vertex {len(street)}\n{fields}end_header\n"
    (folder / "colours.ply").write_bytes(head.encode() + record.tobytes())
    lasfiles.make(folder / "old.las", 3)
    return folder


@pytest.mark.parametrize("outside", SUFFIXES)
@pytest.mark.parametrize("inside", [*(f"street{suffix}" for suffix in SUFFIXES), "colours.ply", "old.las"])
def test_labels_are_exact_and_coordinates_within_half_a_step(sources, tmp_path, inside, outside):
    cloud = read_cloud(sources / inside)
    made = point_labels(len(cloud))
    write_cloud(cloud, made, tmp_path / f"out{outside}")
    back = read_cloud(tmp_path / f"out{outside}")
    np.testing.assert_array_equal(back.labels, made.classes)
    assert (np.abs(back.xyz - cloud.xyz) <= np.array(cloud.scale) / 2 + 1e-9).all()


def test_properties_of_a_ply_become_dimensions_of_a_laz(sources, tmp_path):
    cloud = read_cloud(sources / "colours.ply")
    write_cloud(cloud, point_labels(len(cloud)), tmp_path / "out.laz")
    written = laspy.read(tmp_path / "out.laz")
    np.testing.assert_array_equal(written["red"], np.arange(len(cloud)) % 256)
    assert written["intensity_source"].dtype == np.float32 and (written["intensity_source"] == 0.5).all()
    assert (written.intensity == 32768).all()  # half of 65,535


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("scheme", ["asprs", "shrec20"])
def test_codes_are_those_of_the_scheme(sources, tmp_path, suffix, scheme):
    cloud = read_cloud(sources / "street.laz")
    write_cloud(cloud, point_labels(len(cloud)), tmp_path / f"out{suffix}", scheme=load_scheme(scheme))
    codes = {"asprs": [1, 6, 64, 2, 65, 5], "shrec20": [0, 1, 2, 3, 4, 5]}[scheme]
    path = tmp_path / f"out{suffix}"
    if suffix in (".laz", ".las"):
        written = np.asarray(laspy.read(path).classification)
    elif suffix == ".ply":
        written = read_cloud(path).source.vertex["scalar_class"]
    else:
        written = pl.read_csv(path, separator=" ")["label"].to_numpy()
    np.testing.assert_array_equal(written, np.array(codes)[point_labels(len(cloud)).classes])


def test_a_scheme_that_lacks_a_class_is_an_error_and_leaves_nothing(sources, tmp_path):
    cloud = read_cloud(sources / "street.laz")
    bare = Scheme("bare", (ClassEntry(1, "house", 1, "#000000"), ClassEntry(0, "rest", 0, "#000000")))
    for suffix in SUFFIXES:
        with pytest.raises(LabelError, match="no code for class"):
            write_cloud(cloud, point_labels(len(cloud)), tmp_path / f"out{suffix}", scheme=bare)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["out.dat", "out", "out.e57"])
def test_other_suffixes_are_a_usage_error_that_lists_the_choices(tmp_path, name):
    with pytest.raises(UsageError) as caught:
        write_cloud(scenes.plane_at(0), point_labels(40_000), tmp_path / name)
    assert ".laz" in caught.value.hint


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_output_that_exists_stays_unless_it_may_be_replaced(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    path.write_text("precious")
    cloud = PointCloud.from_xyz(np.zeros((3, 3)))
    with pytest.raises(OutputExistsError):
        write_cloud(cloud, point_labels(3), path)
    assert path.read_text() == "precious"
    write_cloud(cloud, point_labels(3), path, overwrite=True)
    np.testing.assert_array_equal(read_cloud(path).labels, [0, 1, 2])


def test_as_many_labels_as_points():
    with pytest.raises(ValueError, match="4 labels for 3 points"):
        write_cloud(PointCloud.from_xyz(np.zeros((3, 3))), point_labels(4), Path("never.laz"))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("count", [1, 2])
def test_one_point_and_two_equal_points(tmp_path, suffix, count):
    cloud = PointCloud.from_xyz(np.full((count, 3), 7.5))
    made = PointLabels(np.full(count, 4, np.uint8), np.full(count, 9, np.uint8))
    write_cloud(cloud, made, tmp_path / f"out{suffix}")
    back = read_cloud(tmp_path / f"out{suffix}")
    assert back.xyz.tolist() == [[7.5] * 3] * count and back.labels.tolist() == [4] * count


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_cloud_with_nothing_finite_in_it(tmp_path, suffix):
    cloud = PointCloud.from_xyz(np.full((3, 3), np.nan))
    write_cloud(cloud, point_labels(3), tmp_path / f"out{suffix}")
    back = read_cloud(tmp_path / f"out{suffix}")
    assert len(back) == 3 and back.labels is None


FULL_DISK = """
    import resource, sys
    from pathlib import Path
    import numpy as np
    from bevseg.errors import OutputWriteError
    from bevseg.io.write import write_cloud
    from bevseg.core.pointcloud import PointLabels, PointCloud

    cloud = PointCloud.from_xyz(np.random.default_rng(0).random((100_000, 3)) * 100)
    classes = (np.arange(100_000) % 6).astype(np.uint8)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
    for path in sys.argv[1:]:
        try:
            write_cloud(cloud, PointLabels(classes, classes), Path(path), overwrite=True)
        except OutputWriteError as error:
            print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files to set")
def test_a_full_disk_is_told_and_leaves_the_old_file_alone(tmp_path):
    paths = [tmp_path / f"out{suffix}" for suffix in SUFFIXES]
    for path in paths:
        path.write_text("precious")
    command = [sys.executable, "-c", textwrap.dedent(FULL_DISK), *map(str, paths)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0 and not run.stderr, run.stderr
    assert run.stdout.count("File too large") == run.stdout.count("free some space") == len(paths)
    for path in paths:
        assert f"where: {path}\n" in run.stdout and path.read_text() == "precious"
    assert sorted(tmp_path.iterdir()) == sorted(paths)
