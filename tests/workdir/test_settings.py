"""The settings of a work directory: recorded by group, read again, held against those in force."""

import dataclasses
import json

import pytest

from bevseg.config import NAMED
from bevseg.errors import UsageError
from bevseg.workdir.settings import GROUPS, refuse_other, settings_of, settle

DEFAULT, PAPER = NAMED["default"], NAMED["paper"]


def test_settings_are_recorded_by_group(tmp_path):
    settle(tmp_path, PAPER, ("ground", "raster"))
    assert settings_of(tmp_path).raster == PAPER.raster
    assert settings_of(tmp_path).slices == DEFAULT.slices
    assert json.loads((tmp_path / "settings.json").read_text()).keys() == {"ground", "raster"}


def test_other_settings_are_refused_only_where_they_matter(tmp_path):
    settle(tmp_path, DEFAULT, GROUPS)
    with pytest.raises(UsageError, match="other settings"):
        settle(tmp_path, PAPER, ("raster",))
    refuse_other(tmp_path, PAPER, ("ground",))
    settle(tmp_path, PAPER, ("raster",), overwrite=True)
    assert settings_of(tmp_path) == dataclasses.replace(DEFAULT, raster=PAPER.raster)


def test_a_directory_without_a_record_has_the_defaults(tmp_path):
    assert settings_of(tmp_path) == DEFAULT
    refuse_other(tmp_path, PAPER, GROUPS)
