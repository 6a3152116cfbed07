"""Prediction: every occupied cell gets a class, no other does, and tiles leave no seams."""

import dataclasses

import numpy as np
import pytest
import torch

from bevseg.config import PredictConfig, RasterConfig, Settings
from bevseg.core.labels import PROBABILITY_BANDS
from bevseg.core.raster import Band
from bevseg.core.tiles import cut
from bevseg.errors import DeviceError, ModelError
from bevseg.seg.inference import crf
from bevseg.seg.inference import predict as prediction
from bevseg.seg.inference.predict import Classifier, predict, tiling_of
from tests.seg import scenes

CPU = torch.device("cpu")


@pytest.fixture
def squares():
    return scenes.squares(np.random.default_rng(3), 64)


def test_classes_and_confidence_of_occupied_cells_only(squares):
    values, labels = squares
    raster = scenes.raster(values)
    found = predict(raster, scenes.model(), "low", device="cpu")
    assert found.names == ("class", "confidence") and found.grid == raster.grid
    assert found.values.dtype == np.uint8
    assert (found["class"][labels == 0] == 0).all() and (found["confidence"][labels == 0] == 0).all()
    assert found["class"][labels > 0].min() >= 1 and found["class"].max() <= 5
    assert found["confidence"][labels > 0].min() >= 51  # the largest of five probabilities


def test_it_is_the_network_in_full_precision_but_for_close_calls(squares):
    values, labels = squares
    model = scenes.model()
    with torch.inference_mode():
        scaled = torch.from_numpy(np.nan_to_num(values / np.float32([[[2]], [[1]]])))
        expected = model.nets["low"].eval()(scaled[None])[0].softmax(0)
    found = predict(scenes.raster(values), model, "low", device="cpu")
    best = expected.max(0)
    sure = (labels > 0) & ((best.values - expected.kthvalue(4, 0).values).numpy() > 0.05)
    assert sure.sum() > 200
    np.testing.assert_array_equal(found["class"][sure], best.indices.numpy()[sure] + 1)
    assert np.abs(found["confidence"][sure] - 255 * best.values.numpy()[sure]).max() < 8


@pytest.mark.parametrize("config", [PredictConfig(), PredictConfig(scales=(1.0, 2.0), turns=4)])
def test_a_device_is_waited_for_once_in_a_tile(squares, monkeypatch, config):
    """A meta tensor has no values: to read one, but by the copy at the end, would be an error."""
    copied = []

    def cpu(tensor):
        copied.append(tuple(tensor.shape))
        return torch.zeros(tensor.shape, dtype=tensor.dtype)

    values, labels = squares
    classify = Classifier(scenes.model().nets["low"], scenes.BANDS, 5, torch.device("meta"), config)
    monkeypatch.setattr(torch.Tensor, "cpu", cpu)
    if config == PredictConfig():
        classify.window(values, labels > 0)
        assert copied == [(2, *labels.shape)]
    else:
        classify.probabilities(values)
        assert copied == [(5, *labels.shape)]


def test_tiles_leave_no_seams(squares, monkeypatch):
    values, labels = scenes.squares(np.random.default_rng(4), 150)
    classify = Classifier(scenes.model().nets["low"], scenes.BANDS, 5, CPU)
    whole = classify(values, labels > 0)
    monkeypatch.setattr(prediction, "SIDE", 40)
    monkeypatch.setattr(prediction, "MARGIN", 24)
    np.testing.assert_array_equal(classify(values, labels > 0), whole)


SEVERAL = [
    PredictConfig(scales=(1.0, 0.75, 0.5)),
    PredictConfig(turns=8),
    PredictConfig(scales=(0.5,), turns=2),
]


