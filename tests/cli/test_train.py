"""`bevseg train` over a work directory."""

import pytest

from bevseg.seg import checkpoint
from tests import tiny
from tests.cli.invoke import bevseg, left_behind


@pytest.fixture(scope="module")
def work(streets, tmp_path_factory):
    """A work directory of labelled clouds, ready for training."""
    folder = tmp_path_factory.mktemp("train")
    (folder / "tiny.toml").write_text(tiny.TOML)
    assert bevseg("ingest", streets, "-o", folder / "work").exit_code == 0
    assert bevseg("ground", folder / "work", "--config", folder / "tiny.toml").exit_code == 0
    return folder


def train(work, output, *options):
    return bevseg("train", work / "work", "-o", output, "--config", work / "tiny.toml", *options)


@pytest.fixture(scope="module")
def model(work):
    """Both networks, trained over the work directory."""
    result = train(work, work / "both.safetensors", "--device", "cpu", "--val", "b")
    assert result.exit_code == 0, result.stderr
    return work / "both.safetensors", result


def test_the_model_holds_both_networks_and_the_scores_of_the_cloud_held_out(model):
    loaded = checkpoint.load(model[0])
    assert set(loaded.nets) == {"low", "high"}
    assert loaded.settings.train.steps == 4
    assert loaded.scores["trained_on"] == ["a", "c"]
    assert loaded.scores["validation"]["scores"]["points"] > 0
    assert "held out: b" in model[1].stdout


def test_training_over_a_work_directory_is_training_in_memory(model, work, streets, tmp_path):
    arguments = ["--train-on", streets, "--config", work / "tiny.toml", "--val", "b", "--device", "cpu"]
    assert bevseg("run", streets / "a.txt", "-o", tmp_path, *arguments).exit_code == 0
    assert (tmp_path / "model.safetensors").read_bytes() == model[0].read_bytes()


def test_one_slice_is_trained_and_the_other_taken_over(model, work, tmp_path):
    output = tmp_path / "new.safetensors"
    options = ["--slice", "high", "--init", model[0], "--loss", "lovasz_softmax", "--val", "b"]
    result = train(work, output, *options)
    assert result.exit_code == 0, result.stderr
    old, new = checkpoint.load(model[0]), checkpoint.load(output)
    same = {
        name: all(
            map(lambda a, b: bool((a == b).all()), *(m.nets[name].state_dict().values() for m in (old, new)))
        )
        for name in ("low", "high")
    }
    assert same == {"low": True, "high": False}
    assert new.settings.train.loss == "lovasz_softmax"


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--loss", "hinge"], "lovasz_hinge"),
        (["--slice", "middle"], "low, high"),
        (["--val", "nobody"], "a, b, c"),
        (["--val", "a,b,c"], "none is left"),
        (["--max-minutes", "0"], "max-minutes"),
        (["--config", "default"], "other settings"),
    ],
)
def test_options_that_make_no_sense_are_usage_errors_that_name_the_choices(work, tmp_path, options, word):
    result = train(work, tmp_path / "m.safetensors", *options)
    assert result.exit_code == 2
    assert word in result.stderr
    assert left_behind(tmp_path) == []


def test_an_unlabelled_cloud_cannot_be_trained_on(work, tmp_path):
    tiny.write_text(tmp_path / "bare.txt", tiny.thin_street("bare").xyz)
    assert bevseg("ingest", tmp_path / "bare.txt", "-o", tmp_path / "work").exit_code == 0
    assert bevseg("ground", tmp_path / "work").exit_code == 0
    result = bevseg("train", tmp_path / "work", "-o", tmp_path / "m.safetensors")
    assert result.exit_code == 4
    assert "bare" in result.stderr
    assert not (tmp_path / "m.safetensors").exists()


def test_a_model_that_exists_is_not_replaced(model, work):
    before = model[0].read_bytes()
    assert train(work, model[0]).exit_code == 6
    assert model[0].read_bytes() == before


def test_one_cloud_trains_without_validation_and_says_so(work, streets, tmp_path):
    arguments = ["--train-on", streets / "a.txt", "--config", work / "tiny.toml"]
    result = bevseg("run", streets / "b.txt", "-o", tmp_path, *arguments)
    assert result.exit_code == 0, result.stderr
    assert result.stderr.count("nothing is held out") == 1


def test_the_limit_of_minutes_ends_the_training(work, tmp_path):
    (tmp_path / "long.toml").write_text(tiny.TOML.replace("steps = 4", "steps = 100000"))
    output = tmp_path / "m.safetensors"
    options = ["--config", tmp_path / "long.toml", "--max-minutes", "0.02"]
    result = bevseg("train", work / "work", "-o", output, *options)
    assert result.exit_code == 0, result.stderr
    assert output.exists()
