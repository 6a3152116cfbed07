"""An ONNX file says what the network says, for rasters of any size, and tells its reader all that it needs."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from bevseg import weights
from bevseg.config import NetConfig, Settings
from bevseg.errors import ModelError
from bevseg.seg import checkpoint
from bevseg.seg.inputs import OUTPUTS, scaled
from bevseg.seg.models import registry
from bevseg.seg.models.build import build
from bevseg.seg.to_onnx import OPSET, load_onnx, metadata, to_onnx
from tests.seg import scenes
from tests.seg.models.test_built_in import settled
from tests.three_layers import KIND

SIZES = [(1, 1), (3, 17), (33, 70), (64, 64), (101, 50)]


def model_of(net, kind="unet", **values):
    settings = Settings(net=NetConfig(kind, filters=4, depth=2))
    return checkpoint.Model({"low": net}, {"low": scenes.BANDS}, settings, **values)


def rasters(bands, size, rng):
    """Two rasters in physical units; half of their cells are empty, and one cell lacks a single band."""
    values = rng.uniform(-1, 2, (2, bands, *size)).astype(np.float32)
    empty = rng.random((2, *size)) < 0.5
    values[np.broadcast_to(empty[:, None], values.shape)] = np.nan
    values[0, 0, 0, 0] = np.nan
    return values


def agree(model, data):
    """Whether ONNX Runtime and torch give the same logits, at several sizes."""
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(data, providers=["CPUExecutionProvider"])
    net, bands, rng = model.nets["low"], model.bands["low"], np.random.default_rng(0)
    for size in SIZES:
        values = rasters(len(bands), size, rng)
        (found,) = session.run(None, {"bands": values})
        with torch.inference_mode():
            expected = net(torch.stack([scaled(raster.copy(), bands) for raster in values])).numpy()
        assert np.isnan(values).any() and expected.std() > 0
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4, err_msg=f"{size}")
        (alone,) = session.run(None, {"bands": values[1:]})
        np.testing.assert_allclose(alone, expected[1:], rtol=1e-5, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("kind", registry.NETWORKS)
def test_the_logits_are_those_of_torch_at_any_size(kind):
    load_onnx()
    model = model_of(settled(kind, depth=2, classes=len(OUTPUTS)), kind)
    agree(model, to_onnx(model, "low"))


@pytest.mark.slow
@pytest.mark.skipif(not weights.DEFAULT.is_file(), reason="this copy has no default model")
def test_the_logits_of_the_model_that_ships_are_those_of_torch():
    model = checkpoint.load(weights.DEFAULT)
    agree(model, to_onnx(model, "low"))


@pytest.mark.slow
def test_a_class_of_the_users_own_is_exported(mynet):
    model = model_of(build(NetConfig(KIND, filters=4), len(scenes.BANDS), len(OUTPUTS)).eval(), KIND)
    agree(model, to_onnx(model, "low"))


@pytest.fixture(scope="module")
def exported():
    """Two exports of one model."""
    pytest.importorskip("onnxruntime")
    model = model_of(settled("segnet", depth=2, classes=len(OUTPUTS)), "segnet", temperatures={"low": 1.25})
    return model, to_onnx(model, "low"), to_onnx(model, "low")


@pytest.mark.slow
def test_the_file_is_sound_and_names_its_sizes(exported):
    onnx = load_onnx()
    proto = onnx.load_from_string(exported[1])
    onnx.checker.check_model(proto, full_check=True)
    assert [(part.domain, part.version) for part in proto.opset_import] == [("", OPSET)]
    shapes = {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*proto.graph.input, *proto.graph.output)
    }
    assert shapes == {"bands": ["batch", 2, "rows", "cols"], "logits": ["batch", 5, "rows", "cols"]}
    assert "NaN where unknown" in proto.doc_string


@pytest.mark.slow
def test_the_same_model_gives_the_same_bytes_without_a_path_of_this_machine(exported):
    _, one, other = exported
    assert one == other
    assert b".py" not in one and b"site-packages" not in one


@pytest.mark.slow
def test_the_file_carries_the_metadata(exported):
    model, data, _ = exported
    found = {entry.key: entry.value for entry in load_onnx().load_from_string(data).metadata_props}
    assert found == metadata(model, "low")


def test_the_metadata_tell_a_reader_what_bevseg_knows_itself():
    model = dataclasses.replace(scenes.model(), temperatures={"low": 1.25})
    told = {key.removeprefix("bevseg."): value for key, value in metadata(model, "low").items()}
    assert (told["slice"], told["network"], told["features"]) == ("low", "unet", "shape")
    read = {
        key: json.loads(told[key]) for key in told.keys() - {"slice", "network", "features", "weights_sha256"}
    }
    assert read["bands"] == [
        {"name": "height", "scale": 2.0, "unit": "m"},
        {"name": "density", "scale": 1.0, "unit": "log(1 + points)"},
    ]
    assert read["classes"] == ["building", "car", "other", "pole", "vegetation"]
    assert (read["first_train_id"], read["cell"], read["temperature"]) == (1, 0.2, 1.25)
    assert read["slices"]["split"] == 3.0
    assert (read["multiple"], read["margin"]) == (4, 128)
    assert json.loads(metadata(model, "high")["bevseg.temperature"]) == 1


class Undecided(torch.nn.Module):
    """A network that looks at values to decide what to do: no graph holds that."""

    depth = 0

    def forward(self, bands):
        return bands[:, [0] * 5] if bands.sum() > 0 else bands[:, [1] * 5]


@pytest.mark.slow
def test_a_network_that_cannot_be_exported_is_refused_with_the_reason():
    load_onnx()
    with pytest.raises(ModelError, match="cannot be exported") as caught:
        to_onnx(model_of(Undecided()), "low")
    assert "data-dependent" in caught.value.why
    with pytest.raises(ModelError, match="no network for the high slice"):
        to_onnx(model_of(Undecided()), "high")
