"""`bevseg apply`: the labelled clouds of a run with the corrections in, in a directory of their own."""

import json
import shutil

import numpy as np
import pytest

from bevseg.core.labels import CAR, GROUND, VEGETATION
from bevseg.io.read import read_cloud
from bevseg.report.maps_file import maps_path, read_maps
from bevseg.review.edits import EDITS
from bevseg.review.run_outputs import REPORT, REVIEW, RunOutputs
from tests import tiny
from tests.cli.invoke import bevseg, left_behind
from tests.review.results import results


@pytest.fixture(scope="module")
def labelled_streets(tiny_model, tmp_path_factory):
    """Two streets as text and one as LAZ, and a run of them."""
    folder = tmp_path_factory.mktemp("apply")
    (folder / "scans").mkdir()
    for seed, name in enumerate("ab"):
        tiny.write_street(folder / "scans" / f"{name}.txt", seed)
    assert bevseg("run", folder / "scans" / "b.txt", "-o", folder / "c.laz", "-m", tiny_model).exit_code == 0
    (folder / "c.laz").rename(folder / "scans" / "c.laz")
    result = bevseg("run", folder / "scans", "-o", folder / "out", "-m", tiny_model)
    assert result.exit_code == 0, result.stderr
    return folder


@pytest.fixture
def streets_run(labelled_streets, tmp_path):
    """A copy of that run whose list of edits may grow."""
    shutil.copytree(labelled_streets / "out", tmp_path / "out")
    return tmp_path / "out"


def correct(out, **said):
    """Add an edit for each cloud: (indices, label)."""
    edits = RunOutputs.open(out).edits()
    for name, (indices, label) in said.items():
        edits.add({name: np.array(indices)}, label, "lasso")
    return edits


def test_corrected_clouds_stand_beside_copies_and_a_report(labelled_streets, streets_run, tmp_path):
    correct(streets_run, a=(range(50), CAR), c=(range(10, 20), VEGETATION))
    result = bevseg("apply", streets_run, "-o", tmp_path / "corrected")
    assert result.exit_code == 0, result.stderr
    assert left_behind(tmp_path / "corrected") == [REVIEW, "a.txt", "b.txt", "c.laz", "c.qml", REPORT]
    for name in ("b.txt", "c.qml", f"{REVIEW}/maps/b.safetensors"):
        assert (tmp_path / "corrected" / name).read_bytes() == (streets_run / name).read_bytes()
    assert (read_cloud(tmp_path / "corrected" / "a.txt").labels[:50] == CAR).all()
    assert (read_cloud(tmp_path / "corrected" / "c.laz").labels[10:20] == VEGETATION).all()
    assert bevseg("verify", labelled_streets / "scans", tmp_path / "corrected").exit_code == 0
    assert "b: no corrections, copied" in result.stdout


def test_the_report_of_corrected_clouds_scores_what_stands_in_them(streets_run, tmp_path):
    truth = RunOutputs.open(streets_run).cloud("a").read_truth()
    edits = RunOutputs.open(streets_run).edits()
    for label in np.unique(truth).tolist():
        edits.add({"a": np.flatnonzero(truth == label)}, label, "lasso")
    assert bevseg("apply", streets_run, "-o", tmp_path / "corrected").exit_code == 0
    before, after = (
        json.loads((path / REPORT).read_text()) for path in (streets_run, tmp_path / "corrected")
    )
    assert before["clouds"]["a"]["scores"]["miou"] < 1
    assert after["clouds"]["a"]["scores"]["miou"] == 1
    assert after["clouds"]["b"]["scores"] == before["clouds"]["b"]["scores"]
    assert before["scores"]["miou"] < after["scores"]["miou"] < 1
    assert after["corrected"]["points"] == len(truth)
    assert RunOutputs.open(tmp_path / "corrected").cloud("a").sha256 == after["clouds"]["a"]["output_sha256"]


