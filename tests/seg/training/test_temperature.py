"""The temperature of a network: found where it is known, and told where nothing can be said."""

import numpy as np
import pytest
import torch

from bevseg.core.metrics import calibration, expected_calibration_error
from bevseg.seg.training.temperature import LEAST_CELLS, fit_temperature, temperature_of
from tests.seg import scenes

CPU = torch.device("cpu")


def drawn(temperature, count=20_000, seed=0):
    """Logits, and labels drawn with the probabilities that they have at a temperature."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 4, (count, 5)).astype(np.float32)
    return logits, (logits / temperature + rng.gumbel(size=logits.shape)).argmax(1).astype(np.uint8)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_drew_the_labels_is_found(temperature):
    assert temperature_of(*drawn(temperature)) == pytest.approx(temperature, rel=0.05)


def test_no_other_temperature_has_a_greater_likelihood():
    logits, labels = drawn(2.0, 500)

    def cost(temperature):
        shares = torch.from_numpy(logits).double() / temperature
        return torch.nn.functional.cross_entropy(shares, torch.from_numpy(labels).long()).item()

    found = temperature_of(logits, labels)
    assert cost(found) < min(cost(found * 0.98), cost(found * 1.02))


def test_overconfidence_on_other_cells_becomes_confidence():
    found = temperature_of(*drawn(3.0))
    logits, labels = drawn(3.0, seed=1)
    errors = []
    for temperature in (1.0, found):
        shares = torch.from_numpy(logits / temperature).softmax(1).numpy()
        right = logits.argmax(1) == labels
        errors.append(expected_calibration_error(calibration(shares.max(1), right)))
    assert errors[0] > 0.2 and errors[1] < 0.02


@pytest.mark.parametrize("margin", [2, 50])  # at the least temperature, shares of 1e-17 and of 0
def test_cells_that_are_all_right_tell_no_temperature(margin):
    logits = np.tile(np.array([[margin, 0, 0, 0, 0]], np.float32), (500, 1))
    assert temperature_of(logits, np.zeros(500, np.uint8)) is None


def test_cells_that_are_all_wrong_give_the_greatest_temperature():
    logits = np.tile(np.array([[2, 0, 0, 0, 0]], np.float32), (500, 1))
    assert temperature_of(logits, np.ones(500, np.uint8)) == pytest.approx(20)


def test_a_few_wrong_cells_among_right_ones_tell_one():
    logits = np.tile(np.array([[2, 0, 0, 0, 0]], np.float32), (500, 1))
    assert 0.05 < temperature_of(logits, (np.arange(500) < 5).astype(np.uint8)) < 1


def test_a_network_and_its_scenes_give_a_temperature_and_few_cells_none():
    net, rng = scenes.model().nets["low"], np.random.default_rng(5)
    scene = scenes.squares(rng, 64)
    first, again = (fit_temperature(net, [scene], scenes.BANDS, 5, CPU) for _ in range(2))
    assert first == again and 1 < first <= 20  # it was never trained, and has opinions
    few = scene[0], np.where(np.cumsum(scene[1] > 0).reshape(64, 64) < LEAST_CELLS, scene[1], 0)
    assert fit_temperature(net, [few], scenes.BANDS, 5, CPU) is None
    assert fit_temperature(net, [], scenes.BANDS, 5, CPU) is None
