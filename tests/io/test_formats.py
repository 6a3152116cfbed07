"""The table of formats is the one place that knows them, and users can add their own."""

import importlib

import click
import numpy as np
import pytest

from bevseg import io
from bevseg.cli.export import export
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import CloudNotFoundError, DependencyError, UsageError
from bevseg.io import formats
from bevseg.io.find import find_clouds
from bevseg.io.read import read_cloud
from bevseg.io.simulated import write as write_simulated
from bevseg.io.write import write_cloud

OWN = '''
"""A format that only this test knows: rows of x, y, z and code, as doubles."""

import numpy as np

from bevseg.core.pointcloud import PointCloud
from bevseg.io.raw import RawCloud


def read(path):
    rows = np.fromfile(path).reshape(-1, 4)
    return RawCloud(PointCloud.from_xyz(rows[:, :3]), rows[:, 3].astype(int))


def write(cloud, point_labels, path, scheme):
    codes = scheme.encode(point_labels.classes, where=str(path))
    np.column_stack([cloud.xyz, codes]).tofile(path)
'''


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """An installed package with three formats: one whole, one that is only read, one that lacks a library."""
    site = tmp_path / "site"
    (site / "own-1.0.dist-info").mkdir(parents=True)
    (site / "own-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: own\nVersion: 1.0\n")
    (site / "own-1.0.dist-info" / "entry_points.txt").write_text(
        "[bevseg.formats]\nrows = own_format\nseen = own_reader\nlost = own_lost\nlas = own_format\n"
    )
    (site / "own_format.py").write_text(OWN)
    (site / "own_reader.py").write_text(OWN.split("def write")[0])
    (site / "own_lost.py").write_text("import a_library_that_nobody_has\n")
    monkeypatch.syspath_prepend(site)
    formats.user_formats.cache_clear()
    yield
    formats.user_formats.cache_clear()


def two_points():
    return PointCloud.from_xyz(np.array([[1.0, 2, 3], [4, 5, 6]])), PointLabels(*[np.array([1, 5], "u1")] * 2)


@pytest.mark.parametrize("entry", io.FORMATS, ids=lambda entry: entry.name)
def test_every_module_of_the_table_does_what_the_table_says(entry):
    assert callable(importlib.import_module(entry.reader).read)
    assert bool(entry.written) == bool(entry.writer)
    for module in (entry.writer, entry.simulated):
        assert module is None or callable(importlib.import_module(module).write)
    if entry.any_suffix:
        assert callable(importlib.import_module(entry.reader).looks_like_points)


def test_suffixes_and_words_belong_to_one_format_each():
    suffixes = [suffix for entry in io.FORMATS for suffix in entry.suffixes]
    assert len(set(suffixes)) == len(suffixes) and all(s == s.lower() and s[0] == "." for s in suffixes)
    words = [word for entry in io.FORMATS for word in entry.written]
    assert len(set(words)) == len(words)
    assert sum(entry.any_suffix for entry in io.FORMATS) == 1


def test_the_words_of_the_formats():
    assert io.WRITTEN == ("laz", "las", "copc.laz", "ply", "pcd", "txt", "txt.gz")
    assert io.SIMULATED == ("laz", "las", "txt", "txt.gz")
    assert formats.readable() == ".las .laz .ply .pcd .e57 .npy .npz .bin .pcd.bin and text"
    assert formats.default_schemes() == "asprs for LAS, COPC; shrec20 for PLY, PCD, E57, NumPy, KITTI, text"


@pytest.mark.parametrize(
    ("name", "format_name"),
    [("a.las", "LAS"), ("A.LAZ", "LAS"), ("a.ply", "PLY"), ("a.pcd", "PCD"), ("a.txt.gz", "text"), ("a", "text")],
)  # fmt: skip
def test_the_suffix_decides_and_text_takes_the_rest(tmp_path, name, format_name):
    assert formats.format_to_read(tmp_path / name).name == format_name


@pytest.mark.parametrize(
    ("name", "word"),
    [("a.laz", "laz"), ("A.LAS", "las"), ("a.ply", "ply"), ("a.csv", "csv"), ("a", "txt"), ("a.txt.gz", "laz"),
     ("a.ply.gz", "laz"), ("a.zip", "laz"), ("a.e57", "laz"), ("a.npz", "laz"), ("a.npy", "laz"), ("a.bin", "laz")],
)  # fmt: skip
def test_a_cloud_comes_back_in_its_own_format_or_as_laz(tmp_path, name, word):
    assert formats.same_format(tmp_path / name) == word


@pytest.mark.parametrize("name", ["out.ptx", "out.e57", "out"])
def test_a_format_that_is_not_written_is_a_usage_error_with_the_choices(tmp_path, name):
    with pytest.raises(UsageError, match="Clouds cannot be written") as caught:
        write_cloud(*two_points(), tmp_path / name)
    assert caught.value.hint == "choose from .laz, .las, .copc.laz, .ply, .pcd, .txt, .txt.gz"
    assert list(tmp_path.iterdir()) == []


def test_a_format_without_simulated_clouds_is_a_usage_error_with_the_choices(tmp_path):
    cloud, _ = two_points()
    with pytest.raises(UsageError) as caught:
        write_simulated(cloud, tmp_path / "out.ply", epsg=25832, measured={}, instances=np.zeros(2, np.int32))
    assert caught.value.hint == "choose from .laz, .las, .txt, .txt.gz"


def test_a_format_of_the_user_is_found_written_and_read(installed, tmp_path):
    cloud, labels = two_points()
    write_cloud(cloud, labels, tmp_path / "clouds" / "mine.rows")
    assert [file.stem for file in find_clouds([tmp_path / "clouds"]).clouds] == ["mine"]
    back = read_cloud(tmp_path / "clouds" / "mine.rows")
    np.testing.assert_array_equal(back.xyz, cloud.xyz)
    np.testing.assert_array_equal(back.labels, labels.classes)


def test_a_format_of_the_user_stands_among_the_choices(installed, tmp_path):
    choice = next(option for option in export.params if option.name == "formats").type
    assert choice.convert("laz,rows", None, None) == ("laz", "rows")
    with pytest.raises(click.BadParameter, match=r"rows"):
        choice.convert("e57", None, None)
    with pytest.raises(CloudNotFoundError) as caught:
        find_clouds([tmp_path / "site"])
    assert ".rows" in caught.value.hint


def test_a_format_of_the_user_may_be_only_read(installed, tmp_path):
    cloud, labels = two_points()
    np.column_stack([cloud.xyz, labels.classes]).tofile(tmp_path / "a.seen")
    assert len(read_cloud(tmp_path / "a.seen")) == 2
    with pytest.raises(UsageError, match="Clouds cannot be written"):
        write_cloud(cloud, labels, tmp_path / "b.seen")


def test_a_format_of_the_user_that_cannot_be_imported_is_an_error_that_says_what_is_missing(
    installed, tmp_path
):
    (tmp_path / "a.lost").write_bytes(b"1")
    with pytest.raises(DependencyError) as caught:
        read_cloud(tmp_path / "a.lost")
    assert caught.value.where == "own_lost" and "a_library_that_nobody_has" in caught.value.why


def test_a_format_of_bevseg_cannot_be_replaced(installed, tmp_path):
    assert formats.format_to_read(tmp_path / "a.las").reader == "bevseg.io.las.reader"
    assert formats.format_to_write(tmp_path / "a.las").writer == "bevseg.io.las.writer"
