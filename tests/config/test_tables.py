"""Settings: named, from TOML, with training values replaced; all that is wrong is said at once, with its key."""

import dataclasses

import pytest

from bevseg.config import (
    NAMED,
    Settings,
    from_table,
    load,
    to_table,
    with_training,
)
from bevseg.config.names import FEATURES
from bevseg.errors import CloudNotFoundError, InputError, UsageError


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


FAULTY = """
rooster = 1
[slices]
ground_band = -5
reference = "mdoe"
[raster]
cell = 0.0
featurs = "heights"
[net]
depth = -1
dropout = 7
[train]
steps = true
optimiser = "adamww"
"""


def test_all_faults_of_a_file_come_in_one_message_a_line_each(tmp_path):
    with pytest.raises(UsageError, match="9 settings cannot be used") as caught:
        load(toml(tmp_path, FAULTY))
    lines = [line.strip() for line in caught.value.why.splitlines()]
    assert len(lines) == 9
    said = dict(line.split(maxsplit=1) for line in lines)
    assert said["slices.ground_band"] == "= -5: expected a number from 0 to 1,000 m"
    assert said["slices.reference"] == "= 'mdoe': expected one of dem, mode; did you mean 'mode'?"
    assert said["raster.cell"] == "= 0.0: expected a number from 0.001 to 1,000 m"
    assert said["net.depth"] == "= -1: expected a whole number from 0 to 10"
    assert said["net.dropout"] == "= 7: expected a number of at least 0 and below 1"
    assert said["train.steps"] == "= True: expected a whole number from 1 to 1,000,000,000"
    assert said["train.optimiser"].endswith("did you mean 'adamw'?")
    assert said["raster.featurs:"].endswith("did you mean 'features'?")
    assert said["rooster:"].endswith("did you mean 'raster'?")


def test_of_very_many_faults_some_are_listed_and_the_others_counted(tmp_path):
    with pytest.raises(UsageError, match="500 settings") as caught:
        load(toml(tmp_path, "".join(f"a{number} = 1\n" for number in range(500))))
    assert caught.value.why.splitlines()[-1].strip() == "and 480 more"


@pytest.mark.parametrize("text", ["split = 0.2", "split = 0.1", "ground_band = 4"])
def test_slices_that_contradict_each_other_are_refused(tmp_path, text):
    with pytest.raises(UsageError, match="which is"):
        load(toml(tmp_path, f"[slices]\n{text}"))


def test_what_a_file_does_not_name_is_held_against_what_it_names(tmp_path):
    base = from_table({"slices": {"ground_band": 0.5}}, "a test")
    with pytest.raises(UsageError, match="split"):
        load(toml(tmp_path, "[slices]\nsplit = 0.4"), base)


def test_whole_numbers_and_decimals_stand_for_each_other_where_they_are_equal(tmp_path):
    settings = load(toml(tmp_path, "[raster]\ncell = 1\n[train]\nsteps = 1e3\n"))
    assert (settings.raster.cell, type(settings.raster.cell)) == (1.0, float)
    assert (settings.train.steps, type(settings.train.steps)) == (1000, int)


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(CloudNotFoundError, match="did you mean 'paper'"):
        load("papper")


def test_the_kind_of_the_error_is_the_callers():
    with pytest.raises(InputError, match=r"raster\.cell") as caught:
        from_table({"raster": {"cell": 0}}, "settings.json", kind=InputError, hint="make it again")
    assert caught.value.hint == "make it again"
    assert caught.value.exit_code == 4
