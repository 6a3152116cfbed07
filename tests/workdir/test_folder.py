"""The work directory: what goes in comes out, and what does not belong is refused."""

import dataclasses

import numpy as np
import pytest

from bevseg.config import NAMED
from bevseg.core.grid import Grid
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.core.raster import Raster
from bevseg.errors import CloudNotFoundError, InputError, OutputExistsError
from bevseg.ground.find_ground import Ground
from bevseg.workdir.folder import OPTIONAL_FILES, STAGES, Folder, folders
from tests import tiny

FACTS = {"source": "/a.laz", "sha256": "0" * 64, "scheme": None, "columns": None, "scan": None, "points": 7}

DEFAULT, PAPER = NAMED["default"], NAMED["paper"]


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "work" / "a")


def raster(dtype, *names):
    grid = Grid(0.2, -7, 13, 4, 5)
    values = np.random.default_rng(0).integers(0, 6, (len(names), 4, 5)).astype(dtype)
    if dtype == np.float32:
        values[:, 1, 2] = np.nan
    return Raster(grid, names, values)


def write_ground(folder, dem):
    cloud = tiny.thin_street("a")
    folder.write_ground(cloud, Ground(dem, np.zeros(len(cloud), bool), "smrf", "why not"), DEFAULT.ground)


def assert_same(one, other):
    assert (one.grid, one.names, one.unit) == (other.grid, other.names, other.unit)
    np.testing.assert_array_equal(one.values, other.values)
    assert one.values.dtype == other.values.dtype


def test_a_cloud_comes_back_to_the_step(folder):
    cloud = tiny.thin_street("a")
    folder.write_cloud(cloud, FACTS)
    back = folder.read_cloud()
    for axis in ("x", "y", "z", "labels"):
        np.testing.assert_array_equal(getattr(back, axis), getattr(cloud, axis))
    assert (back.scale, back.offset, back.name) == (cloud.scale, cloud.offset, "a")
    assert folder.read_facts() == FACTS


def test_an_unlabelled_cloud_stays_unlabelled(folder):
    folder.write_cloud(PointCloud.from_xyz(np.zeros((2, 3))), {})
    assert folder.read_cloud().labels is None


def test_rasters_come_back_to_the_bit(folder):
    dem = raster(np.float32, "height", "source", "distance")
    bands = {name: raster(np.float32, "h_min", "h_max") for name in ("low", "high")}
    classes = {name: raster(np.uint8, "class", "confidence") for name in ("low", "high")}
    write_ground(folder, dem)
    folder.write_bands(bands, {})
    folder.write_classes(classes)
    assert_same(folder.read_dem(), dem)
    assert_same(folder.read_bands()["high"], bands["high"])
    assert_same(folder.read_classes()["low"], classes["low"])
    doubted = {name: raster(np.uint8, "class", "confidence", "reason") for name in ("low", "high")}
    folder.write_classes(doubted)
    assert_same(folder.read_classes()["high"], doubted["high"])


def test_labels_come_back(folder):
    point_labels = PointLabels(np.arange(6, dtype=np.uint8), np.arange(6, dtype=np.uint8) * 50)
    folder.write_labels(point_labels)
    assert folder.read_labels().reasons is None
    assert folder.read_labels().probabilities is None
    shares = np.arange(30, dtype=np.uint8).reshape(5, 6)
    reasons = point_labels.classes[::-1].copy()
    point_labels = dataclasses.replace(point_labels, reasons=reasons, probabilities=shares)
    folder.write_labels(point_labels)
    np.testing.assert_array_equal(folder.read_labels().reasons, point_labels.reasons)
    np.testing.assert_array_equal(folder.read_labels().probabilities, shares)
    np.testing.assert_array_equal(folder.read_labels().classes, point_labels.classes)
    np.testing.assert_array_equal(folder.read_labels().confidence, point_labels.confidence)


@pytest.mark.parametrize("content", [b"", b"noise", b"PK\x03\x04noise"])
def test_labels_that_are_not_ours_are_bad_input(folder, content):
    folder.path.mkdir(parents=True)
    (folder.path / "labels.npz").write_bytes(content)
    with pytest.raises(InputError, match="labels"):
        folder.read_labels()


@pytest.mark.parametrize("content", ["", "[1]", "{"])
def test_a_record_that_is_not_ours_is_bad_input(folder, content):
    folder.path.mkdir(parents=True)
    (folder.path / "cloud.json").write_text(content)
    with pytest.raises(InputError, match="JSON"):
        folder.read_facts()


@pytest.mark.parametrize(
    ("read", "stage"),
    [
        ("read_cloud", "ingest"),
        ("read_dem", "ground"),
        ("read_bands", "rasterize"),
        ("read_classes", "predict"),
        ("read_labels", "backproject"),
    ],
)
def test_what_is_missing_names_the_stage_that_makes_it(folder, read, stage):
    with pytest.raises(CloudNotFoundError, match=f"bevseg {stage}"):
        getattr(folder, read)()


def test_a_stage_that_begins_again_removes_what_was_made_of_its_files(folder):
    folder.path.mkdir(parents=True)
    for name in (name for files in (STAGES, OPTIONAL_FILES) for names in files.values() for name in names):
        (folder.path / name).touch()
    (folder.path / "notes.txt").touch()
    folder.invalidate_from("predict")
    left = {path.name for path in folder.path.iterdir()}
    assert "low.tif" in left
    assert "notes.txt" in left
    assert not left & {"low_classes.tif", "high_classes.tif", "labels.npz"}


def test_files_that_are_there_are_refused_unless_overwriting(folder):
    write_ground(folder, raster(np.float32, "height", "source", "distance"))
    with pytest.raises(OutputExistsError):
        folder.ensure_absent("ground", overwrite=False)
    folder.ensure_absent("ground", overwrite=True)
    folder.ensure_absent("rasterize", overwrite=False)


def test_a_ground_that_begins_again_takes_its_surfaces_and_its_picture_with_it(folder):
    folder.path.mkdir(parents=True)
    for name in OPTIONAL_FILES["ground"]:
        (folder.path / name).touch()
        with pytest.raises(OutputExistsError):
            folder.ensure_absent("ground", overwrite=False)
        folder.invalidate_from("ground")
        assert list(folder.path.iterdir()) == []


def test_folders_are_those_with_a_cloud(tmp_path, folder):
    folder.write_cloud(tiny.thin_street("a"), {})
    (tmp_path / "work" / "pictures").mkdir()
    assert folders(tmp_path / "work") == [folder]
    with pytest.raises(CloudNotFoundError, match="bevseg ingest"):
        folders(tmp_path)
