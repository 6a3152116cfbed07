"""A model file gives the model back, is the same file every time, and any other file is refused with a reason."""

import dataclasses
import json
import os
import re
import resource
import struct
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from bevseg.config import NAMED
from bevseg.errors import ModelError, OutputExistsError, OutputWriteError
from bevseg.seg.checkpoint import FORMAT, MAGIC, Model, describe, load, save
from bevseg.seg.inputs import OUTPUTS
from bevseg.seg.models.build import build
from tests.seg import scenes


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.safetensors"
    save(scenes.model(seed=7, scores={"low": {"miou": np.float32(0.5), "pole": float("nan")}}), path)
    return path


def rewritten(path, change):
    """Write the file again with its description changed."""
    with safetensors.safe_open(path, "pt") as file:
        table = json.loads(file.metadata()[MAGIC])
    table = change(table) or table
    text = table if isinstance(table, str) else json.dumps(table)
    safetensors.torch.save_file(safetensors.torch.load_file(path), path, {MAGIC: text})


def test_reading_gives_back_what_was_written(saved):
    ours, read = scenes.model(seed=7), load(saved)
    for name, net in ours.nets.items():
        theirs = read.nets[name].state_dict()
        assert all(torch.equal(value, theirs[key]) for key, value in net.state_dict().items())
    for field in ("bands", "settings", "seed", "versions"):
        assert getattr(read, field) == getattr(ours, field)
    assert describe(read)["nets"] == describe(ours)["nets"]
    assert read.scores == {"low": {"miou": 0.5, "pole": None}}
    assert not any(net.training for net in read.nets.values())


def test_temperatures_come_back_and_older_files_have_none(saved, tmp_path):
    assert load(saved).temperatures == {}
    save(scenes.model(temperatures={"low": 1.5}), tmp_path / "calibrated")
    assert load(tmp_path / "calibrated").temperatures == {"low": 1.5}


@pytest.mark.parametrize("value", [{"low": 0.0}, {"low": float("inf")}, {"mid": 1.0}, {"low": "warm"}, [1.0]])
def test_a_temperature_that_no_network_can_have_is_refused(saved, value):
    rewritten(saved, lambda table: table | {"temperatures": value})
    with pytest.raises(ModelError, match=r"temperatures|Infinity"):
        load(saved)


def test_half_precision_halves_the_kernels_and_comes_back_as_float32(tmp_path):
    ours = scenes.model(seed=7)
    for name, half in (("whole", False), ("half", True)):
        save(ours, tmp_path / name, half=half)
    kernels = sum(w.numel() for net in ours.nets.values() for w in net.state_dict().values() if w.ndim > 1)
    sizes = [(tmp_path / name).stat().st_size for name in ("whole", "half")]
    assert sizes[0] - sizes[1] == pytest.approx(2 * kernels, abs=2000)  # the table of contents differs
    for name, net in load(tmp_path / "half").nets.items():
        theirs = net.state_dict()
        for key, weights in ours.nets[name].state_dict().items():
            assert theirs[key].dtype == weights.dtype
            tolerance = 2.0**-11 if weights.ndim > 1 else 0
            torch.testing.assert_close(theirs[key], weights, rtol=tolerance, atol=1e-7 if tolerance else 0)


def test_what_was_read_can_be_trained(saved):
    net = load(saved).nets["low"].train()
    net(torch.zeros(1, 2, 8, 8)).sum().backward()
    assert all(weight.grad is not None for weight in net.parameters())


def test_every_named_configuration_survives(tmp_path):
    for name, settings in NAMED.items():
        net = build(settings.net, len(scenes.BANDS), len(OUTPUTS))
        save(Model({"low": net}, {"low": scenes.BANDS}, settings), tmp_path / name)
        assert load(tmp_path / name).settings == settings


