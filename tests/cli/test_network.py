"""A network of the user's own, named in a TOML file."""

import dataclasses
import functools
import json
import pickle

import pytest

from bevseg import pipeline, weights
from bevseg.seg import checkpoint
from bevseg.seg.models import registry
from tests import tiny
from tests.cli.invoke import bevseg, left_behind
from tests.three_layers import KIND


@pytest.fixture
def own(tmp_path):
    """A TOML file that names the network."""
    (tmp_path / "own.toml").write_text(tiny.TOML.replace("depth = 2", f'kind = "{KIND}"'))
    return tmp_path / "own.toml"


@pytest.mark.slow
def test_it_is_trained_stored_loaded_and_trained_on(mynet, own, streets, tmp_path):
    arguments = ["--train-on", streets, "--config", own, "--val", "b", "--device", "cpu"]
    result = bevseg("run", streets / "a.txt", "-o", tmp_path / "out", *arguments)
    assert result.exit_code == 0, result.stderr
    model = checkpoint.load(tmp_path / "out" / "model.safetensors")
    assert {type(net).__name__ for net in model.nets.values()} == {"ThreeLayers"}
    assert model.settings.net.kind == KIND
    assert model.nets["low"].layers[0].weight.shape[0] == 4
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["settings"]["net"]["kind"] == KIND
    init = ["--init", tmp_path / "out" / "model.safetensors"]
    registry._registered.clear()  # as in a new process
    pipeline._loaded.cache_clear()
    result = bevseg("run", streets / "a.txt", "-o", tmp_path / "on", *arguments, *init)
    assert result.exit_code == 0, result.stderr


def test_a_new_process_does_not_import_what_a_model_file_names(mynet, own, streets, tmp_path):
    arguments = ["--train-on", streets, "--config", own, "--device", "cpu"]
    assert bevseg("run", streets / "a.txt", "-o", tmp_path / "out", *arguments).exit_code == 0
    registry._registered.clear()
    pipeline._loaded.cache_clear()
    model = tmp_path / "out" / "model.safetensors"
    result = bevseg("run", streets / "a.txt", "-o", tmp_path / "again", "-m", model)
    assert result.exit_code == 4
    assert "entry point" in result.stderr
    assert left_behind(tmp_path / "again") == []


def test_a_misspelt_network_is_refused_before_the_clouds_are_read(tmp_path):
    (tmp_path / "wrong.toml").write_text('[net]\nkind = "unett"\n')
    result = bevseg("train", tmp_path / "w", "-o", tmp_path / "m", "--config", tmp_path / "wrong.toml")
    assert result.exit_code == 2
    assert "did you mean 'unet'" in result.stderr


def test_the_processes_of_a_run_know_the_networks_of_the_first_one(mynet, monkeypatch):
    from bevseg.runner import passes
    from bevseg.runtime import memory

    monkeypatch.setattr(memory, "_limit", None)
    network = registry.network_class(KIND)
    start = pickle.dumps(functools.partial(passes._start_process, 1 << 40, registry.registered(), 2))
    registry._registered.clear()
    threads = []
    monkeypatch.setattr("bevseg.seg.device.share_threads", threads.append)
    pickle.loads(start)()
    assert registry.registered_class(KIND) is network and threads == [2]


@pytest.fixture(scope="module")
def work(streets, tmp_path_factory):
    """A work directory of labelled clouds, ready for training, and the settings it was made with."""
    folder = tmp_path_factory.mktemp("net")
    (folder / "tiny.toml").write_text(tiny.TOML)
    assert bevseg("ingest", streets, "-o", folder / "work").exit_code == 0
    assert bevseg("ground", folder / "work", "--config", folder / "tiny.toml").exit_code == 0
    return folder


def train(work, output, *options):
    arguments = ["--config", work / "tiny.toml", "--val", "b", "--device", "cpu", *options]
    return bevseg("train", work / "work", "-o", output, *arguments)


@pytest.mark.parametrize("name", ["segnet", "fast_scnn"])
def test_net_names_the_network_whatever_the_settings_name(work, tmp_path, name):
    result = train(work, tmp_path / "m.safetensors", "--net", name, "--init", "none")
    assert result.exit_code == 0, result.stderr
    model = checkpoint.load(tmp_path / "m.safetensors")
    assert model.settings.net == dataclasses.replace(tiny.SETTINGS.net, kind=name)
    assert {type(net) for net in model.nets.values()} == {registry.network_class(name)}


def test_net_takes_a_class_of_the_users_own(mynet, work, tmp_path):
    result = train(work, tmp_path / "m.safetensors", "--net", KIND, "--init", "none")
    assert result.exit_code == 0, result.stderr
    assert {type(net).__name__ for net in checkpoint.load(tmp_path / "m.safetensors").nets.values()} == {
        "ThreeLayers"
    }


def test_net_names_the_class_that_a_model_file_may_not_name_itself(mynet, work, tmp_path):
    first = tmp_path / "first.safetensors"
    assert train(work, first, "--net", KIND, "--init", "none").exit_code == 0
    registry._registered.clear()  # as in a new process
    pipeline._loaded.cache_clear()
    result = train(work, tmp_path / "more" / "m.safetensors", "--net", KIND, "--init", first)
    assert result.exit_code == 0, result.stderr
    assert checkpoint.load(tmp_path / "more" / "m.safetensors").scores["init"] == str(first)


@pytest.fixture
def shipped(tiny_model, monkeypatch):
    """The tiny model, a U-Net, as the one that ships."""
    monkeypatch.setattr(weights, "DEFAULT", tiny_model)
    pipeline._loaded.cache_clear()
    yield tiny_model
    pipeline._loaded.cache_clear()


def test_another_network_than_the_model_that_ships_has_starts_from_nothing(shipped, work, tmp_path):
    result = train(work, tmp_path / "m.safetensors", "--net", "segnet")
    assert result.exit_code == 0, result.stderr
    assert "starts from nothing: the model that ships has net.kind unet, not segnet" in result.stderr
    assert "init" not in checkpoint.load(tmp_path / "m.safetensors").scores


@pytest.mark.parametrize("init", ["default", "file"])
def test_a_model_that_is_named_must_have_the_network(shipped, work, tmp_path, init):
    init = shipped if init == "file" else init
    result = train(work, tmp_path / "m.safetensors", "--net", "segnet", "--init", init)
    assert result.exit_code == 2
    assert "was made with other settings" in result.stderr and "--init none" in result.stderr
    assert left_behind(tmp_path) == []
    assert train(work, tmp_path / "m.safetensors", "--net", "unet", "--init", init).exit_code == 0


def test_a_misspelt_net_is_answered_with_the_names(work, tmp_path):
    result = train(work, tmp_path / "m.safetensors", "--net", "fast-scnn")
    assert result.exit_code == 2
    assert "did you mean 'fast_scnn'" in result.stderr and "package.module:Class" in result.stderr
    assert left_behind(tmp_path) == []


def test_the_help_of_net_lists_every_network():
    words = " ".join(bevseg("train", "--help").stdout.split())
    assert ", ".join(registry.NETWORKS) in words
