"""The model that ships, wherever a model is asked for."""

import dataclasses
import json
import logging
import shutil

import pytest

from bevseg import weights
from bevseg.config import FINE_TUNING, TrainConfig
from bevseg.seg import checkpoint
from bevseg.training import fine_tuning, fit, prepare_example
from tests import tiny
from tests.cli.invoke import bevseg, left_behind


@pytest.fixture(autouse=True)
def shipped(tiny_model, monkeypatch):
    """A small model in the place of the one that ships."""
    monkeypatch.setattr(weights, "DEFAULT", tiny_model)
    return tiny_model


@pytest.fixture(autouse=True)
def streets_among_the_crops(monkeypatch):
    """A small street in the place of those that take seconds to simulate."""
    monkeypatch.setattr(
        fit,
        "simulated_examples",
        lambda settings, progress: [prepare_example(tiny.thin_street("s"), settings)],
    )


@pytest.fixture(scope="module")
def work(streets, tmp_path_factory):
    """A work directory with the rasters of a cloud."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "tiny.toml").write_text(tiny.TOML)
    assert bevseg("ingest", streets / "a.txt", "-o", folder / "work").exit_code == 0
    for stage in ("ground", "rasterize"):
        assert bevseg(stage, folder / "work", "--config", folder / "tiny.toml").exit_code == 0
    return folder / "work"


def test_a_run_without_a_model_takes_it_and_the_report_says_so(streets, shipped, tmp_path):
    result = bevseg("run", streets / "a.txt", "-o", tmp_path / "none", "--device", "cpu")
    assert result.exit_code == 0, result.stderr
    assert "ships with bevseg" in result.stderr
    for name, option in (("word", "default"), ("file", shipped)):
        assert bevseg("run", streets / "a.txt", "-o", tmp_path / name, "-m", option).exit_code == 0
        assert (tmp_path / name / "a.txt").read_bytes() == (tmp_path / "none" / "a.txt").read_bytes()
    model = json.loads((tmp_path / "none" / "report.json").read_text())["model"]
    assert model["name"] == "default"
    assert model["file"] == str(shipped)
    assert len(model["sha256"]) == 64


def test_the_report_tells_another_model_by_its_file(streets, shipped, tmp_path):
    shutil.copy(shipped, tmp_path / "mine.safetensors")
    arguments = ["-o", tmp_path / "out", "-m", tmp_path / "mine.safetensors"]
    assert bevseg("run", streets / "a.txt", *arguments).exit_code == 0
    assert json.loads((tmp_path / "out" / "report.json").read_text())["model"]["name"] == "mine"


@pytest.mark.parametrize("options", [[], ["-m", "default"]])
def test_predict_takes_it(work, options):
    result = bevseg("predict", work, "--overwrite", "--device", "cpu", *options)
    assert result.exit_code == 0, result.stderr
    assert (work / "a" / "low_classes.tif").exists()


def test_inspect_tells_what_it_is(shipped):
    result = bevseg("inspect", "default", "--json")
    assert json.loads(result.stdout)["file"] == str(shipped)


@pytest.mark.parametrize("command", [["run", "x", "-o", "y", "-m"], ["predict", "x", "-m"], ["inspect"]])
def test_a_file_of_that_name_is_never_passed_over_in_silence(command, tmp_path, monkeypatch, shipped):
    monkeypatch.chdir(tmp_path)
    shutil.copy(shipped, tmp_path / "default")
    result = bevseg(*command, "default")
    assert result.exit_code == 2
    assert "./default" in result.stderr
    assert left_behind(tmp_path) == ["default"]


def test_that_file_is_taken_when_it_is_named(streets, tmp_path, monkeypatch, shipped):
    monkeypatch.chdir(tmp_path)
    shutil.copy(shipped, tmp_path / "default")
    assert bevseg("run", streets / "a.txt", "-o", "out", "-m", "./default").exit_code == 0
    assert json.loads((tmp_path / "out" / "report.json").read_text())["model"]["file"] == "default"


def test_a_copy_without_it_says_what_to_do(streets, tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "DEFAULT", tmp_path / "gone.safetensors")
    for options in ([], ["-m", "default"]):
        result = bevseg("run", streets / "a.txt", "-o", tmp_path / "out", *options)
        assert result.exit_code == 4
        assert "--train-on" in result.stderr
    assert left_behind(tmp_path) == []


def fine_tuned(streets, folder, *options):
    """Train on from the model on one cloud, for a moment, and return the new model."""
    arguments = ["--train-on", streets / "b.txt", "--device", "cpu", "--seed", "1"]
    result = bevseg("run", streets / "a.txt", "-o", folder, *arguments, *options)
    assert result.exit_code == 0, result.stderr
    return checkpoint.load(folder / "model.safetensors"), result.stderr


@pytest.mark.slow
def test_a_run_trains_on_from_it_by_the_recipe_of_fine_tuning(streets, shipped, tmp_path, monkeypatch):
    monkeypatch.setattr(fine_tuning, "MOST_STEPS", 3)
    (model, said), start = fine_tuned(streets, tmp_path / "out"), checkpoint.load(shipped)
    assert model.scores["init"] == str(shipped)
    assert model.scores["trained_on"] == ["b"]
    assert (model.settings.raster, model.settings.net) == (start.settings.raster, start.settings.net)
    train, facts = model.settings.train, model.scores["fine_tuning"]
    assert facts["missing"] == ["car", "pole"]  # 152 and 96 points
    assert facts["settings"] == {"steps": 3, "init_worth": 9.0, "simulated": 2.5 / 3.5}
    assert facts["settings"].items() <= dataclasses.asdict(train).items()
    assert facts["init_share"] == 0.9
    assert train.loss == TrainConfig.loss
    assert "starts from the model that ships" in said
    assert "without enough points of car, pole: 3 steps, 90 % of the first weights stay" in said
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["training"]["fine_tuning"] == facts
    assert facts["settings"].items() <= report["settings"]["train"].items()
    assert not (model.nets["low"].head.weight == start.nets["low"].head.weight).all()


def test_what_a_file_of_settings_names_wins_even_if_it_is_the_default(streets, tmp_path):
    (tmp_path / "own.toml").write_text(
        f"[train]\ninit_worth = {TrainConfig.init_worth}\nsteps = 2\ncrop = 32\n"
    )
    model, _ = fine_tuned(streets, tmp_path / "out", "--config", tmp_path / "own.toml")
    train = model.settings.train
    assert (train.init_worth, train.steps) == (TrainConfig.init_worth, 2)
    assert train.val_share == FINE_TUNING["val_share"]


def test_init_none_trains_from_nothing(streets, tmp_path):
    (tmp_path / "own.toml").write_text(tiny.TOML)
    model, said = fine_tuned(streets, tmp_path / "out", "--init", "none", "--config", tmp_path / "own.toml")
    assert not {"init", "fine_tuning"} & model.scores.keys()
    assert "ships" not in said


def test_settings_of_other_networks_start_from_nothing_and_say_so(streets, tmp_path):
    (tmp_path / "own.toml").write_text(tiny.TOML.replace("filters = 4", "filters = 5"))
    model, said = fine_tuned(streets, tmp_path / "out", "--config", tmp_path / "own.toml")
    assert "init" not in model.scores
    assert "starts from nothing: the model that ships has net.filters 4, not 5" in said


def test_a_copy_without_it_trains_from_nothing_and_says_so(streets, tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "DEFAULT", tmp_path / "gone.safetensors")
    (tmp_path / "own.toml").write_text(tiny.TOML)
    model, said = fine_tuned(streets, tmp_path / "out", "--config", tmp_path / "own.toml")
    assert "init" not in model.scores
    assert "has no default model" in said


def test_a_file_called_none_is_never_passed_over_in_silence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "none").touch()
    result = bevseg("train", "work", "-o", "m.safetensors", "--init", "none")
    assert result.exit_code == 2
    assert "./none" in result.stderr


def test_train_over_a_work_directory_starts_from_it_with_its_settings(work, shipped, tmp_path):
    (tmp_path / "own.toml").write_text("[train]\nsteps = 2\ncrop = 32\n")
    arguments = ["--config", tmp_path / "own.toml", "--device", "cpu"]
    result = bevseg("train", work, "-o", tmp_path / "m.safetensors", *arguments)
    assert result.exit_code == 0, result.stderr
    model = checkpoint.load(tmp_path / "m.safetensors")
    assert model.scores["init"] == str(shipped)
    assert model.settings.raster.cell == tiny.SETTINGS.raster.cell
    assert model.settings.train.init_worth == model.scores["fine_tuning"]["settings"]["init_worth"]


def test_train_over_files_made_with_other_settings_starts_from_nothing_and_says_so(work, tmp_path, caplog):
    shutil.copytree(work, tmp_path / "work")
    path = tmp_path / "work" / "settings.json"
    path.write_text(path.read_text().replace('"window": 18.0', '"window": 17.0'))
    with caplog.at_level(logging.INFO):
        _, start = fine_tuning.starting_point(None, None, work=tmp_path / "work")
    assert start is None
    assert "starts from nothing: the model that ships has ground.window 18.0, not 17.0" in caplog.text
    _, start = fine_tuning.starting_point(None, None, work=work)
    assert start is not None and start.source == str(weights.DEFAULT)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--init", "default"], "--train-on"),
        (["--init", "none"], "--train-on"),
        (["--train-on", "x", "-m", "default"], "--init"),
        (["--train-on", "x", "--init", "default", "--config", "paper"], "other settings"),
    ],
)
def test_options_that_do_not_agree_are_usage_errors(options, word, streets, tmp_path):
    result = bevseg("run", streets / "a.txt", "-o", tmp_path / "out", *options)
    assert result.exit_code == 2
    assert word in result.stderr
    assert left_behind(tmp_path) == []