def test_the_maps_of_corrected_clouds_show_the_corrections(streets_run, tmp_path):
    points = {name: RunOutputs.open(streets_run).cloud(name).facts["points"] for name in "ac"}
    correct(streets_run, a=(range(points["a"]), None), c=(range(points["c"]), VEGETATION))
    assert bevseg("apply", streets_run, "-o", tmp_path / "to").exit_code == 0
    for name in "ac":
        before, after = (read_maps(maps_path(out, name)) for out in (streets_run, tmp_path / "to"))
        shown = before.classes > 0
        if name == "a":
            np.testing.assert_array_equal(after.classes, before.classes)
        # The others are cells between points of the ground, and a few whose points all became ground.
        assert (after.classes[shown] == VEGETATION).mean() > 0.85 or name == "a"
        assert (after.confidence[shown] == 255).mean() > 0.85
        assert (after.reasons[shown] == 0).mean() > 0.85
        assert abs(after.heights.sum() - before.heights.sum()) < 0.01 * points[name]
        assert name == "a" or after.heights.sum() == after.heights[VEGETATION].sum()
    assert bevseg("report", tmp_path / "to").exit_code == 0


def test_maps_that_are_damaged_are_left_out_with_a_warning(streets_run, tmp_path):
    correct(streets_run, a=([0], CAR))
    maps_path(streets_run, "a").write_bytes(b"no maps")
    result = bevseg("apply", streets_run, "-o", tmp_path / "to")
    assert result.exit_code == 0
    assert "maps of a cloud cannot be read" in result.stderr
    assert not maps_path(tmp_path / "to", "a").exists()
    assert json.loads((tmp_path / "to" / REPORT).read_text())["clouds"]["a"]["outputs"]["maps"] is None


def test_an_undo_restores_every_byte(streets_run, tmp_path):
    edits = correct(streets_run, a=([1, 2], CAR), c=([5], CAR))
    assert bevseg("apply", streets_run, "-o", tmp_path / "one").exit_code == 0
    edits.add({"a": np.arange(99), "c": np.arange(99)}, GROUND, "brush")
    assert bevseg("apply", streets_run, "-o", tmp_path / "two").exit_code == 0
    edits.undo()
    assert bevseg("apply", streets_run, "-o", tmp_path / "three").exit_code == 0
    for name in ("a.txt", "c.laz"):
        one, two, three = ((tmp_path / each / name).read_bytes() for each in ("one", "two", "three"))
        assert one == three != two
    edits.undo()
    edits.undo()
    result = bevseg("apply", streets_run, "-o", tmp_path / "none")
    assert "no correction is in force" in result.stderr
    for name in ("a.txt", "b.txt", "c.laz"):
        assert (tmp_path / "none" / name).read_bytes() == (streets_run / name).read_bytes()


def test_only_edited_clouds_are_written_on_request(tmp_path):
    out = results(tmp_path, "a.laz", "north/b.ply").folder
    correct(out, **{"north/b": ([0], CAR)})
    assert bevseg("apply", out, "-o", tmp_path / "to", "--only-edited").exit_code == 0
    assert left_behind(tmp_path / "to") == ["north", REPORT]
    assert left_behind(tmp_path / "to" / "north") == ["b.ply"]
    assert [cloud.name for cloud in RunOutputs.open(tmp_path / "to").clouds] == ["north/b"]


def test_a_cloud_that_changed_since_it_was_corrected_is_refused(tmp_path):
    out = results(tmp_path, "a.txt", "b.txt").folder
    correct(out, a=([0], CAR))
    with (out / "a.txt").open("a") as file:
        file.write("\n")
    result = bevseg("apply", out, "-o", tmp_path / "to")
    assert result.exit_code == 4
    assert "'a' was corrected and has changed since" in result.stderr
    assert left_behind(tmp_path / "to") == []


def test_a_changed_cloud_without_corrections_is_copied_with_a_warning(tmp_path):
    out = results(tmp_path, "a.txt", "b.txt").folder
    correct(out, a=([0], CAR))
    with (out / "b.txt").open("a") as file:
        file.write("\n")
    result = bevseg("apply", out, "-o", tmp_path / "to")
    assert result.exit_code == 0
    assert "b.txt: not the file that the run wrote" in result.stderr


