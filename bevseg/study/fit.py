"""A network and tensors in memory -> the trained network: the one loop of all studies."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from bevseg.seg.training.optimizers import Schedule

Row = dict[str, float]

Epoch = Callable[[], Iterable[tuple[Tensor, Tensor]]]
"""The batches of one epoch: inputs and targets."""


class Fitted(NamedTuple):
    """What a training leaves.

    Attributes
    ----------
    history
        One row per epoch: `epoch`, `loss` (mean over its steps), `learning_rate`, what `validate` returned, and
        `seconds` since the start.
    best
        Weights after the epoch with the smallest validation loss; the network itself holds the last ones.
    """

    history: list[Row]
    best: dict[str, Any]


def fit(
    net: nn.Module,
    loss: Callable[[Tensor, Tensor], Tensor],
    epoch: Epoch,
    validate: Callable[[], Row],
    optimiser: torch.optim.Optimizer,
    schedule: Schedule,
    *,
    epochs: int,
    steps: int,
    patience: int,
) -> Fitted:
    """Train until the validation loss has not fallen for `patience` epochs.

    Parameters
    ----------
    net
        Trained in place.
    loss
        Of logits and targets.
    epoch
        Called for the batches of each epoch.
    validate
        Called after each epoch, without gradient and with the network in evaluation mode; its row must have
        `val_loss`. One that is no number never counts as fallen.
    optimiser, schedule
        What its learning rate is multiplied by, by the progress over all epochs and by the validation losses.
    epochs, steps, patience
        Epochs at most, steps of each; epochs without a smaller validation loss before the end.
    """
    history: list[Row] = []
    best, kept, stale = math.inf, copy.deepcopy(net.state_dict()), 0
    peak, start = float(optimiser.param_groups[0]["lr"]), time.monotonic()
    for number in range(epochs):
        net.train()
        total = torch.zeros(())
        for step, (x, y) in enumerate(epoch(), number * steps):
            rate = peak * schedule.factor(step / (epochs * steps))
            cost = loss(net(x), y)
            optimiser.zero_grad()
            cost.backward()
            optimiser.param_groups[0]["lr"] = rate
            optimiser.step()
            total += cost.detach()  # asked for its number once an epoch only
        net.eval()
        with torch.no_grad():
            seen = validate()
        row = {"epoch": number + 1, "loss": float(total) / steps, "learning_rate": rate}
        history.append(row | seen | {"seconds": time.monotonic() - start})
        schedule.update(-seen["val_loss"])
        stale += 1
        if seen["val_loss"] < best:
            best, kept, stale = seen["val_loss"], copy.deepcopy(net.state_dict()), 0
        if stale >= patience:
            break
    return Fitted(history, kept)
