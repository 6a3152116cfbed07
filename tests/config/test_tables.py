"""Settings: named, from TOML, with training values replaced; what is wrong is said with its key."""

import dataclasses

import pytest

from bevseg.config import (
    GROUND_DOMAINS,
    NAMED,
    GroundConfig,
    Settings,
    from_table,
    load,
    to_table,
    with_training,
)
from bevseg.errors import CloudNotFoundError, UsageError
from bevseg.config.names import FEATURES, GROUND_METHODS


def toml(tmp_path, text):
    path = tmp_path / "own.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("name", NAMED)
def test_settings_survive_the_way_through_a_table(name):
    assert from_table(to_table(NAMED[name]), "a test") == NAMED[name]


def test_the_named_configurations_use_known_features():
    assert {settings.raster.features for settings in NAMED.values()} <= set(FEATURES)


def test_a_toml_file_changes_what_it_names_and_nothing_else(tmp_path):
    settings = load(toml(tmp_path, "[raster]\ncell = 0.1\n[train]\nsteps = 7\n"))
    assert settings.raster.cell == 0.1
    assert settings.train.steps == 7
    assert settings.ground == Settings().ground


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[raster]\ncel = 0.1", "cel"),
        ("[rooster]\ncell = 0.1", "rooster"),
        ("raster = 3", "raster"),
        ("[train]\nsteps = 'many'", "train.steps"),
        ("[train", "TOML"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_file(tmp_path, text, complaint):
    path = toml(tmp_path, text)
    with pytest.raises(UsageError, match=complaint) as caught:
        load(path)
    assert str(caught.value.where) == path


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(CloudNotFoundError, match="default, paper"):
        load("papper")


def test_training_values_are_replaced_and_none_leaves_them():
    changed = with_training(None, loss="ce", max_minutes=None)
    assert changed.train == dataclasses.replace(Settings().train, loss="ce")
    assert with_training(changed, max_minutes=2.0).train.loss == "ce"


def test_settings_cannot_be_changed_by_accident():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().raster.cell = 1.0


@pytest.mark.parametrize("name", GROUND_DOMAINS)
@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_no_ground_is_looked_for_with_absurd_numbers(name, value):
    with pytest.raises(UsageError, match=f"{name} {value:g} cannot be worked with") as caught:
        GroundConfig(**{name: value})
    assert caught.value.where == f"ground.{name}"


@pytest.mark.parametrize(
    ("name", "value"), [("window", 0.0), ("window", 501.0), ("window", 1e9), ("threshold", 0.0)]
)
def test_windows_and_thresholds_have_a_size(name, value):
    with pytest.raises(UsageError, match=name):
        GroundConfig(**{name: value})


def test_slopes_of_0_are_settings_of_the_ground():
    assert GroundConfig(slope=0.0, scalar=0.0).scalar == 0


def test_an_unknown_method_of_the_ground_lists_the_known_ones():
    with pytest.raises(UsageError, match="cloth") as caught:
        GroundConfig(method="cloth")
    assert all(method in caught.value.hint for method in GROUND_METHODS)


@pytest.mark.parametrize(("line", "key"), [("window = -3", "window"), ("method = 'cloth'", "method")])
def test_a_file_with_a_wrong_setting_of_the_ground_is_named(tmp_path, line, key):
    path = toml(tmp_path, f"[ground]\n{line}")
    with pytest.raises(UsageError) as caught:
        load(path)
    assert str(caught.value.where) == f"{path}: ground.{key}"
    assert caught.value.hint.startswith("choose")
