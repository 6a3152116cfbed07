"""Edits -> corrected clouds: nothing but what a person said changes, in every format."""

import laspy
import numpy as np
import pytest

from bevseg.core.labels import BUILDING, CAR, GROUND, POLE, VEGETATION
from bevseg.core.pointcloud import PointLabels
from bevseg.errors import InputError, LabelError
from bevseg.io import correct
from bevseg.io.compare.files import compare
from bevseg.io.fields import CONFIDENCE, PROBABILITIES, REASON, written_by_bevseg
from bevseg.io.read import read_with_codes
from bevseg.io.write import scheme_written, write_cloud
from bevseg.review.apply import apply_edits
from tests.cli.invoke import left_behind
from tests.review.results import CLASSES, results

ENDINGS = ["las", "laz", "copc.laz", "ply", "pcd", "txt", "txt.gz", "csv"]
formats = pytest.mark.parametrize("ending", ENDINGS)
point_formats = pytest.mark.parametrize("point_format", [1, 6])


def corrected(outputs, edits, target, **options):
    return apply_edits(outputs.clouds[0], edits, target, **options)


@formats
@point_formats
def test_edits_that_are_undone_leave_every_byte(tmp_path, ending, point_format):
    outputs = results(tmp_path, f"a.{ending}", point_format=point_format, keep=ending != "csv")
    edits = outputs.edits()
    edits.add({"a": np.arange(5)}, CAR, "lasso")
    edits.undo()
    target = tmp_path / f"b.{ending}"
    corrected(outputs, edits, target)
    assert target.read_bytes() == outputs.clouds[0].path.read_bytes()


@formats
@point_formats
def test_points_get_the_class_that_a_person_said_and_no_others(tmp_path, ending, point_format):
    outputs = results(tmp_path, f"a.{ending}", point_format=point_format, probabilities=True)
    edits = outputs.edits()
    edits.add({"a": np.array([0, 1, 2])}, VEGETATION, "lasso")
    edits.add({"a": np.array([1])}, 0, "brush")
    edits.add({"a": np.array([7])}, None, "piece")
    target = tmp_path / f"b.{ending}"
    corrected(outputs, edits, target)
    cloud, _ = read_with_codes(target)
    np.testing.assert_array_equal(cloud.labels, [VEGETATION, 0, VEGETATION, *CLASSES[3:]])
    confidence, reasons = (written_by_bevseg(cloud.source, name) for name in (CONFIDENCE, REASON))
    np.testing.assert_array_equal(confidence, [255, 0, 255, 43, 44, 45, 0, 255])
    np.testing.assert_array_equal(reasons, [0, 0, 0, 2, 2, 2, 0, 0])
    shares = np.stack([written_by_bevseg(cloud.source, name) for name in PROBABILITIES])
    expected = np.full((5, 8), 17)
    expected[:, [0, 1, 2, 7]] = 0
    expected[VEGETATION - 1, [0, 2]] = expected[POLE - 1, 7] = 255
    np.testing.assert_array_equal(shares, expected)


@formats
@point_formats
def test_a_corrected_cloud_is_its_source_with_new_labels(tmp_path, ending, point_format):
    outputs = results(tmp_path, f"a.{ending}", point_format=point_format)
    edits = outputs.edits()
    edits.add({"a": np.arange(6)}, BUILDING, "lasso")
    target = tmp_path / f"b.{ending}"
    corrected(outputs, edits, target)
    assert compare(outputs.clouds[0].source, target) is None


@pytest.mark.parametrize("batch", [3, 1_000_000])
@pytest.mark.parametrize("ending", ["las", "laz", "copc.laz"])
def test_points_of_las_that_nobody_spoke_about_keep_all_bytes(tmp_path, monkeypatch, ending, batch):
    monkeypatch.setattr(correct, "BATCH", batch)
    outputs = results(tmp_path, f"a.{ending}", keep=True)
    edits = outputs.edits()
    edits.add({"a": np.array([2, 5])}, CAR, "lasso")
    target = tmp_path / f"b.{ending}"
    corrected(outputs, edits, target)
    before, after = (laspy.read(path).points.array for path in (outputs.clouds[0].path, target))
    np.testing.assert_array_equal(np.flatnonzero(before != after), [2, 5])
    np.testing.assert_array_equal(after["classification"][[2, 5]], 64)


def test_a_point_that_has_the_class_already_keeps_its_code(tmp_path):
    outputs = results(tmp_path, "a.laz", keep=True)
    edits = outputs.edits()
    edits.add({"a": np.array([3])}, VEGETATION, "lasso")  # its code is 3, and vegetation is written as 5
    edits.add({"a": np.array([4, 6])}, None, "lasso")  # water
    corrected(outputs, edits, tmp_path / "b.laz")
    codes = laspy.read(tmp_path / "b.laz").classification
    np.testing.assert_array_equal(codes[[3, 4, 6]], [3, 9, 9])


