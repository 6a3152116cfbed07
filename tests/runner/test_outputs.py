"""Where a run writes: a file of the format of its input, the one that is asked for, or a single file."""

import json

import laspy
import numpy as np
import pytest

from bevseg.config import RunConfig
from bevseg.io.find import CloudFile
from bevseg.report.page_names import PAGE, VIEWER
from bevseg.review.run_outputs import REVIEW
from bevseg.runner.conditions import conditions_of
from bevseg.runner.outputs import Outputs
from bevseg.runner.request import RunRequest
from tests import tiny
from tests.cli.invoke import bevseg, left_behind


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("a.laz", "a.laz"),
        ("a.las", "a.las"),
        ("a.LAS", "a.las"),
        ("a.ply", "a.ply"),
        ("a.txt", "a.txt"),
        ("a.xyz", "a.xyz"),
        ("a.csv", "a.csv"),
        ("a.txt.gz", "a.laz"),
    ],
)
def test_a_file_comes_back_in_its_own_format(source, written, tmp_path):
    file = CloudFile(tmp_path / source, "a")
    request = RunRequest((file.path,), tmp_path / "out", run_config=RunConfig())
    style = (tmp_path / "out" / "a.qml",) if written.endswith(("las", "laz")) else ()
    paths = (tmp_path / "out" / written, tmp_path / "out" / "a.png", *style)
    maps = tmp_path / "out" / REVIEW / "maps" / "a.safetensors"
    assert Outputs.of(file, request).shown() == paths
    assert set(Outputs.of(file, request).paths()) == {*paths, maps}


def test_one_format_for_all(tiny_model, streets, tmp_path):
    options = ("-m", tiny_model, "--format", "ply")
    result = bevseg("run", streets / "a.txt", streets / "b.txt", "-o", tmp_path, *options)
    assert result.exit_code == 0, result.stderr
    assert left_behind(tmp_path) == [REVIEW, "a.ply", "a.png", "b.ply", "b.png", PAGE, "report.json", VIEWER]


def test_a_single_file_is_all_that_is_written(tiny_model, streets, tmp_path):
    result = bevseg("run", streets / "a.txt", "-o", tmp_path / "b.laz", "-m", tiny_model)
    assert result.exit_code == 0, result.stderr
    assert left_behind(tmp_path) == ["b.laz"]
    points = len((streets / "a.txt").read_text().splitlines())
    assert laspy.read(tmp_path / "b.laz").header.point_count == points
    again = bevseg("run", streets / "a.txt", "-o", tmp_path / "b.laz", "-m", tiny_model)
    assert again.exit_code == 6
    assert bevseg("run", streets / "a.txt", "-o", tmp_path / "b.laz", "--overwrite").exit_code == 0


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("{in}/a.txt", "{in}/b.txt"), "there are 2 clouds"),
        (("{in}/a.txt", "--train-on", "{in}"), "a training writes a model"),
        (("{in}/a.txt", "--format", "las"), "Two formats"),
    ],
)
def test_a_single_file_cannot_hold_all(options, word, streets, tmp_path):
    arguments = [option.format(**{"in": streets}) for option in options]
    result = bevseg("run", *arguments, "-o", tmp_path / "out.laz")
    assert result.exit_code == 2
    assert word in result.stderr
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
@pytest.mark.parametrize("options", [("--rasters",), ("--part", "1/2")])
def test_a_single_file_holds_neither_rasters_nor_parts(options, dry, tiny_model, streets, tmp_path):
    result = bevseg("run", streets / "a.txt", "-o", tmp_path / "out.laz", "-m", tiny_model, *options, *dry)
    assert result.exit_code == 2
    assert left_behind(tmp_path) == []


def test_rasters_of_no_run_are_not_replaced(tiny_model, streets, tmp_path):
    (tmp_path / "classes.tif").write_text("of somebody else")
    result = bevseg("run", streets / "a.txt", "-o", tmp_path, "-m", tiny_model, "--rasters")
    assert result.exit_code == 6
    assert left_behind(tmp_path) == ["classes.tif"]


def test_where_the_file_of_a_scheme_lies_is_no_condition(tmp_path, monkeypatch):
    (tmp_path / "mine.toml").write_text("of mine")
    monkeypatch.chdir(tmp_path)
    request = RunRequest((tmp_path,), tmp_path / "out", classes="mine.toml", out_classes="shrec20")
    conditions = conditions_of(request, "a model")
    assert conditions_of(request.with_absolute_paths(), "a model") == conditions
    (tmp_path / "mine.toml").write_text("of others")
    assert conditions_of(request, "a model") != conditions


def test_a_cloud_named_like_the_report_of_a_training_is_refused(streets, tmp_path):
    (tmp_path / "history.csv").write_text("1,2,3\n4,5,6\n")
    options = ("-o", tmp_path / "out", "--train-on", streets, "--classes", "shrec20")
    result = bevseg("run", tmp_path / "history.csv", *options)
    assert result.exit_code == 2
    assert "Two outputs would have one name" in result.stderr


def test_columns_of_text_are_used_and_recorded(tiny_model, tmp_path):
    cloud = tiny.thin_street("s")
    rows = np.column_stack([cloud.xyz[:, 1], cloud.xyz[:, 0], cloud.xyz[:, 2]])
    tiny.write_text(tmp_path / "swapped.txt", rows)
    options = ("-m", tiny_model, "--columns", "y,x,z", "--work", tmp_path / "work", "--format", "laz")
    result = bevseg("run", tmp_path / "swapped.txt", "-o", tmp_path / "out", *options)
    assert result.exit_code == 0, result.stderr
    np.testing.assert_allclose(laspy.read(tmp_path / "out" / "swapped.laz").xyz, cloud.xyz, atol=0.0006)
    facts = json.loads((tmp_path / "work" / "swapped" / "cloud.json").read_text())
    assert facts["columns"] == "y,x,z"


@pytest.mark.parametrize("options", [(), ("-m", "{model}")])
def test_a_model_has_its_own_cell(options, tiny_model, streets, tmp_path):
    options = [option.format(model=tiny_model) for option in options]
    result = bevseg("run", streets / "a.txt", "-o", tmp_path / "out", "--cell", "0.5", *options)
    assert result.exit_code == 2
    assert "--cell" in result.stderr
    assert "cells of one size" in result.stderr


def test_a_training_takes_another_cell(streets, tmp_path):
    (tmp_path / "tiny.toml").write_text(tiny.TOML)
    options = ("--train-on", streets, "--config", tmp_path / "tiny.toml", "--val", "b", "--cell", "0.8")
    result = bevseg("run", streets / "a.txt", "-o", tmp_path / "out", *options)
    assert result.exit_code == 0, result.stderr
    assert json.loads((tmp_path / "out" / "report.json").read_text())["settings"]["raster"]["cell"] == 0.8
