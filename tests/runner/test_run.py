"""`bevseg run`: from a directory of clouds to labelled clouds, pictures, a report and a model."""

import dataclasses
import json

import laspy
import numpy as np
import pytest
from PIL import Image

from bevseg.io.read import read_cloud
from bevseg.report.page_names import PAGE, VIEWER
from bevseg.review.run_outputs import REVIEW
from bevseg.runner import passes
from bevseg.runner.request import RunRequest
from bevseg.runtime.batch import BatchResult
from bevseg.runtime.processes import local
from bevseg.runtime.progress import silent
from bevseg.survey.scratch import Scratch
from bevseg.workdir.facts import sha256
from tests import tiny
from tests.cli.invoke import bevseg, left_behind


@pytest.fixture(scope="module")
def trained(streets, tmp_path_factory):
    """A run that trains on three streets and labels one that it has not seen and one that it has."""
    folder = tmp_path_factory.mktemp("trained")
    tiny.write_street(folder / "new.txt", seed=9)
    (folder / "tiny.toml").write_text(tiny.TOML)
    arguments = [folder / "new.txt", streets / "a.txt", "-o", folder / "out", "--train-on", streets]
    result = bevseg("run", *arguments, "--config", folder / "tiny.toml", "--val", "b")
    assert result.exit_code == 0, result.stderr
    return folder, result


def test_everything_lies_in_the_output_directory(trained):
    folder, _ = trained
    names = [
        "a.png",
        "a.txt",
        "history.csv",
        "model.safetensors",
        "new.png",
        "new.txt",
        PAGE,
        "report.json",
        VIEWER,
    ]
    assert left_behind(folder / "out") == [REVIEW, *names]


def test_the_files_are_listed_on_stderr_and_the_scores_on_stdout(trained):
    folder, result = trained
    listed = result.stderr[result.stderr.index("written:") :].split()[1:]
    shown = [path for path in (folder / "out").iterdir() if path.name != REVIEW]
    assert sorted(listed) == sorted(map(str, shown))
    for word in ("building", "car", "ground", "pole", "vegetation", "mIoU", "mIoU-4", "oracle"):
        assert word in result.stdout
    assert "written" not in result.stdout


def test_only_clouds_never_trained_on_are_scored(trained):
    folder, result = trained
    report = json.loads((folder / "out" / "report.json").read_text())
    assert report["scored"] == ["new"]
    assert {stem: cloud["role"] for stem, cloud in report["clouds"].items()} == {
        "a": "training",
        "new": "unseen",
    }
    assert report["scores"]["points"] == report["clouds"]["new"]["points"]
    assert "1 labelled cloud, never trained on" in result.stdout


def test_the_report_tells_how_it_came_about(trained):
    report = json.loads((trained[0] / "out" / "report.json").read_text())
    assert report["settings"]["train"]["steps"] == 4
    assert report["seed"] == 0
    assert report["device"] in ("cpu", "cuda")
    assert {"bevseg", "torch", "python"} <= report["versions"].keys()
    assert report["training"]["trained_on"] == ["a", "c"]
    assert report["training"]["validation"]["clouds"] == ["b"]
    stages = ["read", "ground", "rasterize", "predict", "backproject", "score", "picture", "write"]
    assert list(report["clouds"]["new"]["seconds"]) == stages
    assert all(rate > 0 for rate in report["speed"]["points_per_second"].values())
    assert report["failures"] == []


def test_the_oracle_is_the_ceiling(trained):
    report = json.loads((trained[0] / "out" / "report.json").read_text())
    assert report["oracle"]["miou"] > 0.9
    assert report["scores"]["miou"] <= report["oracle"]["miou"]


def test_the_picture_is_a_picture(trained):
    with Image.open(trained[0] / "out" / "new.png") as image:
        assert image.format == "PNG"
        assert min(image.size) > 300


def test_the_history_has_a_row_per_look_and_slice(trained):
    lines = (trained[0] / "out" / "history.csv").read_text().splitlines()
    assert lines[0].startswith("slice,step,loss")
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["low", "2"],
        ["low", "4"],
        ["high", "2"],
        ["high", "4"],
    ]


def test_points_keep_their_number_and_order(trained):
    folder, _ = trained
    before, after = read_cloud(folder / "new.txt"), read_cloud(folder / "out" / "new.txt")
    np.testing.assert_array_equal(after.xyz, before.xyz)