def test_the_same_model_gives_the_same_bytes(saved, tmp_path):
    read = load(saved)
    turned = {name: dict(reversed(getattr(read, name).items())) for name in ("nets", "bands", "versions")}
    for number, model in enumerate((read, dataclasses.replace(read, **turned))):
        save(model, tmp_path / str(number))
        assert (tmp_path / str(number)).read_bytes() == saved.read_bytes()


def test_the_file_can_be_read_without_us(saved):
    header = saved.read_bytes()[8 : 8 + struct.unpack("<Q", saved.read_bytes()[:8])[0]]
    table = json.loads(json.loads(header)["__metadata__"][MAGIC], parse_constant=pytest.fail)
    assert table["format"] == FORMAT
    assert table == describe(load(saved))


def wider(**options):
    """Return a change of the description: all networks have other options."""

    def change(table):
        table["settings"]["net"].update(options)
        for net in table["nets"].values():
            net.update(options)

    return change


def truncated(path):
    path.write_bytes(path.read_bytes()[:-10])


def pickled(path):
    torch.save(scenes.model().nets["low"].state_dict(), path)


def foreign(path):
    safetensors.torch.save_file({"weight": torch.zeros(3)}, path, {"format": "pt"})


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.write_bytes(b""), "header"),
        (lambda path: path.write_text("x y z label\n" * 100), "header"),
        (truncated, "Incomplete|incomplete|covered|fully"),
        (pickled, "header"),
        (foreign, "does not speak of bevseg"),
        (lambda path: rewritten(path, lambda t: "{"), "damaged"),
        (lambda path: rewritten(path, lambda t: "[]"), "damaged"),
        (lambda path: rewritten(path, lambda t: t.pop("bands") and None), "bands is missing"),
        (lambda path: rewritten(path, wider(filters=8, depth=2)), "size mismatch"),
        (lambda path: rewritten(path, lambda t: t["nets"]["low"].update(kind="pspnet")), "pspnet"),
        (
            lambda path: rewritten(path, lambda t: t["settings"].update(train=3)),
            "settings.train = 3: expected a table",
        ),
        (
            lambda path: rewritten(path, lambda t: t.update(classes=["cat"])),
            r"classes = \['cat'\]: expected undefined",
        ),
        (lambda path: rewritten(path, lambda t: t.update(scans=3)), "scans = 3: expected a table"),
        (
            lambda path: rewritten(path, lambda t: t.update(scans={"covered": [0.1, "much"]})),
            "scans.covered .* expected a list of numbers",
        ),
    ],
)
def test_a_file_that_is_not_ours_is_refused(saved, spoil, why):
    spoil(saved)
    with pytest.raises(ModelError, match="no model of bevseg") as caught:
        load(saved)
    assert caught.value.where == saved
    assert re.search(why, caught.value.why), caught.value.why
    assert "bevseg train" in caught.value.hint


def test_another_version_of_the_format_is_refused(saved):
    rewritten(saved, lambda t: {"format": 99})
    with pytest.raises(ModelError, match="another version") as caught:
        load(saved)
    assert "format is 99; this version reads 1" in caught.value.why


def test_a_setting_of_the_training_that_is_no_more_does_not_hinder(saved):
    before = load(saved)
    rewritten(saved, lambda t: t["settings"]["train"].update(luck=1))
    assert load(saved).settings == before.settings


def test_a_setting_of_the_prediction_that_is_unknown_is_refused(saved):
    rewritten(saved, lambda t: t["settings"]["slices"].update(luck=1))
    with pytest.raises(ModelError, match="another version") as caught:
        load(saved)
    assert "slices.luck" in caught.value.why


