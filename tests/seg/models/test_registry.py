"""Networks by name: built in, by entry point, a class of the user's; no model file chooses what is imported."""

import dataclasses
import importlib
import re
import sys
from importlib.metadata import EntryPoint

import numpy as np
import pytest
import torch

from bevseg.config import NetConfig
from bevseg.errors import ModelError, UsageError
from bevseg.seg import checkpoint
from bevseg.seg.inference.predict import Classifier, predict
from bevseg.seg.models import registry
from bevseg.seg.models.build import HALVINGS, arguments, build, halvings
from bevseg.seg.training.loop import train_network
from tests.seg import scenes
from tests.seg.test_checkpoint import rewritten
from tests.three_layers import KIND

CPU = torch.device("cpu")


@pytest.mark.parametrize("kind", registry.NETWORKS)
@pytest.mark.parametrize(("bands", "classes"), [(1, 2), (7, 11)])
def test_a_built_in_network_takes_any_number_of_bands_and_classes(kind, bands, classes):
    net = build(NetConfig(kind, filters=4, depth=2), bands, classes).eval()
    assert net(torch.zeros(2, bands, 9, 14)).shape == (2, classes, 9, 14)


@pytest.mark.parametrize("kind", registry.NETWORKS)
def test_any_number_of_classes_is_trained_and_validated(kind):
    def three_classes(number, rng):
        values, labels = scenes.squares(rng)
        return values, np.minimum(labels, 3).astype(np.uint8)

    scene = three_classes(0, np.random.default_rng(9))
    net = dataclasses.replace(scenes.NET, kind=kind)
    trained = train_network(three_classes, [scene], scenes.BANDS, "abc", net, scenes.QUICK, device="cpu")
    assert {"iou_a", "iou_b", "iou_c"} < set(trained.history[-1])
    assert trained.net(torch.zeros(1, 2, 8, 8)).shape[1] == 3


def test_a_misspelt_name_is_answered_with_the_nearest_one():
    with pytest.raises(UsageError, match="No network 'papr_unet'") as caught:
        build(NetConfig("papr_unet"), 2, 5)
    assert "did you mean 'paper_unet'?" in caught.value.hint
    assert caught.value.where == "net.kind"


def test_a_class_is_given_the_options_that_its_constructor_names(mynet):
    config = NetConfig(KIND, filters=6)
    assert build(config, 2, 5).layers[0].weight.shape == (6, 2, 3, 3)
    assert arguments(config, 2, 5) == {"kind": KIND, "in_bands": 2, "classes": 5, "filters": 6}


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("mynet:FourLayers", "FourLayers"),
        ("no_such_package:Net", "no_such_package"),
        ("mynet:CLASSES", "is not a class"),
        ("mynet:Halved", r"\(1, 5, 20, 28\) are expected, it returns \(1, 5, 10, 14\)"),
        ("fractions:Fraction", "AttributeError"),
    ],
)
def test_a_class_that_cannot_be_a_network_is_refused_with_the_reason(mynet, kind, why):
    with pytest.raises(UsageError, match=r"cannot be|is not a class") as caught:
        build(NetConfig(kind), 2, 5)
    assert re.search(why, str(caught.value))


def test_the_name_of_a_built_in_network_is_taken():
    with pytest.raises(UsageError, match="unet"):
        registry.register("unet", dict)


def test_an_entry_point_gives_a_class_a_name(mynet, monkeypatch):
    point = EntryPoint("tiny", KIND, registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: {point.name: point})
    assert registry.known_names() == [*registry.NETWORKS, "tiny"]
    assert registry.network_class("tiny").__name__ == "ThreeLayers"
    assert registry.registered_class(KIND) is registry.network_class("tiny")


def model(kind=KIND):
    """A model of one network of that kind, not trained."""
    net = dataclasses.replace(scenes.NET, kind=kind)
    plain = scenes.model(slices=("low",))
    settings = dataclasses.replace(plain.settings, net=net)
    return dataclasses.replace(
        plain, nets={"low": build(net, len(scenes.BANDS), 5).eval()}, settings=settings
    )


@pytest.mark.parametrize("kind", ["paper_unet", KIND])
def test_a_model_of_another_network_is_stored_and_labels_as_the_network_does(mynet, kind, tmp_path):
    checkpoint.save(model(kind), tmp_path / "m")
    read = checkpoint.load(tmp_path / "m")
    assert read.settings.net.kind == kind
    values, labels = scenes.squares(np.random.default_rng(3), 64)
    found = predict(scenes.raster(values), read, "low", device="cpu")["class"]
    with torch.no_grad():
        scaled = torch.from_numpy(np.nan_to_num(values / np.float32([[[2]], [[1]]])))
        logits = read.nets["low"](scaled[None])[0]
    assert (found == logits.argmax(0).numpy() + 1)[labels > 0].mean() > 0.95
    assert (found[labels == 0] == 0).all()


def test_a_network_that_does_not_say_how_often_it_halves_gets_wide_tiles(mynet):
    net = build(NetConfig(KIND, filters=2), 2, 5)
    assert halvings(net) == HALVINGS
    assert Classifier(net, scenes.BANDS, 5, CPU).depth == HALVINGS


def test_a_file_of_the_default_network_says_nothing_that_older_versions_do_not_know():
    table = checkpoint.describe(scenes.model())
    assert set(table["settings"]["net"]) == {"filters", "depth", "widest", "dropout"}
    assert table["nets"]["low"]["kind"] == "unet"


def test_a_model_file_does_not_make_bevseg_import_a_module(mynet, tmp_path):
    checkpoint.save(model(), tmp_path / "m")
    registry._registered.clear()
    del sys.modules[mynet]
    with pytest.raises(ModelError, match="not registered") as caught:
        checkpoint.load(tmp_path / "m")
    assert mynet not in sys.modules
    assert f"register('{KIND}', TheClass)" in caught.value.hint and registry.GROUP in caught.value.hint
    registry.register(KIND, importlib.import_module(mynet).ThreeLayers)
    assert checkpoint.load(tmp_path / "m").nets["low"]


@pytest.mark.parametrize("where", ["settings", "nets"])
def test_nor_does_a_file_that_names_the_module_at_one_place_only(mynet, where, tmp_path):
    def change(table):
        (table["settings"]["net"] if where == "settings" else table["nets"]["low"]).update(kind=KIND)

    checkpoint.save(scenes.model(), tmp_path / "m")
    rewritten(tmp_path / "m", change)
    with pytest.raises(ModelError, match=r"mynet:ThreeLayers"):
        checkpoint.load(tmp_path / "m")
    assert mynet not in sys.modules