@pytest.mark.parametrize("tta", SEVERAL)
def test_tiles_with_tta_leave_no_seams(monkeypatch, tta):
    values, labels = scenes.squares(np.random.default_rng(4), 150)
    classify = Classifier(scenes.model().nets["low"], scenes.BANDS, 5, CPU, tta)
    whole = classify.probabilities(values)
    monkeypatch.setattr(prediction, "SIDE", 96)
    monkeypatch.setattr(prediction, "MARGIN", 16)
    parts = in_tiles(classify, values, labels > 0, tta)
    np.testing.assert_allclose(parts[:, labels > 0], whole[:, labels > 0], atol=0.02)


def in_tiles(classify, values, mask, tta):
    tiling = tiling_of(scenes.model(), ["low"], tta)
    parts = np.zeros((5, *mask.shape), np.float32)
    for tile in cut(mask, mask, tiling):
        tile.put(classify.probabilities(tile.window(values, np.nan)), parts)
    return parts


@pytest.mark.parametrize("scales", [(0.125,), (2.0,), (2.0, 0.125)])
def test_every_cell_is_classified_whatever_the_scale(monkeypatch, scales):
    values, labels = scenes.squares(np.random.default_rng(4), 150)
    monkeypatch.setattr(prediction, "SIDE", 64)
    tta = PredictConfig(scales=scales)
    classify = Classifier(scenes.model().nets["low"], scenes.BANDS, 5, CPU, tta)
    total = in_tiles(classify, values, labels > 0, tta).sum(0)
    np.testing.assert_allclose(total[labels > 0], 1, atol=1e-4)


@pytest.mark.parametrize("tta", [*SEVERAL, PredictConfig(crf=True)])
def test_tta_changes_occupied_cells_only(squares, tta):
    values, labels = squares
    raster, model = scenes.raster(values), scenes.model()
    plain = predict(raster, model, "low", device="cpu")
    found = predict(raster, model, "low", device="cpu", config=tta)
    assert found.values.dtype == np.uint8 and (found.values[:, labels == 0] == 0).all()
    assert found["class"][labels > 0].min() >= 1 and found["class"].max() <= 5
    assert (found.values != plain.values).any()


def test_a_crf_without_weights_changes_nothing(squares, monkeypatch):
    monkeypatch.setattr(crf, "SMOOTHNESS", 0)
    monkeypatch.setattr(crf, "APPEARANCE", 0)
    raster, model = scenes.raster(squares[0]), scenes.model()
    idle = PredictConfig(crf=True)
    plain, found = (predict(raster, model, "low", device="cpu", config=c) for c in (PredictConfig(), idle))
    np.testing.assert_array_equal(found["class"], plain["class"])
    assert np.abs(found["confidence"].astype(int) - plain["confidence"]).max() <= 1


@pytest.mark.parametrize("tta", [PredictConfig(), *SEVERAL, PredictConfig(crf=True)])
def test_a_temperature_changes_confidences_and_no_class(squares, tta):
    raster, occupied = scenes.raster(squares[0]), squares[1] > 0
    cold, plain, hot = (
        predict(raster, scenes.model(temperatures={"low": t}), "low", device="cpu", config=tta)
        for t in (0.5, 1.0, 3.0)
    )
    np.testing.assert_array_equal(cold["class"], plain["class"])
    np.testing.assert_array_equal(hot["class"], plain["class"])
    assert (cold["confidence"] >= plain["confidence"]).all() and (
        plain["confidence"] >= hot["confidence"]
    ).all()
    assert hot["confidence"][occupied].mean() < plain["confidence"][occupied].mean() - 5
    assert hot["confidence"][occupied].min() >= 51


def test_the_confidence_is_the_probability_at_the_temperature(squares):
    values, labels = squares
    classify = Classifier(scenes.model().nets["low"], scenes.BANDS, 5, CPU, temperature=2.0)
    expected = torch.from_numpy(classify.logits(values, labels > 0) / 2).softmax(1).max(1).values.numpy()
    np.testing.assert_allclose(classify(values, labels > 0)[1, labels > 0], 255 * expected, atol=0.51)