def changed(*keys, to):
    """Return a change of the description: the value under these keys."""

    def change(table):
        for key in keys[:-1]:
            table = table[key]
        table[keys[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (changed("settings", "raster", "cell", to=0), "raster.cell = 0: expected"),
        (changed("settings", "slices", "reference", to="mdoe"), "did you mean 'mode'"),
        (changed("settings", "slices", "split", to=0.1), "slices.split = 0.1: expected"),
        (changed("settings", "ground", "window", to=float("inf")), "ground.window = inf"),
        (changed("settings", "train", "steps", to=-1), "train.steps = -1"),
        (changed("nets", "low", "depth", to=-1), "nets.low.depth = -1"),
        (changed("nets", "low", "filters", to=1.5), "nets.low.filters = 1.5"),
        (
            changed("nets", "low", "in_bands", to=3),
            "nets.low.in_bands = 3: expected 2, the number of bands",
        ),
        (changed("nets", "low", "classes", to=2), "nets.low.classes = 2"),
        (changed("nets", "low", "colour", to=2), "nets.low.colour: no such key"),
        (changed("nets", "low", to=[]), "nets.low = "),
        (changed("nets", "low", "filters", to=5), "nets.low.filters = 5: expected 4, net.filters"),
        (changed("nets", "mid", to={}), "nets.mid: no such key; expected one of low, high"),
        (changed("nets", to={}), "nets = a table of 0 keys: expected one network at least"),
        (changed("nets", to=[]), "nets = []: expected a table"),
        (changed("bands", to=3), "bands = 3: expected a table"),
        (changed("bands", to={}), "bands.low is missing"),
        (changed("bands", "low", to=[]), "bands.low = []: expected a list of 1 to 1000 bands"),
        (changed("bands", "low", to=[{"x": 1}] * 1_000_000), "bands.low = a list of 1000000 values"),
        (changed("bands", "mid", to=[]), "bands.mid: no such key"),
        (
            changed("bands", "low", 1, "name", to="height"),
            "bands.low.1.name = 'height': expected a name that no",
        ),
        (changed("bands", "low", 0, "scale", to=1e-320), "bands.low.0.scale = 1e-320"),
        (changed("bands", "low", 0, "name", to=[]), "bands.low.0.name = []"),
        (changed("settings", to={}), "settings.raster is missing"),
        (changed("settings", to=[]), "settings = []: expected a table"),
        (changed("settings", "raster", to="cell"), "settings.raster = 'cell': expected a table"),
        (changed("settings", "net", "flters", to=4), "did you mean 'filters'?"),
        (changed("settings", "foo", to={}), "settings.foo: no such key"),
        (changed("classes", to=3), "classes = 3: expected a list"),
        (changed("classes", to=[[]]), "classes = "),
        (changed("format", to=True), "its format is True; this version reads 1"),
        (changed("format", to=1.0), "its format is 1.0; this version reads 1"),
        (changed("format", to="1" * 100_000), "...; this version reads 1"),
        (changed("bands", "low", 0, "scale", to=0), "bands.low.0.scale = 0"),
        (changed("bands", "low", 0, "name", to=3), "bands.low.0.name = 3"),
        (changed("bands", "low", to={}), "bands.low = "),
        (changed("seed", to=-1), "seed = -1"),
        (changed("scores", to=[]), "scores = "),
        (changed("scores", to=json.loads("[" * 50 + "]" * 50)), "levels deep"),
        (lambda table: "[" * 10_000 + "]" * 10_000, "levels deep"),
        (lambda table: '{"format": ' + "9" * 5000 + "}", "digits"),
        (lambda table: json.dumps(table) + " " * 16_000_000, "larger than"),
    ],
)
def test_a_description_with_what_cannot_be_is_refused_by_its_key(saved, change, said):
    rewritten(saved, change)
    with pytest.raises(ModelError, match=re.escape(said)) as caught:
        load(saved)
    assert caught.value.where in (saved, str(saved)) and caught.value.hint
    assert caught.value.exit_code == 4


def test_all_faults_of_a_description_come_in_one_message(saved):
    faulty = (
        changed("settings", "raster", "cell", to=0),
        changed("settings", "net", "flters", to=0),
        changed("bands", "low", 0, "scale", to=0),
        changed("nets", "high", "filters", to=9),
        changed("nets", "mid", to={}),
        changed("seed", to=-1),
    )
    rewritten(saved, lambda table: [change(table) for change in faulty] and None)
    with pytest.raises(ModelError, match="no model of bevseg") as caught:
        load(saved)
    for said in (
        "raster.cell",
        "net.flters",
        "bands.low.0.scale",
        "nets.high.filters",
        "nets.mid",
        "seed = -1",
    ):
        assert said in caught.value.why


