"""The config of the model that ships, and what it makes."""

from pathlib import Path

import numpy as np
import pytest

from bevseg.ground.find_ground import find_ground
from bevseg.seg import checkpoint
from bevseg.training.requirements import check_training_settings
from tests import scenes

SMALL = """
seed = 3
[[train]]
first_seed = 1
clouds = 2
points = [3000, 4000]
preset = "oakland"
[[validation]]
first_seed = 7
clouds = 1
points = 3000
preset = "oakland"
[settings.raster]
cell = 0.4
[settings.net]
filters = 4
depth = 2
[settings.train]
steps = 2
batch = 2
crop = 32
"""


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")


def command(tmp_path, monkeypatch, *options, text=SMALL):
    import default_model

    (tmp_path / "config.toml").write_text(text)
    arguments = [tmp_path / "config.toml", "-o", tmp_path / "m.safetensors", "--device", "cpu", *options]
    monkeypatch.setattr("sys.argv", ["default_model.py", *map(str, arguments)])
    default_model.main()


def make(tmp_path, monkeypatch, *options, text=SMALL):
    command(tmp_path, monkeypatch, *options, text=text)
    return checkpoint.load(tmp_path / "m.safetensors")


def test_the_committed_config_can_be_trained_and_its_networks_fit_into_the_package(tmp_path):
    import default_model

    from bevseg.bev.bands import bands
    from bevseg.seg.checkpoint import Model, save
    from bevseg.seg.models.build import build

    config = default_model.read_config(default_model.CONFIG)
    check_training_settings(config.settings)
    net, read = config.settings.net, bands(config.settings.raster.features)
    nets = {name: build(net, len(of), 5) for name, of in read.items()}
    save(Model(nets, read, config.settings), tmp_path / "m.safetensors", half=True)
    assert (tmp_path / "m.safetensors").stat().st_size <= 3_000_000


@pytest.mark.slow
def test_one_command_makes_the_model_and_its_history(tmp_path, monkeypatch):
    model = make(tmp_path, monkeypatch)
    assert model.scores["trained_on"] == ["oakland_00001", "oakland_00002"]
    assert {len(values) for values in model.scans.values()} == {2}
    assert model.scores["validation"]["clouds"] == ["oakland_00007"]
    assert model.seed == 3
    assert set(model.temperatures) == {"low", "high"} and model.temperatures["high"] != 1
    assert (tmp_path / "history.csv").read_text().startswith("slice,step,loss")


@pytest.mark.slow
def test_clouds_that_are_kept_give_the_same_model_as_clouds_made_anew(tmp_path, monkeypatch):
    make(tmp_path, monkeypatch)
    plain = (tmp_path / "m.safetensors").read_bytes()
    for _ in range(2):
        make(tmp_path, monkeypatch, "--clouds", tmp_path / "clouds")
        assert (tmp_path / "m.safetensors").read_bytes() == plain
    assert len(list((tmp_path / "clouds").iterdir())) == 3


@pytest.mark.slow
def test_networks_trained_by_commands_of_their_own_make_the_same_model(tmp_path, monkeypatch):
    make(tmp_path, monkeypatch)
    plain = (tmp_path / "m.safetensors").read_bytes()
    (tmp_path / "m.safetensors").unlink()
    for name in ("high", "low"):
        command(tmp_path, monkeypatch, "--slice", name)
        assert not (tmp_path / "m.safetensors").exists()
    make(tmp_path, monkeypatch)
    assert (tmp_path / "m.safetensors").read_bytes() == plain
    assert not list(tmp_path.glob("*.state"))


@pytest.mark.slow
def test_a_training_starts_from_the_model_that_is_named(tmp_path, monkeypatch):
    make(tmp_path, monkeypatch)
    first = (tmp_path / "m.safetensors").rename(tmp_path / "first.safetensors")
    assert make(tmp_path, monkeypatch, "--init", first).scores["init"].endswith("first.safetensors")


def test_the_seed_of_a_cloud_draws_from_ranges_and_from_nothing_else():
    import default_model

    block = {"first_seed": 5, "clouds": 20, "points": [1000, 4000], "length": 10.0}
    first = list(default_model.streets(block))
    again = list(default_model.streets(block | {"first_seed": 10, "clouds": 3}))
    assert [street for street in first if 10 <= street.seed < 13] == again
    points = np.array([street.config.points for street in first])
    assert points.dtype.kind == "i"
    assert points.min() >= 1000 and points.max() <= 4000 and len(set(points)) > 10
    assert {street.config.length for street in first} == {10.0}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("first_seed = 7", "first_seed = 2", "seeds stand there twice: 2"),
        ('preset = "oakland"', "colour = 1", "has no colour"),
        ("filters", "filtres", "filtres"),
    ],
)
def test_a_config_that_makes_no_sense_is_refused(tmp_path, monkeypatch, old, new, said):
    with pytest.raises(SystemExit, match=said):
        make(tmp_path, monkeypatch, text=SMALL.replace(old, new))


def test_a_model_that_learns_to_read_more_bands_begins_with_its_own_labels():
    import default_model

    from bevseg import pipeline
    from bevseg.weights import default_model as weights

    cloud = scenes.street()
    before = default_model.with_features(checkpoint.load(weights()), "heights")
    after = default_model.with_features(before, "shape")
    assert after.settings.raster.features == "shape"
    assert {len(table) for table in after.bands.values()} == {16}
    ground = find_ground(cloud, before.settings.raster.cell, before.settings.ground)
    labels = [pipeline.label_above(cloud, ground, model).point_labels for model in (before, after)]
    np.testing.assert_array_equal(labels[0].classes, labels[1].classes)
