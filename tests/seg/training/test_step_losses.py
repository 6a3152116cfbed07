"""Losses are read once in a step, on a GPU one step late, and one that is no number names its step."""

import math
from types import SimpleNamespace

import pytest
import torch

from bevseg.config import TrainConfig
from bevseg.errors import TrainingError
from bevseg.seg.training import step_losses
from bevseg.seg.training.step_losses import StepLosses


class Gpu:
    """A loss on a GPU that has got so far: to wait for a later step would be an error of the test."""

    done = 0

    def copy(self, step, loss):
        def synchronize():
            assert step <= self.done, f"the host waits for step {step}, the GPU has done {self.done}"

        return step_losses._Copy(step, loss, SimpleNamespace(synchronize=synchronize))


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "is_cuda", True)
    gpu = Gpu()
    monkeypatch.setattr(step_losses, "_on_its_way", gpu.copy)
    return gpu


def test_the_mean_is_that_of_the_steps_since_the_last_one():
    losses = StepLosses(TrainConfig())
    for step, loss in enumerate((1.0, 2.0, 6.0), 1):
        losses.add(step, torch.tensor(loss))
    assert losses.take_mean() == 3
    losses.add(4, torch.tensor(5.0))
    assert losses.take_mean() == 5


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_on_a_cpu_a_loss_that_is_no_number_ends_its_own_step(value):
    losses = StepLosses(TrainConfig(learning_rate=0.5))
    losses.add(1, torch.tensor(1.0))
    with pytest.raises(TrainingError, match="infinite or NaN") as caught:
        losses.add(2, torch.tensor(value))
    assert caught.value.where == "step 2" and "0.5" in caught.value.hint


def test_on_a_gpu_the_host_waits_for_the_step_before_and_never_for_the_one_under_way(gpu):
    losses = StepLosses(TrainConfig())
    for step in range(1, 6):
        gpu.done = step - 1
        losses.add(step, torch.tensor(float(step)))
    gpu.done = 5
    assert losses.take_mean() == 3


def test_on_a_gpu_the_error_names_the_step_of_the_loss_not_that_of_the_reading(gpu):
    losses = StepLosses(TrainConfig())
    losses.add(1, torch.tensor(math.nan))
    gpu.done = 1
    with pytest.raises(TrainingError) as caught:
        losses.add(2, torch.tensor(1.0))
    assert caught.value.where == "step 1"


def test_no_validation_step_goes_by_a_loss_that_is_no_number(gpu):
    losses = StepLosses(TrainConfig())
    losses.add(1, torch.tensor(math.nan))
    gpu.done = 1
    with pytest.raises(TrainingError) as caught:
        losses.take_mean()
    assert caught.value.where == "step 1"
