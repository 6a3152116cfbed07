"""`bevseg train --loss neuro-iou`: maps of a model, a surrogate fitted to them and checked, training on."""

import pytest

from bevseg.seg import checkpoint
from bevseg.seg.neuro_iou import learn
from tests import tiny
from tests.cli.invoke import bevseg, left_behind


@pytest.fixture(scope="module")
def work(streets, tmp_path_factory):
    """A work directory of labelled clouds, and ce.safetensors trained on them for a moment."""
    folder = tmp_path_factory.mktemp("neuro")
    (folder / "tiny.toml").write_text(tiny.TOML)
    (folder / "longer.toml").write_text(tiny.TOML.replace("steps = 4", "steps = 80"))
    assert bevseg("ingest", streets, "-o", folder / "work").exit_code == 0
    assert bevseg("ground", folder / "work", "--config", folder / "tiny.toml").exit_code == 0
    result = train(folder, "ce", "--loss", "ce", config="longer.toml")
    assert result.exit_code == 0, result.stderr
    return folder


@pytest.fixture(autouse=True)
def few_maps(monkeypatch):
    monkeypatch.setattr(learn, "CROPS", 100)
    monkeypatch.setattr(learn, "STEPS", 500)


def train(work, name, *options, config="tiny.toml"):
    model = work / f"{name}.safetensors"
    options = ("--config", work / config, *options, "--device", "cpu", "--val", "b", "--overwrite")
    return bevseg("train", work / "work", "-o", model, *options)


def weights(path):
    """Weights of the low network, without the statistics of its normalisation."""
    return dict(checkpoint.load(path).nets["low"].named_parameters())


def furthest(work, name):
    """Largest change of a weight from the model that was trained before."""
    old, new = weights(work / "ce.safetensors"), weights(work / f"{name}.safetensors")
    return max(float((old[key] - new[key]).detach().abs().max()) for key in old)


@pytest.mark.slow
def test_training_goes_on_from_the_model_by_the_recipe_and_the_fit_is_printed(work):
    options = ["--slice", "low", "--init", work / "ce.safetensors"]
    result = train(work, "tuned", "--loss", "neuro-iou", *options)
    assert result.exit_code == 0, result.stderr
    assert "held out the IoU loss is off by" in result.stderr
    assert all(f"df/d{name}" in result.stderr for name in ("TP", "FP", "FN"))
    assert "learning_rate 1e-05" in result.stderr
    assert 0 < furthest(work, "tuned") < 1e-3
    loaded = checkpoint.load(work / "tuned.safetensors")
    assert loaded.scores["surrogate"]["low"]["rmse"] > 0
    assert loaded.scores["surrogate"]["low"]["slopes"]["TP"]["share"] > 0.5
    used = loaded.settings.train
    assert (used.loss, used.optimiser, used.schedule) == ("neuro-iou", "sgd", "constant")
    assert (used.learning_rate, used.momentum, used.weight_decay) == (1e-5, 0.99, 5e-4)
    assert used.batch == 2  # the configuration says so


@pytest.mark.slow
def test_without_init_the_model_only_lends_its_maps(work):
    options = ["--slice", "low", "--init", work / "ce.safetensors"]
    result = train(work, "anew", "--loss", "neuro-iou:no-init", *options)
    assert result.exit_code == 0, result.stderr
    assert furthest(work, "anew") > 0.01
    assert checkpoint.load(work / "anew.safetensors").settings.train.optimiser == "adamw"


@pytest.mark.slow
def test_a_surrogate_that_teaches_the_wrong_way_is_refused_before_any_training(work):
    """Where found pixels have the larger margin costs because there are more of them, hinge inputs mislead."""
    result = train(work, "refused", "--loss", "neuro-hinge", "--init", work / "ce.safetensors")
    assert result.exit_code == 7
    assert "sign of the slope of TP" in result.stderr
    assert "train low" not in result.stderr
    assert not (work / "refused.safetensors").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("loss", "init", "word"),
    [
        ("neuro-iou", False, "--init"),
        ("neuro_iou:4", True, "neuro_iou:6"),
        ("ce+neuro_iou", True, "neuro_iou"),
    ],
)
def test_what_cannot_be_learned_is_a_usage_error(work, tmp_path, loss, init, word):
    options = ["--init", work / "ce.safetensors"] if init else []
    result = bevseg("train", work / "work", "-o", tmp_path / "m.safetensors", "--loss", loss, *options)
    assert result.exit_code == 2
    assert word in result.stderr
    assert left_behind(tmp_path) == []
