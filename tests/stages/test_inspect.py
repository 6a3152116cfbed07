"""`bevseg inspect`: what a model or a cloud holds."""

import json

import numpy as np

from tests import tiny
from tests.cli.invoke import bevseg


def test_inspect_a_model(tiny_model):
    text = bevseg("inspect", tiny_model)
    assert text.exit_code == 0
    for word in ("bands", "h_max", "ground_band", "vegetation", "versions", "torch", "mIoU"):
        assert word in text.stdout
    table = json.loads(bevseg("inspect", tiny_model, "--json").stdout)
    assert table["kind"] == "model"
    assert table["settings"]["raster"]["cell"] == 0.4


def test_inspect_a_cloud(tmp_path):
    labels = np.array([1, 1, 2, 3, 5, 0], np.uint8)
    cloud = tiny.write_text(tmp_path / "a.txt", np.arange(18.0).reshape(6, 3), labels)
    text = bevseg("inspect", cloud)
    assert "points: 6" in text.stdout
    assert "building: 2" in text.stdout
    table = json.loads(bevseg("inspect", cloud, "--json").stdout)
    assert table["bounds_m"]["x"] == [0.0, 15.0]
    assert table["classes"]["car"] == 1
