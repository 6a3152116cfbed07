"""`bevseg export-model`: files that ONNX Runtime reads, all or none, and that the documentation shows how to use."""

import dataclasses
import importlib
import sys

import numpy as np
import pytest

from bevseg import pipeline
from bevseg.errors import DependencyError
from bevseg.io.geotiff import read
from bevseg.seg import checkpoint
from bevseg.seg import to_onnx as module
from bevseg.seg.inference.predict import predict
from bevseg.stages import export_model
from tests import tiny
from tests.cli.invoke import bevseg, left_behind
from tests.docs.pages import DOCS, files_in


@pytest.fixture
def exported_in_no_time(monkeypatch):
    """The export itself takes seconds; it is tested in tests/seg/test_to_onnx.py."""
    monkeypatch.setattr(export_model, "to_onnx", lambda model, name: name.encode())


def test_each_network_gets_a_file(tiny_model, exported_in_no_time, tmp_path):
    result = bevseg("export-model", tiny_model, "--onnx", tmp_path / "new" / "onnx")
    assert result.exit_code == 0, result.stderr
    assert left_behind(tmp_path / "new" / "onnx") == ["high.onnx", "low.onnx"]
    assert (tmp_path / "new" / "onnx" / "low.onnx").read_bytes() == b"low"
    assert "low.onnx" in result.stdout + result.stderr


def test_a_model_of_one_slice_gives_one_file(tiny_model, exported_in_no_time, tmp_path):
    model = checkpoint.load(tiny_model)
    half = dataclasses.replace(model, nets={"high": model.nets["high"]}, bands={"high": model.bands["high"]})
    checkpoint.save(half, tmp_path / "half.safetensors")
    assert bevseg("export-model", tmp_path / "half.safetensors", "--onnx", tmp_path / "out").exit_code == 0
    assert left_behind(tmp_path / "out") == ["high.onnx"]


def test_a_file_that_exists_is_replaced_only_if_asked(tiny_model, exported_in_no_time, tmp_path):
    (tmp_path / "high.onnx").write_bytes(b"mine")
    result = bevseg("export-model", tiny_model, "--onnx", tmp_path)
    assert result.exit_code == 6
    assert "high.onnx" in result.stderr and "--overwrite" in result.stderr
    assert left_behind(tmp_path) == ["high.onnx"]
    assert (tmp_path / "high.onnx").read_bytes() == b"mine"
    assert bevseg("export-model", tiny_model, "--onnx", tmp_path, "--overwrite").exit_code == 0
    assert (tmp_path / "high.onnx").read_bytes() == b"high"


def test_nothing_is_written_if_the_second_network_fails(tiny_model, monkeypatch, tmp_path):
    def to_onnx(model, name):
        if name == "high":
            raise KeyboardInterrupt
        return b"low"

    monkeypatch.setattr(export_model, "to_onnx", to_onnx)
    assert bevseg("export-model", tiny_model, "--onnx", tmp_path).exit_code == 130
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("missing", ["onnx", "onnxscript"])
def test_without_the_extra_the_error_names_it_before_the_model_is_read(monkeypatch, tmp_path, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(DependencyError, match="onnx and onnxscript") as caught:
        module.load_onnx()
    assert "pip install 'bevseg[onnx]'" in caught.value.hint
    result = bevseg("export-model", tmp_path / "gone.safetensors", "--onnx", tmp_path / "out")
    assert result.exit_code == 5
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(("name", "code"), [("gone.safetensors", 4), ("text.safetensors", 4)])
def test_what_is_no_model_is_refused(tmp_path, name, code):
    (tmp_path / "text.safetensors").write_text("no model")
    assert bevseg("export-model", tmp_path / name, "--onnx", tmp_path / "out").exit_code == code
    assert left_behind(tmp_path) == ["text.safetensors"]


def test_a_file_in_the_place_of_the_directory_is_refused(tiny_model, exported_in_no_time, tmp_path):
    (tmp_path / "out").write_text("a file")
    result = bevseg("export-model", tiny_model, "--onnx", tmp_path / "out")
    assert result.exit_code == 6
    assert (tmp_path / "out").read_text() == "a file"


@pytest.fixture
def page(tmp_path, monkeypatch):
    """The module that the page shows."""
    pytest.importorskip("onnxruntime")
    for name, text in files_in(DOCS / "stages" / "export-model.md").items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("classify")
    sys.modules.pop("classify")


@pytest.mark.slow
def test_the_example_of_the_page_finds_the_classes_of_predict(page, tiny_model, streets, tmp_path):
    """From a cloud to its cells, by the commands and the code of the page."""
    (tmp_path / "tiny.toml").write_text(tiny.TOML)
    work, config = tmp_path / "work", ["--config", tmp_path / "tiny.toml"]
    for arguments in (
        ("ingest", streets / "a.txt", "-o", work),
        ("ground", work, *config),
        ("rasterize", work, *config),
        ("export-model", tiny_model, "--onnx", tmp_path),
    ):
        result = bevseg(*arguments)
        assert result.exit_code == 0, result.stderr
    model = pipeline.load_model(tiny_model)
    for name in ("low", "high"):
        found = page.classify(str(tmp_path / f"{name}.onnx"), str(work / "a" / f"{name}.tif"))
        expected = predict(read(work / "a" / f"{name}.tif"), model, name, device="cpu")["class"]
        assert np.array_equal(found == 0, expected == 0) and (found > 0).any()
        assert (found == expected).mean() > 0.99
