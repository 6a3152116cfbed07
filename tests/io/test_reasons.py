"""Reasons stand beside the confidence in every format, and all else stays as it was."""

from dataclasses import replace

import numpy as np
import pytest

from bevseg.core.pointcloud import NO_LABELS, PointCloud, PointLabels
from bevseg.io.compare.files import compare
from bevseg.io.fields import BESIDE_CLASS, CONFIDENCE, REASON, Source, written_by_bevseg
from bevseg.io.las.las_file import open_file
from bevseg.io.read import read_cloud
from bevseg.io.write import relabel_file, write_cloud

XYZ = np.random.default_rng(1).integers(0, 3000, (12, 3)) / 100
IDS = np.arange(12) % 6


def labels(reasons=None, confidence=9):
    return PointLabels(
        IDS.astype(np.uint8),
        np.full(12, confidence, np.uint8),
        reasons=None if reasons is None else np.asarray(reasons, np.uint8),
    )


def own_fields(path):
    source = read_cloud(path).source
    assert isinstance(source, Source) and not set(BESIDE_CLASS) & set(source.fields())
    return written_by_bevseg(source, CONFIDENCE), written_by_bevseg(source, REASON)


@pytest.fixture(params=["las", "laz", "copc.laz", "ply", "pcd", "txt", "txt.gz", "pts"])
def source(request, tmp_path):
    """A file with a field of its own in each format, and the suffix."""
    text = tmp_path / "made.txt"
    text.write_text("x y z echo\n" + "".join(f"{x} {y} {z} {i}\n" for i, (x, y, z) in enumerate(XYZ)))
    cloud, path = read_cloud(text), tmp_path / f"source.{request.param}"
    if request.param == "pts":
        path.write_text("12\n" + "".join(f"{x} {y} {z} {i}\n" for i, (x, y, z) in enumerate(XYZ)))
    else:
        write_cloud(cloud, PointLabels(np.zeros(12, np.uint8), np.zeros(12, np.uint8)), path)
    return path, "txt" if request.param == "pts" else request.param


def test_reasons_come_back_once_however_often_a_cloud_is_labelled(source, tmp_path):
    path, suffix = source
    for number, reasons in enumerate((IDS, IDS[::-1])):
        target = tmp_path / f"labelled{number}.{suffix}"
        write_cloud(read_cloud(path), labels(reasons, confidence=number), target)
        confidence, found = own_fields(target)
        assert (confidence == number).all() and sorted(found) == sorted(IDS)
        assert compare(path, target) is None
        if suffix != "copc.laz":  # an octree has an order of its own
            np.testing.assert_array_equal(found, reasons)
        path = target


def test_reasons_of_other_labels_do_not_stay(source, tmp_path):
    path, suffix = source
    first, second = (tmp_path / f"{name}.{suffix}" for name in ("first", "second"))
    write_cloud(read_cloud(path), labels(IDS), first)
    write_cloud(read_cloud(first), labels(), second)
    assert not own_fields(second)[1].any()
    assert compare(first, second) is None


def test_without_reasons_there_is_no_field_of_them(source, tmp_path):
    path, suffix = source
    write_cloud(read_cloud(path), labels(), tmp_path / f"plain.{suffix}")
    assert own_fields(tmp_path / f"plain.{suffix}")[1] is None


@pytest.mark.parametrize("suffix", ["las", "laz"])
def test_batch_by_batch_the_same_bytes_are_written(tmp_path, suffix):
    source, whole, parts = (tmp_path / f"{name}.{suffix}" for name in ("source", "whole", "parts"))
    write_cloud(PointCloud.from_xyz(XYZ), labels(), source)
    write_cloud(read_cloud(source), labels(IDS), whole)

    def some(first, codes):
        part = slice(first, first + len(codes))
        given = labels(IDS)
        return PointLabels(given.classes[part], given.confidence[part], reasons=given.reasons[part])

    with open_file(source) as las:
        relabel_file(las, some, parts, like=replace(NO_LABELS, reasons=NO_LABELS.classes), size=5)
    assert parts.read_bytes() == whole.read_bytes()
