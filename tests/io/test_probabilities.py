"""Probabilities of all classes stand beside the class in every format, or no confidence does."""

from dataclasses import replace

import laspy
import numpy as np
import pytest

from bevseg.core.labels import load_scheme
from bevseg.core.pointcloud import NO_LABELS, PointCloud, PointLabels
from bevseg.io.compare.files import compare
from bevseg.io.fields import BESIDE_CLASS, CONFIDENCE, PROBABILITIES, REASON, written_by_bevseg
from bevseg.io.keep import SURE, keep_codes
from bevseg.io.las.dimensions import LONGEST_NAME
from bevseg.io.las.las_file import open_file
from bevseg.io.read import FileCodes, read_cloud
from bevseg.io.write import relabel_file, write_cloud

XYZ = np.arange(36).reshape(12, 3) / 4
IDS = (np.arange(12) % 6).astype(np.uint8)
SHARES = np.where(np.arange(1, 6)[:, None] == IDS, 155, 25).astype(np.uint8) * (IDS > 0)
LABELS = PointLabels(IDS, SHARES.max(0), reasons=IDS[::-1].copy(), probabilities=SHARES)
TOP, NONE = (
    replace(LABELS, probabilities=None),
    replace(LABELS, probabilities=None, has_confidence_field=False),
)


def of(path):
    """The fields of bevseg in a file."""
    source = read_cloud(path).source
    found = {name: written_by_bevseg(source, name) for name in BESIDE_CLASS}
    assert not set(BESIDE_CLASS) & set(source.fields())
    return {name: values for name, values in found.items() if values is not None}


@pytest.fixture(params=["las", "laz", "ply", "pcd", "txt", "txt.gz"])
def source(request, tmp_path):
    """A file with a field of its own in each format, and the suffix."""
    text = tmp_path / "made.txt"
    text.write_text("x y z echo label\n" + "".join(f"{x} {y} {z} {i} 1\n" for i, (x, y, z) in enumerate(XYZ)))
    if request.param == "txt":
        return text, "txt"
    path = tmp_path / f"source.{request.param}"
    write_cloud(read_cloud(text), PointLabels(IDS, IDS), path)
    return path, request.param


def test_they_come_back_from_every_format_and_all_else_stays(source, tmp_path):
    path, suffix = source
    for number, shares in enumerate((SHARES, SHARES // 2)):
        target = tmp_path / f"labelled{number}.{suffix}"
        write_cloud(read_cloud(path), replace(LABELS, probabilities=shares), target)
        found = of(target)
        assert list(found) == list(BESIDE_CLASS)
        np.testing.assert_array_equal([found[name] for name in PROBABILITIES], shares)
        np.testing.assert_array_equal(read_cloud(target).labels, IDS)
        assert compare(path, target) is None
        path = target


def test_those_of_other_labels_do_not_stay(source, tmp_path):
    path, suffix = source
    first, second = (tmp_path / f"{name}.{suffix}" for name in ("first", "second"))
    write_cloud(read_cloud(path), LABELS, first)
    write_cloud(read_cloud(first), NONE, second)
    found = of(second)
    assert not any(found[name].any() for name in (CONFIDENCE, *PROBABILITIES)) and found[REASON].any()
    assert compare(first, second) is None


def test_without_a_confidence_the_class_and_its_scheme_are_still_known(tmp_path):
    for suffix in ("las", "ply", "pcd", "txt"):
        target = tmp_path / f"plain.{suffix}"
        write_cloud(PointCloud.from_xyz(XYZ), NONE, target, scheme=load_scheme("shrec20"))
        assert list(of(target)) == [REASON]
        np.testing.assert_array_equal(read_cloud(target).labels, IDS)


def test_names_fit_into_las_and_values_are_shares(tmp_path):
    assert max(map(len, PROBABILITIES)) <= LONGEST_NAME
    write_cloud(PointCloud.from_xyz(XYZ), LABELS, tmp_path / "a.las")
    las = laspy.read(tmp_path / "a.las")
    shares = np.array([las[name] for name in PROBABILITIES])
    np.testing.assert_allclose(shares.sum(0), IDS > 0)
    np.testing.assert_array_equal(shares.max(0), las.bevseg_confidence)


@pytest.mark.parametrize("labels", [LABELS, TOP, NONE])
def test_batch_by_batch_the_same_bytes_are_written(tmp_path, labels):
    source, whole, parts = (tmp_path / f"{name}.las" for name in ("source", "whole", "parts"))
    write_cloud(PointCloud.from_xyz(XYZ), PointLabels(IDS, IDS), source)
    write_cloud(read_cloud(source), labels, whole)

    def some(first, codes):
        part = slice(first, first + len(codes))
        return of_points(labels, part)

    with open_file(source) as las:
        relabel_file(las, some, parts, like=of_points(labels, slice(0, 0)), size=5)
    assert parts.read_bytes() == whole.read_bytes()


def of_points(labels, part):
    rows = {name: getattr(labels, name) for name in ("classes", "confidence", "reasons", "probabilities")}
    return replace(labels, **{name: row if row is None else row[..., part] for name, row in rows.items()})


def test_labels_of_no_points_have_nothing_beside_the_confidence():
    assert (NO_LABELS.reasons, NO_LABELS.probabilities) == (None, None) and NO_LABELS.has_confidence_field


def test_a_kept_class_leaves_no_probability_to_others():
    scheme = load_scheme("asprs")
    codes = FileCodes(np.array([6, 9] * 6, np.uint8), scheme)
    found, _ = keep_codes(LABELS, codes, (6, 9), scheme)
    assert (found.probabilities[0, ::2] == SURE).all() and (found.probabilities[1:, ::2] == 0).all()
    assert (found.probabilities[:, 1::2] == 0).all()  # water is no class of bevseg
    np.testing.assert_array_equal(LABELS.probabilities, SHARES)
