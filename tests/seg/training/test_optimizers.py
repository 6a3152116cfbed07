"""Optimisers step as their papers say, and schedules give the factors that they promise."""

import dataclasses

import numpy as np
import pytest
import torch

from bevseg.config import TrainConfig
from bevseg.seg.training.optimizers import OPTIMIZERS, make_optimizer, make_schedule, one_cycle, set_rate

PLAIN = TrainConfig(learning_rate=0.1, weight_decay=0.0)


def stepped(name, gradients, config=PLAIN):
    """Return where a weight that starts at 1 is after each of these gradients."""
    weight, path = torch.ones(1, requires_grad=True), []
    optimizer = make_optimizer(name, [weight], config)
    for gradient in gradients:
        weight.grad = torch.tensor([gradient])
        optimizer.step()
        path.append(weight.item())
    return path


def test_sgd_gathers_speed():
    assert stepped("sgd", [1.0, 1.0]) == pytest.approx([0.9, 0.9 - 0.1 * 1.9])
    slow = dataclasses.replace(PLAIN, momentum=0.0)
    assert stepped("sgd", [1.0, 1.0], slow) == pytest.approx([0.9, 0.8])


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_the_first_step_of_adam_has_the_length_of_the_rate(name):
    assert stepped(name, [123.0]) == pytest.approx([0.9])


def test_the_first_step_of_adadelta_is_that_of_keras():
    step = 0.1 * np.sqrt(1e-7) / np.sqrt(0.05 + 1e-7)
    assert 1 - stepped("adadelta", [1.0])[0] == pytest.approx(step, rel=1e-3)


def test_weight_decay_stands_apart_from_the_gradient_in_adamw_alone():
    decaying = dataclasses.replace(PLAIN, weight_decay=0.5)
    assert stepped("adamw", [0.0], decaying) == pytest.approx([0.95])
    assert stepped("adam", [0.0], decaying) == pytest.approx([0.9])
    assert stepped("sgd", [0.0], decaying) == pytest.approx([0.95])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_rate_that_is_set_holds(name):
    weight = torch.ones(1, requires_grad=True)
    optimizer = make_optimizer(name, [weight], PLAIN)
    set_rate(optimizer, 0.0)
    weight.grad = torch.ones(1)
    optimizer.step()
    assert weight.item() == 1


def test_the_learning_rate_rises_and_falls_to_nothing():
    rates = [one_cycle(progress) for progress in np.linspace(0, 1, 101)]
    assert np.argmax(rates) == 10
    assert max(rates) == pytest.approx(1) and rates[0] == pytest.approx(0.04)
    assert rates[-1] == one_cycle(1.3) == pytest.approx(0)


def test_poly_falls_from_one_to_nothing_by_its_power():
    rates = make_schedule("poly", TrainConfig(power=2.0))
    assert [rates.factor(p) for p in (0, 0.5, 1, 1.2)] == [1, 0.25, 0, 0]


def test_step_falls_to_a_tenth_and_a_hundredth():
    rates = make_schedule("step", PLAIN)
    assert [rates.factor(p) for p in (0, 0.49, 0.5, 0.74, 0.75, 1)] == [1, 1, 0.1, 0.1, 0.01, 0.01]


def test_constant_stays():
    assert {make_schedule("constant", PLAIN).factor(p) for p in (0, 0.3, 1)} == {1.0}


def test_a_plateau_lowers_the_rate_after_its_patience_and_counts_anew():
    rates = make_schedule("plateau", TrainConfig(plateau_patience=2, plateau_factor=0.5))
    seen = []
    for score in (0.3, 0.3, 0.4, 0.2, 0.4, 0.1, 0.1, 0.5):
        rates.update(score)
        seen.append(rates.factor(0.5))
    assert seen == [1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25]


def test_without_validation_there_is_no_plateau():
    rates = make_schedule("plateau", TrainConfig(plateau_patience=1))
    for _ in range(5):
        rates.update(float("nan"))
    assert rates.factor(0.9) == 1
