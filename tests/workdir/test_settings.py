"""The settings of a work directory: recorded by group, read again, held against those in force."""

import dataclasses
import json

import pytest

from bevseg.config import NAMED
from bevseg.errors import InputError, UsageError
from bevseg.workdir.settings import GROUPS, check_same_settings, record_settings, settings_of

DEFAULT, PAPER = NAMED["default"], NAMED["paper"]


def test_settings_are_recorded_by_group(tmp_path):
    record_settings(tmp_path, PAPER, ("ground", "raster"))
    assert settings_of(tmp_path).raster == PAPER.raster
    assert settings_of(tmp_path).slices == DEFAULT.slices
    assert json.loads((tmp_path / "settings.json").read_text()).keys() == {"ground", "raster"}


def test_other_settings_are_refused_only_where_they_matter(tmp_path):
    record_settings(tmp_path, DEFAULT, GROUPS)
    with pytest.raises(UsageError, match="other settings"):
        record_settings(tmp_path, PAPER, ("raster",))
    check_same_settings(tmp_path, PAPER, ("ground",))
    record_settings(tmp_path, PAPER, ("raster",), overwrite=True)
    assert settings_of(tmp_path) == dataclasses.replace(DEFAULT, raster=PAPER.raster)


@pytest.mark.parametrize("damaged", ["{", "[]", '{"rooster": {}}', '{"raster": {"cell": 0}}'])
def test_a_damaged_record_is_replaced_where_all_is_made_anew(tmp_path, damaged):
    (tmp_path / "settings.json").write_text(damaged)
    with pytest.raises(InputError, match="--overwrite --config"):
        record_settings(tmp_path, PAPER, ("ground",))
    record_settings(tmp_path, PAPER, ("ground",), overwrite=True)
    assert settings_of(tmp_path) == dataclasses.replace(DEFAULT, ground=PAPER.ground)


def test_a_directory_without_a_record_has_the_defaults(tmp_path):
    assert settings_of(tmp_path) == DEFAULT
    check_same_settings(tmp_path, PAPER, GROUPS)