@pytest.mark.parametrize("ending", ["laz", "ply", "txt"])
def test_a_cloud_without_confidences_gets_none(tmp_path, ending):
    outputs = results(tmp_path, f"a.{ending}", confidence=False)
    edits = outputs.edits()
    edits.add({"a": np.array([5])}, CAR, "lasso")
    corrected(outputs, edits, tmp_path / f"b.{ending}")
    cloud, _ = read_with_codes(tmp_path / f"b.{ending}")
    assert written_by_bevseg(cloud.source, CONFIDENCE) is None
    np.testing.assert_array_equal(written_by_bevseg(cloud.source, REASON), [2, 2, 2, 2, 2, 0, 0, 2])


def test_what_was_corrected_is_counted(tmp_path):
    outputs = results(tmp_path, "a.laz")
    edits = outputs.edits()
    edits.add({"a": np.array([1, 4, 5, 7])}, GROUND, "lasso")
    facts, _ = corrected(outputs, edits, tmp_path / "b.laz")
    assert facts["corrections"] == {
        "points": 4,
        "confirmed": 2,
        "changed": {"building": {"ground": 1}, "pole": {"ground": 1}},
    }
    assert facts["classes"]["ground"] == 4
    assert facts["scores"] is None


@pytest.mark.parametrize("ending", ["laz", "ply"])
def test_an_index_beyond_the_cloud_is_refused_and_nothing_is_written(tmp_path, ending):
    outputs = results(tmp_path, f"a.{ending}")
    edits = outputs.edits()
    edits.add({"a": np.array([3, len(CLASSES)])}, CAR, "lasso")
    with pytest.raises(InputError, match="does not have"):
        corrected(outputs, edits, tmp_path / "to" / f"b.{ending}")
    assert left_behind(tmp_path / "to") == []


def test_a_point_without_coordinates_stays_without_a_class(tmp_path):
    outputs = results(tmp_path, "a.txt")
    path = outputs.clouds[0].path
    path.write_text(path.read_text().replace("0.000 0.000 100.000", "nan nan nan", 1))
    edits = outputs.edits()
    edits.add({"a": np.array([0, 5])}, VEGETATION, "lasso")
    corrected(outputs, edits, tmp_path / "b.txt")
    cloud, _ = read_with_codes(tmp_path / "b.txt")
    np.testing.assert_array_equal(cloud.labels[[0, 5]], [0, VEGETATION])
    np.testing.assert_array_equal(written_by_bevseg(cloud.source, CONFIDENCE)[[0, 5]], [40, 255])


def test_codes_of_an_unknown_scheme_are_refused_with_the_option_to_name_it(tmp_path):
    outputs = results(tmp_path, "a.ply")
    path = outputs.clouds[0].path
    path.write_bytes(path.read_bytes().replace(b"shrec20", b"my_town"))
    edits = outputs.edits()
    edits.add({"a": np.array([3])}, CAR, "lasso")
    with pytest.raises(LabelError) as error:
        corrected(outputs, edits, tmp_path / "b.ply")
    assert "--classes" in str(error.value)


REAL = {
    "ign_lidarhd/test_data_77050_627760_LA93_IGN69.laz": "laz",
    "lille_street_unlabelled/Lille_street_small.ply": "ply",
    "isprs_filtertest/samp12-utm-ground.pcd": "pcd",
    "semantickitti_frames/kitti_01_points_000000.npy": "copc.laz",
}


@pytest.mark.filterwarnings("ignore:.*32-bit floats")
@pytest.mark.parametrize(("name", "ending"), REAL.items(), ids=REAL.values())
def test_of_real_clouds_all_points_that_nobody_spoke_about_stay(shared_data, tmp_path, name, ending):
    source, (labelled, copy, target) = shared_data / name, (tmp_path / f"{n}.{ending}" for n in "abc")
    cloud, _ = read_with_codes(source)
    rng = np.random.default_rng(0)
    classes = rng.integers(1, 6, len(cloud)).astype(np.uint8)
    labels = PointLabels(classes, np.full(len(cloud), 99, np.uint8), reasons=np.ones(len(cloud), np.uint8))
    write_cloud(cloud, labels, labelled, scheme=scheme_written(labelled))
    mask = rng.random(len(cloud)) < 0.001
    correct.correct_file(labelled, lambda old: (old, np.zeros(len(old), bool)), copy)
    assert copy.read_bytes() == labelled.read_bytes()
    found = correct.correct_file(labelled, lambda old: (np.where(mask, np.uint8(CAR), old), mask), target)
    assert compare(source, target) is None
    np.testing.assert_array_equal(read_with_codes(target)[0].labels, found.after)
    assert (found.after[mask] == CAR).all()
    np.testing.assert_array_equal(found.after[~mask], read_with_codes(labelled)[0].labels[~mask])
