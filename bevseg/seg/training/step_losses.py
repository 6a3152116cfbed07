"""Losses of the steps since the last validation step -> their mean, and an error if one of them is no number."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import torch
from torch import Tensor

from bevseg.config import TrainConfig
from bevseg.errors import TrainingError


class _Copy(NamedTuple):
    """A loss on its way to the host; `arrived` is None where it is there already."""

    step: int
    value: Tensor
    arrived: torch.cuda.Event | None


class StepLosses:
    """The losses since the last validation step.

    A GPU works behind the host. The loss of a step is read when the next step is in its queue: so the host waits
    once in a step, the GPU never does, and their distance is one step at most. On a CPU it is read at once.

    Parameters
    ----------
    config
        For the message of the error.
    """

    def __init__(self, config: TrainConfig) -> None:
        self._config = config
        self._under_way: deque[_Copy] = deque()
        self._read: list[float] = []

    def add(self, step: int, loss: Tensor) -> None:
        """Take the loss of a step whose work is all in the queue of its device.

        Raises
        ------
        TrainingError
            If a loss is infinite or NaN. It names its step, on a GPU one step later.
        """
        self._under_way.append(_on_its_way(step, loss.detach()))
        left = 1 if loss.is_cuda else 0
        while len(self._under_way) > left:
            self._read_next()

    def take_mean(self) -> float:
        """Return the mean of all losses, and begin anew.

        Raises
        ------
        TrainingError
            As `add`.
        """
        while self._under_way:
            self._read_next()
        mean = sum(self._read) / len(self._read)
        self._read.clear()
        return mean

    def _read_next(self) -> None:
        step, value, arrived = self._under_way.popleft()
        if arrived is not None:
            arrived.synchronize()
        loss = float(value)
        if not math.isfinite(loss):
            rate = self._config.learning_rate
            raise TrainingError(
                "The loss became infinite or NaN",
                where=f"step {step}",
                why=f"the loss {self._config.loss} became {loss}",
                hint=f"lower the learning rate (train.learning_rate, now {rate:g}), or check the bands for values "
                "far from their scale",
            )
        self._read.append(loss)


def _on_its_way(step: int, loss: Tensor) -> _Copy:
    """Begin to copy a loss to the host, without waiting for it."""
    if not loss.is_cuda:
        return _Copy(step, loss, None)
    host = torch.empty_like(loss, device="cpu", pin_memory=True).copy_(loss, non_blocking=True)
    arrived = torch.cuda.Event()
    arrived.record(torch.cuda.current_stream(loss.device))
    return _Copy(step, host, arrived)