@pytest.mark.slow
def test_labels_of_the_input_play_no_part(tiny_model, tmp_path):
    cloud = tiny.thin_street("s", seed=3)
    tiny.write_text(tmp_path / "labelled.txt", cloud.xyz, cloud.labels)
    tiny.write_text(tmp_path / "wrong.txt", cloud.xyz, 5 - cloud.labels)
    tiny.write_text(tmp_path / "bare.txt", cloud.xyz)
    result = bevseg("run", tmp_path, "-o", tmp_path / "out", "-m", tiny_model, "--format", "laz", "--apart")
    assert result.exit_code == 0, result.stderr
    first, second, third = (
        np.asarray(laspy.read(tmp_path / "out" / f"{name}.laz").classification)
        for name in ("labelled", "wrong", "bare")
    )
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, third)
    assert set(np.unique(first)) <= {1, 2, 5, 6, 64, 65}


def test_an_unlabelled_cloud_gets_no_scores(tiny_model, tmp_path):
    tiny.write_text(tmp_path / "bare.txt", tiny.thin_street("s").xyz)
    result = bevseg("run", tmp_path / "bare.txt", "-o", tmp_path / "out", "-m", tiny_model)
    assert result.exit_code == 0
    assert result.stdout.strip() == ""
    assert json.loads((tmp_path / "out" / "report.json").read_text())["scores"] is None


def test_out_classes_in_any_format(tiny_model, streets, tmp_path):
    options = ("-m", tiny_model, "--out-classes", "shrec20", "--format", "laz")
    result = bevseg("run", streets / "a.txt", "-o", tmp_path, *options)
    assert result.exit_code == 0
    assert np.asarray(laspy.read(tmp_path / "a.laz").classification).max() <= 5


def test_what_is_no_cloud_is_passed_over_and_listed(tiny_model, streets, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_bytes((streets / "a.txt").read_bytes())
    (folder / "README.md").write_text("# Scans\nof a street\n")
    result = bevseg("run", folder, "-o", tmp_path / "out", "-m", tiny_model)
    assert result.exit_code == 0
    assert "skipped: " in result.stderr
    assert "README.md" in result.stderr
    assert json.loads((tmp_path / "out" / "report.json").read_text())["passed_over"] == [
        str(folder / "README.md")
    ]


def test_processes_share_memory(tiny_model, streets, tmp_path, monkeypatch):
    seen = []

    class Seen(passes.Passes):
        def label(self, *rest):
            seen.append(self)
            return BatchResult()

    monkeypatch.setattr(passes, "Passes", Seen)
    options = ("-m", tiny_model, "--jobs", 3, "--max-memory", "6GiB")
    assert bevseg("run", streets, "-o", tmp_path, *options).exit_code == 0
    assert seen[0].jobs.most == 3
    assert seen[0].start.args == (2 << 30, {})


def test_a_worker_of_a_cluster_has_its_own_memory(tiny_model, tmp_path):
    request = RunRequest((tmp_path,), tmp_path, cluster="tcp://head:8786")
    conditions, place = {"model": "a model", "looks": {}}, Scratch(tmp_path)
    for most in (None, 6 << 30):
        asked = dataclasses.replace(request, max_memory=most)
        found = passes._passes(
            asked, [], tiny.SETTINGS, "cpu", tiny_model, conditions, place, local(1), None, silent
        )
        assert found.start.args[0] == most


def test_the_report_says_what_was_done_where_and_to_which_file(tiny_model, streets, tmp_path):
    tiny.write_text(tmp_path / "odd.txt", tiny.thin_street("s").xyz, np.full(10958, 7, np.uint8))
    result = bevseg("run", tmp_path / "odd.txt", "-o", tmp_path / "out", "-m", tiny_model)
    assert result.exit_code == 0, result.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["date"].endswith("+00:00")
    assert report["command"][0] == "bevseg"
    assert "train" not in report["settings"]
    assert {"ground", "slices", "raster", "net"} <= report["settings"].keys()
    cloud = report["clouds"]["odd"]
    assert cloud["outputs"] == {
        "cloud": str(tmp_path / "out" / "odd.txt"),
        "picture": str(tmp_path / "out" / "odd.png"),
        "style": None,
        "maps": str(tmp_path / "out" / REVIEW / "maps" / "odd.safetensors"),
    }
    assert cloud["sha256"] == sha256(tmp_path / "odd.txt")
    assert cloud["output_sha256"] == sha256(tmp_path / "out" / "odd.txt")
    assert [("holds 7, which is no code of shrec20" in text) for text in cloud["warnings"]] == [True]
    assert "warning: " + cloud["warnings"][0] in result.stderr
    assert cloud["ground"]["method"] in ("flat-zones", "smrf")
    assert cloud["ground"]["why"]
    assert cloud["crs"] is None
    assert cloud["bounds_m"]["x"] == pytest.approx([0.05, 19.95])
    assert 300 < cloud["area_m2"] <= 400
    assert cloud["points_per_m2"] == pytest.approx(10958 / cloud["area_m2"], abs=0.01)