def test_a_line_that_a_killed_viewer_left_does_not_count(tmp_path):
    out = results(tmp_path, "a.txt").folder
    correct(out, a=([0], CAR))
    correct(out, a=([1], CAR))
    whole = (out / EDITS).read_bytes()
    (out / EDITS).write_bytes(whole[:-20])
    assert bevseg("apply", out, "-o", tmp_path / "to").exit_code == 0
    facts = json.loads((tmp_path / "to" / REPORT).read_text())
    assert facts["corrected"]["edits"] == facts["corrected"]["points"] == 1


def test_a_damaged_line_is_named(tmp_path):
    out = results(tmp_path, "a.txt").folder
    correct(out, a=([0], CAR))
    correct(out, a=([1], CAR))
    lines = (out / EDITS).read_bytes().splitlines(keepends=True)
    (out / EDITS).write_bytes(lines[0][:40] + b"\n" + lines[1])
    result = bevseg("apply", out, "-o", tmp_path / "to")
    assert result.exit_code == 4
    assert f"{EDITS}, line 1" in result.stderr


def test_an_index_beyond_the_cloud_is_refused(tmp_path):
    out = results(tmp_path, "a.laz").folder
    correct(out, a=([1000], CAR))
    result = bevseg("apply", out, "-o", tmp_path / "to")
    assert result.exit_code == 4
    assert "its index is 1,000, the cloud has 8 points" in result.stderr
    assert left_behind(tmp_path / "to") == []


def test_one_cloud_that_fails_does_not_stop_the_others(tmp_path):
    out = results(tmp_path, "a.laz", "b.laz").folder
    correct(out, a=([1000], CAR), b=([0], CAR))
    result = bevseg("apply", out, "-o", tmp_path / "to")
    assert result.exit_code == 3
    report = json.loads((tmp_path / "to" / REPORT).read_text())
    assert list(report["clouds"]) == ["b"]
    assert [failure["cloud"] for failure in report["failures"]] == ["a"]


def test_without_corrections_there_is_nothing_to_apply(tmp_path):
    out = results(tmp_path, "a.laz").folder
    result = bevseg("apply", out, "-o", tmp_path / "to")
    assert result.exit_code == 4
    assert "bevseg view" in result.stderr
    correct(out, a=([0], CAR)).undo()
    assert bevseg("apply", out, "-o", tmp_path / "to", "--only-edited").exit_code == 4


def test_neither_labelled_clouds_nor_their_sources_are_replaced(tmp_path):
    out = results(tmp_path, "a.las").folder
    correct(out, a=([0], CAR))
    before = {path: path.read_bytes() for path in (out / "a.las", tmp_path / "scans" / "a.las")}
    for target in (out, out / "..", tmp_path / "scans", out / "." / ".." / "out"):
        assert bevseg("apply", out, "-o", target, "--overwrite").exit_code in (0, 2)
    assert {path: path.read_bytes() for path in before} == before


def test_a_source_is_known_by_its_content_wherever_the_command_is_called(tmp_path):
    out = results(tmp_path, "a.las").folder
    correct(out, a=([0], CAR))
    table = json.loads((out / REPORT).read_text())
    table["clouds"]["a"]["source"] = "scans/a.las"  # from a folder that is not the present one
    (out / REPORT).write_text(json.dumps(table))
    result = bevseg("apply", out, "-o", tmp_path / "scans", "--overwrite")
    assert result.exit_code == 2
    assert "would replace the scan" in result.stderr


def test_outputs_are_replaced_on_request_alone(tmp_path):
    out = results(tmp_path, "a.laz").folder
    edits = correct(out, a=([0], CAR))
    assert bevseg("apply", out, "-o", tmp_path / "to").exit_code == 0
    edits.add({"a": np.array([1])}, CAR, "lasso")
    assert bevseg("apply", out, "-o", tmp_path / "to").exit_code == 6
    assert bevseg("apply", out, "-o", tmp_path / "to", "--overwrite").exit_code == 0
    assert (read_cloud(tmp_path / "to" / "a.laz").labels[:2] == CAR).all()


def test_a_directory_that_no_run_wrote_is_refused(tmp_path):
    result = bevseg("apply", tmp_path, "-o", tmp_path / "to")
    assert result.exit_code == 4
    assert "no report.json" in result.stderr
