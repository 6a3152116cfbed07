"""Maps come back from the disk as they were; what is no file of maps is refused in words."""

import dataclasses

import numpy as np
import pytest

from bevseg.errors import InputError
from bevseg.report.maps_file import read_maps, write_maps
from tests.report.clouds import maps


def test_maps_come_back_as_they_were(tmp_path):
    first = maps(np.random.default_rng(0).integers(0, 6, (7, 5)), cell=0.2, left=-3.0, top=1e6)
    write_maps(first, tmp_path / "a")
    found = read_maps(tmp_path / "a")
    for field in dataclasses.fields(first):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(first, field.name))
    write_maps(found, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"classes": np.full((2, 2), 6, np.uint8)},
        {"truth": np.zeros((2, 3), np.uint8)},
        {"ground": np.zeros((2, 2), np.float64)},
        {"heights": np.zeros((6, 3), np.int64)},
    ],
)
def test_maps_that_contradict_themselves_are_refused(change, tmp_path):
    write_maps(dataclasses.replace(maps(np.ones((2, 2))), **change), tmp_path / "a")
    with pytest.raises(InputError, match="cannot be read"):
        read_maps(tmp_path / "a")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x00" * 100])
def test_a_file_of_another_kind_is_refused(content, tmp_path):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(InputError, match="label the cloud again"):
        read_maps(tmp_path / "a")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError):
        read_maps(tmp_path / "none")


def test_maps_of_another_layout_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("bevseg.report.maps_file.LAYOUT", 7)
    write_maps(maps(np.ones((2, 2))), tmp_path / "a")
    monkeypatch.undo()
    with pytest.raises(InputError, match="layout is 7"):
        read_maps(tmp_path / "a")
