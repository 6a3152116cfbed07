"""All words of a report stand in one file, and each of them is used."""

import re
import tomllib
from pathlib import Path

import pytest

from bevseg.core.labels import CLASS_NAMES
from bevseg.core.reasons import REASON_NAMES
from bevseg.objects.objects import Objects
from bevseg.report import cloud_section
from bevseg.report.texts import texts

FOLDER = Path(cloud_section.__file__).parent
TABLE = tomllib.loads((FOLDER / "texts.toml").read_text(encoding="utf-8"))
BY_NAME = {
    "classes": set(CLASS_NAMES),
    "reasons": set(REASON_NAMES),
    "cloud.methods": {"flat-zones", "smrf"},
    "cloud.roles": {"unseen", "training", "validation"},
}
"""Sections whose texts are found by a name that the program knows."""


def keys(table, where=""):
    """All names of texts, with the sections that they stand in."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from keys(value, f"{where}{key}.")
        else:
            yield f"{where}{key}"


def sources():
    return "\n".join(
        path.read_text(encoding="utf-8") for path in FOLDER.iterdir() if path.suffix in (".py", ".html")
    )


def test_sections_by_name_have_exactly_the_names_that_occur():
    for section, names in BY_NAME.items():
        table = TABLE
        for part in section.split("."):
            table = table[part]
        assert set(table) == names


def test_kinds_of_objects_have_words_for_one_and_for_many():
    assert set(Objects().counts()) == {
        kind for kinds in cloud_section.KINDS_OF_CLASS.values() for kind in kinds
    }
    for kind in Objects().counts():
        assert {"one", "many"} == set(TABLE["table"][kind])


@pytest.mark.parametrize("key", list(keys(TABLE)))
def test_each_text_is_used(key):
    section, _, name = key.rpartition(".")
    if section in BY_NAME or section == "stages" or section.split(".")[-1] in Objects().counts():
        return
    found = re.findall(
        rf"(?:t|words|texts\(\))\.(?:{section}\.)?{name}\b|texts\(\)\.{section}\.{name}\b", sources()
    )
    assert found, f"no page says {key}"


def test_a_text_that_does_not_exist_is_an_error():
    with pytest.raises(AttributeError, match=r"texts.toml has no text page\.nonsense"):
        _ = texts().page.nonsense


def test_a_name_from_outside_never_reaches_the_attributes_of_the_table():
    assert texts().stages.get("__class__", "other") == "other"
    assert texts().stages.get("read", "other") == "read"
