"""The model that ships."""

import pytest

from bevseg import weights
from bevseg.errors import ModelError

LARGEST = 3_000_000
"""Bytes of the file: nobody who wants the ground alone shall wait for a model."""


def test_what_ships_is_small():
    for path in weights.DEFAULT.parent.glob("*.safetensors"):
        assert path.stat().st_size <= LARGEST


def test_a_copy_without_it_raises(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "DEFAULT", tmp_path / "default.safetensors")
    with pytest.raises(ModelError, match="no default model"):
        weights.default_model()
    weights.DEFAULT.touch()
    assert weights.default_model() == weights.DEFAULT