def test_networks_are_checked_also_if_their_settings_are_faulty(saved):
    def change(table):
        table["settings"]["net"]["depth"] = table["nets"]["low"]["depth"] = -1

    rewritten(saved, change)
    with pytest.raises(ModelError, match=r"(?s)net\.depth = -1.*nets\.low\.depth = -1"):
        load(saved)


def test_a_missing_file_is_no_such_file_and_a_misspelt_name_is_answered(saved, tmp_path):
    with pytest.raises(ModelError, match="No such model file") as caught:
        load(tmp_path / "none.safetensors")
    assert "did you mean" not in caught.value.hint
    with pytest.raises(ModelError, match="did you mean 'default'"):
        load(Path("defualt"))


def test_a_network_without_a_kind_or_a_limit_is_that_of_an_older_file(saved):
    before = load(saved)
    rewritten(saved, lambda t: [net.pop("kind") for net in t["nets"].values()] and None)
    assert describe(load(saved)) == describe(before)


def test_a_network_larger_than_its_file_is_refused_before_it_takes_memory(saved):
    rewritten(saved, wider(filters=1024, depth=10, widest=None))
    with pytest.raises(ModelError, match=r"size mismatch for down\.0\.0\.weight"):
        load(saved)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda w: w.popitem(), "misses weights"),
        (lambda w: w.update({"low/more": torch.ones(2)}), "unknown weights"),
        (lambda w: w.update({first(w): w[first(w)] * float("nan")}), "not finite"),
        (lambda w: w.update({first(w): w[first(w)].int()}), "of type torch.int32"),
        (lambda w: w.update({first(w): w[first(w)].to(torch.complex64)}), "of type torch.complex64"),
    ],
)
def test_weights_of_another_network_are_refused(saved, change, said):
    weights = safetensors.torch.load_file(saved)
    with safetensors.safe_open(saved, "pt") as file:
        metadata = file.metadata()
    change(weights)
    safetensors.torch.save_file(weights, saved, metadata)
    with pytest.raises(ModelError, match=said):
        load(saved)


def first(weights):
    """Return the name of a kernel of the network of the low slice."""
    return next(name for name, weight in weights.items() if name.startswith("low/") and weight.ndim > 1)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_no_model_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match="no regular file"):
        load(tmp_path / "model.safetensors")


def test_the_model_that_ships_is_read_and_written_to_the_byte(tmp_path):
    from bevseg.weights import default_model

    model = load(default_model())
    assert set(model.nets) == {"low", "high"}
    save(dataclasses.replace(model), tmp_path / "again.safetensors", half=True)
    assert (tmp_path / "again.safetensors").read_bytes() == default_model().read_bytes()


def test_colours_of_an_older_file_are_passed_over(saved):
    before = load(saved)
    rewritten(saved, lambda t: t.pop("colours") and None)
    assert load(saved).settings == before.settings


def test_a_missing_slice_says_how_to_train_it(tmp_path):
    save(scenes.model(slices=("low",)), tmp_path / "low_only")
    with pytest.raises(ModelError, match="no network for the high slice") as caught:
        load(tmp_path / "low_only").require("high")
    assert caught.value.where == str(tmp_path / "low_only")
    assert "--slice high --init" in caught.value.hint


def test_an_existing_file_is_kept(saved):
    before = saved.read_bytes()
    with pytest.raises(OutputExistsError):
        save(scenes.model(seed=8), saved, overwrite=False)
    assert saved.read_bytes() == before


def test_a_full_disk_leaves_nothing(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OutputWriteError):
            save(scenes.model(), tmp_path / "model")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())
