"""Settings: named, from TOML, with training values replaced; what is wrong is said with its key."""

import dataclasses

import pytest

from bevseg.config import NAMED, Settings, from_table, load, to_table, with_training
from bevseg.errors import CloudNotFoundError, UsageError
from bevseg.names import FEATURES


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
