"""What a viewer shows comes by batches, the same as from the whole file."""

import copy
import dataclasses

import numpy as np
import pytest

from bevseg.core.labels import load_scheme
from bevseg.core.pointcloud import PointLabels
from bevseg.io.read_labelled import read_labelled
from bevseg.io.read_shown import read_classes, read_shown
from bevseg.io.write import write_cloud
from tests.tiny import thin_street


@pytest.fixture(params=["laz", "las", "copc.laz", "ply", "pcd", "txt"])
def labelled(request, tmp_path):
    """A labelled street in a format."""
    cloud = dataclasses.replace(thin_street("a"), source=None)
    rng = np.random.default_rng(1)
    confidence, reasons = (rng.integers(0, most, len(cloud), dtype=np.uint8) for most in (256, 6))
    path = tmp_path / f"a.{request.param}"
    write_cloud(cloud, PointLabels(cloud.labels, confidence, reasons=reasons), path)
    return path


def test_batches_together_are_the_file(labelled):
    whole, parts, coordinates = read_labelled(labelled), [], []
    classes = read_classes(labelled, lambda first, cloud: coordinates.append((first, cloud)), size=1000)
    read_shown(labelled, lambda first, shown: parts.append((first, copy.deepcopy(shown))), size=1000)
    np.testing.assert_array_equal(classes, whole.classes)
    assert (
        [first for first, _ in parts]
        == [first for first, _ in coordinates]
        == list(range(0, len(whole), 1000))
    )
    for name, values in (("confidence", whole.confidence), ("reasons", whole.reasons)):
        np.testing.assert_array_equal(np.concatenate([getattr(shown, name) for _, shown in parts]), values)
    for clouds in ([cloud for _, cloud in coordinates], [shown.cloud for _, shown in parts]):
        np.testing.assert_array_equal(np.concatenate([cloud.xyz for cloud in clouds]), whole.cloud.xyz)


def test_intensity_and_colours_are_known_by_their_usual_names(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,y,z,Reflectance,R,G,B,class\n1,2,3,17,1,2,3,4\n2,2,3,18,4,5,6,3\n")
    (parts,) = read(path)
    assert parts.intensity.tolist() == [17, 18]
    assert [channel.tolist() for channel in parts.colours] == [[1, 4], [2, 5], [3, 6]]


def test_a_file_without_further_fields_has_none(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("1 2 3 4\n2 2 3 3\n")
    (parts,) = read(path)
    assert parts.intensity is parts.colours is parts.confidence is parts.reasons is None


def test_classes_are_read_in_the_scheme_that_is_named(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("1 2 3 6\n2 2 3 2\n")
    assert read_classes(path, lambda *_: None, scheme=load_scheme("asprs"), size=9).tolist() == [1, 3]


def read(path):
    parts = []
    read_shown(path, lambda _, shown: parts.append(shown), size=1000)
    return parts