def test_a_raster_without_a_point():
    empty = np.full((2, 9, 7), np.nan, np.float32)
    found = predict(scenes.raster(empty), scenes.model(), "low", device="cpu")
    assert not found.values.any()


def test_a_raster_of_one_cell():
    found = predict(scenes.raster(np.ones((2, 1, 1), np.float32)), scenes.model(), "low", device="cpu")
    assert found["class"].item() in range(1, 6)


def test_without_a_density_the_first_band_tells_what_is_occupied(squares):
    values, labels = squares
    bands = (Band("h_max", 2.0, "m"), Band("dh", 2.0, "m"))
    model = dataclasses.replace(scenes.model(), bands={"low": bands})
    found = predict(scenes.raster(values, names=("h_max", "dh")), model, "low", device="cpu")
    np.testing.assert_array_equal(found["class"] > 0, labels > 0)


def test_nothing_is_changed(squares):
    values = squares[0]
    kept, model = values.copy(), scenes.model()
    before = {key: value.clone() for key, value in model.nets["low"].state_dict().items()}
    predict(scenes.raster(values), model, "low", device="cpu")
    after = model.nets["low"].state_dict()
    np.testing.assert_array_equal(values, kept)
    assert all(torch.equal(value, after[key]) for key, value in before.items())


def test_other_bands_are_refused(squares):
    with pytest.raises(ModelError, match="other bands of the low slice") as caught:
        predict(scenes.raster(squares[0], names=("density", "height")), scenes.model(source="m"), "low")
    assert caught.value.why == "the raster has density, height; the model needs height, density"
    assert caught.value.where == "m"


def test_another_cell_size_is_refused(squares):
    settings = Settings(net=scenes.NET, raster=RasterConfig(cell=0.1))
    with pytest.raises(ModelError, match="another cell size") as caught:
        predict(scenes.raster(squares[0]), dataclasses.replace(scenes.model(), settings=settings), "low")
    assert "cells of 0.2 m; the model was trained on 0.1 m" in caught.value.why


def test_a_slice_that_the_model_lacks_is_refused(squares):
    with pytest.raises(ModelError, match="no network for the high slice"):
        predict(scenes.raster(squares[0]), scenes.model(slices=("low",)), "high")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_absent_is_refused(squares):
    with pytest.raises(DeviceError):
        predict(scenes.raster(squares[0]), scenes.model(), "low", device="cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_the_gpu_says_what_the_cpu_says(squares):
    values, labels = squares
    both = [
        Classifier(scenes.model().nets["low"], scenes.BANDS, 5, torch.device(name))(values, labels > 0)[0]
        for name in ("cpu", "cuda")
    ]
    assert (both[0] == both[1])[labels > 0].mean() > 0.97


@pytest.mark.parametrize("tta", [PredictConfig(), PredictConfig(turns=2), PredictConfig(crf=True)])
def test_probabilities_of_all_classes_agree_with_the_class_and_its_confidence(squares, tta):
    values, labels = squares
    raster, model = scenes.raster(values), dataclasses.replace(scenes.model(), temperatures={"low": 1.5})
    plain = predict(raster, model, "low", device="cpu", config=tta)
    found = predict(raster, model, "low", device="cpu", config=tta, probabilities=True)
    assert found.names == (*plain.names, *PROBABILITY_BANDS)
    np.testing.assert_array_equal(found.values[:2], plain.values)
    shares, seen = found.values[2:].astype(int), labels > 0
    np.testing.assert_array_equal(shares.max(0), found["confidence"])
    of_class = np.take_along_axis(shares[:, seen], found["class"][seen][None].astype(int) - 1, 0)
    np.testing.assert_array_equal(of_class[0], found["confidence"][seen])
    assert np.abs(shares.sum(0)[seen] - 255).max() <= 2 and not shares[:, ~seen].any()
