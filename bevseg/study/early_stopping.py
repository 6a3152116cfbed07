"""The training loop of all studies: train a network until its validation loss stops falling."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from bevseg.errors import TrainingError
from bevseg.seg.inputs import to_device
from bevseg.seg.training.optimizers import Schedule, set_rate

Row = dict[str, float]

Epoch = Callable[[], Iterable[tuple[Tensor, Tensor]]]
"""Returns the batches of one epoch: inputs and targets, on the CPU."""


class TrainingResult(NamedTuple):
    """History and best weights of a training.

    Attributes
    ----------
    history
        One row per epoch: `epoch`, `loss` (mean over its steps), `learning_rate`, the values that `validate`
        returned, and `seconds` since the start.
    best
        Weights after the epoch with the smallest validation loss. The network itself holds the last weights.
    """

    history: list[Row]
    best: dict[str, Any]


def train_with_early_stopping(
    net: nn.Module,
    cost: Callable[[Tensor, Tensor], Tensor],
    epoch: Epoch,
    validate: Callable[[], Row],
    optimiser: torch.optim.Optimizer,
    schedule: Schedule,
    *,
    epochs: int,
    steps: int,
    patience: int,
) -> TrainingResult:
    """Train until the validation loss has not decreased for `patience` epochs.

    Every batch is copied once to the device of the network. A step never waits for the device.

    Parameters
    ----------
    net
        Trained in place.
    cost
        Loss of a batch, from its inputs and targets.
    epoch
        Returns the batches of one epoch.
    validate
        Called after each epoch, without gradient and with the network in evaluation mode. Its row must have
        `val_loss`.
    optimiser
        Its learning rate at the start is the peak learning rate.
    schedule
        Factor on the peak learning rate. It depends on the progress over all epochs and on the validation losses.
    epochs
        Largest number of epochs.
    steps
        Steps in an epoch.
    patience
        Epochs without a smaller validation loss after which training stops.

    Raises
    ------
    TrainingError
        At the end of an epoch, if one of its losses or its validation loss is infinite or NaN.
    """
    history: list[Row] = []
    smallest, best, stale = math.inf, copy.deepcopy(net.state_dict()), 0
    peak, start = float(optimiser.param_groups[0]["lr"]), time.monotonic()
    device = next(net.parameters()).device
    for number in range(epochs):
        net.train()
        total = torch.zeros((), device=device)
        for step, (x, y) in enumerate(epoch(), number * steps):
            rate = peak * schedule.factor(step / (epochs * steps))
            loss = cost(to_device(x, device), to_device(y, device))
            optimiser.zero_grad()
            loss.backward()
            set_rate(optimiser, rate)
            optimiser.step()
            total += loss.detach()  # converted to a number once an epoch: a conversion waits for the device
        net.eval()
        with torch.no_grad():
            scores = validate()
        row = {"epoch": number + 1, "loss": float(total) / steps, "learning_rate": rate}
        _ensure_finite(number + 1, row["loss"], scores["val_loss"])
        history.append(row | scores | {"seconds": time.monotonic() - start})
        schedule.update(-scores["val_loss"])
        stale += 1
        if scores["val_loss"] < smallest:
            smallest, best, stale = scores["val_loss"], copy.deepcopy(net.state_dict()), 0
        if stale >= patience:
            break
    return TrainingResult(history, best)


def _ensure_finite(epoch: int, loss: float, val_loss: float) -> None:
    if not (math.isfinite(loss) and math.isfinite(val_loss)):
        raise TrainingError(
            "The loss became infinite or NaN",
            where=f"epoch {epoch}",
            why=f"its mean over the steps is {loss:g}, that of the validation {val_loss:g}",
            hint="correct the loss, or lower learning_rate",
        )
