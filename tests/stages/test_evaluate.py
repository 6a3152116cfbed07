"""`bevseg evaluate`: scores of labelled clouds against the truth."""

import json

import numpy as np
import pytest

from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.io.write import write_cloud
from tests import tiny
from tests.cli.invoke import bevseg, left_behind

XYZ = np.arange(18.0).reshape(6, 3)
TRUTH = np.array([1, 1, 2, 3, 5, 0], np.uint8)
FOUND = np.array([1, 2, 2, 3, 0, 4], np.uint8)
"""One building called car, one vegetation not assigned; the last point has no truth and does not count."""


@pytest.fixture
def places(tmp_path):
    """Folders with a labelled cloud and its truth."""
    for name, labels in (("out", FOUND), ("truth", TRUTH)):
        (tmp_path / name).mkdir()
        tiny.write_text(tmp_path / name / "a.txt", XYZ, labels)
    return tmp_path


def test_scores_by_hand(places):
    result = bevseg("evaluate", places / "out", places / "truth", "--json", places / "scores.json")
    assert result.exit_code == 0, result.stderr
    scores = json.loads((places / "scores.json").read_text())
    assert scores["iou"] == {"building": 1 / 2, "car": 1 / 2, "ground": 1.0, "pole": None, "vegetation": 0.0}
    assert scores["miou"] == scores["miou_4"] == 0.5
    assert scores["accuracy"] == 3 / 5
    assert scores["unassigned"] == 1 / 5
    assert scores["absent"] == ["pole"]
    assert scores["recall"]["building"] == 0.5
    assert scores["precision"]["car"] == 0.5
    assert scores["points"] == 5


def test_the_table_and_the_matrix_are_on_stdout(places):
    result = bevseg("evaluate", places / "out", places / "truth")
    table, matrix = result.stdout.split("\n\n")
    assert [line.split() for line in table.splitlines() if line.startswith("building")] == [
        ["building", "50.0", "100.0", "50.0"]
    ]
    assert "left out of the means: pole" in table
    assert matrix.splitlines()[0].split() == [
        "truth",
        "unassigned",
        "building",
        "car",
        "ground",
        "pole",
        "vegetation",
    ]
    assert matrix.splitlines()[-1].split() == ["vegetation", "1", "0", "0", "0", "0", "0"]


def test_clouds_are_pooled_not_averaged(places):
    for name in ("out", "truth"):
        tiny.write_text(places / name / "b.txt", XYZ[:1], np.array([2], np.uint8))
    result = bevseg("evaluate", places / "out", places / "truth", "--json", places / "scores.json")
    assert result.exit_code == 0
    scores = json.loads((places / "scores.json").read_text())
    assert scores["iou"]["car"] == 2 / 3
    assert scores["clouds"]["b"]["iou"]["car"] == 1.0


@pytest.mark.parametrize("suffix", ["las", "laz", "ply", "pcd", "txt"])
def test_confidences_are_scored_in_every_format_that_holds_them(tmp_path, suffix):
    truth = tiny.write_text(tmp_path / "truth.txt", XYZ, TRUTH)
    labelled = tmp_path / f"labelled.{suffix}"
    sure = np.array([255, 0, 255, 255, 102, 9], np.uint8)
    write_cloud(PointCloud.from_xyz(XYZ), PointLabels(FOUND, sure), labelled)
    result = bevseg("evaluate", labelled, truth, "--json", tmp_path / "scores.json")
    assert result.exit_code == 0, result.stderr
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores["ece"] == pytest.approx(0.4 / 5)  # one error of five is claimed to be right with 0.4
    assert scores["errors_of_least_confident"] == pytest.approx(0.25)  # half a point, of two errors
    assert scores["clouds"]["labelled"]["errors_of_least_confident"] == scores["errors_of_least_confident"]
    assert "off by 8.0 in the mean" in result.stdout


def test_clouds_without_confidences_have_no_scores_of_them(places):
    result = bevseg("evaluate", places / "out", places / "truth", "--json", places / "scores.json")
    assert json.loads((places / "scores.json").read_text())["ece"] is None
    assert "confidence" not in result.stdout


def test_files_of_a_run_beside_the_clouds_do_not_matter(places):
    (places / "out" / "history.csv").write_text("1,2,3\n4,5,6\n")
    (places / "out" / "report.json").write_text("{}")
    assert bevseg("evaluate", places / "out", places / "truth").exit_code == 0


def test_two_files_need_not_share_their_stem(places):
    (places / "out" / "a.txt").rename(places / "out" / "x.txt")
    result = bevseg("evaluate", places / "out" / "x.txt", places / "truth" / "a.txt")
    assert result.exit_code == 0


def test_clouds_of_the_truth_without_a_labelled_one_are_named(places):
    tiny.write_text(places / "truth" / "lonely.txt", XYZ, TRUTH)
    result = bevseg("evaluate", places / "out", places / "truth")
    assert result.exit_code == 0
    assert "lonely" in result.stderr


def test_nothing_in_common_is_bad_input(places):
    (places / "out" / "a.txt").rename(places / "out" / "x.txt")
    result = bevseg("evaluate", places / "out", places / "truth")
    assert result.exit_code == 4
    assert "No labelled cloud has a truth of the same name" in result.stderr


def test_other_points_are_bad_input(places):
    tiny.write_text(places / "truth" / "a.txt", XYZ[:4], TRUTH[:4])
    result = bevseg("evaluate", places / "out", places / "truth", "--json", places / "scores.json")
    assert result.exit_code == 4
    assert "6 predicted labels, 4 true labels" in result.stderr
    assert not (places / "scores.json").exists()


def test_a_truth_without_labels_is_bad_input(places):
    tiny.write_text(places / "truth" / "a.txt", XYZ)
    result = bevseg("evaluate", places / "out", places / "truth")
    assert result.exit_code == 4
    assert "--classes" in result.stderr


def test_codes_that_a_strict_scheme_does_not_know_are_an_error(places):
    text = 'name = "own"\nstrict = true\n[[classes]]\ncode = 1\nname = "house"\ntrain = "building"\n'
    (places / "own.toml").write_text(text)
    for name in ("out", "truth"):
        cloud = places / name / "a.txt"
        cloud.write_text("x y z class\n" + cloud.read_text())
    result = bevseg("evaluate", places / "out", places / "truth", "--classes", places / "own.toml")
    assert result.exit_code == 4
    assert "Unknown class codes" in result.stderr


def test_scores_are_not_written_over(places):
    (places / "scores.json").write_text("mine")
    arguments = [places / "out", places / "truth", "--json", places / "scores.json"]
    assert bevseg("evaluate", *arguments).exit_code == 6
    assert (places / "scores.json").read_text() == "mine"
    assert bevseg("evaluate", *arguments, "--overwrite").exit_code == 0


@pytest.mark.slow
def test_a_run_evaluates_as_it_reports(streets, tiny_model, tmp_path):
    assert bevseg("run", streets, "-o", tmp_path / "out", "-m", tiny_model).exit_code == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    result = bevseg("evaluate", tmp_path / "out", streets, "--json", tmp_path / "scores.json")
    assert result.exit_code == 0, result.stderr
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores["confusion"] == report["scores"]["confusion"]
    assert left_behind(tmp_path) == ["out", "scores.json"]
